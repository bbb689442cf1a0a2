//! Requests (`POST /api/chat`).

use bytes::Bytes;

use super::turns;
use crate::canon::{
    AnswerFormat, ChatRequest, ChatTool, FieldLosses, JsonWriter, RawJson, RawMembers, ReasoningMode, ReasoningWish,
    TargetRules, ToolPick,
};
use crate::translate::said::schema_of;
use crate::translate::{ids, reasoning, unsaid};

/// What is carried of what not every wire has.
const CARRIED: [&str; 7] =
    ["top_k", "min_p", "presence_penalty", "frequency_penalty", "seed", "logprobs", "top_logprobs"];

/// Members of a client's that are Ollama's own words in any wire.
const OWN: [&str; 2] = ["options", "keep_alive"];

/// Writes a request. What Ollama has no word for is named in `losses`.
#[must_use]
pub fn encode_request(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let request = &*ids::given(request);
    let mut out = JsonWriter::with_capacity(4_096);
    // What is not said here is a stream.
    out.open().name("model").string(&rules.model).name("stream").boolean(request.streaming);
    out.name("messages").open_array();
    turns::write(&mut out, request, losses);
    out.close_array();
    write_tools(&mut out, request, losses);
    match &request.format {
        AnswerFormat::Unsaid | AnswerFormat::Text => {}
        AnswerFormat::JsonObject => {
            out.name("format").string("json");
        }
        AnswerFormat::JsonSchema { schema, .. } => {
            out.name("format").raw(schema);
        }
    }
    write_thinking(&mut out, &request.reasoning);
    write_options(&mut out, request, rules, losses);
    let mut extra = request.extra.clone();
    OWN.iter().for_each(|name| extra.hush(name));
    out.raw_member("keep_alive", extra.get("keep_alive"));
    if request.sampling.logprobs.as_ref().and_then(RawJson::is_true) == Some(true) {
        out.name("logprobs").boolean(true).raw_member("top_logprobs", request.sampling.top_logprobs.as_ref());
    }
    unsaid::lose_but(&CARRIED, request, losses);
    losses.lose_extras("", &extra);
    out.close();
    out.finish()
}

/// Writes the tools. Ollama knows no choice among them: where there is one, only those are offered, and none where none is to be
/// called; that one must be called cannot be said.
fn write_tools(out: &mut JsonWriter, request: &ChatRequest, losses: &mut FieldLosses) {
    let mut tools = unsaid::functions(request, losses);
    let named = |tools: &mut Vec<&ChatTool>, names: &[&crate::canon::JsonText]| {
        let is_named = |tool: &&ChatTool| names.iter().any(|name| tool.name.is(&name.text()));
        if tools.iter().any(is_named) {
            tools.retain(is_named);
        }
    };
    let must = match &request.pick {
        Some(ToolPick::None) => {
            tools.clear();
            false
        }
        Some(ToolPick::One(name)) => {
            named(&mut tools, &[name]);
            true
        }
        Some(ToolPick::Among { names, must }) => {
            named(&mut tools, &names.iter().collect::<Vec<_>>());
            *must
        }
        Some(ToolPick::Any | ToolPick::Other(_)) => true,
        Some(ToolPick::Auto) | None => false,
    };
    if must {
        losses.lose("tool_choice");
    }
    if tools.iter().any(|tool| tool.strict == Some(true)) {
        losses.lose("tools.strict");
    }
    if tools.is_empty() {
        return;
    }
    out.name("tools").open_array();
    for tool in tools {
        out.open().name("type").string("function").name("function").open().name("name").text(&tool.name);
        out.text_member("description", tool.description.as_ref());
        out.name("parameters").raw(&schema_of(tool)).close().close();
    }
    out.close_array();
}

/// Writes whether the model is to think: `true` or `false`, or how much, in the three words that there are for it.
fn write_thinking(out: &mut JsonWriter, wish: &ReasoningWish) {
    let budget = wish.budget.as_ref().and_then(RawJson::unsigned);
    let effort = wish.effort.as_ref().map(|effort| effort.text().into_owned());
    let effort = effort.or_else(|| budget.map(|budget| reasoning::effort_of(budget).to_owned()));
    if wish.mode == ReasoningMode::Off {
        out.name("think").boolean(false);
        return;
    }
    match effort.as_deref() {
        Some("none") => out.name("think").boolean(false),
        Some("minimal" | "low") => out.name("think").string("low"),
        Some("medium") => out.name("think").string("medium"),
        Some("high" | "xhigh" | "max") => out.name("think").string("high"),
        Some(_) => out.name("think").boolean(true),
        None if matches!(wish.mode, ReasoningMode::On | ReasoningMode::Adaptive) => out.name("think").boolean(true),
        None => out,
    };
}

/// Writes `options`: those of the request, and what of the client's own it does not say.
fn write_options(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) {
    let sampling = &request.sampling;
    let mut options = RawMembers::default();
    let numbers = [
        ("temperature", &sampling.temperature),
        ("top_p", &sampling.top_p),
        ("top_k", &sampling.top_k),
        ("min_p", &sampling.min_p),
        ("seed", &sampling.seed),
        ("presence_penalty", &sampling.presence_penalty),
        ("frequency_penalty", &sampling.frequency_penalty),
    ];
    for (name, value) in numbers {
        if let Some(value) = value {
            options.push(name, value.clone());
        }
    }
    if let Some(most) = &request.max_output {
        // Wires that demand a number make clients name one that is large enough for any model.
        let of_model = rules.max_output.filter(|of_model| most.unsigned().is_some_and(|most| most > *of_model));
        if of_model.is_some() {
            losses.lose("max_output");
        }
        options.push("num_predict", of_model.map_or_else(|| most.clone(), RawJson::number));
    }
    if !sampling.stop.is_empty() {
        let mut words = JsonWriter::default();
        words.open_array();
        sampling.stop.iter().for_each(|word| {
            words.text(word);
        });
        words.close_array();
        options.push("stop", words.finish_raw());
    }
    let own = request.extra.get("options").map(RawJson::members).unwrap_or_default();
    for (name, value) in own.iter() {
        let name = String::from_utf8_lossy(name);
        if options.get(&name).is_none() {
            options.push(&name, value.clone());
        }
    }
    if !options.is_empty() {
        out.name("options").open().members(&options).close();
    }
}

//! What a request says beside its turns, as a view has it.

use super::write::ViewWriter;
use crate::canon::{AnswerFormat, ChatRequest, JsonText, RawJson, RawMembers, SamplingParams, ToolPick};
use crate::wire::WireFormat;

/// Where Bedrock's models are told how much to think.
const SLOTS: [&str; 3] = ["thinking", "reasoning_config", "reasoningConfig"];

/// Writes all of it but the turns and the tools.
pub(super) fn write(out: &mut ViewWriter, request: &ChatRequest, root: &RawMembers) {
    if request.streaming {
        out.out.name("stream").boolean(true);
    }
    out.raw_member("max_tokens", request.max_output.as_ref());
    write_sampling(out, &request.sampling);
    write_pick(out, request.pick.as_ref());
    out.out.bool_member("parallel_tool_calls", request.parallel);
    write_format(out, request, root);
    write_reasoning(out, request, root);
    out.text_member("user", request.user.as_ref());
    out.raw_member("metadata", request.metadata.as_ref());
    out.text_member("service_tier", request.service_tier.as_ref());
    out.out.bool_member("store", request.store);
    if let Some(previous) = &request.previous {
        out.own_name(b"previous_response_id");
        out.text(previous);
    }
    write_left(out, &request.extra, root);
}

fn write_sampling(out: &mut ViewWriter, sampling: &SamplingParams) {
    for (name, value) in [
        ("temperature", &sampling.temperature),
        ("top_p", &sampling.top_p),
        ("top_k", &sampling.top_k),
        ("min_p", &sampling.min_p),
        ("presence_penalty", &sampling.presence_penalty),
        ("frequency_penalty", &sampling.frequency_penalty),
        ("seed", &sampling.seed),
        ("n", &sampling.choices),
        ("logprobs", &sampling.logprobs),
        ("top_logprobs", &sampling.top_logprobs),
        ("logit_bias", &sampling.logit_bias),
    ] {
        out.raw_member(name, value.as_ref());
    }
    match sampling.stop.as_slice() {
        [] => {}
        [one] if sampling.one_stop => out.text_member("stop", Some(one)),
        stops => {
            out.out.name("stop").open_array();
            stops.iter().for_each(|stop| out.text(stop));
            out.out.close_array();
        }
    }
}

fn write_pick(out: &mut ViewWriter, pick: Option<&ToolPick>) {
    let function = |out: &mut ViewWriter, name: &JsonText| {
        out.out.open().name("type").string("function").name("function").open();
        out.text_member("name", Some(name));
        out.out.close().close();
    };
    let word = match pick {
        None => return,
        Some(ToolPick::Auto) => "auto",
        Some(ToolPick::None) => "none",
        Some(ToolPick::Any) => "required",
        Some(ToolPick::One(name)) => {
            out.out.name("tool_choice");
            return function(out, name);
        }
        Some(ToolPick::Among { names, must }) => {
            out.out.name("tool_choice").open().name("type").string("allowed_tools").name("allowed_tools").open();
            out.out.name("mode").string(if *must { "required" } else { "auto" }).name("tools").open_array();
            names.iter().for_each(|name| function(out, name));
            out.out.close_array().close().close();
            return;
        }
        Some(ToolPick::Other(raw)) => {
            out.own_name(b"tool_choice");
            return out.raw(raw);
        }
    };
    out.out.name("tool_choice").string(word);
}

fn write_format(out: &mut ViewWriter, request: &ChatRequest, root: &RawMembers) {
    let (name, description, schema, strict, extra) = match &request.format {
        AnswerFormat::Unsaid => return,
        AnswerFormat::Text | AnswerFormat::JsonObject => {
            let word = if request.format == AnswerFormat::Text { "text" } else { "json_object" };
            out.out.name("response_format").open().name("type").string(word).close();
            return;
        }
        AnswerFormat::JsonSchema { name, description, schema, strict, extra } => {
            (name, description, schema, strict, extra)
        }
    };
    // Google's own words for schemas are shown as they stand.
    let stood = match request.wire {
        WireFormat::GenerateContent => {
            field(root, "generationConfig").and_then(|config| field(&config.members(), "responseSchema"))
        }
        _ => None,
    };
    out.out.name("response_format").open().name("type").string("json_schema").name("json_schema").open();
    out.text_member("name", name.as_ref());
    out.text_member("description", description.as_ref());
    out.raw_member("schema", Some(stood.as_ref().unwrap_or(schema)));
    out.out.bool_member("strict", *strict);
    out.extras(extra);
    out.out.close().close();
}

/// What is wanted of the model's thoughts: the effort in chat's word, and all of it as the wire has it.
fn write_reasoning(out: &mut ViewWriter, request: &ChatRequest, root: &RawMembers) {
    out.text_member("reasoning_effort", request.reasoning.effort.as_ref());
    let within = |outer: &str, name: &str| field(&field(root, outer)?.members(), name);
    match request.wire {
        // Of the last two there is no request to be shown.
        WireFormat::Chat | WireFormat::CohereChat | WireFormat::OllamaChat => {}
        WireFormat::Messages => own(out, "thinking", field(root, "thinking")),
        WireFormat::GenerateContent => own(out, "thinkingConfig", within("generationConfig", "thinkingConfig")),
        WireFormat::Converse => {
            for slot in SLOTS.into_iter().filter(|slot| request.reasoning.extra.get(slot).is_some()) {
                own(out, slot, within("additionalModelRequestFields", slot));
            }
        }
        WireFormat::Responses => {
            let Some(wish) = field(root, "reasoning").filter(|wish| !wish.members().is_empty()) else { return };
            out.own_name(b"reasoning");
            out.out.open();
            for (name, value) in wish.members().iter().filter(|(name, _)| *name != b"effort") {
                out.out.name_raw(name);
                out.raw(value);
            }
            out.out.close();
        }
    }
}

fn own(out: &mut ViewWriter, name: &str, value: Option<RawJson>) {
    if let Some(value) = value.filter(|value| !value.is_null()) {
        out.own_name(name.as_bytes());
        out.raw(&value);
    }
}

/// A member of an object, by a name that Google also writes with underscores.
pub(super) fn field(members: &RawMembers, name: &str) -> Option<RawJson> {
    let found = members.get(name).cloned();
    found.or_else(|| {
        let plain = |byte: &&u8| **byte != b'_';
        let is = |own: &[u8]| {
            own.iter().filter(plain).map(u8::to_ascii_lowercase).eq(name.bytes().map(|byte| byte.to_ascii_lowercase()))
        };
        members.iter().find(|(own, _)| is(own)).map(|(_, value)| value.clone())
    })
}

/// What was left of the body's members when what is known was taken out. Of objects that were taken apart it is what the body
/// has in their place, less what is shown elsewhere.
fn write_left(out: &mut ViewWriter, extra: &RawMembers, root: &RawMembers) {
    for (name, left) in extra.iter() {
        if !out.is_of_body(left) {
            let stood = std::str::from_utf8(name).ok().and_then(|name| field(root, name));
            if let Some(stood) = stood.filter(|stood| is_more(out, left, stood)) {
                out.own_name(name);
                write_less(out, left, &stood);
            }
        } else if !super::names::is_unshown(name, left) {
            out.own_name(name);
            out.raw(left);
        }
    }
}

/// Objects of more members than any wire has are told with the rest.
const MEMBERS: usize = 64;

/// Whether anything of it is not shown yet.
fn is_more(out: &ViewWriter, left: &RawJson, stood: &RawJson) -> bool {
    if left.bytes() == stood.bytes() {
        return !out.is_noted(stood);
    }
    let (stood, left) = (stood.members(), left.members());
    let fits = stood.len().max(left.len()) <= MEMBERS;
    fits && left.iter().any(|(name, left)| {
        std::str::from_utf8(name)
            .ok()
            .and_then(|name| field(&stood, name))
            .is_some_and(|stood| is_more(out, left, &stood))
    })
}

fn write_less(out: &mut ViewWriter, left: &RawJson, stood: &RawJson) {
    if left.bytes() == stood.bytes() {
        return out.raw(stood);
    }
    let stood = stood.members();
    out.out.open();
    for (name, left) in left.members().iter() {
        let found = std::str::from_utf8(name).ok().and_then(|name| field(&stood, name));
        if let Some(found) = found.filter(|found| is_more(out, left, found)) {
            out.out.name_raw(name);
            write_less(out, left, &found);
        }
    }
    out.out.close();
}

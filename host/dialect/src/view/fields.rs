//! What plugins change of a request beside its turns and tools: chat's members, as the client's wire has them.

use super::differ::MemberChange;
use super::edit::put;
use super::params::field;
use crate::canon::{
    AnswerFormat, ChatRequest, JsonWriter, RawJson, RawMembers, ReasoningMode, ReasoningWish, ToolPick,
};
use crate::wire::WireFormat;

/// Makes a change of a member of the body. `now` is all of the view as chat reads it now.
pub(super) fn apply(request: &mut ChatRequest, change: &MemberChange, now: &ChatRequest) {
    if let Some(name) = change.own_name(request.wire) {
        return own(request, &name, change.value.as_ref());
    }
    let Ok(name) = std::str::from_utf8(&change.name) else { return };
    let (to, from) = (&mut request.sampling, &now.sampling);
    match name {
        "stream" => request.streaming = now.streaming,
        "max_tokens" | "max_completion_tokens" => request.max_output = now.max_output.clone(),
        "temperature" => to.temperature = from.temperature.clone(),
        "top_p" => to.top_p = from.top_p.clone(),
        "top_k" => to.top_k = from.top_k.clone(),
        "min_p" => to.min_p = from.min_p.clone(),
        "presence_penalty" => to.presence_penalty = from.presence_penalty.clone(),
        "frequency_penalty" => to.frequency_penalty = from.frequency_penalty.clone(),
        "seed" => to.seed = from.seed.clone(),
        "n" => to.choices = from.choices.clone(),
        "logprobs" => to.logprobs = from.logprobs.clone(),
        "top_logprobs" => to.top_logprobs = from.top_logprobs.clone(),
        "logit_bias" => to.logit_bias = from.logit_bias.clone(),
        "stop" => (to.stop, to.one_stop) = (from.stop.clone(), from.one_stop),
        "tool_choice" | "function_call" => pick(request, now.pick.as_ref()),
        "parallel_tool_calls" => request.parallel = now.parallel,
        "response_format" => format(request, &now.format),
        "reasoning_effort" | "reasoning" | "thinking" | "enable_thinking" => reasoning(request, &now.reasoning),
        "user" | "safety_identifier" => request.user = now.user.clone(),
        "metadata" => request.metadata = now.metadata.clone(),
        "service_tier" => request.service_tier = now.service_tier.clone(),
        "store" => request.store = now.store,
        _ => {}
    }
}

/// A member that only the wire has.
fn own(request: &mut ChatRequest, name: &str, value: Option<&RawJson>) {
    match name {
        // What is told there stands elsewhere: without its place nothing can be put or taken away.
        "rest" => {}
        "previous_response_id" => request.previous = value.and_then(RawJson::text),
        "tool_choice" => request.pick = value.map(|raw| ToolPick::Other(raw.clone())),
        "thinking" | "thinkingConfig" | "reasoning" | "reasoningConfig" | "reasoning_config" if value.is_none() => {
            request.reasoning = ReasoningWish { effort: request.reasoning.effort.take(), ..ReasoningWish::default() };
        }
        _ => put(&mut request.extra, name, value),
    }
}

fn pick(request: &mut ChatRequest, now: Option<&ToolPick>) {
    request.pick = match now {
        Some(ToolPick::Other(_)) => return,
        now => now.cloned(),
    };
    if request.wire == WireFormat::GenerateContent {
        // How it was written belongs to what was picked before.
        without(&mut request.extra, &["toolConfig", "functionCallingConfig"], "mode");
        without(&mut request.extra, &["toolConfig", "functionCallingConfig"], "allowedFunctionNames");
    }
}

fn format(request: &mut ChatRequest, now: &AnswerFormat) {
    let mut now = now.clone();
    if let AnswerFormat::JsonSchema { extra, .. } = &mut now {
        *extra = match &mut request.format {
            AnswerFormat::JsonSchema { extra, .. } => std::mem::take(extra),
            AnswerFormat::Unsaid | AnswerFormat::Text | AnswerFormat::JsonObject => RawMembers::default(),
        };
    }
    request.format = now;
    if request.wire == WireFormat::GenerateContent {
        for name in ["responseSchema", "responseMimeType", "responseJsonSchema"] {
            without(&mut request.extra, &["generationConfig"], name);
        }
    }
}

fn reasoning(request: &mut ChatRequest, now: &ReasoningWish) {
    let wish = &mut request.reasoning;
    wish.effort.clone_from(&now.effort);
    let is_none = wish.effort.as_ref().is_some_and(|effort| effort.is("none"));
    if is_none || now.mode != ReasoningMode::Unsaid || now.budget.is_some() {
        wish.mode = if is_none { ReasoningMode::Off } else { now.mode };
        wish.budget.clone_from(&now.budget);
    }
    if request.wire == WireFormat::GenerateContent {
        // The level in Google's spelling is what was wanted before.
        put(&mut wish.extra, "thinkingLevel", None);
    }
}

/// Takes a member out of an object that lies within others.
fn without(members: &mut RawMembers, path: &[&str], name: &str) {
    let Some((first, rest)) = path.split_first() else {
        members.take_as(name, |_| Some(()));
        return;
    };
    let Some(inner) = field(members, first) else { return };
    let mut inner = inner.members();
    let before = inner.len();
    without(&mut inner, rest, name);
    if inner.len() == before && rest.is_empty() {
        return;
    }
    let mut out = JsonWriter::default();
    out.open().members(&inner).close();
    let left = (!inner.is_empty()).then(|| out.finish_raw());
    put(members, first, left.as_ref());
}

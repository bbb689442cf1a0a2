//! How a request is read.

use weir_http::json::JsonKind;

use super::lines::{ENCRYPTED, LOGPROBS};
use super::{tools, turns};
use crate::canon::{
    ChatRequest, DecodeFault, JsonText, RawJson, RawMembers, ReasoningMode, ReasoningShow, ReasoningWish,
};
use crate::wire::WireFormat;

/// Reads the body of a request (OpenAI's API reference, `POST /v1/responses`).
///
/// # Errors
/// [`DecodeFault::Field`]: it is no object, or names no model.
pub fn decode_request(body: &RawJson) -> Result<ChatRequest, DecodeFault> {
    if body.kind() != JsonKind::Object {
        return Err(DecodeFault::Field { field: "body", due: "an object" });
    }
    let mut members = body.members();
    let model = members.take_text("model").ok_or(DecodeFault::Field { field: "model", due: "a string" })?;
    let streaming = members.take_as("stream", |raw| raw.is_true().filter(|wanted| *wanted)).is_some();
    let mut request = ChatRequest::new(WireFormat::Responses, &model.text(), streaming);
    request.turns = turns::read(&mut members);
    request.tools = tools::read(&mut members);
    request.pick = tools::read_pick(&mut members, &request.tools);
    request.parallel = members.take_bool("parallel_tool_calls");
    request.format = tools::read_format(&mut members);
    read_sampling(&mut members, &mut request);
    request.reasoning = read_reasoning(&mut members);
    read_include(&mut members, &mut request);
    request.user = members.take_text("user");
    request.metadata = members.take_as("metadata", |raw| (raw.kind() == JsonKind::Object).then(|| raw.clone()));
    request.service_tier = members.take_text("service_tier");
    request.previous = members.take_text("previous_response_id");
    request.store = members.take_bool("store");
    // Every answer of this wire says what was used.
    request.include_usage = Some(true);
    hush(&mut members);
    request.extra = members;
    Ok(request)
}

fn read_sampling(members: &mut RawMembers, request: &mut ChatRequest) {
    let number = |raw: &RawJson| (raw.kind() == JsonKind::Number).then(|| raw.clone());
    request.sampling.temperature = members.take_as("temperature", number);
    request.sampling.top_p = members.take_as("top_p", number);
    request.sampling.top_logprobs = members.take_as("top_logprobs", number);
    request.max_output = members.take_as("max_output_tokens", number);
}

fn read_reasoning(members: &mut RawMembers) -> ReasoningWish {
    // An empty object stays as it stands.
    let full = |raw: &RawJson| Some(raw.members()).filter(|members| !members.is_empty());
    let Some(mut reasoning) = members.take_as("reasoning", full) else { return ReasoningWish::default() };
    let effort = reasoning.take_text("effort");
    let off = effort.as_ref().is_some_and(|effort| effort.is("none"));
    ReasoningWish {
        mode: if off { ReasoningMode::Off } else { ReasoningMode::Unsaid },
        effort,
        budget: None,
        show: reasoning.take_text("summary").map(ReasoningShow::Summary),
        encrypted: false,
        extra: reasoning,
    }
}

/// What `include` asks for. It stays as it stands for its own wire, for its order is the client's.
fn read_include(members: &mut RawMembers, request: &mut ChatRequest) {
    let Some(include) = members.get("include") else { return };
    let words: Vec<JsonText> = include.elements().iter().filter_map(RawJson::text).collect();
    let has = |word: &str| words.iter().any(|own| own.is(word));
    request.reasoning.encrypted = has(ENCRYPTED);
    if has(LOGPROBS) {
        request.sampling.logprobs = Some(RawJson::boolean(true));
    }
    if words.iter().all(|word| word.is(ENCRYPTED) || word.is(LOGPROBS)) {
        members.hush("include");
    }
}

/// What asks for nothing that others would do differently.
fn hush(members: &mut RawMembers) {
    for name in ["input", "tools", "reasoning", "stream_options", "prompt_cache_key", "prompt_cache_retention"] {
        members.hush(name);
    }
    if members.get("truncation").is_some_and(|raw| raw.bytes().as_ref() == b"\"disabled\"") {
        members.hush("truncation");
    }
    let is_default = |text: &RawJson| text.members().iter().all(|(_, value)| value.bytes().as_ref() == b"\"medium\"");
    if members.get("text").is_some_and(is_default) {
        members.hush("text");
    }
}

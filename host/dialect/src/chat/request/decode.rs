//! A request, read.

use weir_http::json::JsonKind;

use super::{thinking, tools, turns};
use crate::canon::{ChatRequest, DecodeFault, RawJson, RawMembers, SamplingParams};
use crate::chat::writing::{keep, put_back};
use crate::wire::WireFormat;

/// Reads a request for a chat completion (OpenAI's API reference, `CreateChatCompletionRequest`).
///
/// # Errors
/// [`DecodeFault::Field`]: it is no object, or names no model, or has no list of messages with roles.
pub fn decode_request(body: &RawJson) -> Result<ChatRequest, DecodeFault> {
    if body.kind() != JsonKind::Object {
        return Err(DecodeFault::Field { field: "body", due: "an object" });
    }
    let mut members = body.members();
    let model = members.take_text("model").ok_or(DecodeFault::Field { field: "model", due: "a string" })?;
    let messages = members.take_elements("messages").ok_or(DecodeFault::Field { field: "messages", due: "a list" })?;
    // `false` stays, as it was said.
    let streaming = members.take_as("stream", |raw| raw.is_true().filter(|streaming| *streaming)).unwrap_or(false);
    let mut request = ChatRequest::new(WireFormat::Chat, &model.text(), streaming);
    request.turns = messages.iter().map(turns::read).collect::<Result<_, _>>()?;
    request.include_usage = take_include_usage(&mut members);
    tools::take(&mut members, &mut request);
    request.sampling = take_sampling(&mut members);
    request.max_output = take_max_output(&mut members);
    request.reasoning = thinking::take(&mut members);
    request.user = members.take_text("user").or_else(|| {
        let other = members.get("safety_identifier").and_then(RawJson::text);
        members.hush("safety_identifier");
        other
    });
    request.metadata = members.take("metadata");
    request.service_tier = members.take_text("service_tier");
    request.parallel = members.take_bool("parallel_tool_calls");
    request.store = members.take_bool("store");
    request.extra = members;
    Ok(request)
}

fn take_include_usage(members: &mut RawMembers) -> Option<bool> {
    let mut options = members.get("stream_options")?.members();
    let include = options.take_bool("include_usage")?;
    members.take_members("stream_options");
    put_back(members, "stream_options", &options);
    Some(include)
}

fn take_sampling(members: &mut RawMembers) -> SamplingParams {
    let one_stop = members.take_text("stop");
    let stops = |raw: &RawJson| {
        let stops: Vec<_> = raw.elements().iter().filter_map(RawJson::text).collect();
        (!stops.is_empty() && stops.len() == raw.elements().len()).then_some(stops)
    };
    SamplingParams {
        temperature: members.take("temperature"),
        top_p: members.take("top_p"),
        top_k: members.take("top_k"),
        min_p: members.take("min_p"),
        presence_penalty: members.take("presence_penalty"),
        frequency_penalty: members.take("frequency_penalty"),
        seed: members.take("seed"),
        choices: members.take("n"),
        logprobs: members.take("logprobs"),
        top_logprobs: members.take("top_logprobs"),
        logit_bias: members.take("logit_bias"),
        one_stop: one_stop.is_some(),
        stop: match one_stop {
            Some(stop) => vec![stop],
            None => members.take_as("stop", stops).unwrap_or_default(),
        },
    }
}

/// The most that the answer may have. The names under which it was said stay as well, for their own wire alone, where they are
/// not the one of today alone.
fn take_max_output(members: &mut RawMembers) -> Option<RawJson> {
    let older = members.take("max_tokens");
    let newer = members.take("max_completion_tokens");
    if let Some(older) = &older {
        keep(members, "max_tokens", older.clone());
        newer.iter().for_each(|newer| keep(members, "max_completion_tokens", newer.clone()));
    }
    newer.or(older)
}

//! How a request is written.

use bytes::Bytes;

use super::lines::{ENCRYPTED, LOGPROBS, Lines};
use super::{encode_tools, encode_turns};
use crate::canon::{
    ChatRequest, FieldLosses, JsonText, JsonWriter, RawJson, ReasoningMode, ReasoningShow, SamplingParams, TargetRules,
};
use crate::responses::response;
use crate::translate::reasoning;
use crate::wire::WireFormat;

/// The fewest tokens that OpenAI lets a model write (OpenAI's specification, `max_output_tokens`).
const LEAST_OUTPUT: u64 = 16;
/// Members that are written where they belong and not among what is left.
const PLACED: [&[u8]; 2] = [b"text", b"include"];

/// Writes a request as this wire has it. What it has not is named by `losses`.
#[must_use]
pub fn encode_request(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let own = request.wire == WireFormat::Responses;
    let lines = Lines { own, quirks: rules.quirks, vendor: rules.vendor, model: &rules.model };
    let mut out = JsonWriter::with_capacity(1024);
    out.open().name("model").string(lines.model);
    if request.streaming {
        out.name("stream").boolean(true);
    }
    encode_turns::write(&mut out, request, lines, losses);
    encode_tools::write(&mut out, request, lines, losses);
    encode_tools::write_format(&mut out, request, lines, losses);
    write_sampling(&mut out, &request.sampling, own, losses);
    write_most(&mut out, request, own, losses);
    write_reasoning(&mut out, request, own);
    write_include(&mut out, request, own);
    write_rest(&mut out, request, own, losses);
    out.close();
    out.finish()
}

fn write_sampling(out: &mut JsonWriter, sampling: &SamplingParams, own: bool, losses: &mut FieldLosses) {
    out.raw_member("temperature", sampling.temperature.as_ref()).raw_member("top_p", sampling.top_p.as_ref());
    out.raw_member("top_logprobs", sampling.top_logprobs.as_ref());
    if own {
        return;
    }
    let asks = |value: &Option<RawJson>, nothing: u64| {
        value.as_ref().is_some_and(|value| !value.is_null() && value.unsigned() != Some(nothing))
    };
    let others = [
        ("top_k", asks(&sampling.top_k, u64::MAX)),
        ("min_p", asks(&sampling.min_p, 0)),
        ("presence_penalty", asks(&sampling.presence_penalty, 0)),
        ("frequency_penalty", asks(&sampling.frequency_penalty, 0)),
        ("seed", asks(&sampling.seed, u64::MAX)),
        ("n", asks(&sampling.choices, 1)),
        ("logit_bias", sampling.logit_bias.as_ref().is_some_and(|bias| !bias.members().is_empty())),
        ("stop", !sampling.stop.is_empty()),
    ];
    for (name, _) in others.iter().filter(|(_, asks)| *asks) {
        losses.lose(name);
    }
}

fn write_most(out: &mut JsonWriter, request: &ChatRequest, own: bool, losses: &mut FieldLosses) {
    match request.max_output.as_ref().map(|most| (most, most.unsigned())) {
        Some((_, Some(most))) if !own && most < LEAST_OUTPUT => {
            losses.lose("max_output_tokens");
            out.name("max_output_tokens").number(LEAST_OUTPUT);
        }
        Some((most, _)) => {
            out.name("max_output_tokens").raw(most);
        }
        None => {}
    }
}

fn write_reasoning(out: &mut JsonWriter, request: &ChatRequest, own: bool) {
    let wish = &request.reasoning;
    let budget = wish.budget.as_ref().and_then(RawJson::unsigned);
    let effort = match (&wish.effort, wish.mode) {
        (Some(effort), _) => Some(effort.clone()),
        (None, ReasoningMode::Off) => Some(JsonText::of("none")),
        (None, ReasoningMode::Unsaid | ReasoningMode::On | ReasoningMode::Adaptive) => {
            budget.map(|budget| JsonText::of(reasoning::effort_of(budget)))
        }
    };
    let summary = match &wish.show {
        Some(ReasoningShow::Summary(word)) => Some(word.clone()),
        Some(ReasoningShow::Full) => Some(JsonText::of("auto")),
        Some(ReasoningShow::Nothing) | None => None,
    };
    let rest = own && !wish.extra.is_empty();
    if effort.is_none() && summary.is_none() && !rest {
        return;
    }
    out.name("reasoning").open().text_member("effort", effort.as_ref()).text_member("summary", summary.as_ref());
    if own {
        out.members(&wish.extra);
    }
    out.close();
}

fn write_include(out: &mut JsonWriter, request: &ChatRequest, own: bool) {
    if own {
        out.raw_member("include", request.extra.get("include"));
        return;
    }
    let wish = &request.reasoning;
    let thinks = match wish.mode {
        ReasoningMode::On | ReasoningMode::Adaptive => true,
        ReasoningMode::Off => false,
        ReasoningMode::Unsaid => wish.budget.is_some(),
    };
    // What the model thought is given back by the client, for nothing is kept.
    let encrypted = (wish.encrypted || thinks).then_some(ENCRYPTED);
    let logprobs = request.sampling.logprobs.as_ref().and_then(RawJson::is_true);
    let logprobs = logprobs.is_some_and(|wanted| wanted).then_some(LOGPROBS);
    if encrypted.is_some() || logprobs.is_some() {
        out.name("include").open_array();
        for word in encrypted.into_iter().chain(logprobs) {
            out.string(word);
        }
        out.close_array();
    }
}

fn write_rest(out: &mut JsonWriter, request: &ChatRequest, own: bool, losses: &mut FieldLosses) {
    out.text_member("user", request.user.as_ref()).raw_member("metadata", request.metadata.as_ref());
    match &request.service_tier {
        Some(tier) if !own && !response::is_tier(tier) => losses.lose("service_tier"),
        tier => {
            out.text_member("service_tier", tier.as_ref());
        }
    }
    out.text_member("previous_response_id", request.previous.as_ref());
    if own {
        out.bool_member("store", request.store);
        for (name, value) in request.extra.iter().filter(|(name, _)| !PLACED.contains(name)) {
            out.name_raw(name).raw(value);
        }
        return;
    }
    // Elsewhere nothing is kept unless it is asked for; here, unless it is not.
    out.name("store").boolean(request.store.unwrap_or(false));
    losses.lose_extras("reasoning", &request.reasoning.extra);
    losses.lose_extras("", &request.extra);
}

//! What requests of other wires ask for and Bedrock has no place for.

use weir_http::json::JsonKind;

use crate::canon::{ChatRequest, FieldLosses, RawJson};

/// Takes note of a field if it is so.
pub(crate) fn lose_if(lost: bool, field: &'static str, losses: &mut FieldLosses) {
    if lost {
        losses.lose(field);
    }
}

/// Names all of it.
pub(crate) fn note(request: &ChatRequest, losses: &mut FieldLosses) {
    let sampling = &request.sampling;
    let asks = |value: &Option<RawJson>| value.as_ref().is_some_and(|value| value.unsigned() != Some(0));
    lose_if(sampling.min_p.is_some(), "min_p", losses);
    lose_if(asks(&sampling.presence_penalty), "presence_penalty", losses);
    lose_if(asks(&sampling.frequency_penalty), "frequency_penalty", losses);
    lose_if(sampling.seed.is_some(), "seed", losses);
    lose_if(sampling.choices.as_ref().is_some_and(|number| number.unsigned() != Some(1)), "n", losses);
    lose_if(sampling.logprobs.as_ref().is_some_and(|wish| wish.is_true() != Some(false)), "logprobs", losses);
    lose_if(asks(&sampling.top_logprobs), "top_logprobs", losses);
    lose_if(sampling.logit_bias.as_ref().is_some_and(says_something), "logit_bias", losses);
    lose_if(request.parallel == Some(false), "parallel_tool_calls", losses);
    lose_if(request.user.is_some(), "user", losses);
    lose_if(request.metadata.as_ref().is_some_and(says_something), "metadata", losses);
    lose_if(request.previous.is_some(), "previous_response_id", losses);
    lose_if(request.store == Some(true), "store", losses);
    losses.lose_extras("", &request.extra);
    losses.lose_extras("reasoning", &request.reasoning.extra);
    for turn in &request.turns {
        lose_if(turn.name.is_some(), "messages.name", losses);
        losses.lose_extras("messages", &turn.extra);
    }
}

/// Whether a value is an object with something in it.
fn says_something(raw: &RawJson) -> bool {
    raw.kind() == JsonKind::Object && !raw.members().is_empty()
}

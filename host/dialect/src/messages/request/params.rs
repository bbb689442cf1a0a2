//! What a request says beside its turns, its tools and its thoughts.

use crate::canon::{
    AnswerFormat, ChatRequest, FieldLosses, JsonText, JsonWriter, RawJson, SamplingParams, TargetQuirks, TargetRules,
};

/// The most tokens that the model may write: what the client says, else what the model can, else `otherwise`.
pub(super) fn most_output(request: &ChatRequest, rules: &TargetRules, otherwise: u64) -> RawJson {
    match &request.max_output {
        Some(most) => most.clone(),
        None => RawJson::number(rules.max_output.unwrap_or(otherwise)),
    }
}

/// Writes `stop_sequences`, if there are any.
pub(super) fn write_stop(out: &mut JsonWriter, stop: &[JsonText]) {
    if stop.is_empty() {
        return;
    }
    out.name("stop_sequences").open_array();
    for word in stop {
        out.text(word);
    }
    out.close_array();
}

/// Writes how words are chosen, of another wire. A model that thinks takes fewer such wishes.
pub(super) fn write_sampling(out: &mut JsonWriter, sampling: &SamplingParams, thinks: bool, losses: &mut FieldLosses) {
    if let Some(temperature) = &sampling.temperature {
        let number = number(temperature);
        if thinks && number != Some(1.0) {
            losses.lose("temperature");
        } else if number.is_some_and(|number| number > 1.0) {
            losses.lose("temperature");
            out.name("temperature").number(1);
        } else {
            out.name("temperature").raw(temperature);
        }
    }
    match &sampling.top_p {
        // From 0.95 on (Anthropic's guide to extended thinking).
        Some(top_p) if thinks && number(top_p).is_none_or(|number| number < 0.95) => losses.lose("top_p"),
        top_p => {
            out.raw_member("top_p", top_p.as_ref());
        }
    }
    match &sampling.top_k {
        Some(_) if thinks => losses.lose("top_k"),
        top_k => {
            out.raw_member("top_k", top_k.as_ref());
        }
    }
    // A blank one is refused.
    let stop: Vec<JsonText> = sampling.stop.iter().filter(|word| !word.text().trim().is_empty()).cloned().collect();
    if stop.len() < sampling.stop.len() {
        losses.lose("stop");
    }
    write_stop(out, &stop);
    lose_sampling(sampling, losses);
}

/// What only other wires have; what asks for what is done anyway is no loss.
fn lose_sampling(sampling: &SamplingParams, losses: &mut FieldLosses) {
    let asks = |raw: &Option<RawJson>, nothing: f64| raw.as_ref().is_some_and(|raw| number(raw) != Some(nothing));
    for (is_lost, field) in [
        (asks(&sampling.min_p, 0.0), "min_p"),
        (asks(&sampling.presence_penalty, 0.0), "presence_penalty"),
        (asks(&sampling.frequency_penalty, 0.0), "frequency_penalty"),
        (sampling.seed.is_some(), "seed"),
        (asks(&sampling.choices, 1.0), "n"),
        (sampling.logprobs.as_ref().is_some_and(|raw| raw.is_true() != Some(false)), "logprobs"),
        (asks(&sampling.top_logprobs, 0.0), "top_logprobs"),
        (sampling.logit_bias.as_ref().is_some_and(|raw| !raw.members().is_empty()), "logit_bias"),
    ] {
        if is_lost {
            losses.lose(field);
        }
    }
}

/// The schema of the answer, if one is asked for that can be.
pub(super) fn schema<'a>(
    format: &'a AnswerFormat,
    quirks: TargetQuirks,
    losses: &mut FieldLosses,
) -> Option<&'a RawJson> {
    match format {
        AnswerFormat::Unsaid | AnswerFormat::Text => None,
        AnswerFormat::JsonObject => {
            losses.lose("response_format");
            None
        }
        AnswerFormat::JsonSchema { schema, .. } if quirks.no_json_schema => {
            let _ = schema;
            losses.lose("response_format");
            None
        }
        AnswerFormat::JsonSchema { schema, extra, .. } => {
            losses.lose_extras("response_format", extra);
            Some(schema)
        }
    }
}

/// Writes who asks and how soon, of another wire.
pub(super) fn write_account(out: &mut JsonWriter, request: &ChatRequest, losses: &mut FieldLosses) {
    if let Some(user) = &request.user {
        out.name("metadata").open().name("user_id").text(user).close();
    }
    match request.service_tier.as_ref().map(JsonText::text).as_deref() {
        None => {}
        Some("auto") => {
            out.name("service_tier").string("auto");
        }
        Some("default" | "standard" | "standard_only") => {
            out.name("service_tier").string("standard_only");
        }
        Some(_) => losses.lose("service_tier"),
    }
    for (is_lost, field) in [
        (request.metadata.as_ref().is_some_and(|metadata| !metadata.members().is_empty()), "metadata"),
        (request.store == Some(true), "store"),
        (request.previous.is_some(), "previous_response_id"),
    ] {
        if is_lost {
            losses.lose(field);
        }
    }
}

fn number(raw: &RawJson) -> Option<f64> {
    std::str::from_utf8(raw.bytes()).ok()?.parse().ok()
}

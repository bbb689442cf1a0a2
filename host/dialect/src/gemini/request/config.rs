//! `generationConfig`: how words are chosen, and what form they have.

use super::thinking;
use crate::canon::{
    AnswerFormat, ChatRequest, FieldLosses, JsonText, JsonWriter, RawJson, RawMembers, SamplingParams, TargetRules,
};
use crate::gemini::proto;
use crate::translate::schema::gemini as schema;
use crate::wire::WireFormat;

/// The most words to stop at. Source: Gemini API reference, `GenerationConfig.stopSequences`.
const STOPS: usize = 5;
const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

/// Takes `generationConfig` out of a request. What is Google's alone, such as `responseModalities`, is left there.
pub(super) fn read(members: &mut RawMembers, request: &mut ChatRequest) {
    let Some(mut config) = proto::take_message(members, "generationConfig") else { return };
    let was_empty = config.is_empty();
    let sampling = &mut request.sampling;
    sampling.temperature = config.take("temperature");
    sampling.top_p = config.take("topP");
    sampling.top_k = config.take("topK");
    sampling.presence_penalty = config.take("presencePenalty");
    sampling.frequency_penalty = config.take("frequencyPenalty");
    sampling.seed = config.take("seed");
    sampling.choices = config.take("candidateCount");
    sampling.logprobs = config.take("responseLogprobs");
    sampling.top_logprobs = config.take("logprobs");
    sampling.stop = proto::take_texts(&mut config, "stopSequences").unwrap_or_default();
    request.max_output = config.take("maxOutputTokens");
    request.format = format(&mut config);
    request.reasoning = thinking::read(&mut config);
    if was_empty || !config.is_empty() {
        members.push("generationConfig", proto::of_members(&config));
        let has_schema = matches!(request.format, AnswerFormat::JsonSchema { .. });
        let is_said = |name: &[u8]| name == b"thinkingConfig" || (has_schema && QUIET.contains(&name));
        if config.iter().all(|(name, _)| is_said(name)) {
            members.hush("generationConfig");
        }
    }
}

/// Members of it that are kept as they stood beside what the canonical form has of them.
const QUIET: [&[u8]; 2] = [b"responseSchema", b"responseMimeType"];

fn format(config: &mut RawMembers) -> AnswerFormat {
    let mime = config.get("responseMimeType").and_then(RawJson::text);
    let is_json = mime.as_ref().is_none_or(|mime| mime.is(JSON));
    let of = |schema| AnswerFormat::JsonSchema {
        name: None,
        description: None,
        schema,
        strict: None,
        extra: RawMembers::default(),
    };
    if is_json && let Some(schema) = config.get("responseSchema").filter(|raw| !raw.is_null()) {
        // Google's own words for schemas stay as they stood.
        return of(schema::to_json_schema(schema));
    }
    let has_schema = config.get("responseJsonSchema").is_some_and(|raw| !raw.is_null());
    match mime {
        Some(mime) if mime.is(JSON) => {
            config.take("responseMimeType");
            config.take("responseJsonSchema").map_or(AnswerFormat::JsonObject, of)
        }
        Some(mime) if mime.is(TEXT) && !has_schema => {
            config.take("responseMimeType");
            AnswerFormat::Text
        }
        _ => AnswerFormat::Unsaid,
    }
}

/// Writes it, if there is anything in it.
pub(super) fn write(request: &ChatRequest, rules: &TargetRules, out: &mut JsonWriter, losses: &mut FieldLosses) {
    let own = request.wire == WireFormat::GenerateContent;
    let left = if own {
        request.extra.get("generationConfig").filter(|raw| !raw.is_null()).map(RawJson::members)
    } else {
        None
    };
    let mut config = JsonWriter::with_capacity(256);
    config.open();
    write_sampling(&request.sampling, own, &mut config, losses);
    config.raw_member("maxOutputTokens", request.max_output.as_ref());
    let as_it_stood = left.as_ref().is_some_and(|left| left.get("responseSchema").is_some());
    if !as_it_stood {
        write_format(&request.format, own, rules, &mut config, losses);
    }
    if own {
        thinking::write_own(&request.reasoning, &mut config);
    } else {
        thinking::write_other(request, rules, &mut config, losses);
    }
    let is_said = left.is_some();
    config.members(&left.unwrap_or_default()).close();
    let config = config.finish_raw();
    if is_said || config.bytes().as_ref() != b"{}" {
        out.name("generationConfig").raw(&config);
    }
}

fn write_sampling(sampling: &SamplingParams, own: bool, out: &mut JsonWriter, losses: &mut FieldLosses) {
    out.raw_member("temperature", sampling.temperature.as_ref())
        .raw_member("topP", sampling.top_p.as_ref())
        .raw_member("topK", sampling.top_k.as_ref())
        .raw_member("presencePenalty", sampling.presence_penalty.as_ref())
        .raw_member("frequencyPenalty", sampling.frequency_penalty.as_ref())
        .raw_member("seed", sampling.seed.as_ref())
        .raw_member("candidateCount", sampling.choices.as_ref())
        .raw_member("responseLogprobs", sampling.logprobs.as_ref())
        .raw_member("logprobs", sampling.top_logprobs.as_ref());
    let said = |text: &&JsonText| own || !text.is_empty();
    let most = if own { usize::MAX } else { STOPS };
    let stops: Vec<_> = sampling.stop.iter().filter(said).collect();
    if stops.len() > most {
        losses.lose("stop");
    }
    if !stops.is_empty() {
        out.name("stopSequences").open_array();
        for stop in stops.into_iter().take(most) {
            out.text(stop);
        }
        out.close_array();
    }
}

fn write_format(format: &AnswerFormat, own: bool, rules: &TargetRules, out: &mut JsonWriter, losses: &mut FieldLosses) {
    match format {
        AnswerFormat::Text if own => {
            out.name("responseMimeType").string(TEXT);
        }
        AnswerFormat::Unsaid | AnswerFormat::Text => {}
        AnswerFormat::JsonObject => {
            out.name("responseMimeType").string(JSON);
        }
        AnswerFormat::JsonSchema { schema, description, extra, .. } => {
            out.name("responseMimeType").string(JSON);
            if rules.quirks.parameters_schema {
                let mut lost = schema::LostKeywords::default();
                out.name("responseSchema").raw(&schema::of_json_schema(schema, &mut lost));
                lost.name("response_format", losses);
            } else {
                out.name("responseJsonSchema").raw(schema);
            }
            if !own {
                if description.is_some() {
                    losses.lose("response_format.description");
                }
                losses.lose_extras("response_format", extra);
            }
        }
    }
}

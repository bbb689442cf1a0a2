//! What a request says beside its turns and tools.

use super::loss::lose_if;
use crate::canon::{AnswerFormat, ChatRequest, FieldLosses, JsonText, JsonWriter, RawJson, RawMembers, SamplingParams};
use crate::converse::blocks::encode::is_blank;
use crate::converse::rest::{left, rest, take_filled, within, write_but};
use crate::wire::{Vendor, WireFormat};

/// Reads `inferenceConfig`.
pub(crate) fn read(config: &mut RawMembers, request: &mut ChatRequest) {
    request.max_output = config.take("maxTokens");
    request.sampling.temperature = config.take("temperature");
    request.sampling.top_p = config.take("topP");
    let texts = |value: &RawJson| value.elements().iter().map(RawJson::text).collect::<Option<Vec<JsonText>>>();
    if config.get("stopSequences").and_then(texts).is_some() {
        let words = take_filled(config, "stopSequences").unwrap_or_default();
        request.sampling.stop = words.iter().filter_map(RawJson::text).collect();
    }
}

/// Reads `top_k` (Anthropic's models) or `inferenceConfig.topK` (Amazon's), of what is passed on to the model.
pub(crate) fn read_top_k(more: &mut RawMembers, sampling: &mut SamplingParams) {
    sampling.top_k = more.take("top_k");
    if sampling.top_k.is_some() {
        return;
    }
    if let Some(mut config) = more.get("inferenceConfig").map(RawJson::members)
        && let Some(top_k) = config.take("topK")
    {
        sampling.top_k = Some(top_k);
        more.take("inferenceConfig");
        // Even if it is empty: it says where the number stood.
        more.push("inferenceConfig", crate::converse::rest::object(&config));
    }
}

/// Reads `outputConfig.textFormat`: a schema is a string there. One that is no JSON, or has blanks around it, stays as it stands.
pub(crate) fn read_format(format: &mut RawMembers) -> Option<AnswerFormat> {
    if !format.get("type").and_then(RawJson::text).is_some_and(|kind| kind.is("json_schema")) {
        return None;
    }
    let found = within(format, "structure", |structure| {
        let mut named = structure.get("jsonSchema").map(RawJson::members)?;
        let text = named.get("schema").and_then(RawJson::text)?;
        let schema = RawJson::parse_text(&text).ok().filter(|schema| schema.bytes().len() == text.text().len())?;
        named.take("schema");
        structure.take("jsonSchema");
        Some(AnswerFormat::JsonSchema {
            name: named.take_text("name"),
            description: named.take_text("description"),
            schema,
            strict: None,
            extra: named,
        })
    })
    .flatten();
    if found.is_some() {
        format.take("type");
    }
    found
}

/// Writes `inferenceConfig`.
pub(crate) fn write(
    out: &mut JsonWriter,
    request: &ChatRequest,
    vendor: Vendor,
    thinks: bool,
    losses: &mut FieldLosses,
) {
    let own = request.wire == WireFormat::Converse;
    let sampling = &request.sampling;
    let temperature = sampling.temperature.clone().and_then(|value| temperature(value, own, thinks, losses));
    // Bedrock takes no empty words, and Anthropic's models none that are blank.
    let takes = |word: &&JsonText| own || !word.is_empty() && (vendor != Vendor::Anthropic || !is_blank(word));
    let stop: Vec<&JsonText> = sampling.stop.iter().filter(takes).collect();
    lose_if(stop.len() < sampling.stop.len(), "stop", losses);
    let left = if own { left(&request.extra, "inferenceConfig") } else { None };
    let said = request.max_output.is_some() || temperature.is_some() || sampling.top_p.is_some() || !stop.is_empty();
    if !said && left.is_none() {
        return;
    }
    out.name("inferenceConfig").open();
    out.raw_member("maxTokens", request.max_output.as_ref());
    out.raw_member("temperature", temperature.as_ref()).raw_member("topP", sampling.top_p.as_ref());
    if !stop.is_empty() {
        out.name("stopSequences").open_array();
        for word in stop {
            out.text(word);
        }
        out.close_array();
    }
    out.members(&left.unwrap_or_default()).close();
}

/// Bedrock takes temperatures up to 1; a model of Anthropic's that thinks takes none.
fn temperature(value: RawJson, own: bool, thinks: bool, losses: &mut FieldLosses) -> Option<RawJson> {
    let number = std::str::from_utf8(value.bytes()).ok().and_then(|text| text.parse::<f64>().ok());
    if own || number == Some(1.0) {
        return Some(value);
    }
    let too_high = number.is_some_and(|number| number > 1.0);
    lose_if(too_high || thinks, "temperature", losses);
    match (thinks, too_high) {
        (true, _) => None,
        (false, true) => Some(RawJson::number(1)),
        (false, false) => Some(value),
    }
}

/// Writes `outputConfig`: the form of the answer, and how much the model is to think where that is said there.
pub(crate) fn write_output(
    out: &mut JsonWriter,
    request: &ChatRequest,
    effort: Option<&JsonText>,
    takes_schema: bool,
    losses: &mut FieldLosses,
) {
    let own = request.wire == WireFormat::Converse;
    let left = if own { left(&request.extra, "outputConfig") } else { None };
    let has_schema = matches!(request.format, AnswerFormat::JsonSchema { .. });
    lose_if(matches!(request.format, AnswerFormat::JsonObject), "response_format", losses);
    lose_if(has_schema && !takes_schema && !own, "response_format", losses);
    let writes_schema = has_schema && (takes_schema || own);
    if !writes_schema && effort.is_none() && left.is_none() {
        return;
    }
    let left = left.unwrap_or_default();
    out.name("outputConfig").open();
    if writes_schema {
        write_format(out, &request.format, &rest(&left, "textFormat"), own, losses);
        out.text_member("effort", effort);
        write_but(out, &left, &["textFormat"]);
    } else {
        out.text_member("effort", effort).members(&left);
    }
    out.close();
}

fn write_format(out: &mut JsonWriter, format: &AnswerFormat, left: &RawMembers, own: bool, losses: &mut FieldLosses) {
    let AnswerFormat::JsonSchema { name, description, schema, extra, .. } = format else { return };
    out.name("textFormat").open().name("type").string("json_schema");
    out.name("structure").open().name("jsonSchema").open().name("schema").text(&schema.to_text());
    out.text_member("name", name.as_ref()).text_member("description", description.as_ref());
    if own {
        out.members(extra);
    } else {
        losses.lose_extras("response_format", extra);
    }
    out.close().members(&rest(left, "structure")).close();
    write_but(out, left, &["structure"]);
    out.close();
}

/// Writes how soon, in Bedrock's words.
pub(crate) fn write_tier(out: &mut JsonWriter, request: &ChatRequest, own: bool, losses: &mut FieldLosses) {
    let left = if own { left(&request.extra, "serviceTier") } else { None };
    let word = request.service_tier.as_ref().and_then(|tier| {
        let known = match &*tier.text() {
            _ if own => return Some(tier.clone()),
            // It decides for itself where nothing is said.
            "auto" => return None,
            "default" | "standard_only" => "default",
            "priority" => "priority",
            "flex" => "flex",
            _ => {
                losses.lose("service_tier");
                return None;
            }
        };
        Some(JsonText::of(known))
    });
    if word.is_some() || left.is_some() {
        out.name("serviceTier").open().text_member("type", word.as_ref()).members(&left.unwrap_or_default()).close();
    }
}

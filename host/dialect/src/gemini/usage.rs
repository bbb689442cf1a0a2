//! What was used, in Google's words.
//!
//! Source: Gemini API reference, `GenerateContentResponse.UsageMetadata`. Neither thoughts nor what tools of Google's read are
//! part of the counts of candidates and prompt.

use weir_http::json::JsonKind;
use weir_usage::Usage;

use super::proto;
use crate::canon::{JsonWriter, RawJson, RawMembers};

/// `AUDIO` in the enum `Modality`, which some of Vertex AI's answers write as a number.
const AUDIO: u64 = 4;

/// Reads a `usageMetadata`, and leaves in it what Google alone says; none if nothing in it is a count.
pub(super) fn read(metadata: &RawMembers) -> Option<Usage> {
    let count = |name: &str| metadata.get(name).and_then(RawJson::unsigned).filter(|count| *count <= Usage::MOST);
    let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
        (None, None) => None,
        (one, other) => Some(one.unwrap_or_default() + other.unwrap_or_default()),
    };
    let prompt = count("promptTokenCount");
    let reasoning = count("thoughtsTokenCount");
    let written = sum(count("candidatesTokenCount"), reasoning);
    let usage = Usage {
        input: sum(prompt, count("toolUsePromptTokenCount")),
        // Quirk 73: a count of none is not written.
        output: written.or(prompt.map(|_| 0)),
        total: count("totalTokenCount"),
        cached_input: count("cachedContentTokenCount"),
        reasoning,
        cache_written: None,
        audio_input: audio(metadata, "promptTokensDetails"),
        audio_output: audio(metadata, "candidatesTokensDetails"),
    };
    (usage != Usage::default()).then_some(usage)
}

/// The tokens of sound among the counts of each modality.
fn audio(metadata: &RawMembers, name: &str) -> Option<u64> {
    let details = metadata.get(name).filter(|raw| raw.kind() == JsonKind::Array)?.elements();
    let is_audio = |of: &RawJson| of.text().is_some_and(|text| text.is("AUDIO")) || of.unsigned() == Some(AUDIO);
    let counts = details.iter().map(proto::members);
    let mut counts = counts.filter(|detail| detail.get("modality").is_some_and(is_audio));
    counts.next()?.get("tokenCount")?.unsigned().filter(|count| *count <= Usage::MOST)
}

/// Writes a `usageMetadata`.
pub(super) fn write(usage: &Usage, out: &mut JsonWriter) {
    let (input, output) = usage.halves();
    let shown = output.map(|output| output.saturating_sub(usage.reasoning.unwrap_or_default()));
    let total = usage.total.or_else(|| Some(input? + output?));
    out.open()
        .number_member("promptTokenCount", input)
        .number_member("candidatesTokenCount", shown)
        .number_member("totalTokenCount", total)
        .number_member("cachedContentTokenCount", usage.cached_input)
        .number_member("thoughtsTokenCount", usage.reasoning);
    for (name, sound) in [("promptTokensDetails", usage.audio_input), ("candidatesTokensDetails", usage.audio_output)] {
        if let Some(sound) = sound {
            out.name(name).open_array().open();
            out.name("modality").string("AUDIO").name("tokenCount").number(sound).close().close_array();
        }
    }
    out.close();
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read_of(json: &'static str) -> Option<Usage> {
        read(&proto::members(&RawJson::parse(Bytes::from_static(json.as_bytes())).unwrap()))
    }

    // Quirk 79: the total has thoughts and what Google's tools read.
    #[test]
    fn thoughts_are_output_and_what_tools_read_is_input() {
        let usage = read_of(
            r#"{"promptTokenCount":23,"candidatesTokenCount":593,"thoughtsTokenCount":56,"toolUsePromptTokenCount":675,
                "totalTokenCount":1347,"cachedContentTokenCount":7,"promptTokensDetails":[{"modality":"TEXT","tokenCount":20},
                {"modality":4,"tokenCount":3}],"candidatesTokensDetails":[{"modality":"AUDIO","token_count":9}]}"#,
        );
        let due = Usage {
            input: Some(698),
            output: Some(649),
            total: Some(1_347),
            cached_input: Some(7),
            reasoning: Some(56),
            cache_written: None,
            audio_input: Some(3),
            audio_output: Some(9),
        };
        assert_eq!(usage, Some(due));
        let mut out = JsonWriter::default();
        write(&due, &mut out);
        let written = RawJson::parse(out.finish()).unwrap();
        assert_eq!(read(&proto::members(&written)), Some(due), "and comes back");
    }

    // Quirk 73.
    #[test]
    fn a_count_that_is_not_written_is_none() {
        let blocked = read_of(r#"{"promptTokenCount":14,"totalTokenCount":14}"#).unwrap();
        assert_eq!((blocked.input, blocked.output), (Some(14), Some(0)));
        let thought = read_of(r#"{"promptTokenCount":12,"thoughtsTokenCount":84,"totalTokenCount":96}"#).unwrap();
        assert_eq!((thought.output, thought.reasoning), (Some(84), Some(84)));
        assert_eq!(read_of(r#"{"trafficType":"ON_DEMAND"}"#), None);
        assert_eq!(read_of(r#"{"promptTokenCount":-1}"#), None);
    }
}

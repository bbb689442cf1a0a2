//! The members that the dialect has, each with the places in which it has them. A member of that name in any other place is
//! somebody else's, and nothing is known of it.
//!
//! Sources: OpenAI's specification; JSON Schema 2020-12; and what providers that speak the dialect add to it.

use super::place::{BodyArea, MemberMeaning};

// The places in which a member may stand, a bit for each.
const CHAT: u32 = BodyArea::Chat.bit();
const EMBED: u32 = BodyArea::Embed.bit();
const ANSWER: u32 = BodyArea::Answer.bit();
const VECTORS: u32 = BodyArea::Vectors.bit();
const VECTOR: u32 = BodyArea::Vector.bit();
const MESSAGE: u32 = BodyArea::Message.bit();
const CHOICE: u32 = BodyArea::Choice.bit();
const PART: u32 = BodyArea::Part.bit() | BodyArea::Input.bit();
const DETAIL: u32 = BodyArea::Detail.bit();
const CALL: u32 = BodyArea::Call.bit();
const FUNCTION: u32 = BodyArea::Function.bit();
const MEDIA: u32 = BodyArea::Media.bit();
const NOTE: u32 = BodyArea::Note.bit();
const FIGURES: u32 = BodyArea::Figures.bit();
const SETTINGS: u32 = BodyArea::Settings.bit();
const TOOL: u32 = BodyArea::Tool.bit();
const SCHEMA: u32 = BodyArea::Schema.bit();
/// Of what is somebody's own, names say the kind alone.
const FREE: u32 = BodyArea::Free.bit();

/// By the length of their names and then sorted; of one name several rows, for several places.
#[rustfmt::skip]
const MEMBERS: [(&[u8], u32, MemberMeaning); 148] = [
    (b"id", MESSAGE | PART | DETAIL | CALL | MEDIA | NOTE | ANSWER | VECTORS, MemberMeaning::Word),
    (b"if", SCHEMA, MemberMeaning::Schema),
    (b"not", SCHEMA, MemberMeaning::Schema),
    (b"ttl", SETTINGS, MemberMeaning::Word),
    (b"url", MEDIA, MemberMeaning::Address),
    (b"data", MEDIA, MemberMeaning::Sound),
    (b"data", VECTORS, MemberMeaning::Vectors),
    (b"data", DETAIL, MemberMeaning::Encoded),
    (b"else", SCHEMA, MemberMeaning::Schema),
    (b"file", PART, MemberMeaning::Media),
    (b"mode", TOOL | SETTINGS, MemberMeaning::Word),
    (b"name", MESSAGE | PART | CALL | FUNCTION | TOOL, MemberMeaning::Named),
    (b"role", MESSAGE, MemberMeaning::Word),
    (b"stop", CHAT, MemberMeaning::Named),
    (b"text", MESSAGE | CHOICE | PART | DETAIL | NOTE | FREE, MemberMeaning::Said),
    (b"then", SCHEMA, MemberMeaning::Schema),
    (b"type", SCHEMA, MemberMeaning::SchemaType),
    (b"type", MESSAGE | PART | DETAIL | CALL | MEDIA | NOTE | SETTINGS | TOOL | ANSWER, MemberMeaning::Word),
    (b"user", CHAT | EMBED, MemberMeaning::Named),
    (b"$defs", SCHEMA, MemberMeaning::Schemas),
    (b"allOf", SCHEMA, MemberMeaning::Schema),
    (b"anyOf", SCHEMA, MemberMeaning::Schema),
    (b"audio", MESSAGE | PART, MemberMeaning::Media),
    (b"audio", CHAT, MemberMeaning::Settings),
    (b"delta", CHOICE, MemberMeaning::Message),
    (b"image", PART, MemberMeaning::Media),
    (b"input", PART | CALL | FUNCTION, MemberMeaning::Arguments),
    (b"input", EMBED, MemberMeaning::Input),
    (b"items", SCHEMA, MemberMeaning::Schema),
    (b"model", CHAT | EMBED | ANSWER | VECTORS, MemberMeaning::Word),
    (b"oneOf", SCHEMA, MemberMeaning::Schema),
    (b"tools", CHAT | TOOL, MemberMeaning::Tool),
    (b"usage", ANSWER | VECTORS, MemberMeaning::Figures),
    (b"video", PART, MemberMeaning::Media),
    (b"voice", SETTINGS, MemberMeaning::Word),
    (b"custom", CALL, MemberMeaning::Function),
    (b"custom", TOOL, MemberMeaning::Tool),
    (b"detail", PART | MEDIA, MemberMeaning::Word),
    (b"effort", SETTINGS, MemberMeaning::Word),
    (b"format", DETAIL | MEDIA | SETTINGS, MemberMeaning::Word),
    (b"format", TOOL, MemberMeaning::ToolWord),
    (b"format", SCHEMA, MemberMeaning::Format),
    (b"google", SETTINGS, MemberMeaning::Settings),
    (b"images", MESSAGE, MemberMeaning::Parts),
    (b"object", ANSWER | VECTORS | VECTOR, MemberMeaning::Word),
    (b"schema", TOOL, MemberMeaning::Schema),
    (b"source", PART, MemberMeaning::Media),
    (b"status", MESSAGE | PART | CALL, MemberMeaning::Word),
    (b"syntax", TOOL, MemberMeaning::Word),
    (b"call_id", MESSAGE | PART | CALL, MemberMeaning::Word),
    (b"choices", ANSWER, MemberMeaning::Choice),
    (b"content", MESSAGE | PART | DETAIL | NOTE | FREE, MemberMeaning::Said),
    (b"file_id", PART | MEDIA | NOTE, MemberMeaning::Word),
    (b"grammar", TOOL, MemberMeaning::Tool),
    (b"message", CHOICE, MemberMeaning::Message),
    (b"refusal", MESSAGE | PART | FREE, MemberMeaning::Refusal),
    (b"summary", SETTINGS, MemberMeaning::Word),
    (b"summary", DETAIL, MemberMeaning::Reasoning),
    (b"thought", MESSAGE | PART | DETAIL | FREE, MemberMeaning::Reasoning),
    (b"b64_json", PART | MEDIA, MemberMeaning::Sound),
    (b"contains", SCHEMA, MemberMeaning::Schema),
    (b"file_url", PART | MEDIA, MemberMeaning::Media),
    (b"function", CALL, MemberMeaning::Function),
    (b"function", TOOL, MemberMeaning::Tool),
    (b"logprobs", CHOICE, MemberMeaning::Logprobs),
    (b"messages", CHAT | EMBED, MemberMeaning::Message),
    (b"metadata", CHAT | EMBED | ANSWER | VECTORS, MemberMeaning::Chosen),
    (b"provider", ANSWER | VECTORS, MemberMeaning::Word),
    (b"severity", FIGURES, MemberMeaning::Word),
    (b"thinking", CHAT, MemberMeaning::Settings),
    (b"thinking", MESSAGE | PART | DETAIL | CHOICE | FREE, MemberMeaning::Reasoning),
    (b"thoughts", MESSAGE | PART | DETAIL | FREE, MemberMeaning::Reasoning),
    (b"arguments", PART | CALL | FUNCTION | FREE, MemberMeaning::Arguments),
    (b"audio_url", PART | MEDIA, MemberMeaning::Media),
    (b"embedding", VECTOR, MemberMeaning::Encoded),
    (b"file_data", PART | MEDIA, MemberMeaning::File),
    (b"file_path", NOTE, MemberMeaning::Note),
    (b"functions", CHAT, MemberMeaning::Tool),
    (b"image_url", PART | MEDIA, MemberMeaning::Media),
    (b"mime_type", PART | MEDIA, MemberMeaning::Word),
    (b"reasoning", CHAT, MemberMeaning::Settings),
    (b"reasoning", MESSAGE | PART | DETAIL | CHOICE | FREE, MemberMeaning::Reasoning),
    (b"signature", PART | DETAIL, MemberMeaning::Encoded),
    (b"verbosity", CHAT, MemberMeaning::Word),
    (b"video_url", PART | MEDIA, MemberMeaning::Media),
    (b"inlineData", PART, MemberMeaning::Media),
    (b"logit_bias", CHAT, MemberMeaning::Figures),
    (b"media_type", PART | MEDIA, MemberMeaning::Word),
    (b"modalities", CHAT, MemberMeaning::Word),
    (b"parameters", TOOL, MemberMeaning::Schema),
    (b"prediction", CHAT, MemberMeaning::Parts),
    (b"properties", SCHEMA, MemberMeaning::Schemas),
    (b"tool_calls", MESSAGE, MemberMeaning::Calls),
    (b"transcript", PART | MEDIA | FREE, MemberMeaning::Said),
    (b"annotations", MESSAGE | PART, MemberMeaning::Note),
    (b"approximate", SETTINGS, MemberMeaning::Settings),
    (b"definitions", SCHEMA, MemberMeaning::Schemas),
    (b"description", FUNCTION | TOOL | FREE, MemberMeaning::Description),
    (b"inline_data", PART, MemberMeaning::Media),
    (b"input_audio", PART, MemberMeaning::Media),
    (b"input_image", PART, MemberMeaning::Media),
    (b"json_schema", TOOL, MemberMeaning::Tool),
    (b"obfuscation", ANSWER, MemberMeaning::Word),
    (b"prefixItems", SCHEMA, MemberMeaning::Schema),
    (b"tool_choice", CHAT, MemberMeaning::ToolWord),
    (b"tool_use_id", PART, MemberMeaning::Word),
    (b"document_url", PART | MEDIA, MemberMeaning::Media),
    (b"input_schema", TOOL, MemberMeaning::Schema),
    (b"service_tier", CHAT | EMBED | ANSWER | VECTORS, MemberMeaning::Word),
    (b"tool_call_id", MESSAGE | PART | CALL, MemberMeaning::Word),
    (b"url_citation", NOTE, MemberMeaning::Note),
    (b"cache_control", MESSAGE | PART | TOOL, MemberMeaning::Settings),
    (b"contentSchema", SCHEMA, MemberMeaning::Schema),
    (b"extra_content", MESSAGE | CALL, MemberMeaning::Settings),
    (b"file_citation", NOTE, MemberMeaning::Note),
    (b"finish_reason", CHOICE, MemberMeaning::Word),
    (b"function_call", MESSAGE, MemberMeaning::Function),
    (b"function_call", CHAT, MemberMeaning::ToolWord),
    (b"propertyNames", SCHEMA, MemberMeaning::Schema),
    (b"user_location", SETTINGS | TOOL, MemberMeaning::Settings),
    (b"reasoning_text", MESSAGE | PART | DETAIL | FREE, MemberMeaning::Reasoning),
    (b"stream_options", CHAT, MemberMeaning::Settings),
    (b"additionalItems", SCHEMA, MemberMeaning::Schema),
    (b"encoding_format", EMBED, MemberMeaning::Word),
    (b"response_format", CHAT, MemberMeaning::Tool),
    (b"dependentSchemas", SCHEMA, MemberMeaning::Schemas),
    (b"parsed_arguments", CALL | FUNCTION | FREE, MemberMeaning::Arguments),
    (b"prompt_cache_key", CHAT, MemberMeaning::Named),
    (b"reasoning_effort", CHAT, MemberMeaning::Word),
    (b"unevaluatedItems", SCHEMA, MemberMeaning::Schema),
    (b"dependentRequired", SCHEMA, MemberMeaning::Schemas),
    (b"encrypted_content", PART | DETAIL, MemberMeaning::Encoded),
    (b"patternProperties", SCHEMA, MemberMeaning::Schemas),
    (b"reasoning_content", MESSAGE | PART | DETAIL | CHOICE | FREE, MemberMeaning::Reasoning),
    (b"reasoning_details", MESSAGE | PART | DETAIL | FREE, MemberMeaning::Reasoning),
    (b"safety_identifier", CHAT | EMBED, MemberMeaning::Named),
    (b"thought_signature", PART | DETAIL | CALL | FUNCTION | SETTINGS, MemberMeaning::Encoded),
    (b"system_fingerprint", ANSWER | VECTORS, MemberMeaning::Word),
    (b"web_search_options", CHAT, MemberMeaning::Settings),
    (b"search_context_size", SETTINGS | TOOL, MemberMeaning::Word),
    (b"additionalProperties", SCHEMA, MemberMeaning::Schema),
    (b"native_finish_reason", CHOICE, MemberMeaning::Word),
    (b"content_filter_result", CHOICE | FIGURES, MemberMeaning::Figures),
    (b"prompt_filter_results", ANSWER, MemberMeaning::Figures),
    (b"unevaluatedProperties", SCHEMA, MemberMeaning::Schema),
    (b"content_filter_offsets", CHOICE, MemberMeaning::Figures),
    (b"content_filter_results", CHOICE | FIGURES, MemberMeaning::Figures),
    (b"prompt_cache_retention", CHAT, MemberMeaning::Word),
];

/// Names are no longer than this.
const LONGEST: usize = 22;

/// Where in [`MEMBERS`] those of each length begin.
const STARTS: [usize; LONGEST + 2] = starts();

#[allow(clippy::indexing_slicing)] // computed by the compiler, which would not let it pass the end
const fn starts() -> [usize; LONGEST + 2] {
    let mut starts = [0; LONGEST + 2];
    let (mut length, mut at) = (0, 0);
    while length < starts.len() {
        while at < MEMBERS.len() && MEMBERS[at].0.len() < length {
            at += 1;
        }
        starts[length] = at;
        length += 1;
    }
    starts
}

/// What the member of this name is in that place.
pub(super) fn meaning(name: &[u8], place: BodyArea) -> MemberMeaning {
    let range = STARTS.get(name.len()).zip(STARTS.get(name.len() + 1));
    let of_length = range.and_then(|(start, end)| MEMBERS.get(*start..*end)).unwrap_or_default();
    let (first, place) = (name.first(), place.bit());
    let found = of_length.iter().find(|(known, at, _)| known.first() == first && at & place != 0 && *known == name);
    found.map_or(MemberMeaning::Unknown, |(_, _, meaning)| *meaning)
}

#[cfg(test)]
#[test]
fn members_are_by_length_and_sorted_and_each_is_found_where_it_stands_and_nowhere_else() {
    assert!(MEMBERS.is_sorted_by(|(a, at, _), (b, or, _)| (a.len(), a) < (b.len(), b) || a == b && at & or == 0));
    assert_eq!(MEMBERS.iter().map(|(name, ..)| name.len()).max(), Some(LONGEST));
    for (name, at, is) in MEMBERS {
        let everywhere = MEMBERS.iter().filter(|(other, ..)| *other == name).fold(0, |all, (_, at, _)| all | at);
        for place in BodyArea::ALL {
            if at & place.bit() != 0 {
                assert_eq!(meaning(name, place), is);
            }
            assert_eq!(meaning(name, place) == MemberMeaning::Unknown, everywhere & place.bit() == 0);
        }
    }
    for unknown in [&b""[..], b"rolf", &[b'a'; 23]] {
        assert_eq!(meaning(unknown, BodyArea::Message), MemberMeaning::Unknown);
    }
}

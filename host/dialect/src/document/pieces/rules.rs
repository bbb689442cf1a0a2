//! What a string is by where it stands: of which kind, or none.
//!
//! Kinds go by the names of members that the dialect has for them, wherever they stand, so that a place that is added to it
//! is shown by the rules that there are. What is not known is shown as [`TextPieceKind::Other`].

use super::super::texts::BodyShape;
use super::found::TextPieceKind;

/// Which part of a body a value is in, as far as it matters for what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyArea {
    /// The body itself.
    Body,
    /// A message, or the list of them.
    Message,
    /// A choice, or the list of them.
    Choice,
    /// A tool call, or the list of them.
    Call,
    /// What a model is told of tools and formats, schemas included.
    Offer,
    /// An object whose author chose the names of its members.
    Names,
    /// An image or another file.
    Media,
    /// `logprobs`.
    Logprobs,
    /// What an upstream says against a request: it may repeat anything of it, at any place.
    Error,
    /// Anything else.
    Anything,
}

/// When a string is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NonTextRule {
    /// Never.
    Show,
    /// When it is one word.
    Word,
    /// When it is bytes in base64.
    Encoded,
    /// When it is an address.
    Address,
}

/// A value's place, what its strings are, and when not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub(super) place: BodyArea,
    pub(super) kind: TextPieceKind,
    pub(super) rule: NonTextRule,
}

/// What a member is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// What is said, or thought, or whatever else its surroundings are about.
    Said,
    Refusal,
    Arguments,
    Description,
    Reasoning,
    /// Tool calls.
    Calls,
    /// A file, or its address.
    Media,
    /// An identifier, or a word of the dialect.
    Word,
    /// Bytes, written as text.
    Encoded,
    Unknown,
}

/// Members that mean the same wherever they stand, by length and then sorted.
const MEMBERS: [(&[u8], Meaning); 63] = [
    (b"id", Meaning::Word),
    (b"ttl", Meaning::Word),
    (b"data", Meaning::Encoded),
    (b"mode", Meaning::Word),
    (b"role", Meaning::Word),
    (b"text", Meaning::Said),
    (b"type", Meaning::Word),
    (b"bytes", Meaning::Encoded),
    (b"model", Meaning::Word),
    (b"voice", Meaning::Word),
    (b"detail", Meaning::Word),
    (b"effort", Meaning::Word),
    (b"format", Meaning::Word),
    (b"object", Meaning::Word),
    (b"status", Meaning::Word),
    (b"syntax", Meaning::Word),
    (b"call_id", Meaning::Word),
    (b"content", Meaning::Said),
    (b"file_id", Meaning::Word),
    (b"refusal", Meaning::Refusal),
    (b"thought", Meaning::Reasoning),
    (b"b64_json", Meaning::Encoded),
    (b"file_url", Meaning::Media),
    (b"provider", Meaning::Word),
    (b"required", Meaning::Word),
    (b"severity", Meaning::Word),
    (b"thinking", Meaning::Reasoning),
    (b"thoughts", Meaning::Reasoning),
    (b"arguments", Meaning::Arguments),
    (b"audio_url", Meaning::Media),
    (b"embedding", Meaning::Encoded),
    (b"file_data", Meaning::Encoded),
    (b"image_url", Meaning::Media),
    (b"mime_type", Meaning::Word),
    (b"reasoning", Meaning::Reasoning),
    (b"signature", Meaning::Encoded),
    (b"verbosity", Meaning::Word),
    (b"video_url", Meaning::Media),
    (b"media_type", Meaning::Word),
    (b"modalities", Meaning::Word),
    (b"tool_calls", Meaning::Calls),
    (b"transcript", Meaning::Said),
    (b"description", Meaning::Description),
    (b"input_image", Meaning::Media),
    (b"obfuscation", Meaning::Word),
    (b"tool_choice", Meaning::Word),
    (b"document_url", Meaning::Media),
    (b"service_tier", Meaning::Word),
    (b"tool_call_id", Meaning::Word),
    (b"finish_reason", Meaning::Word),
    (b"function_call", Meaning::Word),
    (b"reasoning_text", Meaning::Reasoning),
    (b"encoding_format", Meaning::Word),
    (b"parsed_arguments", Meaning::Arguments),
    (b"reasoning_effort", Meaning::Word),
    (b"encrypted_content", Meaning::Encoded),
    (b"reasoning_content", Meaning::Reasoning),
    (b"reasoning_details", Meaning::Reasoning),
    (b"thought_signature", Meaning::Encoded),
    (b"system_fingerprint", Meaning::Word),
    (b"search_context_size", Meaning::Word),
    (b"native_finish_reason", Meaning::Word),
    (b"prompt_cache_retention", Meaning::Word),
];

/// Members of a request that are told to a model.
fn is_offer(name: &[u8]) -> bool {
    matches!(name, b"tools" | b"functions" | b"response_format" | b"tool_choice" | b"function_call")
}

/// Members of schemas whose own members have names of somebody's choice (JSON Schema 2020-12).
fn has_names(name: &[u8]) -> bool {
    matches!(
        name,
        b"properties" | b"patternProperties" | b"$defs" | b"definitions" | b"dependentSchemas" | b"dependentRequired"
    )
}

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

fn meaning(name: &[u8]) -> Meaning {
    let range = STARTS.get(name.len()).zip(STARTS.get(name.len() + 1));
    let of_length = range.and_then(|(start, end)| MEMBERS.get(*start..*end)).unwrap_or_default();
    let first = name.first();
    let found = of_length.iter().find(|(known, _)| known.first() == first && *known == name);
    found.map_or(Meaning::Unknown, |(_, meaning)| *meaning)
}

#[cfg(test)]
#[test]
fn members_are_by_length_and_sorted_and_each_is_found() {
    assert!(MEMBERS.is_sorted_by(|(a, _), (b, _)| (a.len(), a) < (b.len(), b)));
    assert_eq!(MEMBERS.iter().map(|(name, _)| name.len()).max(), Some(LONGEST));
    assert!(MEMBERS.iter().all(|(name, is)| meaning(name) == *is));
    assert_eq!(
        (meaning(b""), meaning(b"rolf"), meaning(&[b'a'; 23])),
        (Meaning::Unknown, Meaning::Unknown, Meaning::Unknown)
    );
}

impl Area {
    /// The body as a whole.
    pub(super) fn body(shape: BodyShape) -> Self {
        match shape {
            BodyShape::Error(_) => Self::of(BodyArea::Error, TextPieceKind::Text),
            _ => Self::of(BodyArea::Body, TextPieceKind::Other),
        }
    }

    fn of(place: BodyArea, kind: TextPieceKind) -> Self {
        Self { place, kind, rule: NonTextRule::Show }
    }

    /// The same as an object that is stepped into: rules are about strings and lists of them.
    pub(super) fn opened(self) -> Self {
        Self { rule: NonTextRule::Show, ..self }
    }

    /// What the member of an object here is.
    pub(super) fn member(self, name: &[u8], shape: BodyShape) -> Self {
        match self.place {
            BodyArea::Body => self.of_body(name, shape),
            BodyArea::Error => {
                let rule = if meaning(name) == Meaning::Word { NonTextRule::Word } else { NonTextRule::Show };
                Self { rule, ..self }
            }
            BodyArea::Names => match self.kind {
                // A schema for each name.
                TextPieceKind::Description => Self::of(BodyArea::Offer, TextPieceKind::Description),
                kind => Self::of(BodyArea::Anything, kind),
            },
            BodyArea::Offer => Self::of_offer(name),
            BodyArea::Choice if matches!(name, b"message" | b"delta") => {
                Self::of(BodyArea::Message, TextPieceKind::Text)
            }
            BodyArea::Choice if name == b"logprobs" => Self::of(BodyArea::Logprobs, TextPieceKind::Other),
            BodyArea::Media if name == b"url" => Self { rule: NonTextRule::Address, ..self },
            BodyArea::Call if matches!(name, b"function" | b"custom") => self,
            BodyArea::Call if name == b"input" => Self::of(BodyArea::Anything, TextPieceKind::Arguments),
            BodyArea::Message
            | BodyArea::Choice
            | BodyArea::Call
            | BodyArea::Media
            | BodyArea::Logprobs
            | BodyArea::Anything => self.of_any(name),
        }
    }

    fn of_body(self, name: &[u8], shape: BodyShape) -> Self {
        match (name, shape) {
            (b"messages", BodyShape::ChatRequest | BodyShape::EmbeddingsRequest) => {
                Self::of(BodyArea::Message, TextPieceKind::Text)
            }
            (b"choices", BodyShape::ChatResponse | BodyShape::Chunk) => {
                Self::of(BodyArea::Choice, TextPieceKind::Other)
            }
            (b"input", BodyShape::EmbeddingsRequest) | (b"prediction", BodyShape::ChatRequest) => {
                Self::of(BodyArea::Anything, TextPieceKind::Text)
            }
            (b"metadata", _) => Self::of(BodyArea::Names, TextPieceKind::Other),
            (name, BodyShape::ChatRequest) if is_offer(name) => {
                let rule = if meaning(name) == Meaning::Word { NonTextRule::Word } else { NonTextRule::Show };
                Self { rule, ..Self::of(BodyArea::Offer, TextPieceKind::Description) }
            }
            _ => self.of_any(name),
        }
    }

    fn of_offer(name: &[u8]) -> Self {
        let offer = Self::of(BodyArea::Offer, TextPieceKind::Description);
        match name {
            b"name" => Self { kind: TextPieceKind::Other, ..offer },
            name if has_names(name) => Self { place: BodyArea::Names, ..offer },
            // Of schemas `format` and `id` too, and the list `required`.
            name if meaning(name) == Meaning::Word => Self { rule: NonTextRule::Word, ..offer },
            _ => offer,
        }
    }

    fn of_any(self, name: &[u8]) -> Self {
        use TextPieceKind::{Arguments, Description, Other, Reasoning, Refusal, Text, ToolResult};
        let inherited = match self.kind {
            kind @ (Arguments | Description | Reasoning) => kind,
            Text | ToolResult | Refusal | Other => Other,
        };
        let anything = |kind| Self::of(BodyArea::Anything, kind);
        match meaning(name) {
            Meaning::Said if inherited == Other => anything(Text),
            Meaning::Said | Meaning::Unknown => anything(inherited),
            Meaning::Refusal => anything(Refusal),
            Meaning::Arguments => anything(Arguments),
            Meaning::Description => anything(Description),
            Meaning::Reasoning => anything(Reasoning),
            Meaning::Calls => Self::of(BodyArea::Call, Other),
            Meaning::Media => Self { place: BodyArea::Media, kind: inherited, rule: NonTextRule::Address },
            Meaning::Word => Self { rule: NonTextRule::Word, ..anything(inherited) },
            Meaning::Encoded => Self { rule: NonTextRule::Encoded, ..anything(inherited) },
        }
    }
}

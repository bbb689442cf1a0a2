//! What a string is by where it stands: of which kind, or none.
//!
//! Kinds go by the names of members that the dialect has for them, wherever they stand, so that a place that is added to it
//! is shown by the rules that there are. What is not known is shown as [`PieceKind::Other`].

use super::super::texts::Shape;
use super::PieceKind;

/// Which part of a body a value is in, as far as it matters for what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
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
    /// Anything else.
    Anything,
}

/// When a string is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
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
    pub(super) place: Place,
    pub(super) kind: PieceKind,
    pub(super) rule: Rule,
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

/// Members that mean the same wherever they stand, sorted.
const MEMBERS: [(&str, Meaning); 63] = [
    ("arguments", Meaning::Arguments),
    ("audio_url", Meaning::Media),
    ("b64_json", Meaning::Encoded),
    ("bytes", Meaning::Encoded),
    ("call_id", Meaning::Word),
    ("content", Meaning::Said),
    ("data", Meaning::Encoded),
    ("description", Meaning::Description),
    ("detail", Meaning::Word),
    ("document_url", Meaning::Media),
    ("effort", Meaning::Word),
    ("embedding", Meaning::Encoded),
    ("encoding_format", Meaning::Word),
    ("encrypted_content", Meaning::Encoded),
    ("file_data", Meaning::Encoded),
    ("file_id", Meaning::Word),
    ("file_url", Meaning::Media),
    ("finish_reason", Meaning::Word),
    ("format", Meaning::Word),
    ("function_call", Meaning::Word),
    ("id", Meaning::Word),
    ("image_url", Meaning::Media),
    ("input_image", Meaning::Media),
    ("media_type", Meaning::Word),
    ("mime_type", Meaning::Word),
    ("modalities", Meaning::Word),
    ("mode", Meaning::Word),
    ("model", Meaning::Word),
    ("native_finish_reason", Meaning::Word),
    ("obfuscation", Meaning::Word),
    ("object", Meaning::Word),
    ("parsed_arguments", Meaning::Arguments),
    ("prompt_cache_retention", Meaning::Word),
    ("provider", Meaning::Word),
    ("reasoning", Meaning::Reasoning),
    ("reasoning_content", Meaning::Reasoning),
    ("reasoning_details", Meaning::Reasoning),
    ("reasoning_effort", Meaning::Word),
    ("reasoning_text", Meaning::Reasoning),
    ("refusal", Meaning::Refusal),
    ("required", Meaning::Word),
    ("role", Meaning::Word),
    ("search_context_size", Meaning::Word),
    ("service_tier", Meaning::Word),
    ("severity", Meaning::Word),
    ("signature", Meaning::Encoded),
    ("status", Meaning::Word),
    ("syntax", Meaning::Word),
    ("system_fingerprint", Meaning::Word),
    ("text", Meaning::Said),
    ("thinking", Meaning::Reasoning),
    ("thought", Meaning::Reasoning),
    ("thought_signature", Meaning::Encoded),
    ("thoughts", Meaning::Reasoning),
    ("tool_call_id", Meaning::Word),
    ("tool_calls", Meaning::Calls),
    ("tool_choice", Meaning::Word),
    ("transcript", Meaning::Said),
    ("ttl", Meaning::Word),
    ("type", Meaning::Word),
    ("verbosity", Meaning::Word),
    ("video_url", Meaning::Media),
    ("voice", Meaning::Word),
];

/// Members of a request that are told to a model.
const OFFERS: [&str; 5] = ["tools", "functions", "response_format", "tool_choice", "function_call"];

/// Members of schemas whose own members have names of somebody's choice (JSON Schema 2020-12).
const NAMES: [&str; 6] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependentRequired"];

fn meaning(name: &str) -> Meaning {
    let found = MEMBERS.binary_search_by(|(known, _)| known.cmp(&name)).ok();
    found.and_then(|at| MEMBERS.get(at)).map_or(Meaning::Unknown, |(_, meaning)| *meaning)
}

#[cfg(test)]
#[test]
fn members_are_sorted() {
    assert!(MEMBERS.is_sorted_by(|(a, _), (b, _)| a < b));
}

impl Area {
    /// The body as a whole.
    pub(super) fn body() -> Self {
        Self { place: Place::Body, kind: PieceKind::Other, rule: Rule::Show }
    }

    fn of(place: Place, kind: PieceKind) -> Self {
        Self { place, kind, rule: Rule::Show }
    }

    /// The same as an object that is stepped into: rules are about strings and lists of them.
    pub(super) fn opened(self) -> Self {
        Self { rule: Rule::Show, ..self }
    }

    /// What the member of an object here is.
    pub(super) fn member(self, name: &str, shape: Shape) -> Self {
        match self.place {
            Place::Body => self.of_body(name, shape),
            Place::Names => match self.kind {
                // A schema for each name.
                PieceKind::Description => Self::of(Place::Offer, PieceKind::Description),
                kind => Self::of(Place::Anything, kind),
            },
            Place::Offer => Self::of_offer(name),
            Place::Choice if matches!(name, "message" | "delta") => Self::of(Place::Message, PieceKind::Text),
            Place::Choice if name == "logprobs" => Self::of(Place::Logprobs, PieceKind::Other),
            Place::Media if name == "url" => Self { rule: Rule::Address, ..self },
            Place::Call if matches!(name, "function" | "custom") => self,
            Place::Call if name == "input" => Self::of(Place::Anything, PieceKind::Arguments),
            Place::Message | Place::Choice | Place::Call | Place::Media | Place::Logprobs | Place::Anything => {
                self.of_any(name)
            }
        }
    }

    fn of_body(self, name: &str, shape: Shape) -> Self {
        match (name, shape) {
            ("messages", Shape::ChatRequest | Shape::EmbeddingsRequest) => Self::of(Place::Message, PieceKind::Text),
            ("choices", Shape::ChatResponse | Shape::Chunk) => Self::of(Place::Choice, PieceKind::Other),
            ("input", Shape::EmbeddingsRequest) | ("prediction", Shape::ChatRequest) => {
                Self::of(Place::Anything, PieceKind::Text)
            }
            ("metadata", _) => Self::of(Place::Names, PieceKind::Other),
            (name, Shape::ChatRequest) if OFFERS.contains(&name) => {
                let rule = if meaning(name) == Meaning::Word { Rule::Word } else { Rule::Show };
                Self { rule, ..Self::of(Place::Offer, PieceKind::Description) }
            }
            _ => self.of_any(name),
        }
    }

    fn of_offer(name: &str) -> Self {
        let offer = Self::of(Place::Offer, PieceKind::Description);
        match name {
            "name" => Self { kind: PieceKind::Other, ..offer },
            name if NAMES.contains(&name) => Self { place: Place::Names, ..offer },
            // Of schemas `format` and `id` too, and the list `required`.
            name if meaning(name) == Meaning::Word => Self { rule: Rule::Word, ..offer },
            _ => offer,
        }
    }

    fn of_any(self, name: &str) -> Self {
        use PieceKind::{Arguments, Description, Other, Reasoning, Refusal, Text, ToolResult};
        let inherited = match self.kind {
            kind @ (Arguments | Description | Reasoning) => kind,
            Text | ToolResult | Refusal | Other => Other,
        };
        let anything = |kind| Self::of(Place::Anything, kind);
        match meaning(name) {
            Meaning::Said if inherited == Other => anything(Text),
            Meaning::Said | Meaning::Unknown => anything(inherited),
            Meaning::Refusal => anything(Refusal),
            Meaning::Arguments => anything(Arguments),
            Meaning::Description => anything(Description),
            Meaning::Reasoning => anything(Reasoning),
            Meaning::Calls => Self::of(Place::Call, Other),
            Meaning::Media => Self { place: Place::Media, kind: inherited, rule: Rule::Address },
            Meaning::Word => Self { rule: Rule::Word, ..anything(inherited) },
            Meaning::Encoded => Self { rule: Rule::Encoded, ..anything(inherited) },
        }
    }
}

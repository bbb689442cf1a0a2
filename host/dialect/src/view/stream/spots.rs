//! Where texts stand in the events of OpenAI's responses, which say them in pieces and then whole, again and again.

use crate::canon::{JsonText, RawJson, RawMembers};

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpotKind {
    Text,
    Refusal,
    Thought,
    Summary,
    Input,
    Name,
    /// The address or the title of what a text rests on.
    Note,
}

/// Which text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpotKey {
    pub(super) kind: SpotKind,
    /// The number of its item.
    pub(super) item: u64,
    /// The number of its part of the item.
    pub(super) part: u64,
}

/// A text in an event.
#[derive(Debug)]
pub(super) struct SaidSpot {
    pub(super) key: SpotKey,
    pub(super) text: JsonText,
    /// It is all of it, and not a piece.
    pub(super) whole: bool,
}

/// What stands beside a text and is true of no other.
#[derive(Debug)]
pub(super) struct BesideSpot {
    pub(super) key: SpotKey,
    pub(super) value: RawJson,
}

/// What stands where in an event.
#[derive(Debug, Default)]
pub(super) struct EventSpots {
    pub(super) texts: Vec<SaidSpot>,
    /// The probabilities of a text's tokens.
    pub(super) logprobs: Vec<BesideSpot>,
    /// What was thought, encrypted.
    pub(super) encrypted: Vec<BesideSpot>,
    /// All text of a response in one.
    pub(super) all: Option<JsonText>,
}

/// Kinds of events that bring a text, by what stands behind `response.`; each is told in pieces and whole.
const PIECES: [(&str, SpotKind, &str); 6] = [
    ("output_text", SpotKind::Text, "text"),
    ("refusal", SpotKind::Refusal, "refusal"),
    ("reasoning_text", SpotKind::Thought, "text"),
    ("reasoning_summary_text", SpotKind::Summary, "text"),
    ("function_call_arguments", SpotKind::Input, "arguments"),
    ("custom_tool_call_input", SpotKind::Input, "input"),
];

/// Numbers of texts in the citations of a part.
const NOTES: u64 = 1 << 20;

impl EventSpots {
    /// Of an event, by its members.
    pub(super) fn of(event: &RawMembers) -> Self {
        let mut spots = Self::default();
        let Some(kind) = event.get("type").and_then(RawJson::text) else { return spots };
        let kind = kind.text();
        let Some(kind) = kind.strip_prefix("response.") else { return spots };
        let number = |name| event.get(name).and_then(RawJson::unsigned).unwrap_or_default();
        let item = number("output_index");
        match kind {
            "output_item.added" | "output_item.done" => {
                spots.item(item, event.get("item"), kind == "output_item.done");
            }
            "content_part.added" | "content_part.done" => {
                spots.part(item, number("content_index"), event.get("part"), kind == "content_part.done");
            }
            "output_text.annotation.added" => {
                spots.note(item, (number("content_index"), number("annotation_index")), event.get("annotation"), false);
            }
            "reasoning_summary_part.added" | "reasoning_summary_part.done" => {
                let key = SpotKey { kind: SpotKind::Summary, item, part: number("summary_index") };
                let part = event.get("part").map(RawJson::members).unwrap_or_default();
                spots.text(key, part.get("text"), kind == "reasoning_summary_part.done");
            }
            _ => spots.piece(kind, item, event),
        }
        if let Some(response) = event.get("response").map(RawJson::members) {
            spots.response(&response);
        }
        spots
    }

    fn piece(&mut self, kind: &str, item: u64, event: &RawMembers) {
        let Some((kind, step)) = kind.rsplit_once('.') else { return };
        let Some((_, kind, member)) = PIECES.into_iter().find(|(name, ..)| *name == kind) else { return };
        let part = match kind {
            SpotKind::Summary => event.get("summary_index"),
            SpotKind::Input | SpotKind::Name | SpotKind::Note => None,
            SpotKind::Text | SpotKind::Refusal | SpotKind::Thought => event.get("content_index"),
        };
        let key = SpotKey { kind, item, part: part.and_then(RawJson::unsigned).unwrap_or_default() };
        match step {
            "delta" => self.text(key, event.get("delta"), false),
            "done" => self.text(key, event.get(member).or_else(|| event.get("input")), true),
            _ => return,
        }
        self.logprobs(key, event.get("logprobs"));
    }

    fn response(&mut self, response: &RawMembers) {
        let output = response.get("output").map(RawJson::elements).unwrap_or_default();
        for (number, item) in (0..).zip(&output) {
            self.item(number, Some(item), true);
        }
        self.all = response.get("output_text").and_then(RawJson::text);
    }

    fn item(&mut self, item: u64, raw: Option<&RawJson>, whole: bool) {
        let Some(members) = raw.map(RawJson::members) else { return };
        let list = |name| members.get(name).map(RawJson::elements).unwrap_or_default();
        let kind = members.get("type").and_then(RawJson::text).unwrap_or_default();
        match kind.text().as_ref() {
            "message" => {
                for (number, part) in (0..).zip(&list("content")) {
                    self.part(item, number, Some(part), whole);
                }
            }
            "reasoning" => {
                for (name, kind) in [("summary", SpotKind::Summary), ("content", SpotKind::Thought)] {
                    for (part, raw) in (0..).zip(&list(name)) {
                        self.text(SpotKey { kind, item, part }, raw.members().get("text"), whole);
                    }
                }
                let key = SpotKey { kind: SpotKind::Thought, item, part: 0 };
                let value = members.get("encrypted_content").filter(|value| !value.is_null());
                self.encrypted.extend(value.map(|value| BesideSpot { key, value: value.clone() }));
            }
            "function_call" | "custom_tool_call" => {
                let key = |kind| SpotKey { kind, item, part: 0 };
                self.text(key(SpotKind::Name), members.get("name"), whole);
                self.text(key(SpotKind::Input), members.get("arguments").or_else(|| members.get("input")), whole);
            }
            _ => {}
        }
    }

    fn part(&mut self, item: u64, part: u64, raw: Option<&RawJson>, whole: bool) {
        let Some(members) = raw.map(RawJson::members) else { return };
        let kind = members.get("type").and_then(RawJson::text).unwrap_or_default();
        let (kind, name) = match kind.text().as_ref() {
            "output_text" | "text" => (SpotKind::Text, "text"),
            "reasoning_text" => (SpotKind::Thought, "text"),
            "refusal" => (SpotKind::Refusal, "refusal"),
            _ => return,
        };
        let key = SpotKey { kind, item, part };
        self.text(key, members.get(name), whole);
        self.logprobs(key, members.get("logprobs"));
        for (number, note) in (0..).zip(&members.get("annotations").map(RawJson::elements).unwrap_or_default()) {
            self.note(item, (part, number), Some(note), whole);
        }
    }

    /// A citation of the web: each has two texts, and their numbers count on from those of the part before.
    fn note(&mut self, item: u64, (part, number): (u64, u64), raw: Option<&RawJson>, whole: bool) {
        let Some(members) = raw.map(RawJson::members).filter(|members| members.get("url").is_some()) else { return };
        for (offset, name) in [(0, "url"), (1, "title")] {
            let part = part.wrapping_mul(NOTES).wrapping_add(number.wrapping_mul(2)).wrapping_add(offset);
            self.text(SpotKey { kind: SpotKind::Note, item, part }, members.get(name), whole);
        }
    }

    fn text(&mut self, key: SpotKey, value: Option<&RawJson>, whole: bool) {
        self.texts.extend(value.and_then(RawJson::text).map(|text| SaidSpot { key, text, whole }));
    }

    fn logprobs(&mut self, key: SpotKey, value: Option<&RawJson>) {
        let value = value.filter(|value| !value.elements().is_empty());
        self.logprobs.extend(value.map(|value| BesideSpot { key, value: value.clone() }));
    }
}

//! Every piece of text in a body, by the rules of `types.piece`. Members of one object come in the order of their names, and
//! text files in base64 are not read.

use super::document::Value;
use crate::{JoinedText, Passage, Piece, PieceKind, Role};
use serde_json::Map;

mod members;
mod place;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use members::meaning;
use place::{Meaning, Place};

/// What kind of body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Chat,
    Embeddings,
    /// An answer.
    Answer,
    /// An event of one.
    Event,
}

/// How a piece is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spot {
    Value,
    /// The name of a member of the object at its pointer.
    Name(String),
    /// It repeats other text: what is at this pointer becomes null.
    Tokens(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Show,
    Long,
    Word,
    Format,
    SchemaType,
    Encoded,
    Address,
}

#[derive(Debug, Clone, Copy)]
struct Area {
    place: Place,
    kind: PieceKind,
    rule: Rule,
    due: bool,
}

/// What is somebody's own is no text where it is bytes of at least this length.
const LONG: usize = 1024;
/// A number in it is text where it has so many digits.
const LONG_NUMBER: usize = 7;
const SCHEMA_TYPES: [&str; 8] = ["string", "number", "integer", "boolean", "array", "object", "null", ""];

fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

/// Whether numbers are read as text here where they are long.
fn is_of_text(place: Place) -> bool {
    use Place::{Answer, Chat, Embed, Figures, Media, Note, Settings, Vector, Vectors};
    !matches!(place, Answer | Chat | Embed | Figures | Media | Note | Settings | Vector | Vectors)
}

/// Whether the name of a member is told.
fn shows_name(area: Area, shape: Shape, name: &str) -> bool {
    let place = area.place;
    match place {
        Place::Names => true,
        Place::Free if shape != Shape::Event || area.kind != PieceKind::Other => true,
        Place::Figures => !is_word(name),
        _ => !is_word(name) || has_digit(name) && meaning(name, place) == Meaning::Unknown,
    }
}

/// All pieces of a body, and how each is changed.
pub(super) fn of(document: &Value, shape: Shape) -> Vec<(Piece, Spot)> {
    let mut walk = Walk { shape, found: Vec::new() };
    if let Value::Object(members) = document {
        let place = match shape {
            Shape::Chat => Place::Chat,
            Shape::Embeddings => Place::Embed,
            Shape::Answer | Shape::Event => Place::Answer,
        };
        walk.members(members, "", Area::of(place, PieceKind::Other));
    }
    walk.found
}

/// The same pieces all at once.
pub(super) fn joined(pieces: &[Piece]) -> JoinedText {
    let (mut text, mut passages, mut group, mut section) = (String::new(), Vec::new(), 0, None);
    for piece in pieces {
        let own = if piece.pointer.starts_with("/choices/") { "/choices" } else { piece.message() };
        if section.replace(own).is_some_and(|before| before != own) {
            group += 1;
        }
        text.push_str(&piece.text);
        let (end, role) = (u32::try_from(text.len()).unwrap_or(u32::MAX), role(&piece.role));
        let Piece { kind, choice, call, event, .. } = *piece;
        passages.push(Passage { kind, role, choice, call, event, group, end });
    }
    JoinedText { text, passages }
}

fn role(name: &str) -> Role {
    match name {
        "" => Role::Nobody,
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        "function" => Role::Function,
        "input" => Role::Input,
        _ => Role::Other,
    }
}

/// Changes a piece; says whether it was there.
pub(super) fn put(document: &mut Value, (piece, spot): &(Piece, Spot), text: &str) -> bool {
    let there = match spot {
        Spot::Value => document.pointer_mut(&piece.pointer).map(|place| *place = Value::String(text.to_owned())),
        Spot::Tokens(list) => {
            take(document, list);
            Some(())
        }
        Spot::Name(name) => document.pointer_mut(&piece.pointer).and_then(Value::as_object_mut).and_then(|members| {
            let value = members.remove(name)?;
            members.insert(text.to_owned(), value);
            Some(())
        }),
    };
    // What repeats the text of a choice goes with it.
    let tokens: Vec<&str> = piece.pointer.split('/').collect();
    if let ["", "choices", choice, "message" | "delta" | "text", ..] = tokens[..] {
        let tokens = format!("/choices/{choice}/logprobs");
        take(document, &tokens);
    }
    there.is_some()
}

/// Puts null in the place of what is there.
fn take(document: &mut Value, pointer: &str) {
    if let Some(value) = document.pointer_mut(pointer) {
        *value = Value::Null;
    }
}

struct Walk {
    shape: Shape,
    found: Vec<(Piece, Spot)>,
}

impl Walk {
    fn value(&mut self, value: &Value, at: &str, area: Area, position: u32) {
        if area.place == Place::Logprobs {
            return self.tokens(value, at);
        }
        match value {
            Value::String(text) => self.string(text, at, area),
            Value::Array(items) => {
                for (index, item) in (0..).zip(items) {
                    self.value(item, &format!("{at}/{index}"), area, index);
                }
            }
            Value::Object(members) => {
                self.object(members, at, Area { rule: Rule::Show, due: false, ..area }, position);
            }
            Value::Number(number) => {
                let (text, own) = (number.to_string(), matches!(area.place, Place::Free | Place::Schema));
                if area.due || own && text.bytes().filter(u8::is_ascii_digit).count() >= LONG_NUMBER {
                    self.push(at, area.kind, &text, Spot::Value);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn object(&mut self, members: &Map<String, Value>, at: &str, area: Area, position: u32) {
        let first = self.found.len();
        self.members(members, at, area);
        let index = members.get("index").and_then(Value::as_u64).and_then(|index| u32::try_from(index).ok());
        let index = index.unwrap_or(position);
        let usual = if matches!(self.shape, Shape::Answer | Shape::Event) { "assistant" } else { "user" };
        let inside = self.found.iter_mut().skip(first).map(|(piece, _)| piece);
        match area.place {
            Place::Message => say(inside, members.get("role").and_then(Value::as_str).unwrap_or(usual)),
            Place::Choice => {
                inside.for_each(|piece| piece.choice = index);
                say(self.found.iter_mut().skip(first).map(|(piece, _)| piece), usual);
            }
            Place::Call => inside.for_each(|piece| piece.call = Some(index)),
            _ => {}
        }
    }

    fn members(&mut self, members: &Map<String, Value>, at: &str, area: Area) {
        for (name, value) in members {
            let first = self.found.len();
            let inside = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            let own = area.member(name);
            if !value.is_number() || own.due || is_of_text(area.place) {
                self.value(value, &inside, own, 0);
            }
            if own.place == Place::Input {
                say(self.found.iter_mut().skip(first).map(|(piece, _)| piece), "input");
            }
            if !name.is_empty() && shows_name(area, self.shape, name) {
                let kind = if area.kind == PieceKind::Description { area.kind } else { PieceKind::Other };
                self.push(at, kind, name, Spot::Name(name.clone()));
            }
        }
    }

    fn string(&mut self, text: &str, at: &str, area: Area) {
        let hidden = match area.rule {
            Rule::Show => text.is_empty(),
            Rule::Word => is_word(text),
            Rule::Encoded => is_encoded(text),
            Rule::Address => {
                let web = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
                text.is_empty()
                    || text.starts_with("data:") && is_encoded(text)
                    || web && text.bytes().all(|b| b.is_ascii_graphic())
            }
            Rule::Long => text.is_empty() || text.len() >= LONG && is_encoded(text),
            Rule::Format => is_word(text) && !has_digit(text),
            Rule::SchemaType => SCHEMA_TYPES.contains(&text),
        };
        if !hidden {
            self.push(at, area.kind, text, Spot::Value);
        }
    }

    fn tokens(&mut self, value: &Value, at: &str) {
        let Value::Object(lists) = value else { return self.tokens_of(value, at, at, Vec::new()) };
        for (name, list) in lists {
            let others = if is_word(name) { Vec::new() } else { vec![name.clone()] };
            self.tokens_of(list, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), at, others);
        }
    }

    fn tokens_of(&mut self, list: &Value, at: &str, whole: &str, mut others: Vec<String>) {
        let mut chosen = String::new();
        let mut one = |item: &Value| match item {
            Value::String(token) => chosen.push_str(token),
            Value::Object(members) => {
                chosen.push_str(members.get("token").and_then(Value::as_str).unwrap_or_default());
                members.iter().filter(|(name, _)| *name != "token").for_each(|(_, value)| strings(value, &mut others));
            }
            other => strings(other, &mut others),
        };
        match list {
            Value::Array(items) => items.iter().for_each(one),
            Value::String(_) => strings(list, &mut others),
            other => one(other),
        }
        for text in [chosen, others.join("\n")] {
            if !text.is_empty() {
                self.push(at, PieceKind::Other, &text, Spot::Tokens(whole.to_owned()));
            }
        }
    }

    fn push(&mut self, pointer: &str, kind: PieceKind, text: &str, spot: Spot) {
        let (pointer, role, text) = (pointer.to_owned(), String::new(), text.to_owned());
        self.found.push((Piece { pointer, kind, role, choice: 0, call: None, event: 0, text }, spot));
    }
}

fn say<'a>(pieces: impl Iterator<Item = &'a mut Piece>, role: &str) {
    for piece in pieces.filter(|piece| piece.role.is_empty()) {
        role.clone_into(&mut piece.role);
        if matches!(role, "tool" | "function") && piece.kind == PieceKind::Text {
            piece.kind = PieceKind::ToolResult;
        }
    }
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                if !is_word(name) {
                    found.push(name.clone());
                }
                strings(value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_word(text: &str) -> bool {
    text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:/$".contains(&b))
}

fn is_encoded(text: &str) -> bool {
    let head = |c: char| c.is_ascii_alphanumeric() || "+-._/;=".contains(c);
    let data = text.strip_prefix("data:").and_then(|rest| rest.split_once(','));
    let data = data.filter(|(name, _)| name.len() < 128 && name.chars().all(head)).map_or(text, |(_, data)| data);
    data.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=-_".contains(&b))
}

impl Area {
    fn of(place: Place, kind: PieceKind) -> Self {
        Self { place, kind, rule: Rule::Show, due: false }
    }

    fn member(self, name: &str) -> Self {
        match self.place {
            Place::Names if self.kind == PieceKind::Description => Self::of(Place::Schema, self.kind),
            Place::Names => Self { rule: Rule::Long, ..Self::of(Place::Free, self.kind) },
            Place::Free => self.free(name),
            _ => self.known(name),
        }
    }

    fn free(self, name: &str) -> Self {
        use PieceKind::{Arguments, Description, Other, Reasoning, Refusal, Text};
        let kind = match (self.kind, meaning(name, Place::Free)) {
            (Other, Meaning::Said) => Text,
            (Other, Meaning::Refusal) => Refusal,
            (Other, Meaning::Arguments) => Arguments,
            (Other, Meaning::Description) => Description,
            (Other, Meaning::Reasoning) => Reasoning,
            (Text | Refusal, _) => Other,
            (kind, _) => kind,
        };
        Self { rule: Rule::Long, ..Self::of(Place::Free, kind) }
    }

    fn known(self, name: &str) -> Self {
        use PieceKind::{Arguments, Description, Other, Reasoning, Refusal, Text};
        let kind = if matches!(self.kind, Arguments | Description | Reasoning) { self.kind } else { Other };
        let free = |rule| Self { rule, ..Self::of(Place::Free, kind) };
        let due = |place, kind| Self { due: true, ..Self::of(place, kind) };
        match meaning(name, self.place) {
            Meaning::Said if self.place == Place::Detail => due(Place::Detail, kind),
            Meaning::Said => due(Place::Part, if kind == Other { Text } else { kind }),
            Meaning::Refusal => due(Place::Part, Refusal),
            Meaning::Arguments => due(Place::Free, Arguments),
            Meaning::Description => due(Place::Free, Description),
            Meaning::Reasoning => due(Place::Detail, Reasoning),
            Meaning::Named => due(Place::Free, Other),
            Meaning::Calls => Self::of(Place::Call, Other),
            Meaning::Function => Self::of(Place::Function, Other),
            Meaning::Message => Self::of(Place::Message, Text),
            Meaning::Choice => Self::of(Place::Choice, Other),
            Meaning::Logprobs => Self::of(Place::Logprobs, Other),
            Meaning::Parts => Self::of(Place::Part, Text),
            Meaning::Input => Self::of(Place::Input, Text),
            Meaning::Vectors => Self::of(Place::Vector, Other),
            Meaning::Figures => Self::of(Place::Figures, Other),
            Meaning::Settings => Self::of(Place::Settings, kind),
            Meaning::Note => Self::of(Place::Note, Other),
            Meaning::Tool => Self::of(Place::Tool, Description),
            Meaning::ToolWord => Self { rule: Rule::Word, ..Self::of(Place::Tool, Description) },
            Meaning::Schema => Self::of(Place::Schema, Description),
            Meaning::Schemas => Self::of(Place::Names, Description),
            Meaning::Chosen => Self::of(Place::Names, Other),
            Meaning::Media => Self { rule: Rule::Address, ..Self::of(Place::Media, kind) },
            Meaning::Address => free(Rule::Address),
            Meaning::Word => free(Rule::Word),
            Meaning::Format => free(Rule::Format),
            Meaning::SchemaType => free(Rule::SchemaType),
            Meaning::File | Meaning::Sound | Meaning::Encoded => free(Rule::Encoded),
            Meaning::Unknown if self.place == Place::Figures => Self::of(Place::Figures, Other),
            Meaning::Unknown => free(Rule::Long),
        }
    }
}

//! Every piece of text in a body, by the rules of `types.piece`. Members of one object come in the order of their names, and
//! text files in base64 are not read.

use super::document::Value;
use crate::{JoinedText, Passage, Piece, PieceKind, Role};
use serde_json::Map;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

/// What kind of body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Chat,
    Embeddings,
    /// An answer, or an event of one.
    Answer,
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
enum Place {
    Body,
    Message,
    Choice,
    Call,
    Offer,
    Names,
    Media,
    Logprobs,
    Anything,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Show,
    Word,
    Encoded,
    Address,
}

#[derive(Debug, Clone, Copy)]
struct Area {
    place: Place,
    kind: PieceKind,
    rule: Rule,
}

const WORDS: &str = " type id object role model finish_reason native_finish_reason tool_call_id call_id file_id detail format \
    status mode syntax voice effort ttl modalities service_tier system_fingerprint reasoning_effort verbosity encoding_format \
    prompt_cache_retention search_context_size tool_choice function_call required obfuscation provider severity media_type \
    mime_type ";
const ENCODED: &str = " data file_data signature thought_signature encrypted_content b64_json embedding bytes ";
const MEDIA: &str = " image_url video_url audio_url file_url document_url input_image ";
const OFFERS: &str = " tools functions response_format tool_choice function_call ";
const NAMES: &str = " properties patternProperties $defs definitions dependentSchemas dependentRequired ";
const REASONING: &str = " reasoning reasoning_content reasoning_details reasoning_text thinking thought thoughts ";

fn among(list: &str, name: &str) -> bool {
    list.split_ascii_whitespace().any(|one| one == name)
}

/// All pieces of a body, and how each is changed.
pub(super) fn of(document: &Value, shape: Shape) -> Vec<(Piece, Spot)> {
    let mut walk = Walk { shape, found: Vec::new() };
    if let Value::Object(members) = document {
        walk.members(members, "", Area { place: Place::Body, kind: PieceKind::Other, rule: Rule::Show });
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
            Value::Object(members) => self.object(members, at, Area { rule: Rule::Show, ..area }, position),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&mut self, members: &Map<String, Value>, at: &str, area: Area, position: u32) {
        let first = self.found.len();
        self.members(members, at, area);
        let index = members.get("index").and_then(Value::as_u64).and_then(|index| u32::try_from(index).ok());
        let index = index.unwrap_or(position);
        let usual = if self.shape == Shape::Answer { "assistant" } else { "user" };
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
            self.value(value, &inside, area.member(name, self.shape), 0);
            if area.place == Place::Body && name == "input" && self.shape == Shape::Embeddings {
                say(self.found.iter_mut().skip(first).map(|(piece, _)| piece), "input");
            }
            if !name.is_empty() && (area.place == Place::Names || !is_word(name)) {
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
            Rule::Address => is_encoded(text) || text.bytes().all(|b| b.is_ascii_graphic()),
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
        Self { place, kind, rule: Rule::Show }
    }

    fn member(self, name: &str, shape: Shape) -> Self {
        let offer = Self::of(Place::Offer, PieceKind::Description);
        match (self.place, name) {
            (Place::Body, "messages") if shape != Shape::Answer => Self::of(Place::Message, PieceKind::Text),
            (Place::Body, "choices") if shape == Shape::Answer => Self::of(Place::Choice, PieceKind::Other),
            (Place::Body, "input") if shape == Shape::Embeddings => Self::of(Place::Anything, PieceKind::Text),
            (Place::Body, "prediction") if shape == Shape::Chat => Self::of(Place::Anything, PieceKind::Text),
            (Place::Body, "metadata") => Self::of(Place::Names, PieceKind::Other),
            (Place::Body, _) if shape == Shape::Chat && among(OFFERS, name) => {
                Self { rule: if among(WORDS, name) { Rule::Word } else { Rule::Show }, ..offer }
            }
            (Place::Names, _) if self.kind == PieceKind::Description => offer,
            (Place::Names, _) => Self::of(Place::Anything, self.kind),
            (Place::Offer, "name") => Self { kind: PieceKind::Other, ..offer },
            (Place::Offer, _) if among(NAMES, name) => Self { place: Place::Names, ..offer },
            (Place::Offer, _) if among(WORDS, name) => Self { rule: Rule::Word, ..offer },
            (Place::Offer, _) => offer,
            (Place::Choice, "message" | "delta") => Self::of(Place::Message, PieceKind::Text),
            (Place::Choice, "logprobs") => Self::of(Place::Logprobs, PieceKind::Other),
            (Place::Media, "url") => Self { rule: Rule::Address, ..self },
            (Place::Call, "function" | "custom") => self,
            (Place::Call, "input") => Self::of(Place::Anything, PieceKind::Arguments),
            _ => self.any(name),
        }
    }

    fn any(self, name: &str) -> Self {
        use PieceKind::{Arguments, Description, Other, Reasoning, Refusal, Text};
        let inherited = if matches!(self.kind, Arguments | Description | Reasoning) { self.kind } else { Other };
        let anything = |kind| Self::of(Place::Anything, kind);
        match name {
            "content" | "text" | "transcript" if inherited == Other => anything(Text),
            "content" | "text" | "transcript" => anything(inherited),
            "refusal" => anything(Refusal),
            "arguments" | "parsed_arguments" => anything(Arguments),
            "description" => anything(Description),
            "tool_calls" => Self::of(Place::Call, Other),
            _ if among(REASONING, name) => anything(Reasoning),
            _ if among(MEDIA, name) => Self { place: Place::Media, kind: inherited, rule: Rule::Address },
            _ if among(WORDS, name) => Self { rule: Rule::Word, ..anything(inherited) },
            _ if among(ENCODED, name) => Self { rule: Rule::Encoded, ..anything(inherited) },
            _ => anything(inherited),
        }
    }
}

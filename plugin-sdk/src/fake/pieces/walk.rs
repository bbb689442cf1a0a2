//! The walk through a body.

use super::super::document::Value;
use super::area::{PieceArea, PieceRule, is_of_text, shows_name};
use super::parts::{Shape, Spot};
use super::place::Place;
use super::tokens;
use super::words::{has_digit, is_encoded, is_word};
use crate::{Piece, PieceKind};
use serde_json::Map;

/// What is somebody's own is no text where it is bytes of at least this length.
const LONG: usize = 1024;
/// A number in it is text where it has so many digits.
const LONG_NUMBER: usize = 7;
const SCHEMA_TYPES: [&str; 8] = ["string", "number", "integer", "boolean", "array", "object", "null", ""];

/// All pieces of a body, and how each is changed.
pub(in super::super) fn of(document: &Value, shape: Shape) -> Vec<(Piece, Spot)> {
    let mut walk = Walk { shape, found: Vec::new() };
    if let Value::Object(members) = document {
        let place = match shape {
            Shape::Chat => Place::Chat,
            Shape::Embeddings => Place::Embed,
            Shape::Answer | Shape::Event => Place::Answer,
        };
        walk.members(members, "", PieceArea::of(place, PieceKind::Other));
    }
    walk.found
}

/// All pieces that were found so far.
struct Walk {
    shape: Shape,
    found: Vec<(Piece, Spot)>,
}

impl Walk {
    fn value(&mut self, value: &Value, at: &str, area: PieceArea, position: u32) {
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
                self.object(members, at, PieceArea { rule: PieceRule::Show, due: false, ..area }, position);
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

    fn object(&mut self, members: &Map<String, Value>, at: &str, area: PieceArea, position: u32) {
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

    fn members(&mut self, members: &Map<String, Value>, at: &str, area: PieceArea) {
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
            if !name.is_empty() && shows_name(area, name) {
                let kind = if area.kind == PieceKind::Description { area.kind } else { PieceKind::Other };
                self.push(at, kind, name, Spot::Name(name.clone()));
            }
        }
    }

    fn string(&mut self, text: &str, at: &str, area: PieceArea) {
        let hidden = match area.rule {
            PieceRule::Show => text.is_empty(),
            PieceRule::Word => is_word(text),
            PieceRule::Encoded => is_encoded(text),
            PieceRule::Address => {
                let web = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
                text.is_empty()
                    || text.starts_with("data:") && is_encoded(text)
                    || web && text.bytes().all(|b| b.is_ascii_graphic())
            }
            PieceRule::Long => text.is_empty() || text.len() >= LONG && is_encoded(text),
            PieceRule::Format => is_word(text) && !has_digit(text),
            PieceRule::SchemaType => SCHEMA_TYPES.contains(&text),
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

    fn tokens_of(&mut self, list: &Value, at: &str, whole: &str, others: Vec<String>) {
        for text in tokens::texts(list, others) {
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

//! Edits of a document, against the same edits of `serde_json`'s tree.

use arbitrary::Unstructured;
use bytes::Bytes;
use serde_json::Value;
use weir_dialect::{DialectCall, Document, EditError};

use crate::oracle;

/// One step, as the fuzzer writes it.
#[derive(Debug)]
enum Step {
    /// Look at what is at a place.
    Get(Place),
    /// Put something at a place.
    Set(Place, Put),
    /// Take what is at a place away.
    Remove(Place),
    /// Write the body down in between.
    Write,
    /// Replace the body.
    Replace(String),
    /// Change a piece of text.
    Piece(u8, String),
    /// Change a text.
    Text(u8, String),
}

/// A place: one that is there, or any pointer, with one step more or without.
#[derive(Debug)]
struct Place {
    there: Option<u8>,
    more: String,
}

#[derive(Debug)]
enum Put {
    Text(String),
    Json(String),
    Number(i32),
    Empty,
}

/// After any steps the document says what the tree says; a step that is refused changes nothing; and what nobody touched
/// keeps its bytes.
pub fn edits(data: &[u8]) {
    let Some((shape, data)) = data.split_first() else { return };
    // The body stands first, so that seeds can be written; its end is a byte that no text has.
    let end = data.iter().position(|byte| *byte == 0xff).unwrap_or(data.len());
    let (body, steps) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let Some(tree @ Value::Object(_)) = oracle::value(body) else { return };
    if oracle::is_reserved(data) {
        return;
    }
    let body = Bytes::copy_from_slice(body);
    let document = match shape % 5 {
        0 => Document::request(DialectCall::OPENAI_CHAT, body.clone()),
        1 => Document::response(DialectCall::OPENAI_CHAT, body.clone()),
        2 => Document::event(body.clone()),
        3 => Document::request(DialectCall::OPENAI_EMBED, body.clone()),
        _ => Document::error(DialectCall::OPENAI_CHAT, body.clone()),
    };
    let mut both = Both { document, tree };
    let mut steps = Unstructured::new(steps);
    while !steps.is_empty()
        && let Ok(step) = Step::of(&mut steps)
    {
        let (before, changes) = (both.document.clone().bytes().unwrap(), both.document.changes());
        both.step(step);
        if both.document.changes() == changes {
            assert_eq!(both.document.bytes().unwrap(), before, "nothing was changed");
        }
        let written = both.document.clone().bytes().unwrap();
        assert_eq!(oracle::value(&written).as_ref(), Some(&both.tree), "{}", String::from_utf8_lossy(&written));
    }
    if !both.document.is_changed() {
        assert_eq!(both.document.bytes().unwrap(), body);
    }
}

struct Both {
    document: Document,
    tree: Value,
}

impl Both {
    fn step(&mut self, step: Step) {
        match step {
            Step::Get(place) => {
                let pointer = self.pointer(&place);
                if let Ok(found) = self.document.get(&pointer) {
                    let found = found.map(|json| oracle::value(json.as_bytes()).unwrap());
                    assert_eq!(found.as_ref(), self.tree.pointer(&pointer), "at {pointer}");
                }
            }
            Step::Set(place, put) => self.set(&self.pointer(&place), &put.json()),
            Step::Remove(place) => {
                let pointer = self.pointer(&place);
                if let Ok(removed) = self.document.remove(&pointer) {
                    assert_eq!(remove(&mut self.tree, &pointer), removed, "at {pointer}");
                    if removed {
                        self.forget_tokens(&pointer);
                    }
                }
            }
            Step::Write => drop(self.document.bytes().unwrap()),
            Step::Replace(json) => {
                match (self.document.replace(Bytes::from(json.clone())), oracle::value(json.as_bytes())) {
                    (Ok(()), Some(value)) => self.tree = value,
                    (Ok(()), None) => self.half_a_pair(&json),
                    (Err(_), theirs) => assert!(!theirs.is_some_and(|theirs| theirs.is_object())),
                }
            }
            Step::Piece(index, text) => self.piece(usize::from(index), &text),
            Step::Text(index, text) => self.text(usize::from(index), &text),
        }
    }

    /// What was put in is JSON that the other reader has no value for: both begin anew.
    fn half_a_pair(&mut self, json: &str) {
        assert!(oracle::may_have_half_a_pair(json.as_bytes()), "{json} was taken");
        self.document.replace(Bytes::from_static(b"{}")).unwrap();
        self.tree = Value::Object(serde_json::Map::new());
    }

    fn pointer(&self, place: &Place) -> String {
        let Some(index) = place.there else { return place.more.clone() };
        let mut all = Vec::new();
        pointers(&self.tree, String::new(), &mut all);
        let pointer = all.swap_remove(usize::from(index) % all.len());
        if place.more.is_empty() { pointer } else { format!("{pointer}/{}", place.more) }
    }

    fn set(&mut self, pointer: &str, json: &str) {
        let value = oracle::value(json.as_bytes());
        match (self.document.set(pointer, json), value) {
            (Ok(()), Some(value)) => {
                assert!(put(&mut self.tree, pointer, value), "{json} was put at {pointer}");
                self.forget_tokens(pointer);
            }
            (Ok(()), None) => self.half_a_pair(json),
            (Err(EditError::BadPointer { .. } | EditError::RootNotObject | EditError::TooManyEntries { .. }), _) => {}
            (Err(EditError::BadValue(_)), theirs) => {
                // Together they may be deeper than a document.
                assert!(theirs.is_none() || pointer.matches('/').count() + json.len() > 100, "{json} at {pointer}");
            }
            (Err(error), Some(value)) => {
                assert!(!put(&mut self.tree.clone(), pointer, value), "{json} at {pointer}: {error}");
            }
            (Err(_), None) => {}
        }
    }

    /// A piece of text that is a value is that text afterwards, whatever else its change takes along.
    fn piece(&mut self, index: usize, text: &str) {
        let Ok(pieces) = self.document.pieces() else { return };
        let Some(piece) = pieces.get(index % pieces.len().max(1)) else { return };
        let index = index % pieces.len();
        // What repeats other text is no value of its own, and goes with it.
        let is_value = !piece.pointer.contains("/logprobs")
            && self.tree.pointer(piece.pointer) == Some(&Value::String(piece.text.to_owned()));
        match self.document.set_piece(index, text) {
            Ok(()) => {}
            // A name may stand twice, so that what was shown cannot be pointed at.
            Err(error) => return assert!(!is_value, "{error}"),
        }
        let written = self.document.bytes().unwrap();
        let mut tree = oracle::value(&written).unwrap();
        if is_value {
            assert_eq!(tree.pointer(piece.pointer), Some(&Value::String(text.to_owned())));
            assert!(put(&mut self.tree, piece.pointer, Value::String(text.to_owned())));
            self.forget_tokens(piece.pointer);
            assert_eq!(self.tree, tree);
        }
        std::mem::swap(&mut self.tree, &mut tree);
    }

    fn text(&mut self, index: usize, text: &str) {
        let Ok(texts) = self.document.texts() else { return };
        if texts.is_empty() {
            return;
        }
        let index = index % texts.len();
        self.document.set_text(index, text).unwrap();
        let written = self.document.bytes().unwrap();
        self.tree = oracle::value(&written).unwrap();
        assert_eq!(self.document.texts().unwrap()[index].text, text);
    }

    /// What repeats the text of a choice goes with it (`Document::set_piece`).
    fn forget_tokens(&mut self, pointer: &str) {
        let tokens: Vec<&str> = pointer.split('/').collect();
        if let [_, "choices", choice, within, ..] = tokens.as_slice()
            && !["index", "finish_reason", "logprobs"].contains(within)
        {
            let tokens = format!("/choices/{choice}/logprobs");
            let is_null = self.document.get(&tokens).ok().flatten().is_some_and(|json| json == "null");
            if is_null && let Some(there) = self.tree.pointer_mut(&tokens) {
                *there = Value::Null;
            }
        }
    }
}

impl Step {
    fn of(from: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        Ok(match from.arbitrary::<u8>()? % 7 {
            0 => Self::Get(Place::of(from)?),
            1 => Self::Set(Place::of(from)?, Put::of(from)?),
            2 => Self::Remove(Place::of(from)?),
            3 => Self::Write,
            4 => Self::Replace(from.arbitrary()?),
            5 => Self::Piece(from.arbitrary()?, from.arbitrary()?),
            _ => Self::Text(from.arbitrary()?, from.arbitrary()?),
        })
    }
}

impl Place {
    fn of(from: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        Ok(Self { there: from.arbitrary()?, more: from.arbitrary()? })
    }
}

impl Put {
    fn of(from: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        Ok(match from.arbitrary::<u8>()? % 4 {
            0 => Self::Text(from.arbitrary()?),
            1 => Self::Json(from.arbitrary()?),
            2 => Self::Number(from.arbitrary()?),
            _ => Self::Empty,
        })
    }

    fn json(&self) -> String {
        match self {
            Self::Text(text) => Value::String(text.clone()).to_string(),
            Self::Json(json) => json.clone(),
            Self::Number(number) => number.to_string(),
            Self::Empty => "{}".to_owned(),
        }
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn pointers(value: &Value, here: String, all: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| pointers(value, format!("{here}/{}", escaped(name)), all));
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| pointers(value, format!("{here}/{index}"), all));
        }
        _ => {}
    }
    all.push(here);
}

/// A pointer's last step, and what it steps from.
fn parent<'a>(tree: &'a mut Value, pointer: &str) -> Option<(&'a mut Value, String)> {
    let (parent, last) = pointer.rsplit_once('/')?;
    Some((tree.pointer_mut(parent)?, last.replace("~1", "/").replace("~0", "~")))
}

fn is_index(text: &str) -> bool {
    text == "0" || (!text.starts_with('0') && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn put(tree: &mut Value, pointer: &str, value: Value) -> bool {
    if pointer.is_empty() {
        *tree = value;
        return true;
    }
    match parent(tree, pointer) {
        Some((Value::Object(members), name)) => {
            members.insert(name, value);
            true
        }
        Some((Value::Array(elements), last)) if last == "-" => {
            elements.push(value);
            true
        }
        Some((Value::Array(elements), last)) if is_index(&last) => {
            let place = last.parse().ok().and_then(|index: usize| elements.get_mut(index));
            place.map(|place| *place = value).is_some()
        }
        _ => false,
    }
}

fn remove(tree: &mut Value, pointer: &str) -> bool {
    match parent(tree, pointer) {
        Some((Value::Object(members), name)) => members.shift_remove(&name).is_some(),
        Some((Value::Array(elements), last)) if is_index(&last) => {
            let index = last.parse().ok().filter(|index| *index < elements.len());
            index.map(|index: usize| elements.remove(index)).is_some()
        }
        _ => false,
    }
}

//! The pieces that a walk finds, and the way to where it is.

use std::borrow::Cow;
use std::sync::Arc;

use weir_http::json::MemberName;

use super::super::EditError;
use super::found::{PieceRecord, PieceSpot, Pieces, TextPieceKind, Voice, section};

/// The most pieces of one body that are shown. A list costs a guest some hundred bytes and instructions for each.
const MOST: usize = 32_768;
/// The most bytes that their pointers may have together: names are as long as their author likes, and each pointer
/// repeats those that lead to it.
const POINTER_BYTES: usize = 4 << 20;
/// Most ways down are no longer than this.
const USUAL_DEPTH: usize = 8;

/// Bytes of pointers that most bodies have room in.
const USUAL_POINTERS: usize = 64;

/// One step down: to a member or an element.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Member(MemberName<'a>),
    Element(u32),
}

/// What was found so far. Where the walk is, is written down for what is found there alone.
#[derive(Debug, Default)]
pub(super) struct List<'a> {
    /// All texts; that of a single piece is not copied.
    texts: Cow<'a, str>,
    pieces: Pieces,
    path: Vec<Step<'a>>,
}

impl<'a> List<'a> {
    /// Goes down to a member.
    pub(super) fn step(&mut self, key: MemberName<'a>) {
        if self.path.capacity() == 0 {
            self.path.reserve(USUAL_DEPTH);
        }
        self.path.push(Step::Member(key));
    }

    /// Goes down to an element.
    pub(super) fn step_index(&mut self, index: u32) {
        self.path.push(Step::Element(index));
    }

    /// Goes back up by one step.
    pub(super) fn back(&mut self) {
        self.path.pop();
    }

    /// How many steps down the walk is.
    pub(super) fn depth(&self) -> usize {
        self.path.len()
    }

    /// Where the walk was so many steps down on its way.
    pub(super) fn pointer_of(&self, depth: usize) -> Box<str> {
        let mut pointer = String::new();
        self.path.iter().take(depth).for_each(|step| step.write(&mut pointer));
        pointer.into()
    }

    pub(super) fn len(&self) -> usize {
        self.pieces.all.len()
    }

    /// Adds a piece that stands where the walk is.
    pub(super) fn push(&mut self, kind: TextPieceKind, text: Cow<'a, str>, spot: PieceSpot) -> Result<(), EditError> {
        let Pieces { pointers, all, .. } = &mut self.pieces;
        let start = pointers.len();
        if start == 0 {
            pointers.reserve(USUAL_POINTERS);
        }
        for step in &self.path {
            step.write(pointers);
        }
        if all.len() == MOST || pointers.len() > POINTER_BYTES {
            return Err(EditError::TooManyPieces { most: MOST, bytes: POINTER_BYTES });
        }
        let group = match all.last() {
            None => 0,
            Some(last) => {
                let before = all.len().checked_sub(2).and_then(|at| all.get(at)).map_or(0, |found| found.pointer_end);
                let of = |pointer: Option<_>| pointer.map(section);
                let same = of(pointers.get(before..start)) == of(pointers.get(start..));
                if same { last.group } else { last.group.saturating_add(1) }
            }
        };
        match self.texts.is_empty() {
            true => self.texts = text,
            false => self.texts.to_mut().push_str(&text),
        }
        let (text_end, pointer_end) = (self.texts.len(), pointers.len());
        all.push(PieceRecord { kind, role: Voice::None, choice: 0, call: None, group, text_end, pointer_end, spot });
        Ok(())
    }

    /// Says whose pieces those are that were found after the first so many, and are nobody's yet. What a tool says is its
    /// result.
    pub(super) fn say(&mut self, first: usize, role: impl FnOnce() -> Voice) {
        if self.len() == first {
            return;
        }
        let role = role();
        let tool = matches!(role, Voice::Tool | Voice::Function);
        for piece in self.pieces.all.iter_mut().skip(first).filter(|piece| piece.role == Voice::None) {
            piece.role = role.clone();
            if tool && piece.kind == TextPieceKind::Text {
                piece.kind = TextPieceKind::ToolResult;
            }
        }
    }

    /// Says which choice those belong to that were found after the first so many.
    pub(super) fn choose(&mut self, first: usize, choice: u32) {
        self.pieces.all.iter_mut().skip(first).for_each(|piece| piece.choice = choice);
    }

    /// Says which tool call those belong to that were found after the first so many.
    pub(super) fn call(&mut self, first: usize, call: u32) {
        self.pieces.all.iter_mut().skip(first).for_each(|piece| piece.call = Some(call));
    }

    pub(super) fn finish(self) -> Pieces {
        debug_assert!(self.path.is_empty(), "the walk is where it began");
        debug_assert!(self.pieces.all.is_sorted_by_key(|piece| (piece.text_end, piece.pointer_end)));
        let text = if self.texts.is_empty() { Arc::default() } else { Arc::from(&*self.texts) };
        Pieces { text, ..self.pieces }
    }
}

impl Step<'_> {
    /// Appends its token of a pointer.
    fn write(&self, pointer: &mut String) {
        pointer.push('/');
        match self {
            Self::Element(index) => write_number(pointer, *index),
            Self::Member(key) if key.is_escaped() => write_token(pointer, &key.lossy()),
            Self::Member(key) => write_token(pointer, std::str::from_utf8(key.raw()).unwrap_or_default()),
        }
    }
}

fn write_token(pointer: &mut String, token: &str) {
    let mut rest = token;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'~' | b'/')) {
        let (before, after) = rest.split_at(at);
        pointer.push_str(before);
        pointer.push_str(if after.starts_with('~') { "~0" } else { "~1" });
        rest = after.get(1..).unwrap_or_default();
    }
    pointer.push_str(rest);
}

fn write_number(pointer: &mut String, number: u32) {
    if number >= 10 {
        write_number(pointer, number / 10);
    }
    pointer.push(char::from_digit(number % 10, 10).unwrap_or('0'));
}

//! The pieces that a walk has found, and the way to where it is.

use std::fmt::Write as _;
use std::sync::Arc;

use super::super::EditError;
use super::{Piece, PieceKind};

/// The most pieces of one body that are shown. A list costs a guest some hundred bytes and instructions for each.
const MOST: usize = 32_768;
/// The most bytes that their pointers may have together: names are as long as their author likes, and each pointer
/// repeats those that lead to it.
const POINTER_BYTES: usize = 4 << 20;

/// How a piece is changed; its pointer says where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Spot {
    /// It is the string at its pointer.
    Value,
    /// It is the name of a member of the object at its pointer.
    Name(Box<str>),
    /// It is what the string at its pointer has in base64 behind this.
    File(Box<str>),
    /// It repeats other text, and what is at this pointer goes when it is changed.
    Tokens(Arc<str>),
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct List {
    pieces: Vec<Piece>,
    spots: Vec<Spot>,
    path: String,
    /// Of all pointers so far.
    bytes: usize,
    nobody: Option<Arc<str>>,
}

impl List {
    /// Goes down by a token; the answer leads back.
    pub(super) fn step(&mut self, token: &str) -> usize {
        let mark = self.path.len();
        self.path.push('/');
        let mut rest = token;
        while let Some(at) = rest.find(['~', '/']) {
            let (before, after) = rest.split_at(at);
            self.path.push_str(before);
            self.path.push_str(if after.starts_with('~') { "~0" } else { "~1" });
            rest = after.get(1..).unwrap_or_default();
        }
        self.path.push_str(rest);
        mark
    }

    /// The same by an index.
    pub(super) fn step_index(&mut self, index: u32) -> usize {
        let mark = self.path.len();
        // Writing to a string cannot fail.
        let _ = write!(self.path, "/{index}");
        mark
    }

    /// Goes back up.
    pub(super) fn back(&mut self, mark: usize) {
        self.path.truncate(mark);
    }

    /// Where the walk is.
    pub(super) fn pointer(&self) -> Arc<str> {
        self.path.as_str().into()
    }

    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Adds a piece that stands where the walk is.
    pub(super) fn push(&mut self, kind: PieceKind, text: String, spot: Spot) -> Result<(), EditError> {
        self.bytes += self.path.len();
        if self.pieces.len() == MOST || self.bytes > POINTER_BYTES {
            return Err(EditError::TooManyPieces { most: MOST, bytes: POINTER_BYTES });
        }
        let role = Arc::clone(self.nobody.get_or_insert_with(|| "".into()));
        let pointer = self.pointer();
        self.pieces.push(Piece { pointer, kind, role, choice: 0, call: None, text });
        self.spots.push(spot);
        Ok(())
    }

    /// Says whose pieces those are that were found after the first so many, and are nobody's yet. What a tool says is its
    /// result.
    pub(super) fn say(&mut self, first: usize, role: &str) {
        if self.pieces.len() == first {
            return;
        }
        let role: Arc<str> = role.into();
        let tool = matches!(&*role, "tool" | "function");
        for piece in self.pieces.iter_mut().skip(first).filter(|piece| piece.role.is_empty()) {
            piece.role = Arc::clone(&role);
            if tool && piece.kind == PieceKind::Text {
                piece.kind = PieceKind::ToolResult;
            }
        }
    }

    /// Says which choice those belong to that were found after the first so many.
    pub(super) fn choose(&mut self, first: usize, choice: u32) {
        self.pieces.iter_mut().skip(first).for_each(|piece| piece.choice = choice);
    }

    /// Says which tool call those belong to that were found after the first so many.
    pub(super) fn call(&mut self, first: usize, call: u32) {
        self.pieces.iter_mut().skip(first).for_each(|piece| piece.call = Some(call));
    }

    pub(super) fn finish(self) -> (Vec<Piece>, Vec<Spot>) {
        (self.pieces, self.spots)
    }
}

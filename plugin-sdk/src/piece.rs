//! Pieces of text (WIT `types.piece`): what guards want to know of them, and how to write into them.

use std::collections::BTreeMap;

use crate::json;
use crate::{JoinedText, Passage, Piece, PieceKind};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

impl Piece {
    /// Where the message, choice or tool is that this stands in: the first two tokens of its pointer.
    #[must_use]
    pub fn message(&self) -> &str {
        let ends = self.pointer.match_indices('/').nth(2).map(|(at, _)| at);
        self.pointer.get(..ends.unwrap_or(self.pointer.len())).unwrap_or_default()
    }

    /// Its text with other strings in the place of those that `change` has something for; none if it has nothing for any.
    ///
    /// Where the text is a JSON text, as the arguments of a tool mostly are, `change` sees each string in it, escapes
    /// resolved, and what it answers is quoted again: what was JSON stays JSON. Else it sees the text as a whole.
    pub fn replaced(&self, mut change: impl FnMut(&str) -> Option<String>) -> Option<String> {
        json::replace_strings(&self.text, &mut change)
    }
}

/// One of the pieces of a [`JoinedText`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceText<'a> {
    /// Its index, by which it is changed.
    pub index: usize,
    /// What it says.
    pub text: &'a str,
    /// What is told of it.
    pub passage: &'a Passage,
}

impl PieceText<'_> {
    /// As [`Piece::replaced`].
    pub fn replaced(&self, mut change: impl FnMut(&str) -> Option<String>) -> Option<String> {
        json::replace_strings(self.text, &mut change)
    }
}

impl JoinedText {
    /// Which pieces are read one behind the other, as [`neighbours`] says; none if each is read by itself, as mostly.
    #[must_use]
    pub fn neighbours(&self) -> Option<Vec<Vec<usize>>> {
        let any = self.passages.array_windows().any(|[a, b]| a.group == b.group);
        let all = self.passages.iter();
        any.then(|| joined(all.map(|passage| (passage.group, (passage.kind, passage.call, passage.choice)))))
    }

    /// All pieces, in order.
    pub fn iter(&self) -> impl Iterator<Item = PieceText<'_>> + Clone {
        let mut from = 0;
        self.passages.iter().enumerate().map(move |(index, passage)| {
            let end = usize::try_from(passage.end).unwrap_or(usize::MAX);
            let text = self.text.get(from..end).unwrap_or_default();
            from = end;
            PieceText { index, text, passage }
        })
    }
}

/// Which pieces are read one behind the other: those of one kind in one message, in one choice, in one tool call, by their
/// indexes, in order. A phrase that is cut over two parts of a message stands in their texts joined.
#[must_use]
pub fn neighbours(pieces: &[Piece]) -> Vec<Vec<usize>> {
    joined(pieces.iter().map(|piece| {
        // A choice is told by its number: an event may have it at any place of its list.
        let own = if piece.pointer.starts_with("/choices/") { "/choices" } else { piece.message() };
        (own, (piece.kind, piece.call, piece.choice))
    }))
}

/// The same of pieces by what they stand in, and what is told of them.
fn joined<S: PartialEq>(pieces: impl Iterator<Item = (S, (PieceKind, Option<u32>, u32))>) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    // Groups of the message at hand. Those of choices stay: the events of a stream come back to each of them.
    let mut open = BTreeMap::new();
    let mut message = None;
    for (index, (own, (kind, call, choice))) in pieces.enumerate() {
        let own = Some(own);
        if message != own {
            message = own;
            open.clear();
        }
        let key = (kind as u8, call, choice);
        let joins = kind != PieceKind::Other;
        match open.get(&key).and_then(|at: &usize| all.get_mut(*at)).filter(|_| joins) {
            Some(group) => group.push(index),
            None => {
                open.insert(key, all.len());
                all.push(vec![index]);
            }
        }
    }
    all
}

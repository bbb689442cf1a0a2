//! Pieces of text (WIT `types.piece`): what guards want to know of them, and how to write into them.

use std::collections::BTreeMap;

use crate::json;
use crate::{Piece, PieceKind};

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

/// Which pieces are read one behind the other: those of one kind in one message, in one choice, in one tool call, by their
/// indexes, in order. A phrase that is cut over two parts of a message stands in their texts joined.
#[must_use]
pub fn neighbours(pieces: &[Piece]) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    // Groups of the message at hand. Those of choices stay: the events of a stream come back to each of them.
    let mut open = BTreeMap::new();
    let mut message = None;
    for (index, piece) in pieces.iter().enumerate() {
        // A choice is told by its number: an event may have it at any place of its list.
        let own = if piece.pointer.starts_with("/choices/") { "/choices" } else { piece.message() };
        if message != Some(own) {
            message = Some(own);
            open.clear();
        }
        let key = (piece.kind as u8, piece.call, piece.choice);
        let joins = piece.kind != PieceKind::Other;
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

//! Which texts were shown of a stream that says them again.

use std::hash::{DefaultHasher, Hasher};

use super::spots::{SpotKey, SpotKind};
use crate::canon::JsonText;

/// The texts so far, by their sums: what is said again need not be shown again, and what was never shown must be.
#[derive(Debug, Default)]
pub(super) struct SeenTexts(Vec<SeenText>);

#[derive(Debug)]
struct SeenText {
    key: SpotKey,
    length: usize,
    sum: DefaultHasher,
}

impl SeenTexts {
    /// A piece of a text was shown.
    pub(super) fn say(&mut self, key: SpotKey, piece: &JsonText) {
        let at = self.0.iter().rposition(|text| text.key == key).unwrap_or_else(|| {
            self.0.push(SeenText { key, length: 0, sum: DefaultHasher::new() });
            self.0.len() - 1
        });
        if let Some(text) = self.0.get_mut(at) {
            text.length += piece.escaped().len();
            text.sum.write(piece.escaped());
        }
    }

    /// Whether all of a text of this kind was shown.
    pub(super) fn knows(&self, kind: SpotKind, text: &JsonText) -> bool {
        let mut sum = DefaultHasher::new();
        sum.write(text.escaped());
        let sum = sum.finish();
        let is_it = |seen: &SeenText| seen.length == text.escaped().len() && seen.sum.finish() == sum;
        self.0.iter().any(|seen| seen.key.kind == kind && is_it(seen))
    }
}

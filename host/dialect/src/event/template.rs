//! Most events of a stream differ from the one before in their text alone. Whoever has read one knows the others by
//! comparing bytes, which costs a tenth of reading them.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use std::ops::Range;

use bytes::Bytes;

use super::delta::Delta;
use super::read::{ChoiceAt, places};
use super::says::Says;
use crate::usage;

/// So many events are read to learn from: where all of them differ, learning gains nothing.
const LESSONS: u8 = 4;

/// A delta that was read, and which those are like that differ in their text alone: they have no usage, no error and no
/// end either.
#[derive(Debug, Clone, Default)]
pub(crate) struct Template {
    /// Its data, of which this is the text.
    data: Bytes,
    text: Range<usize>,
    place: ChoiceAt,
    /// What it says, once somebody has asked.
    says: Option<Says>,
    lessons: u8,
}

impl Template {
    /// Learns from the data of a delta that has neither usage nor a reason of finishing. Nothing comes of data in another
    /// form than one content without escapes.
    pub(crate) fn learn(&mut self, data: &Bytes) {
        if self.lessons >= LESSONS {
            return;
        }
        let Some(text) = usage::plain(data) else { return };
        self.lessons += 1;
        // It must be the text that a reader of the whole would find, in data that are JSON to their end and of one choice.
        let Ok(found) = places(data) else { return };
        let [place] = found.as_slice() else { return };
        let here = place.content.is_some_and(|(span, _)| span.start + 1 == text.start && span.end == text.end + 1);
        if here {
            *self = Self { data: data.clone(), text, place: *place, says: None, lessons: self.lessons };
        }
    }

    /// Where the text is in data that are like those that were learned from but for it; none if they are not.
    pub(crate) fn find(&self, data: &[u8]) -> Option<Range<usize>> {
        let (before, after) = (self.data.get(..self.text.start)?, self.data.get(self.text.end..)?);
        if after.is_empty() {
            return None;
        }
        let rest = data.strip_prefix(before)?;
        let text = rest.strip_suffix(after)?;
        // A quote would end it elsewhere, and what is escaped must be read.
        memchr::memchr2(b'"', b'\\', text).is_none().then(|| before.len()..before.len() + text.len())
    }

    /// What a reader would make of data in which the text was found there; none if it has to be read, for it is no text.
    pub(crate) fn delta(&mut self, data: &[u8], text: Range<usize>) -> Option<Delta> {
        let text = std::str::from_utf8(data.get(text)?).ok()?;
        // JSON has no control characters in strings (RFC 8259 section 7).
        if text.bytes().any(|byte| byte < b' ') {
            return None;
        }
        // All else that it says is the same in all of them.
        let says = match self.says {
            Some(says) => says,
            None => *self.says.insert(Says::of(&self.data, &self.place).ok()?),
        };
        let says = says.with_content(self.text.len(), text.len());
        Some(Delta { choice: self.place.choice, text: text.to_owned(), says })
    }
}

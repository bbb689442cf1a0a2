//! What an event says: enough to know where a text ends.
//!
//! A text of a stream is over where an event of its choice comes that says something else: another kind of text, a call of
//! a tool, why the choice has finished. Who waits for the rest of a word waits no longer than to there.

use bytes::Bytes;

use super::error::EventError;
use super::read::{self, Place};
use crate::{Document, EditError, Piece, PieceKind};

/// Whether there is any text in an event, wherever it stands.
///
/// # Errors
/// [`EventError::NotJson`].
pub fn says_more(data: &Bytes) -> Result<bool, EventError> {
    match Document::event(data.clone()).pieces() {
        Ok(pieces) => Ok(!pieces.is_empty()),
        Err(EditError::NotJson(why)) => Err(EventError::NotJson(why)),
        // There is too much of it to be shown, which is told to who asks for it.
        Err(_) => Ok(true),
    }
}

/// What is said in one event, by kind. A set, for an event may say several things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Says {
    kinds: u8,
    /// Calls of tools that are gone on with, a bit for each; the last one for all that are past it.
    calls: u64,
    bytes: usize,
    /// There is text in other places than in a content that is one string.
    more: bool,
    /// There is an empty text.
    empty: bool,
    begins: bool,
    finishes: bool,
}

const CONTENT: u8 = 1;
const REASONING: u8 = 2;
const REFUSAL: u8 = 4;
/// Other text that is said, such as a transcript.
const SPOKEN: u8 = 8;
/// What stands beside these mostly repeats them, or is no part of what is said, and so keeps nothing waiting.
const OTHER: u8 = 16;

/// Where content stands in an event of one choice.
const PLACE: &str = "/choices/0/delta/content";

impl Says {
    /// What the one choice of an event says.
    pub(super) fn of(data: &Bytes, place: &Place) -> Self {
        let mut says = Self { finishes: place.finishes, ..Self::default() };
        // Where its choice stands was found in data that were read to their end.
        match Document::event(data.clone()).known_readable().pieces() {
            Ok(pieces) => pieces.iter().for_each(|piece| says.add(&piece)),
            // Too much to be shown, which is told to who asks for it.
            Err(_) => (says.kinds, says.more) = (OTHER, true),
        }
        let calls = place.calls.map(|span| read::calls(data, span).unwrap_or((true, true)));
        let (begins, goes_on) = calls.unwrap_or_default();
        says.begins = begins;
        says.empty = goes_on || place.content.is_some_and(|(span, _)| span.of(data) == b"\"\"");
        says
    }

    /// The same of an event with another content, of so many bytes.
    pub(super) fn with_content(mut self, before: usize, bytes: usize) -> Self {
        self.bytes = (self.bytes + bytes).saturating_sub(before);
        self.empty |= bytes == 0;
        self.kinds = if bytes == 0 { self.kinds & !CONTENT } else { self.kinds | CONTENT };
        self
    }

    /// What stands beside the choices of an event: some text that is no part of what they say.
    #[must_use]
    pub fn beside() -> Self {
        Self { kinds: OTHER, more: true, ..Self::default() }
    }

    fn add(&mut self, piece: &Piece<'_>) {
        let pointer = piece.pointer;
        self.more |= pointer != PLACE;
        if !pointer.starts_with("/choices/0/logprobs") {
            self.bytes = self.bytes.saturating_add(piece.text.len());
        }
        match piece.kind {
            PieceKind::Text if pointer.starts_with(PLACE) => self.kinds |= CONTENT,
            PieceKind::Text if pointer.starts_with("/choices/0/delta/") => self.kinds |= SPOKEN,
            PieceKind::Reasoning => self.kinds |= REASONING,
            PieceKind::Refusal => self.kinds |= REFUSAL,
            PieceKind::Arguments => self.calls |= 1 << piece.call.unwrap_or(u32::MAX).min(u64::BITS - 1),
            PieceKind::Text | PieceKind::ToolResult | PieceKind::Description | PieceKind::Other => self.kinds |= OTHER,
        }
    }

    /// Bytes of all its texts.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there is any text in it.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.kinds != 0 || self.calls != 0
    }

    /// Whether there is content in it, which every `event` plugin is shown.
    #[must_use]
    pub fn is_content(&self) -> bool {
        self.kinds & CONTENT != 0
    }

    /// Whether content, as one string, is all the text that there is in it.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.more
    }

    /// Whether it says nothing at all: it goes on with a text of which nothing more is here. Some providers send such an
    /// event in the middle of a character, and some as a sign of life.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.empty && !self.speaks() && !self.begins && !self.finishes
    }

    /// Whether nothing comes behind it that goes on with what it says.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.finishes
    }

    /// Whether what it says may go on in the event that comes next in its choice.
    #[must_use]
    pub fn goes_on_in(&self, next: &Self) -> bool {
        let mask = if self.speaks() { !OTHER } else { OTHER };
        !self.finishes && (self.kinds & next.kinds & mask != 0 || self.calls & next.calls != 0)
    }

    /// Whether there is text in it that is said, and not beside what is.
    fn speaks(&self) -> bool {
        self.kinds & !OTHER != 0 || self.calls != 0
    }
}

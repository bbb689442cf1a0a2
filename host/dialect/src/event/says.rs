//! What an event says: enough to know where a text ends.
//!
//! A text of a stream is over where an event of its choice comes that says something else: another kind of text, a call of
//! a tool, why the choice has finished. Who waits for the rest of a word waits no longer than to there.

use bytes::Bytes;

use super::error::EventError;
use super::read::{self, ChoiceAt};
use crate::{Document, EditError, TextPiece, TextPieceKind};

/// Whether there is any text in an event, wherever it stands.
///
/// # Errors
/// [`EventError::NotJson`], [`EventError::Unshowable`].
pub fn says_more(data: &Bytes) -> Result<bool, EventError> {
    match Document::event(data.clone()).pieces() {
        Ok(pieces) => Ok(!pieces.is_empty()),
        Err(EditError::NotJson(why)) => Err(EventError::NotJson(why)),
        Err(EditError::Unshowable { what }) => Err(EventError::Unshowable(what)),
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
    /// Calls of tools that begin, in the same way.
    begun: u64,
    bytes: usize,
    /// There is text in other places than in a content that is one string.
    more: bool,
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

/// Where a call has its name that is the only one.
const FUNCTION: &str = "/choices/0/delta/function_call/name";

/// The bit of a call.
fn bit(call: Option<u32>) -> u64 {
    1 << call.unwrap_or(u32::MAX).min(u64::BITS - 1)
}

impl Says {
    /// What the one choice of an event says.
    ///
    /// # Errors
    /// [`EventError::Index`]: which tool call it goes on with cannot be told. [`EventError::Unshowable`].
    pub(super) fn of(data: &Bytes, place: &ChoiceAt) -> Result<Self, EventError> {
        let mut says = Self { finishes: place.finishes, ..Self::default() };
        // Where its choice stands was found in data that were read to their end.
        match Document::event(data.clone()).known_readable().pieces() {
            Ok(pieces) => pieces.iter().for_each(|piece| says.add(&piece)),
            Err(EditError::Unshowable { what }) => return Err(EventError::Unshowable(what)),
            // Too much to be shown, which is told to who asks for it.
            Err(_) => (says.kinds, says.more) = (OTHER, true),
        }
        let begun = place.calls.map(|span| read::begun(data, span)).transpose()?.unwrap_or_default();
        says.begun |= begun.into_iter().fold(0, |calls, call| calls | bit(Some(call)));
        Ok(says)
    }

    /// The same of an event with another content, of so many bytes.
    pub(super) fn with_content(mut self, before: usize, bytes: usize) -> Self {
        self.bytes = (self.bytes + bytes).saturating_sub(before);
        self.kinds = if bytes == 0 { self.kinds & !CONTENT } else { self.kinds | CONTENT };
        self
    }

    /// What stands beside the choices of an event: some text that is no part of what they say.
    #[must_use]
    pub fn beside() -> Self {
        Self { kinds: OTHER, more: true, ..Self::default() }
    }

    fn add(&mut self, piece: &TextPiece<'_>) {
        let pointer = piece.pointer;
        self.more |= pointer != PLACE;
        if pointer == FUNCTION {
            self.begun |= bit(None);
        }
        if !pointer.starts_with("/choices/0/logprobs") {
            self.bytes = self.bytes.saturating_add(piece.text.len());
        }
        match piece.kind {
            TextPieceKind::Text if pointer.starts_with(PLACE) => self.kinds |= CONTENT,
            TextPieceKind::Text if pointer.starts_with("/choices/0/delta/") => self.kinds |= SPOKEN,
            TextPieceKind::Reasoning => self.kinds |= REASONING,
            TextPieceKind::Refusal => self.kinds |= REFUSAL,
            TextPieceKind::Arguments => self.calls |= bit(piece.call),
            TextPieceKind::Text | TextPieceKind::ToolResult | TextPieceKind::Description | TextPieceKind::Other => {
                self.kinds |= OTHER
            }
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

    /// Whether it says nothing at all: some providers send such an event in the middle of a word, and some as a sign of
    /// life. In whatever form it says nothing, it ends nothing.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        !self.is_text() && self.begun == 0 && !self.finishes
    }

    /// Whether there is text in it that is said, and not beside what is.
    fn speaks(&self) -> bool {
        self.kinds & !OTHER != 0 || self.calls != 0
    }

    /// Whether anything is said in it that is none of what this says: another text, another call, why the choice has
    /// finished. What only stands beside, or names a call once more, is nothing of that kind.
    fn is_left_by(&self, next: &Self) -> bool {
        next.speaks() || next.begun & !self.calls != 0 || next.finishes || !self.speaks()
    }

    /// Whether what it says may go on in the event that comes next in its choice.
    fn goes_on_in(&self, next: &Self) -> bool {
        let mask = if self.speaks() { !OTHER } else { OTHER };
        self.kinds & next.kinds & mask != 0 || self.calls & next.calls != 0
    }
}

/// A text of one choice, as far as it was followed from event to event. This is the one place that knows where it is over.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenText(Option<Says>);

/// What an event is to the text before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextStep {
    /// Nothing: it stands between two parts of it, and the text is as open as before.
    Between,
    /// It goes on with it, or begins it.
    More,
    /// The text is over, for something else is said.
    Other,
}

impl OpenText {
    /// Takes the next event of the choice, if it is of this text, and says so.
    #[must_use]
    pub fn take(&mut self, next: Says) -> TextStep {
        let Some(last) = self.0.filter(|_| !next.is_quiet()) else {
            if next.is_quiet() {
                return TextStep::Between;
            }
            self.0 = Some(next);
            return TextStep::More;
        };
        if last.finishes || last.is_left_by(&next) && !last.goes_on_in(&next) {
            return TextStep::Other;
        }
        if !last.goes_on_in(&next) {
            return TextStep::Between;
        }
        self.0 = Some(next);
        TextStep::More
    }

    /// Whether nothing that follows goes on with it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.is_some_and(|last| last.finishes)
    }
}

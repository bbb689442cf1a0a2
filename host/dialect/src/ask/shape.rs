//! What requests have in common. A program writes its requests alike: the same members in the same order, and of their values
//! only some differ; a conversation adds messages of a few kinds. Who has read one knows the next by comparing it, which costs
//! a fraction of reading it.
//!
//! Kept of a request is what it is built of: brackets, names of members, words such as `true`, and the numbers that decide
//! something. Never a string that is a value, so that all tenants of a worker can share it.

mod fit;
mod lesson;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use bytes::Bytes;
use weir_http::json::TokenScanner;

use super::{ReadError, RequestFacts, read};
use crate::credit::Credit;
use crate::{DialectCall, Operation};
use fit::AskShape;

/// So many shapes are known at a time.
const SHAPES: usize = 8;
/// Strings are scanned, by the shapes that a request does not have, for so many times its length and so many bytes more.
const TIMES: usize = 4;
const AT_LEAST: usize = 4 * 1024;
/// Longer requests teach nothing, though they are known as well: what a lesson holds for its time is bounded by it.
const LESSON: usize = 128 * 1024;

/// The shapes of the latest requests. What they say of a request is what [`DialectCall::read_request`] says;
/// those of chat completions are known by their likeness, and any other is read.
#[derive(Debug, Default)]
pub struct AskShapes {
    /// The latest first.
    known: Vec<AskShape>,
    credit: Credit,
}

impl AskShapes {
    /// Reads what a request asks for: by its shape if that is known, and if not in full, and learns from it now and then.
    ///
    /// # Errors
    /// As [`DialectCall::read_request`].
    pub fn read(&mut self, call: DialectCall, body: &Bytes) -> Result<RequestFacts, ReadError> {
        if call != DialectCall::OPENAI_CHAT {
            return call.read_request(body);
        }
        if let Some(ask) = self.find(body) {
            self.credit.known();
            return Ok(ask);
        }
        self.credit.unknown();
        if body.len() > LESSON || !self.credit.lesson() {
            return read(Operation::Chat, body);
        }
        let (ask, passed) = read::traced(Operation::Chat, body)?;
        if let Some(shape) = lesson::shape(body, &ask, &passed) {
            self.learn(shape);
        }
        Ok(ask)
    }

    fn find(&mut self, body: &[u8]) -> Option<RequestFacts> {
        let (mut tokens, mut left) = (None, body.len().saturating_mul(TIMES).saturating_add(AT_LEAST));
        let mut fits = |shape: &AskShape| {
            if !shape.may_fit(body) {
                return None;
            }
            // Only of what is not refused by a look.
            shape.fits(tokens.get_or_insert_with(|| TokenScanner::of(body)).as_ref()?, &mut left)
        };
        let (at, ask) = self.known.iter().enumerate().find_map(|(at, shape)| Some((at, fits(shape)?)))?;
        if at > 0
            && let Some(upto) = self.known.get_mut(..=at)
        {
            upto.rotate_right(1);
        }
        Some(ask)
    }

    fn learn(&mut self, shape: AskShape) {
        let old = self.known.iter().position(|old| old.is_around(&shape)).map(|at| self.known.remove(at));
        let mut shape = shape;
        if let Some(old) = old {
            shape.take_kinds(old);
        }
        self.known.truncate(SHAPES.saturating_sub(1));
        self.known.insert(0, shape);
        debug_assert!(self.known.len() <= SHAPES);
    }
}

//! What a direct instance's host functions know of one another.

use super::content::LoweredContent;
use super::expected::{CoreAnswer, ExpectedReturn};
use super::lowering::Lowering;
use wasmtime::Memory;

/// The state of a direct instance between the host's functions.
#[derive(Debug, Default)]
pub(crate) struct CoreState {
    /// The guest's, once it is there.
    pub(super) memory: Option<Memory>,
    pub(super) parcel: Lowering,
    pub(super) expected: ExpectedReturn,
    pub(super) answered: Option<CoreAnswer>,
    /// The answer has been read: what the guest still does is cleaning up, and it may not call.
    pub(super) closed: bool,
    /// Host calls since the last look at the clock.
    pub(super) calls: u32,
}

impl CoreState {
    /// Prepares for a call, with the one argument that is handed over piece by piece.
    pub(super) fn open(&mut self, expected: ExpectedReturn, argument: LoweredContent) {
        self.expected = expected;
        self.answered = None;
        self.closed = false;
        self.parcel.argument(argument);
    }
}

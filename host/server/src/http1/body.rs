//! A request's body as the journey reads it. Nobody reads it who has not asked for it.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::wire::{Broken, ClientConn};

/// The body of the request that is being answered.
pub struct Http1RequestBody {
    wire: Rc<RefCell<ClientConn>>,
}

impl Http1RequestBody {
    pub(super) fn new(wire: Rc<RefCell<ClientConn>>) -> Self {
        Self { wire }
    }

    /// The next data, nothing at the end. A client that waits to be told to go on is told so by the first call.
    pub(crate) fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Broken>> {
        self.wire.borrow_mut().poll_data(cx)
    }

    /// The fewest bytes that are still to come.
    pub(crate) fn least(&self) -> u64 {
        self.wire.borrow().least()
    }

    /// The bytes that are known to come: of a body in chunks, those of the chunk that has begun.
    pub(crate) fn announced(&self) -> u64 {
        self.wire.borrow().announced()
    }

    /// Whether all of it has been taken.
    pub(crate) fn is_over(&self) -> bool {
        self.wire.borrow().is_over()
    }
}

impl fmt::Debug for Http1RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("least", &self.least()).finish_non_exhaustive()
    }
}

//! The buffers of a worker. Everything is read into one block, of which each answer keeps its piece: a connection
//! that waits holds nothing.

use std::cell::RefCell;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::AsyncReadExt as _;

use crate::transport::Stream;

/// The least room that a read is given.
pub(crate) const READ: usize = 8 * 1024;
/// The most room that a read asks for.
pub(crate) const READ_AHEAD: usize = 64 * 1024;
/// What is allocated at once for small reads. A piece keeps its whole block in memory, so blocks are small.
const BLOCK: usize = 16 * 1024;
/// A request head of the usual size.
const HEAD: usize = 4 * 1024;

#[derive(Default)]
pub(crate) struct ClientBuffers {
    block: RefCell<BytesMut>,
    head: RefCell<Vec<u8>>,
}

impl ClientBuffers {
    /// Reads once, `want` bytes or more if they are there; nothing is the end of the stream.
    pub(crate) fn poll_read(
        &self,
        stream: &mut Stream,
        want: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<BytesMut>> {
        let mut block = self.block.borrow_mut();
        if !block.try_reclaim(want) {
            *block = BytesMut::with_capacity(want.max(BLOCK));
        }
        let read = pin!(stream.read_buf(&mut *block)).poll(cx);
        read.map_ok(|_| block.split())
    }

    /// Lends an empty buffer for a request head.
    pub(crate) fn with_head<T>(&self, work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let mut head = self.head.borrow_mut();
        head.clear();
        work(&mut head)
    }

    /// Lets go of what only unusually large messages needed.
    pub(crate) fn trim(&self) {
        let mut block = self.block.borrow_mut();
        if block.capacity() > BLOCK {
            *block = BytesMut::new();
        }
        self.head.borrow_mut().shrink_to(HEAD);
    }
}

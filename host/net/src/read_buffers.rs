//! What a worker's connections read into: one block, of which each message keeps its piece, so that a connection that waits
//! holds nothing.

use std::cell::RefCell;
use std::fmt;
use std::future::Future as _;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The least room that a read is given, in bytes.
pub const READ: usize = 8 * 1024;
/// The most room that a read of a body asks for, in bytes.
pub const READ_AHEAD: usize = 64 * 1024;
/// What is allocated at once for small reads. A piece keeps its whole block in memory, so blocks are small.
const BLOCK: usize = 16 * 1024;

/// The block of a worker.
#[derive(Default)]
pub struct ReadBuffers {
    block: RefCell<BytesMut>,
}

impl ReadBuffers {
    /// Reads once, `want` bytes or more if they are there; nothing is the end of the stream.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn poll_read<S: AsyncRead + Unpin>(
        &self,
        stream: &mut S,
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

    /// Lets go of what only unusually large messages needed. To be called now and then.
    pub fn trim(&self) {
        let mut block = self.block.borrow_mut();
        if block.capacity() > BLOCK {
            *block = BytesMut::new();
        }
    }
}

impl fmt::Debug for ReadBuffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadBuffers").finish_non_exhaustive()
    }
}

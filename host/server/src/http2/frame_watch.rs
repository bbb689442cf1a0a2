//! Looks at the frames of an HTTP/2 connection as they go by, and sees off a client that keeps the gateway busy with
//! frames that bring no request.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use weir_http::frames::{self, FloodGuard, FrameReader};
use weir_net::Transport;

/// So long a client that was told to go may take to read that, and so many bytes of it are thrown away meanwhile.
const LINGER: Duration = Duration::from_secs(2);
const THROWN_AWAY: u64 = 1 << 20;

/// Both directions of a connection.
#[derive(Debug)]
pub(crate) struct FrameWatch {
    guard: Rc<RefCell<FloodGuard>>,
    incoming: FrameReader,
    outgoing: FrameReader,
    /// The last stream that the client has begun.
    last_stream: u32,
    flooded: bool,
    /// The largest frame that was written.
    largest: u32,
    /// A `PING` was written that nothing was read behind.
    pinged: bool,
}

impl FrameWatch {
    /// A watch over a connection that may carry so many frames at once that bring no request.
    pub(crate) fn new(control_frames: u32) -> Self {
        Self {
            guard: Rc::new(RefCell::new(FloodGuard::new(control_frames, Instant::now()))),
            incoming: FrameReader::default(),
            outgoing: FrameReader::default(),
            last_stream: 0,
            flooded: false,
            largest: 0,
            pinged: false,
        }
    }

    /// The client's account, for whoever is told of its requests.
    pub(crate) fn guard(&self) -> Rc<RefCell<FloodGuard>> {
        Rc::clone(&self.guard)
    }

    /// Whether the client has sent too much that brings no request.
    pub(crate) fn is_flooded(&self) -> bool {
        self.flooded
    }

    /// The largest frame that was written to the client.
    pub(crate) fn largest(&self) -> u32 {
        self.largest
    }

    /// Whether the client was asked for a sign of life that it has not given: anything that is read is one.
    pub(crate) fn waits_for_life(&self) -> bool {
        self.pinged
    }

    /// This was read from the client.
    ///
    /// # Errors
    /// The client has sent too much that brings no request: the connection is over.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (last, flooded, mut guard) = (&mut self.last_stream, &mut self.flooded, self.guard.borrow_mut());
        self.pinged &= bytes.is_empty();
        self.incoming.read(bytes, |frame| {
            if frame.kind == frames::kind::HEADERS {
                *last = frame.stream.max(*last);
            }
            *flooded |= guard.received(frame, Instant::now).is_err();
        });
        if *flooded { Err(io::Error::other(frames::Flood)) } else { Ok(()) }
    }

    /// This was written to the client.
    pub(crate) fn wrote(&mut self, bytes: &[u8]) {
        let (largest, pinged, mut guard) = (&mut self.largest, &mut self.pinged, self.guard.borrow_mut());
        self.outgoing.read(bytes, |frame| {
            *largest = frame.length.max(*largest);
            *pinged |= frame.kind == frames::kind::PING && !frame.is_ack();
            guard.sent(frame);
        });
    }

    /// The same, of several pieces.
    pub(crate) fn wrote_of(&mut self, pieces: &[io::IoSlice<'_>], mut written: usize) {
        for piece in pieces {
            let taken = written.min(piece.len());
            written -= taken;
            self.wrote(piece.get(..taken).unwrap_or_default());
        }
    }

    /// Takes leave of a client that was cut off for what it sent. Of others there is nothing to take.
    ///
    /// Closing with bytes unread makes the kernel reset the connection, and the client might lose what says why.
    pub(crate) async fn take_leave(&self, stream: &mut Transport) {
        if !self.flooded {
            return;
        }
        tracing::debug!("an HTTP/2 client sent too many frames that bring no request");
        let leaving = async {
            // Within a frame that the client has not taken nothing can be said.
            if self.outgoing.is_between() {
                stream.write_all(&frames::go_away_for_calm(self.last_stream)).await?;
            }
            stream.shutdown().await?;
            tokio::io::copy(&mut stream.take(THROWN_AWAY), &mut tokio::io::sink()).await
        };
        let _ = tokio::time::timeout(LINGER, leaving).await;
    }
}

/// A request that has begun. Dropped before it is [`answered`](Self::answered), it was taken back.
#[derive(Debug)]
pub(crate) struct OpenStream {
    guard: Rc<RefCell<FloodGuard>>,
    made_up: u32,
}

impl OpenStream {
    pub(crate) fn new(guard: &Rc<RefCell<FloodGuard>>) -> Self {
        let made_up = guard.borrow_mut().request();
        Self { guard: Rc::clone(guard), made_up }
    }

    /// There is an answer.
    pub(crate) fn answered(mut self) {
        self.made_up = 0;
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if self.made_up > 0 {
            self.guard.borrow_mut().taken_back(self.made_up);
        }
    }
}

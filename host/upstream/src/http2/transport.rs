//! The byte stream under an HTTP/2 connection, with a look at it from outside: h2 keeps it to itself.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use weir_http::frames::{self, FrameReader};
use weir_net::{IdleState, Transport};

use crate::dial::tls::TlsFailure;

/// Bytes of the preface, which goes before the first frame (RFC 9113 section 3.4).
const PREFACE: usize = 24;

/// The stream as HTTP/2 owns it. One thread owns both ends, and no borrow outlives a call.
pub(super) struct Http2Transport {
    stream: Rc<RefCell<Transport>>,
    heard: Rc<Heard>,
    /// The frames that go out, behind the preface.
    outgoing: FrameReader,
    preface: usize,
}

/// A second view of the same socket, kept in the pool; it does not keep the socket open.
pub(super) struct Probe {
    stream: Weak<RefCell<Transport>>,
    heard: Rc<Heard>,
}

/// Why reading failed.
#[derive(Debug, Clone)]
pub(crate) struct ReadFailure {
    pub(crate) kind: io::ErrorKind,
    /// What the upstream had against the handshake, if that was it.
    pub(crate) tls: Option<TlsFailure>,
}

/// What the owner of the stream learns and the pool wants to know.
struct Heard {
    /// Why reading failed: h2 tells it to none but the connection's driver.
    failure: RefCell<Option<ReadFailure>>,
    /// When something was last read,
    at: Cell<Instant>,
    /// and whether that was after the last [`Probe::listen`].
    again: Cell<bool>,
    /// The last stream of which a head was written,
    begun: Cell<u32>,
    /// and the one of which anything was; 0 for a frame of the connection.
    last: Cell<u32>,
}

impl Http2Transport {
    pub(super) fn new(stream: Transport) -> Self {
        let heard = Heard {
            failure: RefCell::default(),
            at: Cell::new(Instant::now()),
            again: Cell::new(false),
            begun: Cell::new(0),
            last: Cell::new(0),
        };
        let stream = Rc::new(RefCell::new(stream));
        Self { stream, heard: Rc::new(heard), outgoing: FrameReader::default(), preface: PREFACE }
    }

    pub(super) fn probe(&self) -> Probe {
        Probe { stream: Rc::downgrade(&self.stream), heard: Rc::clone(&self.heard) }
    }

    /// What came of a write. Where nothing can be written any more, the reason is there to be read, or will be, and behind
    /// what the upstream had to say before: whoever reads hears of it, and until then writes go nowhere.
    fn written<T>(&self, polled: Poll<io::Result<T>>, all: T) -> Poll<io::Result<T>> {
        match polled {
            Poll::Ready(Err(error)) => {
                // The kernel says it once, and the next read may be told of an end only.
                let mut failure = self.heard.failure.borrow_mut();
                if failure.is_none() && self.stream.borrow().is_plain() {
                    *failure = Some(ReadFailure { kind: error.kind(), tls: None });
                }
                Poll::Ready(Ok(all))
            }
            polled => polled,
        }
    }

    /// These bytes have gone out, or as many of them.
    fn note(&mut self, mut bytes: &[u8], sent: usize) {
        bytes = bytes.get(..sent).unwrap_or(bytes);
        let skipped = self.preface.min(bytes.len());
        self.preface = self.preface.saturating_sub(skipped);
        let (begun, last) = (&self.heard.begun, &self.heard.last);
        self.outgoing.read(bytes.get(skipped..).unwrap_or_default(), |frame| {
            last.set(frame.stream);
            if frame.kind == frames::kind::HEADERS {
                begun.set(begun.get().max(frame.stream));
            }
        });
    }
}

impl Probe {
    /// See [`Transport::peek`].
    pub(super) fn peek(&self) -> IdleState {
        let Some(stream) = self.stream.upgrade() else { return IdleState::Dead };
        stream.try_borrow().map_or(IdleState::Quiet, |stream| stream.peek())
    }

    /// See [`Transport::untaken`].
    pub(super) fn untaken(&self) -> Option<u64> {
        self.stream.upgrade()?.try_borrow().ok()?.untaken()
    }

    /// Why reading failed, if it did.
    pub(super) fn failure(&self) -> Option<ReadFailure> {
        self.heard.failure.borrow().clone()
    }

    /// When something was last read; when the connection was opened, if nothing was yet.
    pub(super) fn heard_at(&self) -> Instant {
        self.heard.at.get()
    }

    /// Listens for something that is read from now on.
    pub(super) fn listen(&self) {
        self.heard.again.set(false);
    }

    /// Whether something was read since.
    pub(super) fn has_heard(&self) -> bool {
        self.heard.again.get()
    }

    /// Whether nothing was written behind what was of this stream.
    pub(super) fn is_last(&self, stream: u32) -> bool {
        self.heard.last.get() == stream
    }

    /// Whether a byte of the request on this stream may have gone out. Streams begin in their order.
    pub(super) fn has_begun(&self, stream: u32) -> bool {
        self.heard.begun.get() >= stream
    }
}

impl AsyncRead for Http2Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut *self.stream.borrow_mut()).poll_read(cx, buf);
        match &read {
            Poll::Ready(Err(error)) => {
                let failure = ReadFailure { kind: error.kind(), tls: TlsFailure::after_handshake(error) };
                self.heard.failure.replace(Some(failure));
            }
            Poll::Ready(Ok(())) if buf.filled().len() > before => {
                self.heard.at.set(Instant::now());
                self.heard.again.set(true);
            }
            _ => {}
        }
        read
    }
}

impl AsyncWrite for Http2Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *self.stream.borrow_mut()).poll_write(cx, buf);
        if let Poll::Ready(Ok(sent)) = &written {
            self.note(buf, *sent);
        }
        self.written(written, buf.len())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut *self.stream.borrow_mut()).poll_flush(cx);
        self.written(flushed, ())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream.borrow_mut()).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *self.stream.borrow_mut()).poll_write_vectored(cx, bufs);
        if let Poll::Ready(Ok(sent)) = &written {
            let mut left = *sent;
            for buf in bufs {
                self.note(buf, left);
                left = left.saturating_sub(buf.len());
            }
        }
        self.written(written, bufs.iter().map(|buf| buf.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.borrow().is_write_vectored()
    }
}

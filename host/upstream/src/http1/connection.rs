//! A connection of HTTP/1.1 to an upstream: what is sent on it and read from it, and how long it is of use.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request};
use tokio::io::AsyncWrite as _;
use weir_http::response::{HeadReader, HeadShapes, InvalidResponseHead, ResponseHead};
use weir_net::{IdleState, PendingWrite, READ, ReadBuffers, Transport};

use super::encode;
use crate::conn_limits::LOOK_AFTER;

/// A buffer for heads keeps so much: a head of the usual size.
const HEAD: usize = 4 * 1024;

/// A connection that serves one request after another.
pub(crate) struct Http1Connection {
    wire: RefCell<Http1Socket>,
    common: Rc<Common>,
}

/// What the HTTP/1.1 connections of a worker have in common.
#[derive(Default)]
pub(crate) struct Common {
    reads: ReadBuffers,
    /// A request's head is written in it.
    head: RefCell<Vec<u8>>,
    shapes: HeadShapes,
}

impl Common {
    /// Lets go of what only unusually large messages needed. To be called now and then.
    pub(crate) fn trim(&self) {
        self.reads.trim();
        self.head.borrow_mut().shrink_to(HEAD);
    }
}

struct Http1Socket {
    stream: Transport,
    /// What the upstream has not taken yet of the request; empty when it is only not flushed.
    unsent: Option<Box<PendingWrite>>,
    /// It takes no further request.
    spent: bool,
    /// Sending heard that the upstream has cut the connection. The kernel says so once: what is read from here on ends as if
    /// the upstream had closed it.
    cut: bool,
    /// For how long the upstream keeps it without a request, as far as it has said.
    keep: Option<Duration>,
}

/// Why a request got no answer.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The connection was dead, and no byte of the request has gone out; with the error, if there was one.
    Unsent(Option<io::Error>),
    /// The connection ended before the first byte of an answer; with the error, if there was one.
    Silent(Option<io::Error>),
    /// The connection ended in the middle of the answer's head, or behind an interim one; with the error, if there was one.
    Closed(Option<io::Error>),
    /// What came is not an answer that is accepted here.
    Invalid(&'static str),
}

impl Http1Connection {
    pub(crate) fn new(stream: Transport, common: Rc<Common>) -> Self {
        Self { wire: RefCell::new(Http1Socket { stream, unsent: None, spent: false, cut: false, keep: None }), common }
    }

    /// Whether it takes a request after it had none for `idle`.
    pub(crate) fn usable(&self, idle: Duration) -> bool {
        let wire = self.wire.borrow();
        if wire.spent || wire.unsent.is_some() {
            return false;
        }
        if idle < LOOK_AFTER {
            return true;
        }
        match wire.stream.peek() {
            IdleState::Quiet => true,
            IdleState::Dead => false,
            IdleState::Bytes if wire.stream.is_plain() => false,
            IdleState::Bytes => {
                drop(wire);
                !self.hung_up() && self.wire.borrow().stream.peek() == IdleState::Quiet
            }
        }
    }

    /// For how long it may be kept without a request.
    pub(crate) fn keep(&self) -> Duration {
        self.wire.borrow().keep.unwrap_or(Duration::MAX)
    }

    /// Whether it never takes a request again.
    pub(crate) fn spent(&self) -> bool {
        self.wire.borrow().spent
    }

    /// Whether the upstream is known to have hung up, or to have sent what nobody asked for, while it was idle.
    pub(crate) fn hung_up(&self) -> bool {
        let mut wire = self.wire.borrow_mut();
        wire.spent = wire.spent || wire.stream.peek_when_told() != IdleState::Quiet;
        wire.spent
    }

    /// Whether all of the last request has gone out.
    pub(crate) fn settled(&self) -> bool {
        self.wire.borrow().unsent.is_none()
    }

    /// Sends the rest of the last request; false when it cannot be.
    pub(crate) fn poll_settled(&self, cx: &mut Context<'_>) -> Poll<bool> {
        self.wire.borrow_mut().poll_send(cx).map(|sent| sent.is_ok())
    }

    /// Goes on sending, if anything is left, and reads once.
    pub(super) fn poll_read(&self, want: usize, cx: &mut Context<'_>) -> Poll<io::Result<BytesMut>> {
        let mut wire = self.wire.borrow_mut();
        if wire.unsent.is_some()
            && let Poll::Ready(Err(error)) = wire.poll_send(cx)
        {
            // The upstream may have answered all the same before it stopped listening.
            wire.give_up_sending(&error);
        }
        self.common.reads.poll_read(&mut wire.stream, want, cx)
    }

    /// Whether the end of what is read may be one that nobody meant.
    pub(super) fn was_cut(&self) -> bool {
        self.wire.borrow().cut
    }

    /// It takes no further request.
    pub(super) fn spend(&self) {
        self.wire.borrow_mut().spent = true;
    }

    /// Takes what was read of a head; gives it once it is whole, and heeds what it says of the connection.
    pub(super) fn read_head(
        &self,
        reader: &mut HeadReader,
        read: BytesMut,
    ) -> Result<Option<ResponseHead>, InvalidResponseHead> {
        let head = reader.push(read, &self.common.shapes)?;
        if let Some(head) = &head {
            let mut wire = self.wire.borrow_mut();
            wire.spent |= !head.reusable;
            wire.keep = head.keep;
        }
        Ok(head)
    }

    /// Puts a request on the wire, as much of it as goes at once.
    pub(super) fn start(&self, request: &Request<Bytes>, host: &HeaderValue, cx: &mut Context<'_>) -> Result<(), Lost> {
        let mut wire = self.wire.borrow_mut();
        // Tells of a hang-up that the event loop knows of, and has the task woken by the answer.
        if wire.stream.poll_heard(cx).is_ready()
            && let Poll::Ready(read) = self.common.reads.poll_read(&mut wire.stream, READ, cx)
        {
            wire.spent = true;
            return Err(Lost::Unsent(read.err()));
        }
        let mut head = self.common.head.borrow_mut();
        head.clear();
        encode::head(&mut head, request, host);
        if wire.send(&head, request.body(), cx) { Ok(()) } else { Err(Lost::Unsent(None)) }
    }
}

impl Http1Socket {
    /// Sends a request, the rest of it later; false when nothing of it can have gone out.
    fn send(&mut self, head: &[u8], body: &Bytes, cx: &mut Context<'_>) -> bool {
        let slices = [IoSlice::new(head), IoSlice::new(body)];
        let sent = match Pin::new(&mut self.stream).poll_write_vectored(cx, &slices) {
            Poll::Ready(Ok(sent)) if sent > 0 => sent,
            Poll::Pending => 0,
            Poll::Ready(_) => {
                self.spent = true;
                // TLS may have sent something of it before it failed.
                return !self.stream.is_plain();
            }
        };
        if self.stream.is_plain() && sent == head.len().saturating_add(body.len()) {
            return true;
        }
        // Of TLS all may have been taken, and not gone out.
        self.unsent = Some(Box::new(PendingWrite::behind(head, body.clone(), sent).unwrap_or_default()));
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            self.give_up_sending(&error);
        }
        true
    }

    /// Sends what is left of the request.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(unsent) = &mut self.unsent else { return Poll::Ready(Ok(())) };
        while !unsent.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, &unsent.slices()))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            unsent.advance(sent);
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.unsent = None;
        Poll::Ready(Ok(()))
    }

    fn give_up_sending(&mut self, why: &io::Error) {
        self.unsent = None;
        self.spent = true;
        // Of one that the upstream has closed before it cut it, it says something else.
        self.cut |= why.kind() == io::ErrorKind::ConnectionReset;
    }
}

impl Drop for Http1Socket {
    /// Takes leave as TLS wants it, as far as that goes without waiting.
    fn drop(&mut self) {
        if !self.stream.is_plain() {
            let _ = Pin::new(&mut self.stream).poll_shutdown(&mut Context::from_waker(Waker::noop()));
        }
    }
}

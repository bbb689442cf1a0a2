//! HTTP/1.1 as a client speaks it (RFC 9112), inside the task that makes the request: no other task, no channel, and
//! no buffer while nothing comes.

mod body;
mod buffers;
mod encode;
mod head;
mod shapes;
mod signs;

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use tokio::io::AsyncWrite as _;

use crate::link::LOOK_AFTER;
use crate::transport::{IdleState, Stream};
use buffers::ClientBuffers;
use head::{HeadReader, ResponseHead};
use shapes::HeadShapes;

pub(crate) use body::{Http1Body, Http1Piece};

/// A connection that serves one request after another.
pub(crate) struct Http1Connection {
    wire: RefCell<Http1Socket>,
    common: Rc<Common>,
}

/// What the HTTP/1.1 connections of a worker have in common.
#[derive(Default)]
pub(crate) struct Common {
    buffers: ClientBuffers,
    shapes: HeadShapes,
}

impl Common {
    /// Lets go of what only unusually large messages needed. To be called now and then.
    pub(crate) fn trim(&self) {
        self.buffers.trim();
    }
}

struct Http1Socket {
    stream: Stream,
    /// What the upstream has not taken yet of the request.
    unsent: Option<Box<PendingRequest>>,
    /// It takes no further request.
    spent: bool,
    /// Sending heard that the upstream has cut the connection. The kernel says so once: what is read from here on ends as if
    /// the upstream had closed it.
    cut: bool,
    /// For how long the upstream keeps it without a request, as far as it has said.
    keep: Option<Duration>,
}

/// The rest of a request; empty when it is only not flushed.
struct PendingRequest {
    head: Bytes,
    body: Bytes,
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
    Unlawful(&'static str),
}

impl Http1Connection {
    pub(crate) fn new(stream: Stream, common: Rc<Common>) -> Self {
        Self { wire: RefCell::new(Http1Socket { stream, unsent: None, spent: false, cut: false, keep: None }), common }
    }

    /// Begins an exchange; its request goes out with the first poll.
    pub(crate) fn exchange(&self) -> Http1Exchange<'_> {
        Http1Exchange { connection: self, sent: false, heard: false, reader: HeadReader::default() }
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
        match wire.stream.look() {
            IdleState::Quiet => true,
            IdleState::Dead => false,
            IdleState::Bytes if wire.stream.is_plain() => false,
            IdleState::Bytes => {
                drop(wire);
                !self.hung_up() && self.wire.borrow().stream.look() == IdleState::Quiet
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
        wire.spent = wire.spent || wire.stream.look_when_told() != IdleState::Quiet;
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
    fn poll_read(&self, want: usize, cx: &mut Context<'_>) -> Poll<io::Result<BytesMut>> {
        let mut wire = self.wire.borrow_mut();
        if wire.unsent.is_some()
            && let Poll::Ready(Err(error)) = wire.poll_send(cx)
        {
            // The upstream may have answered all the same before it stopped listening.
            wire.give_up_sending(&error);
        }
        self.common.buffers.poll_read(&mut wire.stream, want, cx)
    }

    /// Whether the end of what is read may be one that nobody meant.
    fn was_cut(&self) -> bool {
        self.wire.borrow().cut
    }

    fn done_if(&self, piece: &Http1Piece) {
        if piece.has_surplus() {
            self.wire.borrow_mut().spent = true;
        }
    }

    /// Puts a request on the wire, as much of it as goes at once.
    fn start(&self, request: &Request<Bytes>, host: &HeaderValue, cx: &mut Context<'_>) -> Result<(), Lost> {
        let mut wire = self.wire.borrow_mut();
        // Tells of a hang-up that the event loop knows of, and has the task woken by the answer.
        if wire.stream.poll_heard(cx).is_ready()
            && let Poll::Ready(read) = self.common.buffers.poll_read(&mut wire.stream, buffers::READ, cx)
        {
            wire.spent = true;
            return Err(Lost::Unsent(read.err()));
        }
        let sent = self.common.buffers.with_head(|head| {
            encode::head(head, request, host);
            wire.send(head, request.body(), cx)
        });
        if sent { Ok(()) } else { Err(Lost::Unsent(None)) }
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
        let head_left = head.get(sent..).map_or_else(Bytes::new, Bytes::copy_from_slice);
        let mut body_left = body.clone();
        body_left.advance(sent.saturating_sub(head.len()).min(body.len()));
        self.unsent = Some(Box::new(PendingRequest { head: head_left, body: body_left }));
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            self.give_up_sending(&error);
        }
        true
    }

    /// Sends what is left of the request.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(unsent) = &mut self.unsent else { return Poll::Ready(Ok(())) };
        while !unsent.head.is_empty() || !unsent.body.is_empty() {
            let slices = [IoSlice::new(&unsent.head), IoSlice::new(&unsent.body)];
            let sent = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, &slices))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_head = sent.min(unsent.head.len());
            unsent.head.advance(of_head);
            unsent.body.advance(sent.saturating_sub(of_head).min(unsent.body.len()));
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

/// One request and the head of its answer.
pub(crate) struct Http1Exchange<'a> {
    connection: &'a Http1Connection,
    sent: bool,
    /// Whether a byte of an answer has come.
    heard: bool,
    reader: HeadReader,
}

impl Http1Exchange<'_> {
    /// Sends `request`, which is emptied as soon as some of it may have gone out, and waits for the answer's head.
    pub(crate) fn poll(
        &mut self,
        request: &mut Request<Bytes>,
        host: &HeaderValue,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<Http1Body>, Lost>> {
        if !self.sent {
            if let Err(lost) = self.connection.start(request, host, cx) {
                return Poll::Ready(Err(lost));
            }
            self.sent = true;
            self.reader.bodiless = *request.method() == Method::HEAD;
            *request.headers_mut() = HeaderMap::new();
            *request.body_mut() = Bytes::new();
            // No answer can be there yet, and whatever comes wakes this task.
            return Poll::Pending;
        }
        loop {
            let read = match ready!(self.connection.poll_read(buffers::READ, cx)) {
                Ok(read) if !read.is_empty() => read,
                ended if self.heard => return Poll::Ready(Err(Lost::Closed(ended.err()))),
                ended => return Poll::Ready(Err(Lost::Silent(ended.err()))),
            };
            self.heard = true;
            let answer = match self.reader.push(read, &self.connection.common.shapes) {
                Ok(Some(answer)) => answer,
                Ok(None) => continue,
                Err(unlawful) => return Poll::Ready(Err(Lost::Unlawful(unlawful.why()))),
            };
            let ResponseHead { response, reusable, keep } = answer;
            let mut wire = self.connection.wire.borrow_mut();
            wire.spent |= !reusable;
            wire.keep = keep;
            drop(wire);
            return Poll::Ready(Ok(response));
        }
    }
}

//! The socket of a client, what was read from it and not taken yet, and the deadlines that HTTP leaves to us: slow
//! heads, idle connections, clients that stop reading.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Version;
use tokio::io::AsyncWrite as _;
use tokio::time::Instant;
use weir_http::head::InvalidHead;
use weir_http::request::{BodyFraming, HeadFinder, RawHead};
use weir_net::{IdleState, LazyTimer, PendingWrite, READ, READ_AHEAD, Transport, WriteStall};

use super::ahead::Ahead;
use super::upload::BodyDecoder;
use crate::drain::Drain;
use crate::opening::{ConnDeadlines, ConnOpening};
use crate::shared::ConnShared;

/// So long a client that is still sending may take to read an answer and stop.
const LINGER: Duration = Duration::from_secs(2);
/// What a client is told that waits to be told (RFC 9110 section 15.2.1).
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The connection broke, or its client broke a deadline or the framing of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// A client's end of a connection.
#[derive(Debug)]
pub(super) struct ClientConn {
    stream: Transport,
    shared: Rc<ConnShared>,
    deadlines: ConnDeadlines,
    got: BytesMut,
    finder: HeadFinder,
    upload: BodyDecoder,
    /// How much the next read of a body asks for.
    want: usize,
    /// What is left to say of [`CONTINUE`].
    promise: &'static [u8],
    /// Some of the next head has come.
    head_begun: bool,
    /// Since when that head, or its first byte, is waited for.
    waiting_since: Option<Instant>,
    reading: LazyTimer,
    stall: WriteStall,
    ahead: Ahead,
    /// The most bytes that all clients together may have sent ahead, for the request that is being answered.
    read_ahead: usize,
    /// Since this the client has been told that nothing more will come.
    shut_since: Option<Instant>,
}

impl ClientConn {
    /// A connection, of which this came first.
    pub(super) fn new(
        shared: Rc<ConnShared>,
        (stream, opening): (Transport, ConnOpening),
        deadlines: ConnDeadlines,
    ) -> Self {
        Self {
            stream,
            shared,
            deadlines,
            got: opening.got,
            finder: HeadFinder::default(),
            upload: BodyDecoder::Over,
            want: READ,
            promise: b"",
            head_begun: true,
            waiting_since: opening.since,
            reading: LazyTimer::default(),
            stall: WriteStall::default(),
            ahead: Ahead::default(),
            read_ahead: 0,
            shut_since: None,
        }
    }

    /// Whether some of a request is here that has not been looked at.
    pub(super) fn has_bytes(&self) -> bool {
        !self.got.is_empty()
    }

    /// Takes the next head, if it is whole.
    pub(super) fn next_head(&mut self, longest: usize) -> Result<Option<RawHead>, InvalidHead> {
        self.finder.find(&mut self.got, longest)
    }

    /// A head has been read, and what comes next is its body. While it is answered, all clients together may have sent so many
    /// bytes ahead.
    pub(super) fn begin(&mut self, meant: Option<&BodyFraming>, read_ahead: usize) {
        self.read_ahead = read_ahead;
        (self.head_begun, self.waiting_since, self.want) = (false, None, READ);
        self.upload = meant.map_or(BodyDecoder::Broken, |meant| BodyDecoder::new(meant.framing));
        self.promise = if meant.is_some_and(|meant| meant.expects_continue) { CONTINUE } else { b"" };
    }

    /// Waits for more of a head; false when none will come, or none in time, or none that the drain lets in.
    pub(super) fn poll_more(&mut self, drain: &Drain, cx: &mut Context<'_>) -> Poll<bool> {
        if let Poll::Ready(read) = self.poll_read(READ, cx) {
            let Ok(read) = read else { return Poll::Ready(false) };
            let more = !read.is_empty();
            if !self.head_begun {
                (self.head_begun, self.waiting_since) = (true, None);
            }
            self.keep(read);
            return Poll::Ready(more);
        }
        let begun = self.head_begun || self.has_bytes();
        if self.waiting_since.is_none() {
            // Neither a part of a head nor the end of the last one may keep the block alive that it was read into.
            self.got = if begun { BytesMut::from(&*self.got) } else { BytesMut::new() };
            self.ahead.give_back();
        }
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let time = if begun { self.deadlines.head } else { self.deadlines.idle };
        if self.reading.has_passed(since + time, cx) {
            return Poll::Ready(false);
        }
        // Who has asked is answered. The event loop may not know yet, so the socket itself is asked.
        if !begun && drain.has_begun() && self.stream.peek() != IdleState::Bytes {
            return Poll::Ready(false);
        }
        Poll::Pending
    }

    /// Whether the client has left while it is waiting for an answer. What it asks next is kept, up to a bound.
    pub(super) fn is_gone(&mut self, cx: &mut Context<'_>) -> bool {
        // What is still to come of a body is for whoever wants the body.
        while self.upload.is_over() {
            match self.poll_read(READ, cx) {
                Poll::Pending => return false,
                Poll::Ready(Ok(read)) if !read.is_empty() => self.keep_ahead(&read),
                Poll::Ready(_) => return true,
            }
        }
        false
    }

    fn keep_ahead(&mut self, read: &[u8]) {
        if self.ahead.may_keep(self.got.len() + read.len(), self.read_ahead, &self.shared) {
            // Copied, since it may lie here for long, and would keep the whole block alive.
            self.got.extend_from_slice(read);
        }
    }

    /// Whether the client has sent so much ahead that the connection cannot serve it.
    pub(super) fn is_overrun(&self) -> bool {
        self.ahead.is_overrun()
    }

    /// The body's next data; nothing at its end.
    pub(super) fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Broken>> {
        loop {
            if !self.got.is_empty() || self.upload.is_broken() {
                self.promise = b"";
                let data = self.upload.take(&mut self.got).map_err(|_| Broken)?;
                if !data.is_empty() {
                    return Poll::Ready(Ok(Some(data.freeze())));
                }
            }
            if self.upload.is_over() {
                return Poll::Ready(Ok(None));
            }
            ready!(self.poll_promise(cx)).map_err(|_| Broken)?;
            if !self.upload.is_broken() {
                let read = ready!(self.poll_read(self.want, cx)).map_err(|_| Broken)?;
                if read.is_empty() {
                    self.upload = BodyDecoder::Broken;
                } else if read.len() >= self.want {
                    self.want = (self.want * 2).min(READ_AHEAD);
                }
                self.keep(read);
            }
        }
    }

    /// The fewest bytes of the body that have not been taken.
    pub(super) fn least(&self) -> u64 {
        self.upload.least()
    }

    /// The bytes of the body that are known to come, and have not been taken.
    pub(super) fn announced(&self) -> u64 {
        self.upload.announced()
    }

    /// Whether all of the body has been taken.
    pub(super) fn is_over(&self) -> bool {
        self.upload.is_over()
    }

    /// Throws away what is here of a body that nobody wants any more; false if there is more to come.
    fn drop_body(&mut self) -> bool {
        while !self.upload.is_over() && !self.got.is_empty() {
            if self.upload.take(&mut self.got).is_err() {
                break;
            }
        }
        self.upload.is_over()
    }

    /// Whether the next request can be told from what has come: what is left of this one is here, and thrown away.
    pub(super) fn is_served_out(&mut self) -> bool {
        self.drop_body() && !self.is_overrun()
    }

    /// Tells a client that waits for it to go on.
    fn poll_promise(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.promise.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, self.promise))?;
            self.promise = self.promise.get(written..).unwrap_or_default();
        }
        if self.stream.is_plain() { Poll::Ready(Ok(())) } else { Pin::new(&mut self.stream).poll_flush(cx) }
    }

    fn poll_read(&mut self, want: usize, cx: &mut Context<'_>) -> Poll<io::Result<BytesMut>> {
        self.shared.buffers.reads.poll_read(&mut self.stream, want, cx)
    }

    fn keep(&mut self, read: BytesMut) {
        if self.got.is_empty() {
            self.got = read;
        } else {
            self.got.extend_from_slice(&read);
        }
    }

    /// Writes as much as goes at once.
    pub(super) fn write(&self, head: &[u8], body: &[u8]) -> io::Result<usize> {
        self.stream.try_write(head, body)
    }

    /// Writes the rest of an answer.
    pub(super) fn poll_write(&mut self, unsent: &mut PendingWrite, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        loop {
            let stream = Pin::new(&mut self.stream);
            let polled = match unsent.is_empty() {
                true if stream.is_plain() => return Poll::Ready(Ok(())),
                true => stream.poll_flush(cx).map_ok(|()| None),
                false => stream.poll_write_vectored(cx, &unsent.slices()).map_ok(Some),
            };
            match polled {
                Poll::Ready(Ok(None)) => {
                    self.stall.end();
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(Some(written @ 1..))) => {
                    self.stall.end();
                    unsent.advance(written);
                }
                Poll::Ready(_) => return Poll::Ready(Err(Broken)),
                Poll::Pending => {
                    return match self.stall.has_lasted(self.deadlines.write, &self.stream, cx) {
                        true => Poll::Ready(Err(Broken)),
                        false => Poll::Pending,
                    };
                }
            }
        }
    }

    /// Takes leave of a client that may still be sending: reads and throws away what it sends, until its body ends, it
    /// hangs up or has had its time. Closing with bytes unread makes the kernel reset the connection, and the client
    /// would lose the answer that says what was wrong.
    pub(super) fn poll_leave(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = match self.shut_since {
            Some(since) => since,
            None => {
                if ready!(Pin::new(&mut self.stream).poll_shutdown(cx)).is_err() {
                    return Poll::Ready(());
                }
                *self.shut_since.insert(Instant::now())
            }
        };
        while (self.is_overrun() || !self.drop_body()) && since.elapsed() < LINGER {
            self.got = BytesMut::new();
            match self.poll_read(READ, cx) {
                Poll::Ready(Ok(read)) if !read.is_empty() => self.keep(read),
                Poll::Ready(_) => break,
                Poll::Pending if self.reading.has_passed(since + LINGER, cx) => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    /// Breaks the connection off, so that a client that knows no other sign than its end can tell.
    pub(super) fn abort(&self, version: Version) {
        if version == Version::HTTP_10 {
            let _ = self.stream.reset_when_dropped();
        }
    }
}

//! The socket of an HTTP/2 client, with what hyper leaves to us: idle connections, clients that stop reading, and clients
//! that send what brings no request.

use bytes::BytesMut;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use weir_net::{LOOKS, LazyTimer, Transport, WriteStall};

use super::frame_watch::FrameWatch;
use super::progress::{TakenLook, Wait};
use super::traffic::Traffic;
use crate::opening::{ConnDeadlines, PREFACE};

/// The socket.
pub(crate) struct Socket {
    stream: Transport,
    traffic: Rc<Traffic>,
    deadlines: ConnDeadlines,
    reading: LazyTimer,
    stall: WriteStall,
    opened: Instant,
    /// When to look next for a client that takes nothing.
    look_at: Option<Instant>,
    /// The client was asked for a sign of life.
    pinged: Option<Wait>,
    /// What was read before it was known that this is HTTP/2.
    early: BytesMut,
    frames: FrameWatch,
}

impl Socket {
    /// A connection on which `early` has come: the preface, and more perhaps.
    pub(crate) fn new(
        (stream, early): (Transport, BytesMut),
        traffic: Rc<Traffic>,
        deadlines: ConnDeadlines,
        mut frames: FrameWatch,
    ) -> Self {
        // What is wrong with it is said when it is taken.
        let _ = frames.read(early.get(PREFACE.len()..).unwrap_or_default());
        Self {
            stream,
            traffic,
            deadlines,
            reading: LazyTimer::default(),
            stall: WriteStall::default(),
            opened: Instant::now(),
            look_at: None,
            pinged: None,
            early,
            frames,
        }
    }

    /// Whether the connection is over for what the client sent.
    pub(crate) fn is_flooded(&self) -> bool {
        self.frames.is_flooded()
    }

    /// Takes leave of the client.
    pub(crate) async fn close(mut self) {
        self.traffic.close();
        self.frames.take_leave(&mut self.stream).await;
    }

    /// Nothing can be read now: is somebody late?
    fn late(&mut self, cx: &mut Context<'_>) -> bool {
        let ConnDeadlines { head, idle, write } = self.deadlines;
        let is_busy = self.traffic.is_busy();
        if !is_busy {
            let since = self.traffic.idle_since().map_or(self.opened, Instant::from_std);
            if self.reading.has_passed(since + idle, cx) && !self.goes_on(idle, cx) {
                return true;
            }
        }
        if !is_busy && self.pinged.is_none() {
            return false;
        }
        // A client that takes nothing may be. And hyper may not ask again when the answer is out, so the alarm must be
        // set by now.
        let (now, between) = (Instant::now(), head.min(write) / LOOKS);
        let due = self.look_at.is_none_or(|at| at <= now);
        let next = self.look_at.filter(|_| !due).unwrap_or_else(|| now + between);
        self.look_at = Some(next);
        self.reading.has_passed(next.min(now + idle), cx);
        due && self.has_stalled(now.into_std())
    }

    /// A look at what waits for the client: whether the connection is over, for it takes nothing or gives no sign of life.
    fn has_stalled(&mut self, now: std::time::Instant) -> bool {
        let ConnDeadlines { head, write, .. } = self.deadlines;
        if self.pinged.is_none() && !self.traffic.waits() {
            return false;
        }
        let look = self.progress();
        let is_dead = self.pinged.as_mut().is_some_and(|ping| ping.has_lasted(head, now, &look));
        self.traffic.has_stalled(now, write, &look) || is_dead
    }

    /// Nobody is being answered for as long as may be: whether the client still takes what came before.
    fn goes_on(&mut self, idle: Duration, cx: &mut Context<'_>) -> bool {
        let goes_on = self.progress().goes_on();
        if goes_on {
            let now = Instant::now();
            self.traffic.goes_on(now.into_std());
            self.reading.has_passed(now + idle, cx);
        }
        goes_on
    }

    fn progress(&self) -> TakenLook {
        self.traffic.outgoing.look(self.stream.untaken(), self.stall.is_going_on())
    }

    /// So much was written.
    fn wrote(&mut self, bytes: usize, cx: &mut Context<'_>) {
        let outgoing = &self.traffic.outgoing;
        outgoing.wrote(bytes, self.frames.largest());
        if self.frames.waits_for_life() && self.pinged.is_none() {
            let now = Instant::now();
            self.pinged = Some(Wait::new(now.into_std(), outgoing.behind(0)));
            self.reading.has_passed(now + self.deadlines.head, cx);
        }
    }

    /// What came of writing.
    fn stalled<T>(&mut self, poll: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stall.end();
        } else if self.stall.has_lasted(self.deadlines.write, &self.stream, cx) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client stopped reading")));
        }
        poll
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.early.is_empty() {
            let taken = this.early.split_to(buf.remaining().min(this.early.len()));
            buf.put_slice(&taken);
            return Poll::Ready(this.frames.read(&[]));
        }
        let before = buf.filled().len();
        let poll = Pin::new(&mut this.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            this.pinged = None;
        }
        if poll.is_pending() && this.late(cx) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client sent nothing in time")));
        }
        let looked_at = this.frames.read(buf.filled().get(before..).unwrap_or_default());
        poll.map(|read| read.and(looked_at))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = poll {
            this.frames.wrote(buf.get(..written).unwrap_or_default());
            this.wrote(written, cx);
        }
        this.stalled(poll, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        if let Poll::Ready(Ok(written)) = poll {
            this.frames.wrote_of(bufs, written);
            this.wrote(written, cx);
        }
        this.stalled(poll, cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_flush(cx);
        if matches!(poll, Poll::Ready(Ok(()))) {
            this.traffic.flushed();
        }
        this.stalled(poll, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.traffic.close();
    }
}

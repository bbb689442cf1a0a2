//! The socket of an HTTP/2 client, with the deadlines that hyper leaves to us: idle connections, clients that stop
//! reading.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::connection::Deadlines;

/// What the connection and its requests tell each other.
#[derive(Debug)]
pub(crate) struct Traffic {
    /// Requests being answered.
    busy: Cell<usize>,
    /// When the connection fell idle.
    idle_since: Cell<Instant>,
}

impl Traffic {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self { busy: Cell::new(0), idle_since: Cell::new(Instant::now()) })
    }

    /// A head is complete and its request is being answered until the answer is dropped.
    pub(crate) fn begin(self: &Rc<Self>) -> Busy {
        self.busy.set(self.busy.get() + 1);
        Busy { traffic: Rc::clone(self) }
    }
}

/// A request is being answered on this connection.
#[derive(Debug)]
pub(crate) struct Busy {
    traffic: Rc<Traffic>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        let traffic = &self.traffic;
        traffic.busy.set(traffic.busy.get().saturating_sub(1));
        if traffic.busy.get() == 0 {
            traffic.idle_since.set(Instant::now());
        }
    }
}

/// The socket.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    traffic: Rc<Traffic>,
    deadlines: Deadlines,
    reading: Alarm,
    writing: Alarm,
    stalled_since: Option<Instant>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, traffic: Rc<Traffic>, deadlines: Deadlines) -> Self {
        let (reading, writing) = (Alarm::default(), Alarm::default());
        Self { stream, traffic, deadlines, reading, writing, stalled_since: None }
    }

    /// Nothing can be read now: is somebody late?
    fn late(&mut self, cx: &mut Context<'_>) -> bool {
        if self.traffic.busy.get() > 0 {
            // Nobody is. But hyper may not ask again when the answer is out, so the alarm must be set by now.
            self.reading.rearm(self.deadlines.head.min(self.deadlines.idle), cx);
            return false;
        }
        self.reading.poll(self.traffic.idle_since.get() + self.deadlines.idle, cx)
    }

    fn stalled<T>(&mut self, poll: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stalled_since = None;
            return poll;
        }
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        if self.writing.poll(since + self.deadlines.write, cx) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client stopped reading")));
        }
        poll
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_read(cx, buf);
        if poll.is_pending() && this.late(cx) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client sent nothing in time")));
        }
        poll
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.stalled(poll, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.stalled(poll, cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

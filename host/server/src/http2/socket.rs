//! The socket of an HTTP/2 client, with what hyper leaves to us: idle connections, clients that stop reading, and clients
//! that send what brings no request.

use bytes::BytesMut;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use weir_net::{LazyTimer, Transport};

use super::frame_watch::FrameWatch;
use super::traffic::Traffic;
use crate::opening::{ConnDeadlines, PREFACE};

/// The socket.
pub(crate) struct Socket {
    stream: Transport,
    traffic: Rc<Traffic>,
    deadlines: ConnDeadlines,
    reading: LazyTimer,
    writing: LazyTimer,
    opened: Instant,
    stalled_since: Option<Instant>,
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
        let (reading, writing) = (LazyTimer::default(), LazyTimer::default());
        // What is wrong with it is said when it is taken.
        let _ = frames.read(early.get(PREFACE.len()..).unwrap_or_default());
        Self {
            stream,
            traffic,
            deadlines,
            reading,
            writing,
            opened: Instant::now(),
            stalled_since: None,
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
        if self.traffic.is_busy() {
            // A client that takes nothing may be. And hyper may not ask again when the answer is out, so the alarm must
            // be set by now.
            let now = Instant::now();
            self.reading.has_passed(now + head.min(idle).min(write / 2), cx);
            return self.traffic.has_stalled(now.into_std(), write);
        }
        let since = self.traffic.idle_since().map_or(self.opened, Instant::from_std);
        self.reading.has_passed(since + idle, cx)
    }

    fn stalled<T>(&mut self, poll: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stalled_since = None;
            return poll;
        }
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        if self.writing.has_passed(since + self.deadlines.write, cx) {
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
        poll
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

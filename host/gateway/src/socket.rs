//! A client's socket with the deadlines that HTTP leaves to us: slow heads, idle connections, clients that stop reading.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// What the connection and its requests tell each other.
#[derive(Debug)]
pub(crate) struct Traffic {
    /// Requests being answered.
    busy: Cell<usize>,
    /// When the bytes of a head that is not complete began to arrive.
    head_since: Cell<Option<Instant>>,
    /// When the connection fell idle.
    idle_since: Cell<Instant>,
    multiplexed: bool,
}

impl Traffic {
    pub(crate) fn new(multiplexed: bool) -> Rc<Self> {
        Rc::new(Self {
            busy: Cell::new(0),
            head_since: Cell::new(None),
            idle_since: Cell::new(Instant::now()),
            multiplexed,
        })
    }

    /// A head is complete and its request is being answered until the answer is dropped.
    pub(crate) fn begin(self: &Rc<Self>) -> Busy {
        self.busy.set(self.busy.get() + 1);
        self.head_since.set(None);
        Busy(Rc::clone(self))
    }
}

/// A request is being answered on this connection.
#[derive(Debug)]
pub(crate) struct Busy(Rc<Traffic>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.set(self.0.busy.get().saturating_sub(1));
        if self.0.busy.get() == 0 {
            self.0.idle_since.set(Instant::now());
        }
    }
}

/// The deadlines of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    pub(crate) head: Duration,
    pub(crate) idle: Duration,
    pub(crate) write: Duration,
}

/// One timer that is set seldom: it may ring too early, never too late, and is then set anew.
#[derive(Debug, Default)]
struct Alarm(RefCell<Option<Pin<Box<Sleep>>>>);

impl Alarm {
    /// Whether `deadline` has passed; if not, the task is woken in time to look again.
    fn poll(&self, deadline: Instant, cx: &mut Context<'_>) -> bool {
        let mut slot = self.0.borrow_mut();
        let sleep = slot.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return true;
            }
            sleep.as_mut().reset(deadline);
        }
        false
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
        Self { stream, traffic, deadlines, reading: Alarm::default(), writing: Alarm::default(), stalled_since: None }
    }

    /// Nothing can be read now: is somebody late?
    fn late(&self, cx: &mut Context<'_>) -> bool {
        if self.traffic.busy.get() > 0 {
            return false;
        }
        let deadline = match self.traffic.head_since.get() {
            Some(since) if !self.traffic.multiplexed => since + self.deadlines.head,
            _ => self.traffic.idle_since.get() + self.deadlines.idle,
        };
        self.reading.poll(deadline, cx)
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
        let before = buf.filled().len();
        let poll = Pin::new(&mut this.stream).poll_read(cx, buf);
        match &poll {
            Poll::Ready(_) => {
                let traffic = &this.traffic;
                if buf.filled().len() > before && traffic.busy.get() == 0 && traffic.head_since.get().is_none() {
                    traffic.head_since.set(Some(Instant::now()));
                }
            }
            Poll::Pending if this.late(cx) => {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client sent nothing in time")));
            }
            Poll::Pending => {}
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

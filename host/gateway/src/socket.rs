//! A client's socket with the deadlines that HTTP leaves to us: slow heads, idle connections, clients that stop reading.
//!
//! It also reads along for what a parsed head does not tell ([`weir_http::raw`]), and, when the gateway has answered
//! before it read all of a body, closes in a way that lets the client read the answer.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use weir_http::head::Unlawful;
use weir_http::raw::Watch;

/// So long a client that is still sending may take to read an answer and stop.
const LINGER: Duration = Duration::from_secs(2);

/// What the connection and its requests tell each other.
#[derive(Debug)]
pub(crate) struct Traffic {
    /// Requests being answered.
    busy: Cell<usize>,
    /// Bytes of a head have come that is not complete.
    head_begun: Cell<bool>,
    /// Since when its rest has been waited for. Most heads come in one piece, so most never read this clock.
    head_since: Cell<Option<Instant>>,
    /// When the connection fell idle.
    idle_since: Cell<Instant>,
    /// Requests begun so far.
    begun: Cell<u64>,
    /// The number of a request whose head breaks a rule that its parsed form does not show.
    unlawful: Cell<Option<(u64, Unlawful)>>,
    multiplexed: bool,
}

impl Traffic {
    pub(crate) fn new(multiplexed: bool) -> Rc<Self> {
        Rc::new(Self {
            busy: Cell::new(0),
            head_begun: Cell::new(false),
            head_since: Cell::new(None),
            idle_since: Cell::new(Instant::now()),
            begun: Cell::new(0),
            unlawful: Cell::new(None),
            multiplexed,
        })
    }

    /// A head is complete and its request is being answered until the answer is dropped.
    pub(crate) fn begin(self: &Rc<Self>) -> Busy {
        self.busy.set(self.busy.get() + 1);
        self.head_begun.set(false);
        self.head_since.set(None);
        let number = self.begun.replace(self.begun.get() + 1);
        let unlawful = self.unlawful.get().filter(|(meant, _)| *meant == number).map(|(_, why)| why);
        Busy { traffic: Rc::clone(self), unlawful }
    }
}

/// A request is being answered on this connection.
#[derive(Debug)]
pub(crate) struct Busy {
    traffic: Rc<Traffic>,
    unlawful: Option<Unlawful>,
}

impl Busy {
    /// The rule that the request's head broke on the wire, if it did.
    pub(crate) fn unlawful(&self) -> Option<Unlawful> {
        self.unlawful
    }
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
    /// Sees to it that the task is woken within `time`.
    fn rearm(&self, time: Duration, cx: &mut Context<'_>) {
        let mut slot = self.0.borrow_mut();
        let sleep = slot.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + time)));
        while sleep.as_mut().poll(cx).is_ready() {
            sleep.as_mut().reset(Instant::now() + time);
        }
    }

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
    /// Reads along on HTTP/1.
    watch: Option<Watch>,
    /// Since this the client has been told that nothing more will come.
    shut_since: Option<Instant>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, traffic: Rc<Traffic>, deadlines: Deadlines, head_bytes: usize) -> Self {
        let watch = (!traffic.multiplexed).then(|| Watch::new(head_bytes));
        let (reading, writing) = (Alarm::default(), Alarm::default());
        Self { stream, traffic, deadlines, reading, writing, stalled_since: None, watch, shut_since: None }
    }

    /// Bytes came in.
    fn came(&mut self, bytes: &[u8]) {
        let traffic = &self.traffic;
        if traffic.busy.get() == 0 {
            traffic.head_begun.set(true);
        }
        if let Some(watch) = &mut self.watch
            && let Err(why) = watch.see(bytes)
        {
            traffic.unlawful.set(Some((watch.heads(), why)));
        }
    }

    /// Reads and throws away what the client still sends of a body that nobody wants. Closing with bytes unread makes
    /// the kernel reset the connection, and the client would lose the answer that says what was wrong.
    fn linger(&mut self, since: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut thrown = [0; 4096];
        while self.watch.as_ref().is_some_and(Watch::in_body) && since.elapsed() < LINGER {
            let mut buf = ReadBuf::new(&mut thrown);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    // An unlawful request behind the body is not answered any more.
                    let _ = self.watch.as_mut().map(|watch| watch.see(buf.filled()));
                }
                Poll::Ready(_) => break,
                Poll::Pending if self.reading.poll(since + LINGER, cx) => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    /// Nothing can be read now: is somebody late?
    fn late(&self, cx: &mut Context<'_>) -> bool {
        if self.traffic.busy.get() > 0 {
            // Nobody is. But hyper may not ask again when the answer is out, so the alarm must be set by now.
            self.reading.rearm(self.deadlines.head.min(self.deadlines.idle), cx);
            return false;
        }
        let deadline = if self.traffic.head_begun.get() && !self.traffic.multiplexed {
            let since = self.traffic.head_since.get().unwrap_or_else(Instant::now);
            self.traffic.head_since.set(Some(since));
            since + self.deadlines.head
        } else {
            self.traffic.idle_since.get() + self.deadlines.idle
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
            Poll::Ready(_) => match buf.filled().get(before..) {
                None | Some([]) => {}
                Some(bytes) => this.came(bytes),
            },
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
        let this = self.get_mut();
        let since = match this.shut_since {
            Some(since) => since,
            None => {
                ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                *this.shut_since.insert(Instant::now())
            }
        };
        this.linger(since, cx).map(Ok)
    }
}

//! The byte stream under a connection: TCP, or TLS over it, with a look at the socket from outside.

use std::cell::{Cell, RefCell};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::tls::TlsFailure;

/// One end of a connection.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What a look at an idle connection showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Quiet,
    Bytes,
    Dead,
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    /// What the kernel says of an idle connection without waiting for the event loop: `Quiet` when it is open and
    /// nothing has arrived.
    pub(crate) fn look(&self) -> Look {
        judge(socket2::SockRef::from(self.tcp()).peek(&mut [MaybeUninit::uninit()]))
    }

    /// The same, once the event loop has heard something; until then it costs no system call. Bytes that TLS keeps to
    /// itself, such as session tickets, are taken in.
    pub(crate) fn look_when_told(&mut self) -> Look {
        let tcp = self.tcp();
        let seen = tcp.try_io(Interest::READABLE, || socket2::SockRef::from(tcp).peek(&mut [MaybeUninit::uninit()]));
        match (judge(seen), self) {
            (Look::Bytes, Self::Tls(tls)) => {
                let mut byte = [0];
                let mut buffer = ReadBuf::new(&mut byte);
                let mut nobody = Context::from_waker(Waker::noop());
                match Pin::new(tls.as_mut()).poll_read(&mut nobody, &mut buffer) {
                    Poll::Pending => Look::Quiet,
                    Poll::Ready(Ok(())) if !buffer.filled().is_empty() => Look::Bytes,
                    Poll::Ready(_) => Look::Dead,
                }
            }
            (look, _) => look,
        }
    }

    /// Whether the event loop may have heard something; if not, the task is woken when it has.
    pub(crate) fn poll_heard(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Plain(tcp) => tcp.poll_read_ready(cx).map(drop),
            // Something may have been heard and not taken yet.
            Self::Tls(_) => Poll::Ready(()),
        }
    }

    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }
}

fn judge(peeked: io::Result<usize>) -> Look {
    match peeked {
        Ok(0) => Look::Dead,
        Ok(_) => Look::Bytes,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Look::Quiet,
        Err(_) => Look::Dead,
    }
}

/// Runs one poll on whichever stream it is.
macro_rules! on_stream {
    ($stream:expr, $io:ident => $call:expr) => {
        match $stream {
            Stream::Plain(stream) => {
                let $io = Pin::new(stream);
                $call
            }
            Stream::Tls(stream) => {
                let $io = Pin::new(stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on_stream!(self.get_mut(), io => io.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        on_stream!(self.get_mut(), io => io.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self.get_mut(), io => io.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self.get_mut(), io => io.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_stream!(self.get_mut(), io => io.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

/// The stream as hyper owns it. One thread owns both ends, and no borrow outlives a call.
pub(crate) struct Transport {
    stream: Rc<RefCell<Stream>>,
    heard: Rc<Heard>,
}

/// A second view of the same socket, kept in the pool; it does not keep the socket open.
pub(crate) struct Probe {
    stream: Weak<RefCell<Stream>>,
    heard: Rc<Heard>,
}

/// Why reading failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) kind: io::ErrorKind,
    /// What the upstream had against the handshake, if that was it.
    pub(crate) tls: Option<TlsFailure>,
}

/// What the owner of the stream learns and the pool wants to know.
#[derive(Default)]
struct Heard {
    /// Why reading failed: hyper keeps the words for itself.
    failure: RefCell<Option<Failure>>,
    /// Who is to be woken when the stream was used.
    waker: Cell<Option<Waker>>,
}

impl Transport {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream: Rc::new(RefCell::new(stream)), heard: Rc::default() }
    }

    pub(crate) fn probe(&self) -> Probe {
        Probe { stream: Rc::downgrade(&self.stream), heard: Rc::clone(&self.heard) }
    }

    /// Wakes whoever wants to know that something came of a call.
    fn used<T>(&self, polled: Poll<T>) -> Poll<T> {
        if polled.is_ready()
            && let Some(waker) = self.heard.waker.take()
        {
            waker.wake();
        }
        polled
    }

    /// What came of a write. Where nothing can be written to a TLS connection any more, the reason is there to be read, or
    /// will be: whoever reads hears of it, and until then writes go nowhere.
    fn written<T>(&self, polled: Poll<io::Result<T>>, all: T) -> Poll<io::Result<T>> {
        self.used(match polled {
            Poll::Ready(Err(_)) if !self.stream.borrow().is_plain() => Poll::Ready(Ok(all)),
            polled => polled,
        })
    }
}

impl Probe {
    /// See [`Stream::look`].
    pub(crate) fn look(&self) -> Look {
        let Some(stream) = self.stream.upgrade() else { return Look::Dead };
        stream.try_borrow().map_or(Look::Quiet, |stream| stream.look())
    }

    /// Has the task woken when something was read or written, once.
    pub(crate) fn wake_when_used(&self, cx: &Context<'_>) {
        self.heard.waker.set(Some(cx.waker().clone()));
    }

    /// Why reading failed, if it did.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.heard.failure.borrow().clone()
    }
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut *self.stream.borrow_mut()).poll_read(cx, buf);
        if let Poll::Ready(Err(error)) = &read {
            let failure = Failure { kind: error.kind(), tls: TlsFailure::after_handshake(error) };
            self.heard.failure.replace(Some(failure));
        }
        self.used(read)
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *self.stream.borrow_mut()).poll_write(cx, buf);
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
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *self.stream.borrow_mut()).poll_write_vectored(cx, bufs);
        self.written(written, bufs.iter().map(|buf| buf.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.borrow().is_write_vectored()
    }
}

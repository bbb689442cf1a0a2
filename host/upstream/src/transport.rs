//! The byte stream under a connection: TCP, or TLS over it, with a look at the socket from outside.

use std::cell::RefCell;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The stream as hyper owns it. One thread owns both ends, and no borrow outlives a call.
pub(crate) struct Transport(Rc<RefCell<Stream>>);

/// A second view of the same socket, kept in the pool; it does not keep the socket open.
pub(crate) struct Probe(Weak<RefCell<Stream>>);

impl Transport {
    pub(crate) fn plain(stream: TcpStream) -> Self {
        Self(Rc::new(RefCell::new(Stream::Plain(stream))))
    }

    pub(crate) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self(Rc::new(RefCell::new(Stream::Tls(Box::new(stream)))))
    }

    pub(crate) fn probe(&self) -> Probe {
        Probe(Rc::downgrade(&self.0))
    }
}

impl Probe {
    /// What the kernel says of an idle connection without waiting for the event loop: `Quiet` when it is open and
    /// nothing has arrived.
    pub(crate) fn look(&self) -> Look {
        let Some(stream) = self.0.upgrade() else { return Look::Dead };
        let Ok(stream) = stream.try_borrow() else { return Look::Quiet };
        let tcp = match &*stream {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.get_ref().0,
        };
        match socket2::SockRef::from(tcp).peek(&mut [MaybeUninit::uninit()]) {
            Ok(0) => Look::Dead,
            Ok(_) => Look::Bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Look::Quiet,
            Err(_) => Look::Dead,
        }
    }
}

/// What [`Probe::look`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Quiet,
    Bytes,
    Dead,
}

/// Runs one poll on whichever stream it is.
macro_rules! on_stream {
    ($transport:expr, $io:ident => $call:expr) => {
        match &mut *$transport.0.borrow_mut() {
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

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, io => io.poll_read(cx, buf))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        on_stream!(self, io => io.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, io => io.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, io => io.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_stream!(self, io => io.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &*self.0.borrow() {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

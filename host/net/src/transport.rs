//! The byte stream under a connection: TCP, or TLS over it.

mod unacknowledged;

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

/// Bytes that TLS has taken to be sent and that the socket has not, at most: rustls' limit, and what seals them.
const SEALED: u64 = (64 << 10) + (1 << 10);

/// One end of a connection.
#[derive(Debug)]
pub enum Transport {
    /// TCP as it is.
    Plain(TcpStream),
    /// TLS over it, whichever side this is.
    Tls(Box<TlsStream<TcpStream>>),
}

/// What a look at an idle connection showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleState {
    /// It is open, and nothing has come.
    Quiet,
    /// Something has come that nobody has read.
    Bytes,
    /// The other end has closed it, or it is broken.
    Dead,
}

impl Transport {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    /// What the kernel says of an idle connection without waiting for the event loop: `Quiet` when it is open and
    /// nothing has arrived.
    #[must_use]
    pub fn peek(&self) -> IdleState {
        state(socket2::SockRef::from(self.tcp()).peek(&mut [MaybeUninit::uninit()]))
    }

    /// The same, once the event loop has heard something; until then it costs no system call. Bytes that TLS keeps to
    /// itself, such as session tickets, are taken in.
    pub fn peek_when_told(&mut self) -> IdleState {
        let tcp = self.tcp();
        let seen = tcp.try_io(Interest::READABLE, || socket2::SockRef::from(tcp).peek(&mut [MaybeUninit::uninit()]));
        match (state(seen), self) {
            (IdleState::Bytes, Self::Tls(tls)) => {
                let mut byte = [0];
                let mut buffer = ReadBuf::new(&mut byte);
                let mut unwoken = Context::from_waker(Waker::noop());
                match Pin::new(tls.as_mut()).poll_read(&mut unwoken, &mut buffer) {
                    Poll::Pending => IdleState::Quiet,
                    Poll::Ready(Ok(())) if !buffer.filled().is_empty() => IdleState::Bytes,
                    Poll::Ready(_) => IdleState::Dead,
                }
            }
            (seen, _) => seen,
        }
    }

    /// Whether the event loop may have heard something; if not, the task is woken when it has.
    pub fn poll_heard(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Plain(tcp) => tcp.poll_read_ready(cx).map(drop),
            // Something may have been heard and not taken yet.
            Self::Tls(_) => Poll::Ready(()),
        }
    }

    /// Has small pieces sent at once, and not kept back for others to join them.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn set_nodelay(&self) -> io::Result<()> {
        self.tcp().set_nodelay(true)
    }

    /// Writes as much of these two pieces as goes at once, in one system call: nothing, if nothing does, and the task is not
    /// woken when more would. What goes out over TLS is sealed by polls alone.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn try_write(&self, head: &[u8], body: &[u8]) -> io::Result<usize> {
        let written = match (self, body) {
            (Self::Plain(tcp), []) => tcp.try_write(head),
            (Self::Plain(tcp), body) => tcp.try_write_vectored(&[IoSlice::new(head), IoSlice::new(body)]),
            (Self::Tls(_), _) => return Ok(0),
        };
        match written {
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => Ok(0),
            written => written,
        }
    }

    /// Has the other end told by a reset when this is dropped, and not by an end that may be taken for a good one.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn reset_when_dropped(&self) -> io::Result<()> {
        socket2::SockRef::from(self.tcp()).set_linger(Some(Duration::ZERO))
    }

    /// Bytes that were written and that the other end has not taken, as far as can be told: its kernel has not acknowledged
    /// them. Over TLS they are counted as they were sealed, and what waits for the socket as the most that may. Nothing, where
    /// the kernel does not say.
    #[must_use]
    pub fn untaken(&self) -> Option<u64> {
        let waits = matches!(self, Self::Tls(tls) if tls.get_ref().1.wants_write());
        Some(unacknowledged::bytes(self.tcp())?.saturating_add(if waits { SEALED } else { 0 }))
    }

    /// Whether what is written goes out as it is, and at once.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }
}

fn state(peeked: io::Result<usize>) -> IdleState {
    match peeked {
        Ok(0) => IdleState::Dead,
        Ok(_) => IdleState::Bytes,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => IdleState::Quiet,
        Err(_) => IdleState::Dead,
    }
}

/// Runs one poll on whichever stream it is.
macro_rules! on_stream {
    ($stream:expr, $io:ident => $call:expr) => {
        match $stream {
            Transport::Plain(stream) => {
                let $io = Pin::new(stream);
                $call
            }
            Transport::Tls(stream) => {
                let $io = Pin::new(stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on_stream!(self.get_mut(), io => io.poll_read(cx, buf))
    }
}

impl AsyncWrite for Transport {
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
        bufs: &[IoSlice<'_>],
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

#[cfg(test)]
mod tests;

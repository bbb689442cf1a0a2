//! A request as a client sends it, who may be slow, or leave.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};

/// How a client behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Sends all, reads all.
    Patient,
    /// Reads `piece` bytes at a time, with a pause before each.
    Slow { piece: usize, pause: Duration },
    /// Closes when so many bytes of the request's body are sent.
    LeavesInUpload(usize),
    /// Sends all, and closes so long after that whatever has come.
    LeavesAfter(Duration),
    /// Closes when so many bytes of the answer have come, its head included.
    LeavesAt(usize),
    /// Takes a piece of the answer into a small buffer, then nothing for a while, then closes: what is larger than the
    /// buffers on the way cannot have been sent.
    LeavesFull,
}

/// How a request is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Talk<'a> {
    pub(crate) to: SocketAddr,
    pub(crate) head: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) stream: bool,
    /// Over HTTP/2, which needs a `LocalRuntime`; the head says the fields then, but for the connection's own.
    pub(crate) http2: bool,
    pub(crate) manner: Manner,
    /// The longest that it may take.
    pub(crate) patience: Duration,
}

impl Talk<'_> {
    pub(super) async fn connect(self) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if self.manner == Manner::LeavesFull {
            socket.set_recv_buffer_size(8 << 10)?;
        }
        let socket = socket.connect(self.to).await?;
        socket.set_nodelay(true)?;
        Ok(socket)
    }

    /// The head's fields but for those that HTTP/2 has no place for.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(name, _)| !["host", "connection"].contains(name))
    }
}

//! One request over a connection of its own, by a client who may be slow, or leave; and what it saw.

mod h2;
mod watch;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::load::framing::LoadHead;
use watch::AnswerWatch;

/// The longest head of an answer.
const HEAD: usize = 256 << 10;

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

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TalkEnd {
    /// It came whole: framing and, of a stream, `[DONE]`.
    Whole,
    /// It was a stream whose framing ended as if it were whole, without `[DONE]`.
    LooksWhole,
    /// The connection broke within the body.
    Cut,
    /// The connection ended without a head.
    Silent,
    /// The client left.
    Left,
    /// What came is not HTTP.
    NotHttp,
    /// It took longer than a client waits.
    Late,
}

/// What a client saw.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    /// None if no whole head came.
    pub(crate) status: Option<u16>,
    pub(crate) ended: TalkEnd,
    /// From the start of the connection to the end.
    pub(crate) took: Duration,
    /// `x-weir-upstream`.
    pub(crate) upstream: Option<String>,
    /// The start of the body.
    pub(crate) body: Vec<u8>,
    /// The body's length.
    pub(crate) bytes: usize,
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
    pub(crate) async fn hear(self) -> Heard {
        let start = Instant::now();
        let mut watch = AnswerWatch::new(self.stream);
        let exchange =
            async { if self.http2 { h2::exchange(self, &mut watch).await } else { self.exchange(&mut watch).await } };
        let ended = tokio::time::timeout(self.patience, exchange).await.unwrap_or(TalkEnd::Late);
        watch.heard(ended, start.elapsed())
    }

    async fn exchange(self, watch: &mut AnswerWatch) -> TalkEnd {
        let Ok(mut socket) = self.connect().await else { return TalkEnd::Silent };
        // An answer may come before the whole request was taken: it is read in any case.
        let _sent = self.send(&mut socket).await;
        match self.manner {
            Manner::LeavesInUpload(_) => TalkEnd::Left,
            Manner::LeavesAfter(time) => {
                tokio::time::timeout(time, self.read(&mut socket, watch)).await.unwrap_or(TalkEnd::Left)
            }
            _ => self.read(&mut socket, watch).await,
        }
    }

    async fn read(self, socket: &mut TcpStream, watch: &mut AnswerWatch) -> TalkEnd {
        let mut room = vec![0; self.piece()];
        loop {
            if let Manner::Slow { pause, .. } = self.manner {
                tokio::time::sleep(pause).await;
            }
            let read = socket.read(&mut room).await.unwrap_or(0);
            let Some(bytes) = room.get(..read).filter(|bytes| !bytes.is_empty()) else { return watch.end() };
            match watch.take(bytes) {
                Ok(true) => return watch.whole(),
                Ok(false) => {}
                Err(_) => return TalkEnd::NotHttp,
            }
            match self.manner {
                Manner::LeavesAt(most) if watch.taken >= most => return TalkEnd::Left,
                Manner::LeavesFull if watch.head.is_some() => {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    return TalkEnd::Left;
                }
                _ => {}
            }
        }
    }

    async fn connect(self) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if self.manner == Manner::LeavesFull {
            socket.set_recv_buffer_size(8 << 10)?;
        }
        let socket = socket.connect(self.to).await?;
        socket.set_nodelay(true)?;
        Ok(socket)
    }

    async fn send(self, socket: &mut TcpStream) -> std::io::Result<()> {
        let most = if let Manner::LeavesInUpload(most) = self.manner { most } else { self.body.len() };
        let body = self.body.get(..most).unwrap_or(self.body);
        socket.write_all(&[self.head.as_bytes(), body].concat()).await
    }

    /// The head's fields but for those that HTTP/2 has no place for.
    fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(name, _)| !["host", "connection"].contains(name))
    }

    fn piece(self) -> usize {
        match self.manner {
            Manner::Slow { piece, .. } => piece.max(1),
            Manner::LeavesAt(most) => most.clamp(1, 64 << 10),
            Manner::LeavesFull => 4 << 10,
            _ => 64 << 10,
        }
    }
}

/// The head of a chat request over HTTP/1.1.
pub(crate) fn head(to: SocketAddr, key: &str, length: usize) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {to}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )
}

/// A chat request that carries a number and is about `size` bytes long.
pub(crate) fn body(model: &str, stream: bool, stamp: crate::stamp::RequestStamp, size: usize) -> Vec<u8> {
    let stamp = stamp.text();
    let stamp = String::from_utf8_lossy(&stamp);
    let text: String = " what does the sea say when it is calm".chars().cycle().take(size).collect();
    let stream = if stream { r#","stream":true"# } else { "" };
    let model = serde_json::Value::from(model);
    format!(r#"{{"model":{model}{stream},"messages":[{{"role":"user","content":"{stamp}{text}"}}]}}"#).into_bytes()
}

/// `x-weir-upstream` of a head's bytes.
fn upstream(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("x-weir-upstream").then(|| value.trim().to_owned())
    })
}

impl Heard {
    /// The number that the answer repeats.
    pub(crate) fn stamp(&self) -> Option<crate::stamp::RequestStamp> {
        crate::stamp::RequestStamp::find(&self.body)
    }
}

/// Whether a head is complete; further ones with no status of their own are passed over.
fn next_head(bytes: &[u8]) -> Result<Option<LoadHead>, crate::load::LoadFailure> {
    if bytes.len() > HEAD { Err(crate::load::LoadFailure::Protocol) } else { LoadHead::parse(bytes) }
}

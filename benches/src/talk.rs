//! One request over a connection of its own, by a client who may be slow, or leave; and what it saw.

mod h2;
mod heard;
mod request;
mod watch;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use watch::AnswerWatch;

pub(crate) use heard::{Heard, TalkEnd};
pub(crate) use request::{Manner, Talk};

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

    async fn send(self, socket: &mut TcpStream) -> std::io::Result<()> {
        let most = if let Manner::LeavesInUpload(most) = self.manner { most } else { self.body.len() };
        let body = self.body.get(..most).unwrap_or(self.body);
        socket.write_all(&[self.head.as_bytes(), body].concat()).await
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

//! One HTTP/1.1 connection, one request and its answer at a time.
//!
//! Written by hand for its cost: hyper's client hands each request to a task of its own and back, which is about as
//! much work as all that happens here.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Instant;

use bytes::Buf as _;
use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;

use super::answer::LoadAnswer;
use super::ask::LoadRequest;
use super::failure::LoadFailure;
use super::framing::LoadHead;
use crate::stamp::RequestStamp;

/// Bytes read at a time.
const BUFFER: usize = 64 << 10;
/// The longest head of an answer that is taken for one.
const HEAD: usize = 256 << 10;

/// Where the connections of a thread read to: one for all, so that it stays in the cache.
#[derive(Debug, Clone)]
pub(super) struct Buffer(Rc<RefCell<Box<[u8]>>>);

impl Default for Buffer {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(vec![0; BUFFER].into_boxed_slice())))
    }
}

/// A connection that is opened when it is needed.
#[derive(Debug)]
pub(super) struct H1Link {
    socket: Option<TcpStream>,
    buffer: Buffer,
    /// The request's head, and its body up to the stamp.
    front: Vec<u8>,
    /// Of the answer's head, if it came in several pieces.
    head: Vec<u8>,
}

/// An answer that is being read.
struct Reading<'a> {
    head: Option<LoadHead>,
    pieces: &'a mut Vec<u8>,
    answer: &'a mut LoadAnswer,
    stream: bool,
}

impl H1Link {
    pub(super) fn new(buffer: Buffer) -> Self {
        Self { socket: None, buffer, front: Vec::new(), head: Vec::new() }
    }

    /// One request and its whole answer; the answer's status.
    pub(super) async fn exchange(
        &mut self,
        ask: &LoadRequest,
        stamp: RequestStamp,
        answer: &mut LoadAnswer,
    ) -> Result<u16, LoadFailure> {
        // Taken out: if this fails or is given up, what comes over the connection then belongs to no request.
        let mut socket = match self.reusable() {
            Some(socket) => socket,
            None => connect(ask).await?,
        };
        ask.write_front(stamp, &mut self.front);
        let mut request = self.front.chain(ask.rest());
        socket.write_all_buf(&mut request).await.map_err(|_| LoadFailure::Broken)?;
        self.head.clear();
        let reading = Reading { head: None, pieces: &mut self.head, answer, stream: ask.stream };
        let head = read(&mut socket, &self.buffer, reading).await?;
        if head.reusable {
            self.socket = Some(socket);
        }
        Ok(head.status)
    }

    /// The connection of the last request, unless the other side has closed it: then it has something to read.
    fn reusable(&mut self) -> Option<TcpStream> {
        let socket = self.socket.take()?;
        let idle = matches!(socket.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        idle.then_some(socket)
    }
}

async fn connect(ask: &LoadRequest) -> Result<TcpStream, LoadFailure> {
    let socket = TcpStream::connect(ask.address).await.map_err(|_| LoadFailure::Connect)?;
    socket.set_nodelay(true).map_err(|_| LoadFailure::Connect)?;
    Ok(socket)
}

/// Reads to the answer's end.
async fn read(socket: &mut TcpStream, buffer: &Buffer, mut reading: Reading<'_>) -> Result<LoadHead, LoadFailure> {
    poll_fn(|cx| {
        loop {
            let mut buffer = buffer.0.borrow_mut();
            let mut room = ReadBuf::new(&mut buffer);
            ready!(Pin::new(&mut *socket).poll_read(cx, &mut room)).map_err(|_| LoadFailure::Broken)?;
            let over = match room.filled() {
                [] if reading.head.as_ref().is_some_and(|head| head.body.may_end()) => true,
                [] => return Poll::Ready(Err(LoadFailure::Broken)),
                bytes => reading.take(bytes)?,
            };
            if over && let Some(head) = reading.head.take() {
                return Poll::Ready(Ok(head));
            }
        }
    })
    .await
}

impl Reading<'_> {
    /// Whether the answer is complete with these bytes.
    fn take(&mut self, bytes: &[u8]) -> Result<bool, LoadFailure> {
        let now = Instant::now();
        if let Some(head) = &mut self.head {
            return head.body.take(bytes, |data| self.answer.take(data, now));
        }
        if self.pieces.is_empty() {
            return self.start(bytes, now);
        }
        let mut pieces = std::mem::take(self.pieces);
        pieces.extend_from_slice(bytes);
        if pieces.len() > HEAD {
            return Err(LoadFailure::Protocol);
        }
        self.start(&pieces, now)
    }

    /// Looks for the head and takes what follows it; bytes without a whole one are kept.
    fn start(&mut self, mut bytes: &[u8], now: Instant) -> Result<bool, LoadFailure> {
        loop {
            let Some(mut head) = LoadHead::parse(bytes)? else {
                self.pieces.extend_from_slice(bytes);
                return Ok(false);
            };
            bytes = bytes.get(head.length..).unwrap_or_default();
            if matches!(head.status, 100..=199) {
                continue;
            }
            self.answer.begin(self.stream && head.status == 200);
            let over = head.body.take(bytes, |data| self.answer.take(data, now))?;
            self.head = Some(head);
            return Ok(over);
        }
    }
}

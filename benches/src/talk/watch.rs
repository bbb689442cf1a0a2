//! What comes back to a client, looked at as it comes.

use std::time::Duration;

use super::heard::{Heard, TalkEnd, next_head, upstream};
use crate::load::LoadFailure;
use crate::load::framing::LoadHead;

/// As much of a body is kept.
const KEPT: usize = 64 << 10;
/// What a whole stream ends with, blank lines left out.
const DONE: &[u8] = b"data: [DONE]";

/// One answer.
#[derive(Debug)]
pub(super) struct AnswerWatch {
    stream: bool,
    status: Option<u16>,
    pub(super) head: Option<LoadHead>,
    /// Bytes without a whole head.
    pieces: Vec<u8>,
    upstream: Option<String>,
    body: Vec<u8>,
    /// The last bytes of the body.
    tail: Vec<u8>,
    bytes: usize,
    /// Bytes of the connection, as far as there is a count of them.
    pub(super) taken: usize,
}

impl AnswerWatch {
    pub(super) fn new(stream: bool) -> Self {
        Self {
            stream,
            status: None,
            head: None,
            pieces: Vec::new(),
            upstream: None,
            body: Vec::new(),
            tail: Vec::new(),
            bytes: 0,
            taken: 0,
        }
    }

    /// Takes what has come; `true` at the answer's end.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<bool, LoadFailure> {
        self.taken += bytes.len();
        if self.head.is_some() {
            return self.take_body(bytes);
        }
        self.pieces.extend_from_slice(bytes);
        loop {
            let Some(head) = next_head(&self.pieces)? else { return Ok(false) };
            let rest = self.pieces.split_off(head.length);
            let whole = std::mem::replace(&mut self.pieces, rest);
            if matches!(head.status, 100..=199) {
                continue;
            }
            self.begin(head.status, upstream(&whole));
            self.head = Some(head);
            let rest = std::mem::take(&mut self.pieces);
            return self.take_body(&rest);
        }
    }

    fn take_body(&mut self, bytes: &[u8]) -> Result<bool, LoadFailure> {
        let Some(mut head) = self.head.take() else { return Ok(false) };
        let over = head.body.take(bytes, |data| self.keep(data));
        self.head = Some(head);
        over
    }

    /// A head that came without bytes of its own.
    pub(super) fn begin(&mut self, status: u16, upstream: Option<String>) {
        self.status = Some(status);
        self.upstream = upstream;
    }

    /// Bytes of a body whose framing is somebody else's.
    pub(super) fn take_data(&mut self, data: &[u8]) {
        self.taken += data.len();
        self.keep(data);
    }

    fn keep(&mut self, data: &[u8]) {
        self.bytes += data.len();
        let room = KEPT.saturating_sub(self.body.len());
        self.body.extend_from_slice(data.get(..room).unwrap_or(data));
        self.tail.extend_from_slice(data.get(data.len().saturating_sub(64)..).unwrap_or_default());
        let surplus = self.tail.len().saturating_sub(64);
        self.tail.drain(..surplus);
    }

    /// How an answer has ended whose framing is complete.
    pub(super) fn whole(&self) -> TalkEnd {
        let streamed = self.stream && self.status == Some(200);
        let done = self.tail.trim_ascii_end().ends_with(DONE);
        if streamed && !done { TalkEnd::LooksWhole } else { TalkEnd::Whole }
    }

    /// How an answer has ended whose connection is at its end.
    pub(super) fn end(&self) -> TalkEnd {
        match &self.head {
            None => TalkEnd::Silent,
            Some(head) if head.body.may_end() => self.whole(),
            Some(_) => TalkEnd::Cut,
        }
    }

    pub(super) fn heard(self, ended: TalkEnd, took: Duration) -> Heard {
        Heard { status: self.status, ended, took, upstream: self.upstream, body: self.body, bytes: self.bytes }
    }
}

//! What a client saw of an answer.

use std::time::Duration;

use crate::load::LoadFailure;
use crate::load::framing::LoadHead;
use crate::stamp::RequestStamp;

/// The longest head of an answer.
const HEAD: usize = 256 << 10;

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

impl Heard {
    /// The number that the answer repeats.
    pub(crate) fn stamp(&self) -> Option<RequestStamp> {
        RequestStamp::find(&self.body)
    }
}

/// `x-weir-upstream` of a head's bytes.
pub(super) fn upstream(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("x-weir-upstream").then(|| value.trim().to_owned())
    })
}

/// Whether a head is complete; further ones with no status of their own are passed over.
pub(super) fn next_head(bytes: &[u8]) -> Result<Option<LoadHead>, LoadFailure> {
    if bytes.len() > HEAD { Err(LoadFailure::Protocol) } else { LoadHead::parse(bytes) }
}

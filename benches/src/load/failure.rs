//! Why a request was not answered as it should be.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LoadFailure {
    /// No connection could be made.
    Connect,
    /// The connection broke before the answer was complete.
    Broken,
    /// What came back is not HTTP.
    Protocol,
    /// Another status than 200.
    Status(u16),
    /// The status was 200, but the body is not a reply, or the stream has no text or does not end with `[DONE]`.
    Body,
    /// It took longer than allowed.
    Timeout,
}

impl fmt::Display for LoadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("no connection"),
            Self::Broken => f.write_str("connection broke"),
            Self::Protocol => f.write_str("not HTTP"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Body => f.write_str("bad body"),
            Self::Timeout => f.write_str("timeout"),
        }
    }
}

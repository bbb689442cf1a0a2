//! How a connection begins, and what holds for all of its requests.

use std::time::Duration;

use bytes::BytesMut;
use tokio::time::Instant;

use super::limits::ServerLimits;

/// The deadlines of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnDeadlines {
    /// For the rest of a head that has begun.
    pub(crate) head: Duration,
    /// For the first byte of the next one.
    pub(crate) idle: Duration,
    /// For a client to take some of an answer.
    pub(crate) write: Duration,
}

impl ConnDeadlines {
    /// Those of a connection with these limits.
    pub(super) fn of(limits: &ServerLimits) -> Self {
        Self { head: limits.head_timeout, idle: limits.keep_alive_timeout, write: limits.write_timeout }
    }
}

/// How an HTTP/2 connection begins (RFC 9113 section 3.4).
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What came first on a connection. It is read once, and handed on to whoever speaks the protocol that it begins.
#[derive(Debug, Default)]
pub(crate) struct ConnOpening {
    /// Everything that has come.
    pub(crate) got: BytesMut,
    /// When the first byte came, if it had to be waited for more.
    pub(crate) since: Option<Instant>,
    /// Whether it is HTTP/2, once that is clear.
    pub(crate) is_http2: bool,
}

impl ConnOpening {
    /// Takes what was read; whether it is clear now what is spoken.
    pub(crate) fn take(&mut self, read: BytesMut) -> bool {
        if self.got.is_empty() {
            self.got = read;
        } else {
            self.got.extend_from_slice(&read);
        }
        let known = self.got.len().min(PREFACE.len());
        if self.got.get(..known) == PREFACE.get(..known) && known < PREFACE.len() {
            // What waits must not keep the block alive that it was read into.
            self.got = BytesMut::from(&*self.got);
            self.since.get_or_insert_with(Instant::now);
            return false;
        }
        self.is_http2 = self.got.starts_with(PREFACE);
        true
    }
}

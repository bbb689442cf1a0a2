//! What a response's fields say of its body (RFC 9112 section 6.3) and of its connection (section 9.3).

use std::time::Duration;

use http::Version;

use super::framing::AnswerFraming;
use super::invalid::InvalidResponseHead;
use crate::chunked::Chunked;
use crate::fields::{self, Role};

/// What the fields of a head say of the message's framing and of the connection.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct ResponseFramingHeaders {
    length: Option<u64>,
    bad_length: bool,
    /// There is a transfer coding,
    pub(super) coded: bool,
    /// and another than `chunked`, once.
    bad_coding: bool,
    close: bool,
    keep_alive: bool,
    /// The seconds of `Keep-Alive: timeout=`.
    timeout: Option<u64>,
}

impl ResponseFramingHeaders {
    pub(super) fn note(&mut self, role: Role, value: &[u8]) {
        match role {
            Role::Length => self.note_length(value),
            Role::Coding => self.note_coding(value),
            Role::Connection => self.note_connection(value),
            Role::KeepAlive => self.note_keep_alive(value),
            Role::Other => {}
        }
    }

    fn note_length(&mut self, value: &[u8]) {
        for item in items(value) {
            match number(item) {
                Some(length) if self.length.is_none_or(|other| other == length) => self.length = Some(length),
                _ => self.bad_length = true,
            }
        }
    }

    /// None but `chunked` was asked for (`TE`, RFC 9112 section 7.4), and none but that is undone here: of any other
    /// the coded bytes would go on as if they were the body.
    fn note_coding(&mut self, value: &[u8]) {
        self.bad_coding |= self.coded || !fields::trim(value).eq_ignore_ascii_case(b"chunked");
        self.coded = true;
    }

    fn note_connection(&mut self, value: &[u8]) {
        for item in items(value) {
            self.close |= item.eq_ignore_ascii_case(b"close");
            self.keep_alive |= item.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    /// Parameters as RFC 2068 section 19.7.1.1 has them; what is none is passed over.
    fn note_keep_alive(&mut self, value: &[u8]) {
        for item in items(value) {
            let mut sides = item.splitn(2, |&byte| byte == b'=');
            let (Some(name), Some(given)) = (sides.next(), sides.next()) else { continue };
            if fields::trim(name).eq_ignore_ascii_case(b"timeout")
                && let Some(seconds) = number(fields::trim(given))
            {
                self.timeout = Some(self.timeout.map_or(seconds, |other| other.min(seconds)));
            }
        }
    }

    pub(super) fn framing(&self, version: Version, bodiless: bool) -> Result<AnswerFraming, InvalidResponseHead> {
        if bodiless {
            return Ok(AnswerFraming::Length(0));
        }
        if self.coded {
            // HTTP/1.0 knows no transfer codings (RFC 9112 section 6.1).
            return match version {
                Version::HTTP_11 if !self.bad_coding => Ok(AnswerFraming::Chunked(Chunked::default())),
                _ => Err(InvalidResponseHead::Coding),
            };
        }
        match self.length {
            _ if self.bad_length => Err(InvalidResponseHead::Malformed),
            Some(length) => Ok(AnswerFraming::Length(length)),
            None => Ok(AnswerFraming::UntilClose),
        }
    }

    /// Whether the connection outlives the message. A length beside a transfer coding may be an attack (section 6.3).
    pub(super) fn reusable(&self, version: Version) -> bool {
        let in_doubt = self.bad_length || self.coded && self.length.is_some();
        !self.close && !in_doubt && self.timeout != Some(0) && (version == Version::HTTP_11 || self.keep_alive)
    }

    /// For how long the connection may be kept without a request, if the upstream has said: a second less than that, or
    /// half of it, for the upstream counts from when it sent and a request takes its time to get there.
    pub(super) fn keep(&self) -> Option<Duration> {
        let told = Duration::from_secs(self.timeout?);
        Some(told.saturating_sub(Duration::from_secs(1).min(told / 2)))
    }
}

/// The elements of a list (RFC 9110 section 5.6.1).
fn items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(fields::trim)
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let value = digit.is_ascii_digit().then(|| u64::from(digit.wrapping_sub(b'0')))?;
        number.checked_mul(10)?.checked_add(value)
    })
}

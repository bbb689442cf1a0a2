//! What a body is: a stream of events or a document, as its first bytes say, whatever its head calls it.

use bytes::{Bytes, BytesMut};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// So much white space in front of a body is looked behind; with more it is taken for what its head says.
const BLANK: usize = 1024;
/// A byte order mark, which may stand in front of either.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// The fields of an event (WHATWG HTML, 9.2.6).
const FIELDS: [&[u8]; 4] = [b"data", b"event", b"id", b"retry"];

/// What the first bytes of a body say that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A stream: a line that streams of events have, and no JSON or page.
    Events,
    /// JSON or a page, as no line of a stream begins.
    Document,
    /// Something else.
    Neither,
    /// So far it may become any of these.
    Unclear,
}

/// The first bytes of a body, until they tell what it is.
#[derive(Debug, Default)]
pub(super) struct FirstBytes {
    /// What has come.
    pub(super) bytes: Bytes,
}

impl FirstBytes {
    /// Takes what comes next, and says what all of it is.
    pub(super) fn push(&mut self, data: Bytes) -> Form {
        if self.bytes.is_empty() {
            self.bytes = data;
        } else {
            let mut all = BytesMut::with_capacity(self.bytes.len() + data.len());
            all.extend_from_slice(&self.bytes);
            all.extend_from_slice(&data);
            self.bytes = all.freeze();
        }
        match form(&self.bytes) {
            Form::Unclear if self.bytes.len() > BLANK => Form::Neither,
            form => form,
        }
    }
}

fn form(body: &[u8]) -> Form {
    if body.len() < MARK.len() && MARK.starts_with(body) {
        return Form::Unclear;
    }
    let body = body.strip_prefix(MARK).unwrap_or(body);
    // Between events stand blank lines, and in front of JSON any white space may.
    let lines = body.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(body.len());
    let line = body.get(lines..).unwrap_or_default();
    match line.trim_ascii_start().first() {
        None => Form::Unclear,
        Some(b'{' | b'[' | b'<') => Form::Document,
        Some(_) => first_line(line),
    }
}

/// What a body is whose first line begins like this.
fn first_line(line: &[u8]) -> Form {
    if line.first() == Some(&b':') {
        return Form::Events;
    }
    if FIELDS.iter().any(|field| field.starts_with(line)) {
        return Form::Unclear;
    }
    let ends = |rest: &[u8]| matches!(rest.first(), Some(b':' | b'\r' | b'\n'));
    let is_field = FIELDS.iter().any(|field| line.strip_prefix(*field).is_some_and(ends));
    if is_field { Form::Events } else { Form::Neither }
}

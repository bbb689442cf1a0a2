//! The head of an answer as it goes over the wire (RFC 9112 sections 4 and 6), and the chunks of a stream (section 7.1).

use http::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderName, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use weir_http::{ExtraHeaders, hex};

use super::buffers::ServerBuffers;

/// What an answer says, before it is known what is said of its end and of the connection.
pub(super) struct EncodedHead<X> {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) extra: Option<X>,
}

/// How the end of the answer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponseFraming {
    /// By so many bytes.
    Length(usize),
    /// By chunks.
    Chunked,
    /// By the end of the connection, as HTTP/1.0 knows it.
    Close,
    /// There is no body, and nothing is said about one.
    Nothing,
}

/// What is said of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionHeader {
    /// Nothing: it serves the next request, as HTTP/1.1 has it.
    Open,
    /// It serves the next request although the client speaks HTTP/1.0.
    KeptAlive,
    Closed,
}

/// Writes the head of an answer. Framing and connection are as told, whatever its headers say.
pub(super) fn head<X: ExtraHeaders>(
    out: &mut Vec<u8>,
    answer: &EncodedHead<X>,
    (framing, fate): (ResponseFraming, ConnectionHeader),
    buffers: &ServerBuffers,
) {
    if answer.status == StatusCode::OK {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    } else {
        let reason = answer.status.canonical_reason().unwrap_or_default();
        put(out, &[b"HTTP/1.1 ", answer.status.as_str().as_bytes(), b" ", reason.as_bytes(), b"\r\n"]);
    }
    let mut dated = false;
    for (name, value) in &answer.headers {
        dated |= *name == DATE;
        if !is_own(name) {
            put(out, &[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
        }
    }
    if let Some(extra) = &answer.extra {
        extra.each(|name, value| put(out, &[name.as_bytes(), b": ", value, b"\r\n"]));
    }
    if !dated {
        out.extend_from_slice(b"date: ");
        buffers.put_date(out);
        out.extend_from_slice(b"\r\n");
    }
    match framing {
        ResponseFraming::Length(length) => {
            put(out, &[b"content-length: ", itoa::Buffer::new().format(length).as_bytes(), b"\r\n"]);
        }
        ResponseFraming::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        ResponseFraming::Close | ResponseFraming::Nothing => {}
    }
    match fate {
        ConnectionHeader::Open => {}
        ConnectionHeader::KeptAlive => out.extend_from_slice(b"connection: keep-alive\r\n"),
        ConnectionHeader::Closed => out.extend_from_slice(b"connection: close\r\n"),
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes some bytes of a stream, which are not none: that would be its end.
pub(super) fn piece(out: &mut Vec<u8>, framing: ResponseFraming, bytes: &[u8]) {
    match framing {
        ResponseFraming::Nothing => {}
        ResponseFraming::Chunked if bytes.is_empty() => {}
        ResponseFraming::Chunked => {
            let mut digits = [0; 16];
            put(out, &[hex::digits(bytes.len() as u64, &mut digits), b"\r\n", bytes, b"\r\n"]);
        }
        ResponseFraming::Close | ResponseFraming::Length(_) => out.extend_from_slice(bytes),
    }
}

/// Writes the clean end of a stream.
pub(super) fn end(out: &mut Vec<u8>, framing: ResponseFraming) {
    if framing == ResponseFraming::Chunked {
        out.extend_from_slice(b"0\r\n\r\n");
    }
}

/// Whether a field is this server's to write.
fn is_own(name: &HeaderName) -> bool {
    *name == CONTENT_LENGTH || *name == TRANSFER_ENCODING || *name == CONNECTION
}

fn put(out: &mut Vec<u8>, pieces: &[&[u8]]) {
    out.reserve(pieces.iter().map(|piece| piece.len()).sum());
    pieces.iter().for_each(|piece| out.extend_from_slice(piece));
}

//! Bodies in chunks: the same whatever pieces they arrive in, and what RFC 9112 section 7.1 says that they are.

use bytes::BytesMut;
use weir_http::chunked::Chunked;

use crate::cut::{cut, pieces};
use crate::reference::{self, ChunkedEnd};

/// Any cutting gives the bytes, the end, the trailers and what stands behind that a plain decoder finds in all of it.
pub fn chunked(data: &[u8]) {
    let (lengths, body) = cut(data);
    let (expected, mut end) = reference::chunked(body);
    if let ChunkedEnd::Ended { trailers, .. } = &mut end {
        by_name(trailers);
    }
    for lengths in [&[] as &[u8], lengths, &[1]] {
        let (got, got_end) = decode(lengths, body);
        assert_eq!((&got, &got_end), (&expected, &end), "in pieces of {lengths:?}");
    }
}

fn decode(lengths: &[u8], body: &[u8]) -> (Vec<u8>, ChunkedEnd) {
    let mut decoder = Chunked::default();
    let mut data = Vec::new();
    let mut behind = Vec::new();
    for piece in pieces(lengths, body) {
        if decoder.ended() {
            behind.extend_from_slice(piece);
            continue;
        }
        let mut buffer = BytesMut::from(piece);
        let is_malformed = decoder.malformed();
        let Ok(rest) = decoder.decode(&mut buffer) else { return (data, ChunkedEnd::Malformed) };
        assert!(!is_malformed, "what is malformed stays so");
        assert!(buffer.len() + rest.len() <= piece.len());
        data.extend_from_slice(&buffer);
        if decoder.ended() {
            behind.extend_from_slice(&rest);
        }
    }
    if decoder.malformed() {
        return (data, ChunkedEnd::Malformed);
    }
    if !decoder.ended() {
        return (data, ChunkedEnd::Open);
    }
    assert_eq!(decoder.least(), 0);
    (data, ChunkedEnd::Ended { behind, trailers: trailers(&mut decoder) })
}

/// A map keeps those of one name together.
fn by_name(trailers: &mut [(String, Vec<u8>)]) {
    trailers.sort_by(|(one, _), (other, _)| one.cmp(other));
}

fn trailers(decoder: &mut Chunked) -> Vec<(String, Vec<u8>)> {
    let map = decoder.trailers();
    let fields = map.iter().flat_map(|map| map.iter());
    let mut fields: Vec<_> =
        fields.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    by_name(&mut fields);
    fields
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::BodyDecoder;
use bytes::BytesMut;
use weir_http::request::RequestFraming;

/// What is taken of a body that comes in these pieces, what stays behind it, and whether it is over.
fn taken<'a>(framing: RequestFraming, pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<(Vec<u8>, Vec<u8>, bool)> {
    let (mut upload, mut got, mut data) = (BodyDecoder::new(framing), BytesMut::new(), Vec::new());
    for piece in pieces {
        got.extend_from_slice(piece);
        data.extend_from_slice(&upload.take(&mut got).ok()?);
    }
    Some((data, got.to_vec(), upload.is_over()))
}

#[test]
fn a_body_is_taken_however_it_is_cut_and_what_is_behind_it_stays() {
    let bodies: [(RequestFraming, &[u8], &[u8], &[u8]); 4] = [
        (RequestFraming::Length(5), b"hello", b"hello", b"GET"),
        (RequestFraming::Length(0), b"", b"", b"GET"),
        (RequestFraming::Chunked, b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello", b"GET"),
        (RequestFraming::Chunked, b"0\r\nx: y\r\n\r\n", b"", b"0\r\n\r\n"),
    ];
    for (framing, coded, body, behind) in bodies {
        let all = [coded, behind].concat();
        for cut in 1..=all.len() {
            let expected = (body.to_vec(), behind.to_vec(), true);
            assert_eq!(taken(framing, all.chunks(cut)), Some(expected), "{framing:?} in pieces of {cut}");
        }
        for end in 0..coded.len() {
            let (data, behind, over) = taken(framing, [&coded[..end]]).unwrap();
            assert!(body.starts_with(&data) && behind.is_empty() && !over, "{framing:?} up to {end}");
        }
    }
}

#[test]
fn what_is_no_chunk_is_broken_and_stays_so() {
    let mut upload = BodyDecoder::new(RequestFraming::Chunked);
    let mut got = BytesMut::from("1\r\nab");
    assert_eq!(upload.take(&mut got).unwrap(), "a");
    assert!(upload.is_broken() && !upload.is_over());
    assert!(upload.take(&mut got).is_err());
    assert!(upload.take(&mut BytesMut::from("\r\n0\r\n\r\n")).is_err());
}

#[test]
fn a_body_that_came_with_its_head_is_not_copied() {
    let mut got = BytesMut::from("hello");
    let at = got.as_ptr();
    let body = BodyDecoder::new(RequestFraming::Length(5)).take(&mut got).unwrap();
    assert_eq!((body.as_ptr(), &body[..]), (at, b"hello".as_slice()));
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
use super::super::framing::AnswerFraming;
use super::super::invalid::InvalidResponseHead;
use super::super::shapes::HeadShapes;
use super::{HEAD_BYTES, HeadReader};
use bytes::BytesMut;
use proptest::prelude::*;

/// What a head comes to: status, headers, body, and whether the connection may be used again.
type Seen = Result<Option<(u16, Vec<(String, Vec<u8>)>, String, bool)>, InvalidResponseHead>;

fn read<'a>(shapes: &HeadShapes, bodiless: bool, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Seen, Vec<u8>) {
    let mut reader = HeadReader { bodiless, ..HeadReader::default() };
    let mut behind = vec![];
    let mut seen = Ok(None);
    for piece in pieces {
        if seen != Ok(None) {
            behind.extend_from_slice(piece);
            continue;
        }
        seen = match reader.push(BytesMut::from(piece), shapes) {
            Err(invalid) => Err(invalid),
            Ok(None) => Ok(None),
            Ok(Some(answer)) => {
                behind.extend_from_slice(&reader.take_rest());
                let framing = match answer.framing {
                    AnswerFraming::Length(length) => length.to_string(),
                    AnswerFraming::Chunked(_) => "chunked".to_owned(),
                    AnswerFraming::UntilClose => "until close".to_owned(),
                };
                let headers = answer.headers.iter().map(|(n, v)| (n.to_string(), v.as_bytes().to_vec())).collect();
                Ok(Some((answer.status.as_u16(), headers, framing, answer.reusable)))
            }
        };
    }
    if seen.is_err() {
        behind.clear();
    }
    (seen, behind)
}

fn framing(head: &str) -> (String, bool) {
    match read(&HeadShapes::default(), false, [head.as_bytes()]).0 {
        Ok(Some((_, _, framing, reusable))) => (framing, reusable),
        Err(invalid) => (format!("{invalid:?}"), false),
        Ok(None) => ("not whole".to_owned(), false),
    }
}

#[test]
fn the_body_is_where_the_rfc_says() {
    for (head, wanted, reusable) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "5", true),
        ("HTTP/1.1 200 OK\r\nContent-Length:5 \r\n\r\n", "5", true),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\ncontent-length: 5\r\n\r\n", "5", true),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n", "Malformed", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5, 6\r\n\r\n", "Malformed", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\n", "Malformed", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n", "Malformed", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0x5\r\n\r\n", "Malformed", false),
        ("HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n", "Malformed", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551616\r\n\r\n", "Malformed", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n", "18446744073709551615", true),
        ("HTTP/1.1 200 OK\r\n\r\n", "until close", false),
        ("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n", "0", true),
        ("HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n", "0", true),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "chunked", true),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: \t Chunked \r\n\r\n", "chunked", true),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: , chunked ,\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: gzip\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding:\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: \r\ncontent-length: 5\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked;q=1\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, gzip\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: xchunked\r\ncontent-length: 5\r\n\r\n", "Coding", false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n", "chunked", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: x\r\ntransfer-encoding: chunked\r\n\r\n", "chunked", false),
        ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "Coding", false),
        ("HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\n", "5", false),
        ("HTTP/1.0 200 OK\r\ncontent-length: 5\r\nconnection: Keep-Alive\r\n\r\n", "5", true),
        ("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\n", "until close", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: x, Close\r\n\r\n", "5", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\nconnection: keep-alive\r\n\r\n", "5", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: closed\r\n\r\n", "5", true),
    ] {
        assert_eq!(framing(head), (wanted.to_owned(), reusable), "{head:?}");
    }
}

#[test]
fn an_answer_to_a_head_request_has_no_body() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
    let (seen, _) = read(&HeadShapes::default(), true, [&head[..]]);
    assert_eq!(seen.unwrap().unwrap().2, "0");
}

#[test]
fn a_length_beside_a_transfer_coding_is_taken_away() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\nx: y\r\n\r\n";
    let (seen, _) = read(&HeadShapes::default(), false, [&head[..]]);
    let names: Vec<_> = seen.unwrap().unwrap().1.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 2);
    assert!(!names.contains(&"content-length".to_owned()));
}

/// Answers with something behind them, valid or not.
const CASES: [&str; 26] = [
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ndate: x\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nx: y\r\nset-cookie: b=2\r\nSet-Cookie:c=3\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 999 What's \tthis\u{e9}\r\ncontent-length: 0\r\n\r\n",
    "\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
    "HTTP/1.1 200 OK\ncontent-length: 1\nx:\t y \n\nx\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 1\nx: y\r\n\r\nx\n\n",
    "HTTP/1.1 200 OK\ncontent-length: 1\r\n\r\nx\n\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 1\n\nx\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx : y\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: y\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx: y\r\n folded\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx: a\rb\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx: y\r\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 099 OK\r\n\r\n",
    "HTTP/1.1 2000\r\n\r\n",
    "HTTP/1.2 200 OK\r\n\r\n",
    "HTTP/2 200\r\n\r\n",
    "http/1.1 200 OK\r\n\r\n",
];

#[test]
fn it_does_not_matter_how_an_answer_is_cut_into_pieces_nor_what_came_before_it() {
    let known = HeadShapes::default();
    for _ in 0..8 {
        for case in CASES.map(str::as_bytes) {
            let _ = read(&known, false, [case]);
        }
    }
    for case in CASES.map(str::as_bytes) {
        let whole = read(&HeadShapes::default(), false, [case]);
        assert_eq!(read(&known, false, [case]), whole, "{case:?}");
        assert_eq!(read(&HeadShapes::default(), false, case.chunks(1)), whole, "{case:?}, byte by byte");
        for cut in 0..case.len() {
            assert_eq!(read(&known, false, [&case[..cut], &case[cut..]]), whole, "{case:?} cut at {cut}");
        }
    }
}

#[test]
fn only_valid_heads_are_accepted() {
    for (at, case) in CASES.iter().enumerate() {
        let (seen, _) = read(&HeadShapes::default(), false, [case.as_bytes()]);
        assert_eq!(seen.is_ok(), at < 7 || (8..10).contains(&at), "{case:?}: {seen:?}");
    }
    let (seen, behind) = read(&HeadShapes::default(), false, [CASES[6].as_bytes()]);
    let (status, headers, ..) = seen.unwrap().unwrap();
    assert_eq!((status, headers.len(), &behind[..]), (200, 1, &b"x"[..]), "informational answers leave nothing behind");
}

#[test]
fn what_cannot_become_a_head_is_refused_at_once() {
    for junk in ["<html>", "SSH-2.0-OpenSSH", "\x15\x03\x01", "HTTP/2.0 200", "H\r\n"] {
        assert_eq!(
            read(&HeadShapes::default(), false, [junk.as_bytes()]).0,
            Err(InvalidResponseHead::Malformed),
            "{junk:?}"
        );
    }
    assert_eq!(read(&HeadShapes::default(), false, [&b"HTT"[..]]).0, Ok(None));
}

#[test]
fn informational_answers_are_bounded_in_number() {
    let after = |count: usize| {
        let told = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(count);
        framing(&format!("{told}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")).0
    };
    assert_eq!((after(1), after(64), after(65)), ("5".into(), "5".into(), "Talkative".into()));
}

#[test]
fn a_head_is_bounded_in_bytes_and_in_fields() {
    let fields = |n: usize| "HTTP/1.1 200 OK\r\n".to_owned() + &"a: b\r\n".repeat(n) + "\r\n";
    assert!(read(&HeadShapes::default(), false, [fields(100).as_bytes()]).0.is_ok());
    assert_eq!(read(&HeadShapes::default(), false, [fields(101).as_bytes()]).0, Err(InvalidResponseHead::TooLarge));
    let frame = "HTTP/1.1 200 OK\r\na: \r\n\r\n".len();
    let bytes = |n: usize| format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(n - frame));
    for (head, valid) in [(bytes(HEAD_BYTES), true), (bytes(HEAD_BYTES + 1), false)] {
        let known = HeadShapes::default();
        for _ in 0..3 {
            assert_eq!(read(&known, false, [head.as_bytes()]).0.is_ok(), valid);
            assert_eq!(read(&known, false, head.as_bytes().chunks(1000)).0.is_ok(), valid);
        }
    }
    // Without an end it is refused as soon as it is too long, whatever it consists of.
    for endless in ["HTTP/1.1 200 OK\r\na: b", "HTTP/1.1 ", "HTTP/1.1 200 OK\r\n"] {
        let text = endless.to_owned() + &"x: y\r\n".repeat(HEAD_BYTES);
        let mut reader = HeadReader::default();
        let (mut taken, shapes) = (0, HeadShapes::default());
        let refused = text.as_bytes().chunks(100).find_map(|piece| {
            taken += piece.len();
            reader.push(BytesMut::from(piece), &shapes).err()
        });
        assert_eq!(refused, Some(InvalidResponseHead::TooLarge));
        assert!(taken <= HEAD_BYTES + 100);
    }
    let mut reader = HeadReader::default();
    for _ in 0..HEAD_BYTES {
        assert!(reader.push(BytesMut::from("\r\n"), &HeadShapes::default()).unwrap().is_none());
        assert!(reader.got.is_empty(), "empty lines are not kept");
    }
}

/// Something like a field line.
fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[A-Za-z][a-zA-Z0-9!#-]{0,8}:[ \t]{0,2}[ -~\t]{0,12}\r\n".prop_map(String::into_bytes),
        1 => prop::collection::vec(prop::sample::select(b"ab:; \t\r\n\"\x80\xff\x7f\0\x01".to_vec()), 0..12),
    ]
}

proptest! {
    #[test]
    fn it_reads_what_a_parser_of_long_standing_reads(lines in prop::collection::vec(line(), 0..6), code in 100_u16..700) {
        let text = [format!("HTTP/1.1 {code} OK\r\n").into_bytes(), lines.concat(), b"\r\n".to_vec()].concat();
        let mut fields = [httparse::EMPTY_HEADER; 100];
        let mut theirs = httparse::Response::new(&mut fields);
        let length = match theirs.parse(&text) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) | Err(_) => {
                let (seen, _) = read(&HeadShapes::default(), true, [&text[..]]);
                prop_assert!(!matches!(seen, Ok(Some(_))), "{seen:?}");
                return Ok(());
            }
        };
        let (seen, behind) = read(&HeadShapes::default(), true, [&text[..]]);
        // Where the lines' ends are mixed, an empty one may be the end only for them.
        let strict = text[..length].windows(2).all(|two| two[1] != b'\n' || two[0] == b'\r');
        match seen {
            Ok(Some((status, headers, ..))) => {
                prop_assert_eq!(status, code);
                prop_assert_eq!(&behind[..], &text[length..]);
                let mut wanted: Vec<_> =
                    theirs.headers.iter().map(|h| (h.name.to_ascii_lowercase(), h.value.to_vec())).collect();
                let mut headers = headers;
                headers.sort();
                wanted.sort();
                prop_assert_eq!(headers, wanted);
            }
            Ok(None) => prop_assert!(code < 200 || !strict, "{:?}", text),
            Err(invalid) => prop_assert!(invalid == InvalidResponseHead::Upgrade || code < 200 || !strict, "{:?}", text),
        }
    }
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::super::parsed::ParsedHead;
use super::{BYTES, HeadShapes, LEARN_EVERY, SHAPES};
use bytes::Bytes;
use proptest::prelude::*;

fn learn(shapes: &HeadShapes, text: &str) {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    shapes.learn(&bytes, &ParsedHead::read(&bytes).unwrap());
}

/// As an answer is read: by its shape, or else in full.
fn read(shapes: &HeadShapes, text: &str) -> (bool, Vec<(String, Vec<u8>)>, String) {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    let found = shapes.find(&bytes);
    let known = found.is_some();
    let head = match found {
        Some(found) => shapes.read(&bytes.slice(..found.end), &found).unwrap(),
        None => {
            learn(shapes, text);
            ParsedHead::read(&bytes).unwrap()
        }
    };
    let headers = head.headers.iter().map(|(n, v)| (n.to_string(), v.as_bytes().to_vec())).collect();
    (known, headers, format!("{} {:?} {:?}", head.status, head.version, head.signs))
}

fn answer(date: &str, length: usize) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nServer: one\r\ndate: {date}\r\nset-cookie: a=1\r\nx-y:\r\nset-cookie: b=2\r\n\
         content-length: {length}\r\nvary: z\r\n\r\n"
    )
}

/// Reads so many answers that one of them is looked at.
fn read_some(shapes: &HeadShapes, text: &str) {
    for _ in 0..LEARN_EVERY {
        read(shapes, text);
    }
}

#[test]
fn answers_that_differ_only_where_earlier_ones_differed_are_known() {
    let shapes = HeadShapes::default();
    assert!(!read(&shapes, &answer("mon", 5)).0);
    assert!(read(&shapes, &answer("mon", 5)).0);
    assert!(!read(&shapes, &answer("tue", 10)).0);
    read_some(&shapes, &answer("wed", 200));
    for (date, length) in [("thu", 7), ("fri", 0), ("", 1), ("sat ", 10_000)] {
        let text = answer(date, length);
        let (known, headers, rest) = read(&shapes, &text);
        let (_, fresh, fresh_rest) = read(&HeadShapes::default(), &text);
        assert_eq!((known, headers, rest), (true, fresh, fresh_rest));
    }
    let changed = |by: &str| answer("sun", 1).replace("vary: z", by);
    assert!(!read(&shapes, &changed("vary: other")).0, "what was constant has changed");
    read_some(&shapes, &changed("vary: other"));
    assert!(read(&shapes, &changed("vary: third")).0);
    assert_eq!(shapes.known.borrow().len(), 1);
    assert!(!read(&shapes, &answer("sun", 1).replace("200 OK", "500 No")).0);
}

#[test]
fn a_value_that_varies_is_not_kept() {
    let shapes = HeadShapes::default();
    for secret in ["sk-first", "sk-second", "sk-third"] {
        read_some(&shapes, &answer(secret, 1));
    }
    let known = shapes.known.borrow();
    let kept = known[0].constant.concat();
    assert!(!kept.windows(3).any(|three| three == b"sk-"));
    assert!(known[0].headers.values().all(|value| !value.as_bytes().starts_with(b"sk-")));
    assert_eq!(known[0].headers["date"], "");
}

#[test]
fn heads_of_ever_new_shapes_do_not_make_memory_grow() {
    let shapes = HeadShapes::default();
    for n in 0..1000 {
        read(&shapes, &format!("HTTP/1.1 200 OK\r\nx-{n}: 1\r\n\r\n"));
    }
    assert_eq!(shapes.known.borrow().len(), SHAPES);
    let shapes = HeadShapes::default();
    for text in [
        format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(BYTES)),
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(41)),
        "HTTP/1.1 200 OK\na: b\n\n".to_owned(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n".to_owned(),
    ] {
        for _ in 0..2 * LEARN_EVERY {
            assert!(!read(&shapes, &text).0);
        }
    }
    assert!(shapes.known.borrow().is_empty());
}

#[test]
fn a_head_that_is_not_whole_is_not_found() {
    let shapes = HeadShapes::default();
    for date in ["mon", "tue"] {
        read_some(&shapes, &answer(date, 1));
    }
    let text = answer("wed", 1);
    for cut in 0..text.len() {
        assert!(shapes.find(&text.as_bytes()[..cut]).is_none());
    }
    assert!(shapes.find(text.as_bytes()).is_some_and(|found| found.end == text.len()));
    assert!(shapes.find((text.clone() + "body").as_bytes()).is_some_and(|found| found.end == text.len()));
}

proptest! {
    #[test]
    fn heads_are_read_the_same_whether_their_shape_is_known_or_not(
        heads in prop::collection::vec(prop::collection::vec((0..7_usize, 0..12_usize), 0..5), 1..60),
    ) {
        const NAMES: [&str; 7] =
            ["date", "X-Id", "set-cookie", "connection", "Date", "Content-Length", "transfer-encoding"];
        const VALUES: [&str; 12] =
            ["", "a", " bb\t", "1", "2", "1, 1", "close", "keep-alive", "chunked", "gzip", "x, chunked", "\u{e9}"];
        let shapes = HeadShapes::default();
        for fields in heads {
            let lines: String =
                fields.iter().map(|(name, value)| format!("{}: {}\r\n", NAMES[*name], VALUES[*value])).collect();
            let text = format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
            let (_, headers, rest) = read(&shapes, &text);
            let fresh = read(&HeadShapes::default(), &text);
            prop_assert_eq!((headers, rest), (fresh.1, fresh.2));
        }
    }
}

use super::Watch;
use crate::head::Unlawful;
use proptest::prelude::*;

const LONGEST: usize = 1 << 15;

fn verdict(bytes: &[u8]) -> (u64, Result<(), Unlawful>) {
    let mut watch = Watch::new(LONGEST);
    let seen = watch.see(bytes);
    (watch.heads(), seen)
}

/// The verdict when the bytes come one by one.
fn dribbled(bytes: &[u8]) -> (u64, Result<(), Unlawful>) {
    let mut watch = Watch::new(LONGEST);
    let seen = bytes.iter().map(|b| watch.see(&[*b])).find(Result::is_err).unwrap_or(Ok(()));
    (watch.heads(), seen)
}

const LAWFUL: [(&str, u64); 9] = [
    ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", 1),
    ("\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", 1),
    ("POST / HTTP/1.1\r\nhost: a\r\nContent-Length: 3\r\n\r\na\nbGET / HTTP/1.1\r\n\r\n", 2),
    ("POST / HTTP/1.1\r\ncontent-length:0\r\n\r\nGET / HTTP/1.1\r\n\r\n", 2),
    ("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\na\nb\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n", 2),
    ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: y\r\n\r\nGET / HTTP/1.1\r\n\r\n", 2),
    ("POST / HTTP/1.1\r\nx-content-length: 3\r\ncontent-lengths: 3\r\n\r\n", 1),
    // What is no chunk is the parser's to refuse, and what comes behind it nobody's to judge.
    ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nGET / HTTP/1.1\n\n", 1),
    ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nGET / HTTP/1.1\n\n", 1),
];

const UNLAWFUL: [(&str, u64, Unlawful); 13] = [
    ("GET / HTTP/1.1\nhost: a\r\n\r\n", 0, Unlawful::BareLineFeed),
    ("GET / HTTP/1.1\r\nhost: a\n\r\n", 0, Unlawful::BareLineFeed),
    ("GET / HTTP/1.1\r\nhost: a\r\n\n", 0, Unlawful::BareLineFeed),
    ("\nGET / HTTP/1.1\r\n\r\n", 0, Unlawful::BareLineFeed),
    ("POST / HTTP/1.1\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\n", 0, Unlawful::BadLength),
    ("POST / HTTP/1.1\r\ncontent-length: 3, 3\r\n\r\n", 0, Unlawful::BadLength),
    ("POST / HTTP/1.1\r\ncontent-length: +3\r\n\r\n", 0, Unlawful::BadLength),
    ("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 0, Unlawful::LengthAndEncoding),
    ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 0, Unlawful::LengthAndEncoding),
    ("POST / HTTP/1.1\r\ntransfer-encoding: ,chunked\r\n\r\n", 0, Unlawful::TransferEncoding),
    (
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
        0,
        Unlawful::TransferEncoding,
    ),
    ("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\nhost: a\n\n", 1, Unlawful::BareLineFeed),
    (
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\n\r\nPOST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n",
        1,
        Unlawful::BadLength,
    ),
];

#[test]
fn lawful_heads_pass_wherever_they_stand() {
    for (text, heads) in LAWFUL {
        assert_eq!(verdict(text.as_bytes()), (heads, Ok(())), "{text:?}");
        assert_eq!(dribbled(text.as_bytes()), (heads, Ok(())), "{text:?}");
    }
}

#[test]
fn what_two_servers_may_read_in_two_ways_is_found_with_the_number_of_its_request() {
    for (text, number, why) in UNLAWFUL {
        assert_eq!(verdict(text.as_bytes()), (number, Err(why)), "{text:?}");
        assert_eq!(dribbled(text.as_bytes()), (number, Err(why)), "{text:?}");
    }
}

#[test]
fn a_violation_is_said_once() {
    let mut watch = Watch::new(LONGEST);
    assert!(watch.see(b"GET / HTTP/1.1\n").is_err());
    assert_eq!(watch.see(b"\n\nGET / HTTP/1.1\n\n"), Ok(()));
}

#[test]
fn a_body_that_has_not_ended_is_known() {
    let mut watch = Watch::new(LONGEST);
    watch.see(b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\na").unwrap();
    assert!(watch.in_body());
    watch.see(b"b").unwrap();
    assert!(!watch.in_body());
    watch.see(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").unwrap();
    assert!(watch.in_body());
    watch.see(b"0\r\n\r\n").unwrap();
    assert!(!watch.in_body());
}

#[test]
fn a_line_without_an_end_is_not_kept_for_ever() {
    let mut watch = Watch::new(100);
    for _ in 0..1_000 {
        watch.see(b"aaaaaaaaaa").unwrap();
    }
    assert!(watch.part.capacity() <= 200, "{}", watch.part.capacity());
}

proptest! {
    #[test]
    fn how_bytes_are_cut_up_changes_nothing(which in 0..UNLAWFUL.len(), before in 0..LAWFUL.len() - 2, cut in 1..40_usize) {
        let text = format!("{}{}", LAWFUL[before].0, UNLAWFUL[which].0);
        let whole = verdict(text.as_bytes());
        let mut watch = Watch::new(LONGEST);
        let seen = text.as_bytes().chunks(cut).map(|piece| watch.see(piece)).find(Result::is_err).unwrap_or(Ok(()));
        prop_assert_eq!((watch.heads(), seen), whole);
    }

    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = verdict(&bytes);
    }
}

use super::{Chunked, LARGEST, LINE, TRAILERS};
use bytes::BytesMut;
use proptest::prelude::*;

/// What a coded body comes to.
#[derive(Debug, PartialEq, Clone)]
struct Outcome {
    data: Vec<u8>,
    ended: bool,
    malformed: bool,
    surplus: bool,
    trailers: Vec<(String, String)>,
}

/// Decodes what comes in these pieces.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut chunked = Chunked::default();
    let mut out = Outcome { data: vec![], ended: false, malformed: false, surplus: false, trailers: vec![] };
    for piece in pieces {
        if out.ended {
            out.surplus |= !piece.is_empty();
            continue;
        }
        let mut buffer = BytesMut::from(piece);
        match chunked.decode(&mut buffer) {
            Ok(behind) => out.surplus |= !behind.is_empty() && !chunked.malformed(),
            Err(_) => out.malformed = true,
        }
        if !out.malformed {
            out.data.extend_from_slice(&buffer);
        }
        out.malformed |= chunked.malformed();
        out.ended = chunked.ended();
    }
    if let Some(trailers) = chunked.trailers() {
        out.trailers.extend(trailers.iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned())));
    }
    out
}

/// The same by the book: the whole text at once, one rule after another.
fn by_the_book(mut rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let whole = rest.len();
    let mut data = vec![];
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let line = &rest[..end];
        rest = &rest[end + 2..];
        let size = line.split(|&b| b == b';').next().unwrap().trim_ascii_end();
        let valid = !size.is_empty() && size.iter().all(u8::is_ascii_hexdigit) && !line.contains(&b'\n');
        if !valid || line.contains(&b'\r') {
            return None;
        }
        let size = usize::from_str_radix(std::str::from_utf8(size).unwrap(), 16).ok()?;
        if size == 0 {
            break;
        }
        data.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
    rest = rest.strip_prefix(b"\r\n")?;
    Some((data, whole - rest.len()))
}

const CASES: [&str; 21] = [
    "5\r\nhello\r\n0\r\n\r\n",
    "5\r\nhello\r\n6\r\n world\r\n1\r\n!\r\n0\r\n\r\n",
    "0\r\n\r\n",
    "000a\r\n0123456789\r\n00\r\n\r\n",
    "A;name=value;other=\"quoted\"\r\n0123456789\r\n0 ; x\r\n\r\n",
    "3\t \r\nabc\r\n0\r\n\r\n",
    "3\r\nabc\r\n0\r\nx-sum: 1\r\nX-Other: two words \r\n\r\n",
    "3\r\nabc\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
    "3\r\nabc\r\n0\r\nno colon\r\n\r\n",
    "3\r\nabc\r\n0\r\n folded: x\r\n\r\n",
    "3\r\nabcd\r\n0\r\n\r\n",
    "3\r\nabc\n0\r\n\r\n",
    "3\nabc\r\n0\r\n\r\n",
    "\r\nabc\r\n0\r\n\r\n",
    " 3\r\nabc\r\n0\r\n\r\n",
    "+3\r\nabc\r\n0\r\n\r\n",
    "0x3\r\nabc\r\n0\r\n\r\n",
    "3 3\r\nabc\r\n0\r\n\r\n",
    "3;a\nb\r\nabc\r\n0\r\n\r\n",
    "ffffffffffffffff1\r\nabc",
    "3\r\nabc\r\n0\r\n\rx",
];

#[test]
fn chunks_are_decoded_and_what_is_no_chunk_is_refused() {
    let outcome = |at: usize| decode([CASES[at].as_bytes()]);
    let good =
        |data: &str| Outcome { data: data.into(), ended: true, malformed: false, surplus: false, trailers: vec![] };
    assert_eq!(outcome(0), good("hello"));
    assert_eq!(outcome(1), good("hello world!"));
    assert_eq!(outcome(2), good(""));
    assert_eq!(outcome(3), good("0123456789"));
    assert_eq!(outcome(4), good("0123456789"));
    assert_eq!(outcome(5), good("abc"));
    let trailers = vec![("x-sum".into(), "1".into()), ("x-other".into(), "two words".into())];
    assert_eq!(outcome(6), Outcome { trailers, ..good("abc") });
    assert_eq!(outcome(7), Outcome { surplus: true, ..good("abc") });
    for (at, case) in CASES.iter().enumerate().skip(8) {
        let outcome = outcome(at);
        assert!(outcome.malformed && !outcome.ended, "{case:?}: {outcome:?}");
    }
}

#[test]
fn it_does_not_matter_how_a_body_is_cut_into_pieces() {
    for case in CASES.map(str::as_bytes) {
        let whole = decode([case]);
        assert_eq!(decode(case.chunks(1)), whole, "{case:?}, byte by byte");
        for first in 0..case.len() {
            for second in first..case.len() {
                let pieces = [&case[..first], &case[first..second], &case[second..]];
                assert_eq!(decode(pieces), whole, "{case:?} cut at {first} and {second}");
            }
        }
    }
}

#[test]
fn data_in_front_of_something_malformed_is_given_before_the_error() {
    let mut chunked = Chunked::default();
    let mut buffer = BytesMut::from("2\r\nab\r\n3\r\ncdefg");
    assert!(chunked.decode(&mut buffer).is_ok());
    assert_eq!(buffer, "abcde");
    assert!(chunked.malformed() && !chunked.ended());
    assert!(chunked.decode(&mut BytesMut::from("0\r\n\r\n")).is_err());
}

#[test]
fn all_chunks_of_a_buffer_become_one_piece_without_an_allocation() {
    let mut buffer = BytesMut::from("1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n4\r\ngh");
    let all = buffer.as_ptr_range();
    let mut chunked = Chunked::default();
    chunked.decode(&mut buffer).unwrap();
    assert_eq!(buffer, "abcdefgh");
    assert!(all.contains(&buffer.as_ptr()));
}

#[test]
fn a_size_that_needs_the_sign_of_a_signed_number_is_malformed_with_its_last_digit() {
    for size in ["8000000000000000", "ffffffffffffffff", "08000000000000000", "10000000000000000"] {
        assert!(decode([size.as_bytes()]).malformed, "{size}");
        assert!(decode(size.as_bytes().chunks(1)).malformed, "{size}");
    }
    let mut chunked = Chunked::default();
    assert!(chunked.decode(&mut BytesMut::from("7fffffffffffffff\r\n")).is_ok());
    assert_eq!((chunked.malformed(), chunked.least()), (false, LARGEST));
}

#[test]
fn what_is_announced_of_a_chunk_is_known_before_it_comes() {
    let mut chunked = Chunked::default();
    assert_eq!(chunked.least(), 0);
    chunked.decode(&mut BytesMut::from("a\r\nabc")).unwrap();
    assert_eq!(chunked.least(), 7);
    chunked.decode(&mut BytesMut::from("defghij")).unwrap();
    assert_eq!(chunked.least(), 0);
}

#[test]
fn a_line_feed_alone_in_the_trailers_is_malformed_at_once() {
    for text in ["0\r\nx: y\n", "0\r\n\n", "0\r\nx\n", "0\r\nx: y\r\n\n", "1\r\na\r\n0\r\nx: y\r\nz: \n"] {
        assert!(decode([text.as_bytes()]).malformed, "{text:?}");
        assert!(decode(text.as_bytes().chunks(1)).malformed, "{text:?}, byte by byte");
    }
}

#[test]
fn no_line_makes_memory_grow() {
    let long = "x".repeat(LINE as usize + 10);
    assert!(decode([format!("1;{long}").as_bytes()]).malformed);
    assert!(decode([format!("1{}", " ".repeat(LINE as usize + 10)).as_bytes()]).malformed);
    assert!(decode([format!("1;{}\r\na\r\n0\r\n\r\n", &long[..LINE as usize - 10]).as_bytes()]).ended);
    // Each line counts for itself: some senders sign every chunk.
    let signed = format!("1;{}\r\na\r\n", &long[..1000]).repeat(100) + "0\r\n\r\n";
    assert_eq!(decode([signed.as_bytes()]).data, [b'a'; 100]);
    let trailers = format!("0\r\na: {}\r\n\r\n", "b".repeat(TRAILERS));
    assert!(decode([trailers.as_bytes()]).malformed);
    assert!(decode([format!("0\r\n{}\r\n", "a: b\r\n".repeat(101)).as_bytes()]).malformed);
    assert!(decode([format!("0\r\n{}\r\n", "a: b\r\n".repeat(100)).as_bytes()]).ended);
}

fn coded() -> impl Strategy<Value = Vec<u8>> {
    let chunk = (prop::collection::vec(any::<u8>(), 1..40), "(;[a-z=\"]{0,5})?", any::<bool>());
    prop::collection::vec(chunk, 0..6).prop_map(|chunks| {
        let mut out = vec![];
        for (data, extension, upper) in chunks {
            let size = if upper { format!("{:X}", data.len()) } else { format!("{:x}", data.len()) };
            out.extend_from_slice(size.as_bytes());
            out.extend_from_slice(extension.as_bytes());
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(&data);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"0\r\n\r\n");
        out
    })
}

proptest! {
    #[test]
    fn it_decodes_as_the_book_says(
        mut text in coded(),
        broken in prop::option::of((any::<prop::sample::Index>(), prop::sample::select(b"\r\n;0aF x\xff".to_vec()))),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        if let Some((at, byte)) = broken {
            let at = at.index(text.len());
            text[at] = byte;
        }
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let outcome = decode(cuts.windows(2).map(|two| &text[two[0]..two[1]]));
        match by_the_book(&text) {
            Some((data, length)) => {
                prop_assert!(outcome.ended, "{outcome:?}");
                prop_assert_eq!(&outcome.data, &data);
                prop_assert_eq!(outcome.surplus, length < text.len());
            }
            // Cut short, malformed, or with trailers, which the book leaves out.
            None => prop_assert!(!outcome.ended || !outcome.trailers.is_empty(), "{outcome:?}"),
        }
    }
}

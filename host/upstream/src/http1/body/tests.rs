#![allow(clippy::unwrap_used)]
use super::Http1Body;
use crate::error::Break;
use bytes::BytesMut;
use weir_http::chunked::Chunked;
use weir_http::response::AnswerFraming;

/// Feeds pieces, then the end of the stream; gives the data, the trailers' number, and whether something came behind.
fn fed(framing: AnswerFraming, pieces: &[&str]) -> (String, Result<(usize, bool), Break>) {
    let mut incoming = Http1Body::new(framing, BytesMut::new());
    let mut data = String::new();
    for piece in pieces {
        match incoming.take(BytesMut::from(*piece)) {
            Err(how) => return (data, Err(how)),
            Ok(piece) => {
                data.push_str(std::str::from_utf8(&piece.data).unwrap());
                if let Some(end) = piece.end {
                    return (data, Ok((end.trailers.map_or(0, |trailers| trailers.len()), end.surplus)));
                }
            }
        }
    }
    (data, incoming.end_of_stream(false).map(|_| (0, false)))
}

fn chunked() -> AnswerFraming {
    AnswerFraming::Chunked(Chunked::default())
}

#[test]
fn the_end_of_a_connection_that_was_cut_ends_nothing() {
    let end = |framing, cut| Http1Body::new(framing, BytesMut::new()).end_of_stream(cut).map(drop);
    assert_eq!(end(AnswerFraming::UntilClose, false), Ok(()));
    for (framing, cut) in [
        (AnswerFraming::UntilClose, true),
        (AnswerFraming::Length(1), false),
        (AnswerFraming::Length(1), true),
        (chunked(), false),
    ] {
        assert_eq!(end(framing, cut), Err(Break::Cut));
    }
}

#[test]
fn a_body_ends_where_its_framing_says_and_nowhere_else() {
    let ended = |data: &str| (data.to_owned(), Ok((0, false)));
    let surplus = |data: &str| (data.to_owned(), Ok((0, true)));
    let cut = |data: &str| (data.to_owned(), Err(Break::Cut));
    assert_eq!(fed(AnswerFraming::Length(5), &["hello"]), ended("hello"));
    assert_eq!(fed(AnswerFraming::Length(5), &["he", "llo", "more"]), ended("hello"));
    assert_eq!(fed(AnswerFraming::Length(5), &["he", "llomore"]), surplus("hello"));
    assert_eq!(fed(AnswerFraming::Length(5), &["hell"]), cut("hell"));
    assert_eq!(fed(AnswerFraming::Length(0), &[""]), ended(""));
    assert_eq!(fed(AnswerFraming::Length(0), &["x"]), surplus(""));
    assert_eq!(fed(AnswerFraming::Length(u64::MAX), &["hell"]), cut("hell"));
    assert_eq!(fed(chunked(), &["5\r\nhe", "llo\r\n0\r\n\r\n"]), ended("hello"));
    assert_eq!(fed(chunked(), &["5\r\nhello\r\n0\r\n\r\nmore"]), surplus("hello"));
    assert_eq!(fed(chunked(), &["5\r\nhello\r\n0\r\na: b\r\nc: d\r\n\r\n"]), ("hello".to_owned(), Ok((2, false))));
    assert_eq!(fed(chunked(), &["5\r\nhello\r\n0\r\n"]), cut("hello"));
    assert_eq!(fed(chunked(), &["5\r\nhello\r\nx", "0\r\n\r\n"]), ("hello".to_owned(), Err(Break::Framing)));
    assert_eq!(fed(AnswerFraming::UntilClose, &["he", "llo"]), ended("hello"));
}

#[test]
fn a_length_of_body_tells_how_much_is_left() {
    let mut incoming = Http1Body::new(AnswerFraming::Length(5), BytesMut::new());
    assert_eq!(incoming.left(), Some(5));
    incoming.take(BytesMut::from("he")).unwrap();
    assert_eq!(incoming.left(), Some(3));
    assert_eq!(Http1Body::new(AnswerFraming::UntilClose, BytesMut::new()).left(), None);
}

use super::*;

fn head(text: &str) -> Result<Option<LoadHead>, LoadFailure> {
    LoadHead::parse(text.as_bytes())
}

#[test]
fn a_head_says_how_its_body_ends() {
    let table = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, LoadBody::Length(5), true),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nConnection: Close\r\n\r\n", 200, LoadBody::Length(5), false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", 200, LoadBody::Chunked(Chunks::default()), true),
        ("HTTP/1.1 200 OK\r\n\r\n", 200, LoadBody::UntilClose, false),
        ("HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\n", 200, LoadBody::Length(5), false),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, LoadBody::Length(0), true),
        ("HTTP/1.1 100 Continue\r\n\r\n", 100, LoadBody::Length(0), true),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
            200,
            LoadBody::Chunked(Chunks::default()),
            true,
        ),
    ];
    for (text, status, body, reusable) in table {
        let expected = LoadHead { status, length: text.len(), body, reusable };
        assert_eq!(head(text), Ok(Some(expected)), "{text}");
        assert_eq!(head(&text[..text.len() - 1]), Ok(None), "{text}");
    }
    assert_eq!(head("SSH-2.0-OpenSSH\r\n\r\n"), Err(LoadFailure::Protocol));
    assert_eq!(head("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"), Err(LoadFailure::Protocol));
}

/// The body of what comes in pieces of a size, and whether it was complete.
fn read(mut body: LoadBody, text: &str, piece: usize) -> Result<(String, bool), LoadFailure> {
    let (mut data, mut over) = (Vec::new(), false);
    for bytes in text.as_bytes().chunks(piece) {
        over = body.take(bytes, |bytes| data.extend_from_slice(bytes))?;
    }
    Ok((String::from_utf8(data).unwrap(), over))
}

#[test]
fn a_chunked_body_is_the_same_however_it_is_cut() {
    let text = "4;name=value\r\nWiki\r\n5\nedia \nB\r\nin\r\nchunks.\r\n0\r\nx-sum: 1\r\n\r\n";
    for piece in 1..=text.len() {
        let read = read(LoadBody::Chunked(Chunks::default()), text, piece);
        assert_eq!(read, Ok(("Wikiedia in\r\nchunks.".to_owned(), true)), "pieces of {piece}");
    }
    let cut = read(LoadBody::Chunked(Chunks::default()), &text[..text.len() - 2], 7);
    assert_eq!(cut.map(|(_, over)| over), Ok(false));
}

#[test]
fn what_is_not_chunked_as_it_says_is_refused() {
    for text in ["x\r\n", "4\r\nWikix\r\n", "\r\n", "-1\r\n", &"1".repeat(LINE + 1)] {
        assert_eq!(read(LoadBody::Chunked(Chunks::default()), text, text.len()), Err(LoadFailure::Protocol), "{text}");
    }
}

#[test]
fn a_body_of_a_known_length_ends_there_and_nothing_may_follow() {
    assert_eq!(read(LoadBody::Length(5), "hello", 2), Ok(("hello".to_owned(), true)));
    assert_eq!(read(LoadBody::Length(5), "hell", 2), Ok(("hell".to_owned(), false)));
    assert_eq!(read(LoadBody::Length(4), "hello", 5), Err(LoadFailure::Protocol));
    assert!(LoadBody::UntilClose.may_end() && !LoadBody::Length(0).may_end());
    assert_eq!(LoadBody::Length(0).take(b"", |_| ()), Ok(true));
}

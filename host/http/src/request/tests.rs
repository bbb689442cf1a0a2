use super::*;
use crate::chunked::Chunked;
use http::Request;
use proptest::prelude::*;

const LIMITS: HeadLimits = HeadLimits { bytes: 1 << 15, headers: 100, secured: false };

/// A server that throws bodies away.
struct Server {
    got: BytesMut,
    finder: HeadFinder,
    body: Body,
    heads: u64,
}

enum Body {
    Over,
    Length(usize),
    Chunked(Chunked),
    Broken,
}

impl Server {
    fn new() -> Self {
        Self { got: BytesMut::new(), finder: HeadFinder::default(), body: Body::Over, heads: 0 }
    }

    fn hears(&mut self, bytes: &[u8]) -> Result<(), InvalidHead> {
        self.got.extend_from_slice(bytes);
        loop {
            match &mut self.body {
                Body::Broken => return Ok(()),
                Body::Length(left) => {
                    let there = self.got.len().min(*left);
                    let _ = self.got.split_to(there);
                    *left -= there;
                    if *left > 0 {
                        return Ok(());
                    }
                    self.body = Body::Over;
                }
                Body::Chunked(chunked) => {
                    let mut data = std::mem::take(&mut self.got);
                    match chunked.decode(&mut data) {
                        Ok(behind) if chunked.ended() => (self.got, self.body) = (behind, Body::Over),
                        Ok(_) => return Ok(()),
                        Err(_) => self.body = Body::Broken,
                    }
                }
                Body::Over => {
                    let Some(head) = self.finder.find(&mut self.got, LIMITS.bytes)? else { return Ok(()) };
                    let meant = read_alone(&head)?.1;
                    self.heads += 1;
                    self.body = match meant.framing {
                        RequestFraming::Length(length) => Body::Length(length as usize),
                        RequestFraming::Chunked => Body::Chunked(Chunked::default()),
                    };
                }
            }
        }
    }
}

fn read_alone(head: &RawHead) -> Result<(Parts, BodyFraming), InvalidHead> {
    let mut parts = Request::new(()).into_parts().0;
    read(head, &LIMITS, &mut parts).map(|meant| (parts, meant))
}

fn read_text(head: &str) -> Result<(Parts, BodyFraming), InvalidHead> {
    read_alone(&HeadFinder::default().find(&mut BytesMut::from(head), LIMITS.bytes)?.unwrap())
}

/// How many requests are valid, and what comes after them.
fn verdict<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (u64, Result<(), InvalidHead>) {
    let mut server = Server::new();
    let heard = pieces.into_iter().map(|piece| server.hears(piece)).find(Result::is_err).unwrap_or(Ok(()));
    (server.heads, heard)
}

const LAWFUL: [(&str, u64); 12] = [
    ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", 1),
    ("\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", 1),
    ("GET / HTTP/1.0\r\n\r\n", 1),
    ("GET / HTTP/1.2\r\nhost: a\r\n\r\n", 1),
    ("GET / HTTP/1.9\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", 2),
    ("POST / HTTP/1.1\r\nhost: a\r\nContent-Length: 3\r\n\r\na\nbGET / HTTP/1.1\r\nhost: a\r\n\r\n", 2),
    ("POST / HTTP/1.1\r\nhost:a\r\ncontent-length:0\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", 2),
    (
        "POST / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\na\nb\r\n0\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        2,
    ),
    (
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: y\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        2,
    ),
    ("POST / HTTP/1.1\r\nhost: a\r\nx-content-length: 3\r\ncontent-lengths: 3\r\n\r\n", 1),
    // Behind what is no chunk nothing is read.
    ("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nGET / HTTP/1.1\n\n", 1),
    ("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nGET / HTTP/1.1\n\n", 1),
];

const UNLAWFUL: [(&str, u64, InvalidHead); 38] = [
    // RFC 9112 section 2.2: how lines end.
    ("GET / HTTP/1.1\nhost: a\r\n\r\n", 0, InvalidHead::BareLineFeed),
    ("GET / HTTP/1.1\r\nhost: a\n\r\n", 0, InvalidHead::BareLineFeed),
    ("GET / HTTP/1.1\r\nhost: a\r\n\n", 0, InvalidHead::BareLineFeed),
    ("GET / HTTP/1.1\r\nhost: a\n\n", 0, InvalidHead::BareLineFeed),
    ("\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", 0, InvalidHead::BareLineFeed),
    ("GET / HTTP/1.1\r\nhost: a\rb: c\r\n\r\n", 0, InvalidHead::Malformed),
    // Section 3: the request line.
    ("GET  / HTTP/1.1\r\nhost: a\r\n\r\n", 0, InvalidHead::Malformed),
    ("GET / HTTP/1.1 \r\nhost: a\r\n\r\n", 0, InvalidHead::Malformed),
    ("GET /\r\nhost: a\r\n\r\n", 0, InvalidHead::Malformed),
    ("GET / http/1.1\r\nhost: a\r\n\r\n", 0, InvalidHead::Malformed),
    ("G{T / HTTP/1.1\r\nhost: a\r\n\r\n", 0, InvalidHead::Malformed),
    ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n", 0, InvalidHead::Malformed),
    ("GET / HTTP/1.10\r\nhost: a\r\n\r\n", 0, InvalidHead::Malformed),
    ("GET / HTTP/0.9\r\nhost: a\r\n\r\n", 0, InvalidHead::UnsupportedVersion),
    ("GET / HTTP/2.0\r\nhost: a\r\n\r\n", 0, InvalidHead::UnsupportedVersion),
    ("GET \"/\" HTTP/1.1\r\nhost: a\r\n\r\n", 0, InvalidHead::BadTarget),
    ("GET a:80 HTTP/1.1\r\nhost: a\r\n\r\n", 0, InvalidHead::BadTarget),
    ("GET /#x HTTP/1.1\r\nhost: a\r\n\r\n", 0, InvalidHead::BadTarget),
    ("GET /?x# HTTP/1.1\r\nhost: a\r\n\r\n", 0, InvalidHead::BadTarget),
    ("GET http://a/#x HTTP/1.1\r\nhost: a\r\n\r\n", 0, InvalidHead::BadTarget),
    ("GET https://a/ HTTP/1.1\r\nhost: a\r\n\r\n", 0, InvalidHead::Misdirected),
    // Section 3.2: the host.
    ("GET / HTTP/1.1\r\n\r\n", 0, InvalidHead::MissingHost),
    ("GET / HTTP/1.1\r\nhost: a\r\nHost: a\r\n\r\n", 0, InvalidHead::ManyHosts),
    // RFC 9110 section 5.3: what cannot be a list is given once.
    (
        "GET / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer a\r\nAuthorization: Bearer a\r\n\r\n",
        0,
        InvalidHead::ManyAuthorizations,
    ),
    // Section 5: field lines.
    ("GET / HTTP/1.1\r\nhost: a\r\nx : y\r\n\r\n", 0, InvalidHead::Malformed),
    ("GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n z\r\n\r\n", 0, InvalidHead::Malformed),
    ("GET / HTTP/1.1\r\n host: a\r\n\r\n", 0, InvalidHead::Malformed),
    ("GET / HTTP/1.1\r\nhost: a\r\nx\r\n\r\n", 0, InvalidHead::Malformed),
    ("GET / HTTP/1.1\r\nhost: a\r\n: y\r\n\r\n", 0, InvalidHead::Malformed),
    ("GET / HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n", 0, InvalidHead::Malformed),
    // Section 6: where the body ends.
    ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\n", 0, InvalidHead::BadLength),
    ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3, 3\r\n\r\n", 0, InvalidHead::BadLength),
    ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +3\r\n\r\n", 0, InvalidHead::BadLength),
    (
        "POST / HTTP/1.1\r\nhost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        0,
        InvalidHead::LengthAndEncoding,
    ),
    ("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: ,chunked\r\n\r\n", 0, InvalidHead::TransferEncoding),
    (
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
        0,
        InvalidHead::TransferEncoding,
    ),
    ("GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\nhost: a\n\n", 1, InvalidHead::BareLineFeed),
    (
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\n\r\nPOST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n",
        1,
        InvalidHead::BadLength,
    ),
];

#[test]
fn valid_heads_pass_wherever_they_stand() {
    for (text, heads) in LAWFUL {
        assert_eq!(verdict([text.as_bytes()]), (heads, Ok(())), "{text:?}");
        assert_eq!(verdict(text.as_bytes().chunks(1)), (heads, Ok(())), "{text:?}, byte by byte");
    }
}

#[test]
fn invalid_heads_are_found_behind_as_many_valid_ones() {
    for (text, number, why) in UNLAWFUL {
        assert_eq!(verdict([text.as_bytes()]), (number, Err(why)), "{text:?}");
        assert_eq!(verdict(text.as_bytes().chunks(1)), (number, Err(why)), "{text:?}, byte by byte");
    }
}

#[test]
fn a_head_is_read_into_parts_whose_values_are_slices_of_it() {
    let text = "POST /v1/x?y HTTP/1.1\r\nHost: a:80\r\nX-Two:\t 1 \r\nx-two: 2\r\nempty:\r\ncontent-length: 12\r\n\r\n";
    let head = HeadFinder::default().find(&mut BytesMut::from(text), LIMITS.bytes).unwrap().unwrap();
    let (parts, meant) = read_alone(&head).unwrap();
    assert_eq!((parts.method, parts.version), (Method::POST, Version::HTTP_11));
    assert_eq!(parts.uri, "/v1/x?y");
    let fields: Vec<_> = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let expected: [(&str, &[u8]); 5] =
        [("host", b"a:80"), ("x-two", b"1"), ("x-two", b"2"), ("empty", b""), ("content-length", b"12")];
    assert_eq!(fields, expected);
    assert!(fields[..3].iter().all(|(_, value)| head.bytes.as_ptr_range().contains(&value.as_ptr())));
    assert_eq!(meant, BodyFraming { framing: RequestFraming::Length(12), expects_continue: false, keep_alive: true });
}

#[test]
fn a_target_is_read_anew_where_it_differs() {
    let mut parts = Request::new(()).into_parts().0;
    for target in ["/a", "/a", "/a?b", "/", "http://a/", "/", "/a", "*", "/a"] {
        let method = if target == "*" { "OPTIONS" } else { "GET" };
        let text = format!("{method} {target} HTTP/1.1\r\nhost: a\r\n\r\n");
        let head = HeadFinder::default().find(&mut BytesMut::from(&*text), LIMITS.bytes).unwrap().unwrap();
        read(&head, &LIMITS, &mut parts).unwrap();
        assert_eq!(parts.uri, target.parse::<Uri>().unwrap(), "{target}");
    }
}

#[test]
fn what_is_meant_for_the_connection_is_understood() {
    for (version, fields, keep_alive, expects_continue) in [
        ("1.1", "", true, false),
        ("1.1", "connection: close\r\n", false, false),
        ("1.1", "connection: x,\tClose , y\r\n", false, false),
        ("1.1", "connection: x\r\nconnection: close\r\n", false, false),
        ("1.1", "expect: 100-Continue\r\n", true, true),
        ("1.0", "", false, false),
        ("1.0", "connection: Keep-Alive\r\n", true, false),
        ("1.0", "connection: keep-alive, close\r\n", false, false),
        ("1.0", "expect: 100-continue\r\n", false, false),
    ] {
        let (_, meant) = read_text(&format!("GET / HTTP/{version}\r\nhost: a\r\n{fields}\r\n")).unwrap();
        assert_eq!((meant.keep_alive, meant.expects_continue), (keep_alive, expects_continue), "{version} {fields:?}");
    }
}

#[test]
fn a_head_may_be_as_large_as_its_limits_and_not_larger() {
    let fields = |count: usize| (0..count).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    let head = |fields: &str| format!("GET / HTTP/1.1\r\nhost: a\r\n{fields}\r\n");
    assert!(read_text(&head(&fields(99))).is_ok());
    assert_eq!(read_text(&head(&fields(100))).unwrap_err(), InvalidHead::TooManyHeaders);

    let rest = LIMITS.bytes - head("x: \r\n").len();
    for (more, expected) in [(0, (1, Ok(()))), (1, (0, Err(InvalidHead::HeadTooLarge)))] {
        let text = head(&format!("x: {}\r\n", "y".repeat(rest + more)));
        assert_eq!(verdict([text.as_bytes()]), expected);
        assert_eq!(verdict(text.as_bytes().chunks(1000)), expected);
    }
    // It need not have an end to be too large.
    let endless = vec![b'a'; LIMITS.bytes];
    let pieces = [b"GET /".as_slice(), &endless];
    assert_eq!(verdict(pieces), (0, Err(InvalidHead::HeadTooLarge)));
}

#[test]
fn another_protocol_is_refused_before_its_line_ends() {
    for bytes in [b"\x16\x03\x01".as_slice(), b"SSH-2.0-\x00", b"\rG", &[b'a'; LONGEST_METHOD], b"{\"a\"", b" GET"] {
        assert_eq!(verdict([bytes]), (0, Err(InvalidHead::Malformed)), "{bytes:?}");
    }
    assert_eq!(verdict([b"OPTIONS".as_slice()]), (0, Ok(())));
}

#[test]
fn a_carriage_return_alone_is_refused_before_the_head_ends() {
    let heads = [
        "GET / HTTP/1.1\rhost: a\r\r",
        "GET / HTTP/1.1\r\nhost: a\rx",
        "GET / HTTP/1.1\r\nx: y\r\r",
        "GET /\r/ HTTP/1.1",
    ];
    for head in heads {
        assert_eq!(verdict([head.as_bytes()]), (0, Err(InvalidHead::Malformed)), "{head:?}");
        assert_eq!(verdict(head.as_bytes().chunks(1)), (0, Err(InvalidHead::Malformed)), "{head:?}, byte by byte");
    }
    for head in ["GET / HTTP/1.1\r", "GET / HTTP/1.1\r\nhost: a\r", "GET / HTTP/1.1\r\nhost: a\r\n\r"] {
        assert_eq!(verdict([head.as_bytes()]), (0, Ok(())), "{head:?}");
        assert_eq!(verdict(head.as_bytes().chunks(1)), (0, Ok(())), "{head:?}, byte by byte");
    }
}

/// Pieces of heads, valid and not, in any order.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&str; 24] = [
        "GET / HTTP/1.1\r\n",
        "POST /x?y=z HTTP/1.0\r\n",
        "\r\n",
        "\n",
        "\r",
        " ",
        "host: a\r\n",
        "Content-Length: 4\r\n",
        "content-length:",
        "transfer-encoding: chunked\r\n",
        "Connection: close, x\r\n",
        "x: ",
        ":",
        "\t",
        "a",
        "é",
        "\0",
        "\u{7f}",
        "\r\n\r\n",
        "4\r\nabcd\r\n",
        "0\r\n\r\n",
        "HTTP/1.1",
        "http://a/",
        "*",
    ];
    let piece = prop_oneof![9 => (0..PIECES.len()).prop_map(|at| PIECES[at].as_bytes().to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..4)];
    let start = prop::bool::ANY.prop_map(|valid| if valid { "GET / HTTP/1.1\r\nhost: a\r\n" } else { "" });
    (start, prop::collection::vec(piece, 0..12))
        .prop_map(|(start, pieces)| [start.as_bytes(), &pieces.concat()].concat())
}

proptest! {
    #[test]
    fn how_bytes_are_cut_up_changes_nothing(which in 0..UNLAWFUL.len(), before in 0..LAWFUL.len() - 2, cut in 1..40_usize) {
        let text = format!("{}{}", LAWFUL[before].0, UNLAWFUL[which].0);
        prop_assert_eq!(verdict(text.as_bytes().chunks(cut)), verdict([text.as_bytes()]));
    }

    #[test]
    fn no_bytes_break_it_and_pieces_of_them_are_not_judged_more_kindly(bytes in soup(), cut in 1..20_usize) {
        let (heads, whole) = verdict([bytes.as_slice()]);
        let (heads_cut, cut) = verdict(bytes.chunks(cut));
        // Of two things that are wrong another one may be found first.
        prop_assert_eq!((heads, whole.is_ok()), (heads_cut, cut.is_ok()));
    }

    #[test]
    fn what_is_valid_here_is_read_by_another_parser_in_the_same_way(bytes in soup()) {
        let mut got = BytesMut::from(&bytes[..]);
        if let Ok(Some(head)) = HeadFinder::default().find(&mut got, LIMITS.bytes)
            && let Ok((parts, _)) = read_alone(&head)
        {
            let mut fields = [httparse::EMPTY_HEADER; 100];
            let mut other = httparse::Request::new(&mut fields);
            prop_assert_eq!(other.parse(&head.bytes).map(|status| status.is_complete()), Ok(true));
            prop_assert_eq!(other.method, Some(parts.method.as_str()));
            let target = other.path.unwrap_or_default();
            prop_assert!(target.starts_with(&parts.uri.to_string()) || target.starts_with("http://"));
            prop_assert_eq!(parts.headers.len(), other.headers.len());
            for field in other.headers {
                let values = parts.headers.get_all(field.name);
                prop_assert!(values.iter().any(|value| value.as_bytes() == field.value));
            }
        }
    }
}

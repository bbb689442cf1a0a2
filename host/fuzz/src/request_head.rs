//! Heads of requests: the same whatever pieces they arrive in, against `httparse`, and with one way only to tell where the
//! body ends.

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use weir_http::head::{HeadLimits, InvalidHead};
use weir_http::request::{self, BodyFraming, HeadFinder, RequestFraming};

use crate::cut::{cut, pieces};

const FIELDS: usize = 32;

/// What became of a head.
type Outcome = Result<Option<(Parts, BodyFraming, Bytes)>, InvalidHead>;

/// Any cutting comes to the same. What is taken `httparse` takes, and makes the same of; what it takes and Weir does not is
/// refused by a rule that is written down here.
pub fn request_head(data: &[u8]) {
    let Some((flags, data)) = data.split_first() else { return };
    let limits = HeadLimits { bytes: if flags & 2 == 0 { 8192 } else { 64 }, headers: FIELDS, secured: flags & 1 == 1 };
    let (lengths, bytes) = cut(data);
    let whole = read(&limits, &[], bytes);
    for lengths in [lengths, &[1], &[3, 1]] {
        is_the_same(&read(&limits, lengths, bytes), &whole);
    }
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut theirs = httparse::Request::new(&mut fields);
    let parsed = theirs.parse(bytes);
    match (&whole, parsed) {
        (Ok(Some((parts, framing, head))), Ok(httparse::Status::Complete(length))) => {
            assert!(bytes[..length].ends_with(head), "the head ends elsewhere");
            says_the_same(parts, &theirs);
            ends_the_body_one_way(parts, *framing, &theirs);
        }
        (Ok(Some((parts, ..))), other) => assert!(only_we_take(parts, bytes), "httparse says {other:?}"),
        (Err(rule), Ok(httparse::Status::Complete(length))) => {
            assert!(!why_refused(*rule, &bytes[..length], &limits).is_empty(), "refused without a rule: {rule:?}");
        }
        (Ok(None), Ok(httparse::Status::Complete(length))) => panic!("nobody waits for more than {length} bytes"),
        (Err(_) | Ok(None), _) => {}
    }
}

fn read(limits: &HeadLimits, lengths: &[u8], bytes: &[u8]) -> Outcome {
    let mut finder = HeadFinder::default();
    let mut got = BytesMut::new();
    for piece in pieces(lengths, bytes) {
        got.extend_from_slice(piece);
        let Some(found) = finder.find(&mut got, limits.bytes)? else { continue };
        let (mut parts, ()) = http::Request::new(()).into_parts();
        let head = found.bytes.clone();
        let framing = request::read(&found, limits, &mut parts)?;
        is_read_again_alike(&found, limits, &parts, framing);
        return Ok(Some((parts, framing, head)));
    }
    Ok(None)
}

/// What a connection's requests leave behind in `parts` changes nothing.
fn is_read_again_alike(found: &request::RawHead, limits: &HeadLimits, parts: &Parts, framing: BodyFraming) {
    let mut used = parts.clone();
    assert_eq!(request::read(found, limits, &mut used), Ok(framing));
    assert_eq!((&used.method, &used.uri, used.version), (&parts.method, &parts.uri, parts.version));
    assert_eq!(used.headers, parts.headers);
}

/// Which rule is named may depend on what has come; whether one is broken does not.
fn is_the_same(cut: &Outcome, whole: &Outcome) {
    match (cut, whole) {
        (Ok(Some((one, framing, head))), Ok(Some((other, other_framing, other_head)))) => {
            assert_eq!((framing, head), (other_framing, other_head));
            assert_eq!((&one.method, &one.uri, one.version), (&other.method, &other.uri, other.version));
            assert_eq!(one.headers, other.headers);
        }
        (Ok(None), Ok(None)) | (Err(_), Err(_)) => {}
        (cut, whole) => panic!("in pieces {cut:?}, and whole {whole:?}"),
    }
}

fn says_the_same(parts: &Parts, theirs: &httparse::Request<'_, '_>) {
    assert_eq!(Some(parts.method.as_str()), theirs.method);
    assert_eq!(Some(parts.version == http::Version::HTTP_11), theirs.version.map(|minor| minor == 1));
    let target = theirs.path.unwrap();
    // A target in absolute form without a path has the path `/` (RFC 9112 section 3.2.1).
    let ours = parts.uri.to_string();
    let is_same = ours.eq_ignore_ascii_case(target)
        || ours.strip_suffix('/').is_some_and(|ours| ours.eq_ignore_ascii_case(target));
    assert!(is_same || ours.replacen("/?", "?", 1).eq_ignore_ascii_case(target), "{ours} is not {target}");
    assert!(parts.uri.authority().is_some() || ours == target);
    assert_eq!(parts.headers.len(), theirs.headers.len());
    for field in &*theirs.headers {
        let of_name = parts.headers.get_all(field.name);
        let count = theirs.headers.iter().filter(|other| other.name.eq_ignore_ascii_case(field.name)).count();
        assert_eq!(of_name.iter().count(), count);
        assert!(of_name.iter().any(|value| value.as_bytes() == field.value), "{}", field.name);
    }
}

/// RFC 9112 section 6.3, by a head that somebody else has taken apart.
fn ends_the_body_one_way(parts: &Parts, framing: BodyFraming, theirs: &httparse::Request<'_, '_>) {
    let all = |name: &str| -> Vec<&[u8]> {
        theirs.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value).collect()
    };
    let (lengths, codings, hosts) = (all("content-length"), all("transfer-encoding"), all("host"));
    assert!(lengths.is_empty() || codings.is_empty(), "a length and a coding");
    match framing.framing {
        RequestFraming::Chunked => {
            assert!(codings.len() == 1 && codings[0].eq_ignore_ascii_case(b"chunked"));
            assert_eq!(parts.version, http::Version::HTTP_11);
        }
        RequestFraming::Length(length) => {
            assert!(codings.is_empty() && lengths.len() <= 1);
            let said = lengths.first().map_or("0", |digits| std::str::from_utf8(digits).unwrap());
            assert!(said.bytes().all(|digit| digit.is_ascii_digit()));
            assert_eq!(said.parse(), Ok(length));
        }
    }
    let connection: Vec<&[u8]> = all("connection")
        .into_iter()
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .collect();
    let says = |option: &str| connection.iter().any(|said| said.eq_ignore_ascii_case(option.as_bytes()));
    let is_new = parts.version == http::Version::HTTP_11;
    assert_eq!(framing.keep_alive, !says("close") && (is_new || says("keep-alive")), "RFC 9112 section 9.3");
    assert_eq!(framing.expects_continue, is_new && !all("expect").is_empty(), "RFC 9110 section 10.1.1");
    assert!(hosts.len() == 1 || (hosts.is_empty() && parts.version == http::Version::HTTP_10));
}

/// What Weir takes and `httparse` does not.
fn only_we_take(parts: &Parts, bytes: &[u8]) -> bool {
    let line = bytes.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    // A later minor version is answered as the latest known one (RFC 9110 section 2.5).
    let is_later = parts.version == http::Version::HTTP_11
        && matches!(line, [.., b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'2'..=b'9', b'\r']);
    is_later && parts.method != http::Method::CONNECT
}

/// The section that lets a head be refused that `httparse` takes; nothing if there is none.
fn why_refused(rule: InvalidHead, head: &[u8], limits: &HeadLimits) -> &'static str {
    match rule {
        InvalidHead::MissingHost | InvalidHead::ManyHosts => "RFC 9112 section 3.2",
        InvalidHead::BadHost => "RFC 9110 section 7.2",
        InvalidHead::Malformed => {
            let first = head.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
            let method = first.split(|byte| *byte == b' ').next().unwrap_or_default();
            let spaces = first.iter().filter(|byte| **byte == b' ').count();
            // Two words in a row are as lenient as several.
            if method.len() >= 32 {
                "RFC 9110 section 9.1: methods that are known are shorter"
            } else if spaces != 2 {
                "RFC 9112 section 3: one space, not several"
            } else {
                ""
            }
        }
        InvalidHead::BareLineFeed
            if head.split_inclusive(|byte| *byte == b'\n').any(|line| !line.ends_with(b"\r\n")) =>
        {
            "RFC 9112 section 2.2: a lone LF may be taken for a line's end, and need not"
        }
        InvalidHead::HeadTooLarge if head.len() > limits.bytes => "RFC 9110 section 5.4",
        InvalidHead::BareLineFeed | InvalidHead::HeadTooLarge => "",
        InvalidHead::TooManyHeaders => "",
        _ => "RFC 9110 and 9112, as the rule says",
    }
}

//! Heads of responses: the same whatever pieces they arrive in and whatever heads were read before, and against `httparse`.

use bytes::BytesMut;
use weir_http::response::{AnswerFraming, HEAD_BYTES, HeadReader, HeadShapes, InvalidResponseHead, ResponseHead};

use crate::cut::{cut, parts, pieces};

/// More than a head may have (`weir_http::fields::FIELDS`).
const FIELDS: usize = 101;

/// What became of a head, and what came behind it.
type Outcome = Result<Option<(ResponseHead, Vec<u8>)>, InvalidResponseHead>;

/// Any cutting comes to the same, and so does any order of heads that were read before; what is taken `httparse` takes, and
/// makes the same of.
pub fn response_head(data: &[u8]) {
    let Some((flags, data)) = data.split_first() else { return };
    let bodiless = flags & 1 == 1;
    let (lengths, bytes) = cut(data);
    let known = HeadShapes::default();
    let heads = parts(bytes);
    let alone: Vec<Outcome> = heads.iter().map(|head| read(bodiless, &HeadShapes::default(), &[], head)).collect();
    // A shape is learned of every third head that is not known, and what varies in it of a second one.
    for round in 0..4 {
        for (head, alone) in heads.iter().zip(&alone) {
            is_the_same(&read(bodiless, &known, &[], head), alone, "after others", round);
        }
    }
    for (head, alone) in heads.iter().zip(&alone) {
        for lengths in [lengths, &[1], &[4, 1]] {
            is_the_same(&read(bodiless, &HeadShapes::default(), lengths, head), alone, "in pieces", 0);
            is_the_same(&read(bodiless, &known, lengths, head), alone, "in pieces, after others", 0);
        }
        is_what_httparse_says(head, alone);
    }
}

fn read(bodiless: bool, shapes: &HeadShapes, lengths: &[u8], bytes: &[u8]) -> Outcome {
    let mut reader = HeadReader::default();
    reader.bodiless = bodiless;
    let mut taken = 0;
    for piece in pieces(lengths, bytes) {
        taken += piece.len();
        if let Some(head) = reader.push(BytesMut::from(piece), shapes)? {
            let mut behind = reader.take_rest().to_vec();
            behind.extend_from_slice(&bytes[taken..]);
            return Ok(Some((head, behind)));
        }
    }
    Ok(None)
}

fn is_the_same(one: &Outcome, other: &Outcome, how: &str, round: u32) {
    match (one, other) {
        (Ok(Some((one, behind))), Ok(Some((other, other_behind)))) => {
            assert_eq!(behind, other_behind, "{how} {round}");
            assert_eq!((one.status, one.version), (other.status, other.version), "{how} {round}");
            assert_eq!((one.reusable, one.keep), (other.reusable, other.keep), "{how} {round}");
            assert_eq!(format!("{:?}", one.framing), format!("{:?}", other.framing), "{how} {round}");
            let fields = |head: &ResponseHead| -> Vec<_> {
                head.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
            };
            assert_eq!(fields(one), fields(other), "{how} {round}");
        }
        (Ok(None), Ok(None)) => {}
        (Err(one), Err(other)) => assert_eq!(one, other, "{how} {round}"),
        (one, other) => panic!("{how} {round}: {one:?}, and alone {other:?}"),
    }
}

fn is_what_httparse_says(bytes: &[u8], outcome: &Outcome) {
    // Empty lines before a head are passed over, of any length; there only one is.
    let start = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let bytes = &bytes[start..];
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut theirs = httparse::Response::new(&mut fields);
    let parsed = theirs.parse(bytes);
    // Informational heads stand before others (RFC 9110 section 15.2): they are swallowed.
    let is_informational = matches!(theirs.code, Some(100..=199));
    match (outcome, parsed) {
        _ if is_informational => {}
        (Ok(Some((head, behind))), Ok(httparse::Status::Complete(length))) => {
            assert_eq!(&bytes[length..], &**behind, "the head ends elsewhere");
            says_the_same(head, &theirs);
        }
        (Ok(Some(_)), other) => panic!("httparse says {other:?}"),
        (Ok(None), Ok(httparse::Status::Complete(length))) => assert!(mixes_line_ends(&bytes[..length])),
        (Err(why), Ok(httparse::Status::Complete(length))) => {
            assert!(may_refuse(*why, &theirs, &bytes[..length]), "refused without a rule: {why:?}");
        }
        (Ok(None) | Err(_), _) => {}
    }
}

fn says_the_same(head: &ResponseHead, theirs: &httparse::Response<'_, '_>) {
    assert_eq!(Some(head.status.as_u16()), theirs.code);
    assert_eq!(Some(head.version == http::Version::HTTP_11), theirs.version.map(|minor| minor == 1));
    let all = |name: &str| -> Vec<&[u8]> {
        theirs.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value).collect()
    };
    let is_coded = !all("transfer-encoding").is_empty();
    for field in &*theirs.headers {
        if is_coded && field.name.eq_ignore_ascii_case("content-length") {
            assert!(!head.headers.contains_key("content-length"), "RFC 9112 section 6.3");
            continue;
        }
        let ours: Vec<&[u8]> = head.headers.get_all(field.name).iter().map(|value| value.as_bytes()).collect();
        assert_eq!(ours, all(field.name), "{}", field.name);
    }
    let closes = all("connection").into_iter().flat_map(|value| value.split(|byte| *byte == b','));
    let closes = closes.map(<[u8]>::trim_ascii).any(|option| option.eq_ignore_ascii_case(b"close"));
    assert!(!closes || !head.reusable, "RFC 9112 section 9.6");
    assert!(!is_coded || all("content-length").is_empty() || !head.reusable, "RFC 9112 section 6.3");
    let lengths: Vec<u64> = all("content-length")
        .iter()
        .flat_map(|value| std::str::from_utf8(value).unwrap_or_default().split(','))
        .filter_map(|digits| digits.trim().parse().ok())
        .collect();
    match head.framing {
        AnswerFraming::Chunked(_) => assert!(is_coded && head.version == http::Version::HTTP_11),
        AnswerFraming::Length(0) => {}
        AnswerFraming::Length(length) => assert!(!is_coded && lengths.iter().all(|said| *said == length)),
        AnswerFraming::UntilClose => assert!(!is_coded && lengths.is_empty() && !head.reusable),
    }
}

/// How the first line ends every line ends (RFC 9112 section 2.2 lets a lone LF end one, and asks nobody to mix them).
fn mixes_line_ends(head: &[u8]) -> bool {
    let mut lines = head.split_inclusive(|byte| *byte == b'\n').map(|line| line.ends_with(b"\r\n"));
    let first = lines.next();
    lines.any(|line| Some(line) != first)
}

/// Whether a section lets a head be refused that `httparse` takes.
fn may_refuse(why: InvalidResponseHead, theirs: &httparse::Response<'_, '_>, head: &[u8]) -> bool {
    let says = |name: &str| theirs.headers.iter().any(|field| field.name.eq_ignore_ascii_case(name));
    match why {
        // RFC 9110 section 15 (a code is from 100 on), RFC 9110 section 8.6 (lengths), and RFC 9112 section 2.2.
        InvalidResponseHead::Malformed => {
            theirs.code < Some(100) || says("content-length") || mixes_line_ends(head) || has_control(theirs)
        }
        // RFC 9110 section 5.4: a limit of one's own.
        InvalidResponseHead::TooLarge => head.len() > HEAD_BYTES || theirs.headers.len() >= FIELDS,
        // RFC 9110 section 7.8: nobody asked for it.
        InvalidResponseHead::Upgrade => theirs.code == Some(101),
        // RFC 9112 section 6.1.
        InvalidResponseHead::Coding => says("transfer-encoding"),
        InvalidResponseHead::Talkative => false,
    }
}

/// A control character in a reason (RFC 9112 section 4) or in a value (RFC 9110 section 5.5).
fn has_control(theirs: &httparse::Response<'_, '_>) -> bool {
    let is_control = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
    theirs.reason.is_some_and(|reason| reason.as_bytes().iter().any(is_control))
        || theirs.headers.iter().any(|field| field.value.iter().any(is_control))
}

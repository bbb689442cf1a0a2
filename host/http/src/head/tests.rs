use http::request::Parts;
use http::{Method, Request, StatusCode, Version};

use super::*;

const LIMITS: HeadLimits = HeadLimits { bytes: 1024, headers: 8, secured: false };
const H1: Version = Version::HTTP_11;
const H2: Version = Version::HTTP_2;

type Fields<'a> = &'a [(&'a str, &'a str)];
type Judged = Result<(), InvalidHead>;

fn parts(version: Version, method: &str, target: &str, fields: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().version(version).method(method).uri(target);
    for (name, value) in fields {
        request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request.body(()).unwrap().into_parts().0
}

fn judge(version: Version, method: &str, target: &str, fields: &[(&str, &str)]) -> Result<(), InvalidHead> {
    check(&parts(version, method, target, fields), &LIMITS)
}

fn post(fields: &[(&str, &str)]) -> Result<(), InvalidHead> {
    let mut all = vec![("host", "weir")];
    all.extend(fields);
    judge(H1, "POST", "/v1/chat/completions", &all)
}

#[test]
fn there_is_exactly_one_host() {
    let cases: &[(Version, &str, Fields<'_>, Judged)] = &[
        (H1, "/", &[("host", "a")], Ok(())),
        (H1, "/", &[], Err(InvalidHead::MissingHost)),
        (H1, "/", &[("host", "a"), ("host", "a")], Err(InvalidHead::ManyHosts)),
        (H1, "/", &[("host", "a"), ("host", "b")], Err(InvalidHead::ManyHosts)),
        (H1, "http://a/", &[], Err(InvalidHead::MissingHost)),
        (Version::HTTP_10, "/", &[], Ok(())),
        (Version::HTTP_10, "/", &[("host", "a"), ("host", "a")], Err(InvalidHead::ManyHosts)),
        (H2, "http://a/", &[], Ok(())),
        (H2, "http://a/", &[("host", "a")], Ok(())),
        (H2, "http://a/", &[("host", "b")], Err(InvalidHead::HostMismatch)),
        (H2, "http://a/", &[("host", "a"), ("host", "a")], Err(InvalidHead::ManyHosts)),
        (H2, "/", &[("host", "a")], Ok(())),
        (H2, "/", &[], Err(InvalidHead::MissingHost)),
    ];
    for (version, target, fields, expected) in cases {
        assert_eq!(&judge(*version, "GET", target, fields), expected, "{version:?} {target} {fields:?}");
    }
}

#[test]
fn a_host_is_a_name_or_address_with_perhaps_a_port() {
    let good = [
        "a",
        "example.com",
        "EXAMPLE.com:443",
        "127.0.0.1:8080",
        "[::1]",
        "[::1]:80",
        "a:",
        "a-b_c~1",
        "a%20b",
        "a!$&'()*+;=",
        "a:65535",
    ];
    let bad = [
        "",
        " a",
        "a b",
        "a/",
        "a/b",
        "a?b",
        "a#b",
        "a@b",
        "u:p@a",
        ":80",
        "a:b",
        "a:-1",
        "a:+1",
        "a:65536",
        "a:000080",
        "a:8 0",
        "[::1",
        "::1",
        "[::1]x",
        "[]",
        "[v1.a]",
        "[::1%25eth0]",
        "a,b:1:2",
        "a,b",
        "a,",
        "a%2",
        "a%zz",
        "a%",
        "a\\b",
        "\"a\"",
        "<a>",
        "a\tb",
        "é",
        "a:80:80",
    ];
    for host in good {
        assert_eq!(judge(H1, "GET", "/", &[("host", host)]), Ok(()), "{host}");
    }
    for host in bad {
        assert_eq!(judge(H1, "GET", "/", &[("host", host)]), Err(InvalidHead::BadHost), "{host}");
    }
}

#[test]
fn an_absolute_target_names_the_same_host_as_the_field() {
    let mismatch = Err(InvalidHead::HostMismatch);
    let cases: &[(&str, &str, Judged)] = &[
        ("http://example.com/v1", "example.com", Ok(())),
        ("http://example.com/v1", "EXAMPLE.COM", Ok(())),
        ("http://example.com", "example.com", Ok(())),
        ("http://example.com/", "example.com:80", Ok(())),
        ("http://example.com:80/", "example.com:", Ok(())),
        ("http://[::1]:8080/", "[::1]:8080", Ok(())),
        ("http://example.com/", "example.org", mismatch),
        ("http://example.com:8080/", "example.com", mismatch),
        ("http://example.com/", "example.com.", mismatch),
        ("ftp://example.com/", "example.com", Err(InvalidHead::BadTarget)),
        ("http://user@example.com/", "example.com", Err(InvalidHead::BadTarget)),
        ("http://user:pw@example.com/", "example.com", Err(InvalidHead::BadTarget)),
    ];
    for (target, host, expected) in cases {
        assert_eq!(&judge(H1, "GET", target, &[("host", host)]), expected, "{target} {host}");
    }
}

#[test]
fn an_https_resource_is_there_for_secured_connections_only() {
    let asked = |version, secured, target: &str, host: &str| {
        check(&parts(version, "GET", target, &[("host", host)]), &HeadLimits { secured, ..LIMITS })
    };
    for version in [H1, H2] {
        assert_eq!(asked(version, false, "https://a/", "a"), Err(InvalidHead::Misdirected));
        assert_eq!(asked(version, false, "HTTPS://a/", "b"), Err(InvalidHead::Misdirected));
        assert_eq!(asked(version, true, "https://a/", "a:443"), Ok(()));
        assert_eq!(asked(version, true, "http://a/", "a"), Ok(()));
        assert_eq!(asked(version, true, "https://a/", "a:80"), Err(InvalidHead::HostMismatch));
    }
}

#[test]
fn who_is_asking_is_said_once() {
    assert_eq!(post(&[("authorization", "Bearer a")]), Ok(()));
    for second in ["Bearer a", "Bearer b", "", "Basic x"] {
        let fields = [("authorization", "Bearer a"), ("Authorization", second)];
        assert_eq!(post(&fields), Err(InvalidHead::ManyAuthorizations), "{second}");
    }
}

#[test]
fn a_target_is_a_path_or_an_absolute_uri() {
    let host = [("host", "a")];
    for target in ["/", "/v1/models", "/a/../b", "/%2e%2e/", "//x", "/?q=1"] {
        assert_eq!(judge(H1, "GET", target, &host), Ok(()), "{target}");
    }
    for target in ["!", "example.com", "example.com:80", "*"] {
        assert_eq!(judge(H1, "GET", target, &host), Err(InvalidHead::BadTarget), "{target}");
    }
    assert_eq!(judge(H1, "OPTIONS", "*", &host), Ok(()));
}

#[test]
fn tunnels_and_mirrors_are_not_allowed() {
    assert_eq!(judge(H1, "CONNECT", "a:443", &[("host", "a:443")]), Err(InvalidHead::MethodNotAllowed));
    assert_eq!(judge(H1, "TRACE", "/", &[("host", "a")]), Err(InvalidHead::MethodNotAllowed));
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
        assert_eq!(judge(H1, method, "/", &[("host", "a")]), Ok(()), "{method}");
    }
}

#[test]
fn the_end_of_a_body_is_told_in_one_way_only() {
    use InvalidHead::{BadLength, LengthAndEncoding, TransferEncoding};
    let te = "transfer-encoding";
    let cl = "content-length";
    let cases: &[(Fields<'_>, Judged)] = &[
        (&[(te, "chunked")], Ok(())),
        (&[(te, "Chunked")], Ok(())),
        (&[(te, "chunked"), (te, "chunked")], Err(TransferEncoding)),
        (&[(te, ",chunked")], Err(TransferEncoding)),
        (&[(te, "chunked,")], Err(TransferEncoding)),
        (&[(te, "chunked, chunked")], Err(TransferEncoding)),
        (&[(te, "gzip, chunked")], Err(TransferEncoding)),
        (&[(te, "chunked, identity")], Err(TransferEncoding)),
        (&[(te, "identity")], Err(TransferEncoding)),
        (&[(te, "xchunked")], Err(TransferEncoding)),
        (&[(te, "chunked;q=1")], Err(TransferEncoding)),
        (&[(te, "\"chunked\"")], Err(TransferEncoding)),
        (&[(te, "")], Err(TransferEncoding)),
        (&[(te, "chunked"), (cl, "3")], Err(LengthAndEncoding)),
        (&[(cl, "3"), (te, "chunked")], Err(LengthAndEncoding)),
        (&[(cl, "0"), (te, "identity")], Err(LengthAndEncoding)),
        (&[(cl, "0")], Ok(())),
        (&[(cl, "007")], Ok(())),
        (&[(cl, "18446744073709551615")], Ok(())),
        (&[(cl, "18446744073709551616")], Err(BadLength)),
        (&[(cl, "3"), (cl, "3")], Err(BadLength)),
        (&[(cl, "3"), (cl, "4")], Err(BadLength)),
        (&[(cl, "3, 3")], Err(BadLength)),
        (&[(cl, "")], Err(BadLength)),
        (&[(cl, "+3")], Err(BadLength)),
        (&[(cl, "-3")], Err(BadLength)),
        (&[(cl, "0x3")], Err(BadLength)),
        (&[(cl, "3 ")], Err(BadLength)),
        (&[(cl, "3.0")], Err(BadLength)),
        (&[(cl, "٣")], Err(BadLength)),
    ];
    for (fields, expected) in cases {
        assert_eq!(&post(fields), expected, "{fields:?}");
    }
    for version in [Version::HTTP_10, H2] {
        let fields = [("host", "a"), (te, "chunked")];
        assert_eq!(judge(version, "POST", "/", &fields), Err(TransferEncoding), "{version:?}");
    }
}

#[test]
fn only_a_continue_can_be_expected() {
    assert_eq!(post(&[("expect", "100-continue")]), Ok(()));
    assert_eq!(post(&[("expect", "100-Continue")]), Ok(()));
    for value in ["", "200-ok", "100-continue, x", "100-continue;q=1"] {
        assert_eq!(post(&[("expect", value)]), Err(InvalidHead::Expectation), "{value}");
    }
    assert_eq!(post(&[("expect", "100-continue"), ("expect", "x")]), Err(InvalidHead::Expectation));
}

#[test]
fn heads_are_bounded_in_fields_and_bytes() {
    assert_eq!(post(&[("a", "1"); 7]), Ok(()));
    assert_eq!(post(&[("a", "1"); 8]), Err(InvalidHead::TooManyHeaders));
    // POST /v1/chat/completions HTTP/1.1⏎ is 36 bytes, host: weir⏎ 12, ⏎ 2; a: …⏎ is 5 and the value.
    let value = "x".repeat(1024 - 36 - 12 - 2 - 5);
    assert_eq!(post(&[("a", &value)]), Ok(()));
    assert_eq!(post(&[("a", &format!("{value}x"))]), Err(InvalidHead::HeadTooLarge));
    let path = format!("/{}", "p".repeat(1024));
    assert_eq!(judge(H1, "GET", &path, &[("host", "a")]), Err(InvalidHead::HeadTooLarge));
    let target = format!("http://{}/", "h".repeat(1024));
    assert_eq!(judge(H2, "GET", &target, &[]), Err(InvalidHead::HeadTooLarge));
}

#[test]
fn other_versions_are_not_spoken() {
    for version in [Version::HTTP_09, Version::HTTP_3] {
        assert_eq!(judge(version, "GET", "/", &[("host", "a")]), Err(InvalidHead::UnsupportedVersion));
    }
}

#[test]
fn every_refusal_has_a_client_error_and_a_code_of_its_own() {
    use InvalidHead::*;
    let all = [
        (MissingHost, 400),
        (ManyHosts, 400),
        (BadHost, 400),
        (HostMismatch, 400),
        (BadTarget, 400),
        (Misdirected, 421),
        (ManyAuthorizations, 400),
        (MethodNotAllowed, 405),
        (TransferEncoding, 400),
        (LengthAndEncoding, 400),
        (BadLength, 400),
        (TooManyHeaders, 431),
        (HeadTooLarge, 431),
        (Expectation, 417),
        (UnsupportedVersion, 505),
    ];
    let mut codes = std::collections::BTreeSet::new();
    for (invalid, status) in all {
        assert_eq!(invalid.status(), StatusCode::from_u16(status).unwrap());
        assert!(codes.insert(invalid.code()), "{} stands twice", invalid.code());
    }
    assert_eq!(Method::TRACE.as_str(), "TRACE");
}

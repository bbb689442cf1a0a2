use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::*;

fn map(fields: &[(&str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    let mut map = HeaderMap::new();
    for (name, value) in fields.iter().map(field) {
        map.append(name, value);
    }
    map
}

fn names(map: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<_> = map.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn connection_and_what_it_names_do_not_travel() {
    let mut h = map(&[
        ("connection", "keep-alive, X-Secret-Hop ,close"),
        ("connection", "x-other,, ;bad name, x-absent"),
        ("x-secret-hop", "1"),
        ("x-secret-hop", "2"),
        ("x-other", "1"),
        ("x-stays", "1"),
    ]);
    strip_response(&mut h);
    assert_eq!(names(&h), ["x-stays"]);
}

#[test]
fn every_hop_by_hop_field_goes_all_its_lines_with_it() {
    for name in [
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
        "expect",
        "proxy-connection",
        "proxy-authorization",
        "proxy-authenticate",
        "proxy-authentication-info",
        "Proxy-Anything",
    ] {
        let mut h = map(&[("accept", "*/*"), (name, "a"), (name, "b"), ("content-type", "application/json")]);
        strip_response(&mut h);
        assert_eq!(names(&h), ["accept", "content-type"], "{name}");
    }
}

#[test]
fn connection_cannot_strip_what_an_intermediary_relies_on() {
    let protected =
        ["authorization", "content-length", "host", "x-api-key", "api-key", "x-goog-api-key", "content-type"];
    let mut fields: Vec<_> = protected.iter().map(|name| (*name, "1")).collect();
    let list = protected.map(str::to_ascii_uppercase).join(",");
    fields.push(("connection", &list));
    let mut h = map(&fields);
    strip_response(&mut h);
    let mut expected = protected;
    expected.sort_unstable();
    assert_eq!(names(&h), expected);
}

#[test]
fn a_head_without_such_fields_stays_as_it_is() {
    let fields = [("authorization", "Bearer x"), ("content-type", "application/json"), ("te-not", "1"), ("proxy", "1")];
    let mut h = map(&fields);
    let before = h.clone();
    strip_response(&mut h);
    assert_eq!(h, before);
}

#[test]
fn an_upstream_cannot_invite_clients_elsewhere() {
    let mut h = map(&[("alt-svc", "h3=\":443\""), ("x-ok", "1")]);
    strip_response(&mut h);
    assert_eq!(names(&h), ["x-ok"]);
}

#![allow(clippy::unwrap_used)]
use super::{UpstreamUrl, interleave};

#[test]
fn a_url_is_taken_apart_and_its_default_port_is_not_sent() {
    let place = UpstreamUrl::parse("https://api.example.com:443/v1/").unwrap();
    assert_eq!(
        (place.authority.as_str(), &*place.prefix, &*place.host, place.port),
        ("api.example.com", "/v1", "api.example.com", 443)
    );
    let place = UpstreamUrl::parse("http://[::1]:8080").unwrap();
    assert_eq!((place.authority.as_str(), &*place.prefix, &*place.host, place.port), ("[::1]:8080", "", "::1", 8080));
    assert_eq!(place.literal(), Some("[::1]:8080".parse().unwrap()));
    assert_eq!(UpstreamUrl::parse("http://localhost").unwrap().literal(), None);
}

#[test]
fn what_is_not_an_absolute_http_url_is_refused() {
    for url in [
        "",
        "/v1",
        "api.example.com",
        "ftp://a",
        "http://",
        "http://user:pw@host",
        "https://h/?key=1",
        "http://h:99999",
        "http://h:x",
        "http://h/#f",
    ] {
        assert_eq!(UpstreamUrl::parse(url), None, "{url}");
    }
}

#[test]
fn both_families_are_tried_in_turn_and_none_twice() {
    let found = ["[::1]:1", "[::2]:1", "[::1]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"];
    let wanted = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"];
    let parse = |list: &[&str]| list.iter().map(|a| a.parse().unwrap()).collect::<Vec<_>>();
    assert_eq!(interleave(parse(&found)), parse(&wanted));
    assert_eq!(
        interleave(parse(&["1.1.1.1:1", "[::1]:1", "2.2.2.2:1", "3.3.3.3:1"])),
        parse(&["1.1.1.1:1", "[::1]:1", "2.2.2.2:1", "3.3.3.3:1"])
    );
    assert!(interleave([]).is_empty());
}

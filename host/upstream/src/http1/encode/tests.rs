#![allow(clippy::unwrap_used)]
use super::head;
use bytes::Bytes;
use http::{HeaderValue, Request};

fn written(request: &Request<Bytes>) -> String {
    let mut out = Vec::new();
    head(&mut out, request, &HeaderValue::from_static("api.example:8080"));
    String::from_utf8(out).unwrap()
}

#[test]
fn a_head_names_the_upstream_and_the_bodys_length_whatever_the_request_says() {
    let request = Request::post("http://elsewhere.example/v1/chat?x=%20y")
        .header("host", "elsewhere.example")
        .header("content-length", "999")
        .header("transfer-encoding", "chunked")
        .header("accept-encoding", "gzip")
        .header("accept", "*/*")
        .header("x-many", "1")
        .header("x-many", "2")
        .body(Bytes::from_static(b"{}"))
        .unwrap();
    assert_eq!(
        written(&request),
        "POST /v1/chat?x=%20y HTTP/1.1\r\nhost: api.example:8080\r\naccept-encoding: identity\r\naccept: */*\r\nx-many: 1\r\nx-many: 2\r\n\
         content-length: 2\r\n\r\n"
    );
}

#[test]
fn the_absence_of_a_body_is_said_only_where_one_is_awaited() {
    for (method, said) in
        [("POST", true), ("PUT", true), ("PATCH", true), ("GET", false), ("HEAD", false), ("DELETE", false)]
    {
        let request = Request::builder().method(method).uri("/").body(Bytes::new()).unwrap();
        let length = if said { "content-length: 0\r\n" } else { "" };
        let fields = "host: api.example:8080\r\naccept-encoding: identity\r\n";
        assert_eq!(written(&request), format!("{method} / HTTP/1.1\r\n{fields}{length}\r\n"));
    }
}

#[test]
fn values_that_are_not_ascii_go_out_as_they_are() {
    let value = HeaderValue::from_bytes(b"caf\xc3\xa9").unwrap();
    let request = Request::get("/").header("x-note", value).body(Bytes::new()).unwrap();
    assert!(written(&request).contains("x-note: café\r\n"));
}

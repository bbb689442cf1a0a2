//! The law of HTTP at the front door, with the bytes as they are on the wire. What is invalid reaches no upstream.

use crate::support;

use crate::support::client::{read_head, read_reply};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, PATIENCE, chat, config, raw};
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

const AUTH: &str = "authorization: Bearer sk-weir-acme-demo\r\n";

fn start() -> (Upstream, Gateway) {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    (upstream, gateway)
}

/// A head with these lines between the target's line and the empty one, and a body.
fn request(lines: &str, body: &str) -> Vec<u8> {
    format!("POST /v1/chat/completions HTTP/1.1\r\n{AUTH}content-type: application/json\r\n{lines}\r\n{body}").into()
}

fn sized(body: &str) -> String {
    request_line("POST /v1/chat/completions HTTP/1.1", body)
}

fn request_line(line: &str, body: &str) -> String {
    format!("{line}\r\nhost: localhost\r\n{AUTH}content-length: {}\r\n\r\n{body}", body.len())
}

/// Status and `error.code` of the first answer, and whether the connection was closed behind it.
fn verdict(gateway: &Gateway, bytes: &[u8]) -> (u16, String) {
    let answer = String::from_utf8(raw(gateway.address, bytes)).unwrap();
    let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"));
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    (status, json["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
#[allow(clippy::too_many_lines)] // a table
fn invalid_heads_are_refused_in_openais_shape_and_the_connection_is_closed() {
    let (upstream, gateway) = start();
    let body = chat("hi");
    let length = format!("content-length: {}\r\n", body.len());
    let host = "host: localhost\r\n";
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("no host", request(&length, &body), 400, "missing_host"),
        ("two hosts", request(&format!("{host}{host}{length}"), &body), 400, "many_hosts"),
        ("bad host", request(&format!("host: a b\r\n{length}"), &body), 400, "bad_host"),
        (
            "length and encoding",
            request(&format!("{host}{length}transfer-encoding: chunked\r\n"), "0\r\n\r\n"),
            400,
            "length_and_encoding",
        ),
        (
            "encoding and length",
            request(&format!("{host}transfer-encoding: chunked\r\n{length}"), "0\r\n\r\n"),
            400,
            "length_and_encoding",
        ),
        ("one length twice", request(&format!("{host}{length}{length}"), &body), 400, "bad_content_length"),
        (
            "chunked twice",
            request(&format!("{host}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n"), "0\r\n\r\n"),
            400,
            "bad_transfer_encoding",
        ),
        (
            "empty coding",
            request(&format!("{host}transfer-encoding: ,chunked\r\n"), "0\r\n\r\n"),
            400,
            "bad_transfer_encoding",
        ),
        (
            "gzip, chunked",
            request(&format!("{host}transfer-encoding: gzip, chunked\r\n"), "0\r\n\r\n"),
            400,
            "bad_transfer_encoding",
        ),
        (
            "bare line feeds",
            format!("POST /v1/chat/completions HTTP/1.1\nhost: localhost\n{AUTH}{length}\n{body}").into(),
            400,
            "bare_line_feed",
        ),
        (
            "a bare empty line",
            [request(&format!("{host}{length}x: y\r\n"), "").strip_suffix(b"\r\n").unwrap(), b"\n", body.as_bytes()]
                .concat(),
            400,
            "bare_line_feed",
        ),
        ("expectation", request(&format!("{host}{length}expect: 200-ok\r\n"), &body), 417, "expectation_failed"),
        ("connect", format!("CONNECT localhost:80 HTTP/1.1\r\n{host}{AUTH}\r\n").into(), 405, "method_not_allowed"),
        ("trace", format!("TRACE /v1/models HTTP/1.1\r\n{host}{AUTH}\r\n").into(), 405, "method_not_allowed"),
        (
            "another host",
            format!("GET http://elsewhere/v1/models HTTP/1.1\r\n{host}{AUTH}\r\n").into(),
            400,
            "host_mismatch",
        ),
        ("no path", format!("GET * HTTP/1.1\r\n{host}{AUTH}\r\n").into(), 400, "bad_target"),
    ];
    for (name, bytes, status, code) in cases {
        // The answer is read to the end of the connection, so that this also says that it was closed.
        assert_eq!(verdict(&gateway, &bytes), (status, code.to_owned()), "{name}");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn broken_grammar_is_refused_in_openais_shape_before_any_upstream() {
    let (upstream, gateway) = start();
    let body = chat("hi");
    let length = body.len();
    let host = "host: localhost\r\n";
    let many: String = (0..101).map(|n| format!("x-{n}: y\r\n")).collect();
    let large = format!("x: {}\r\n", "y".repeat(33 << 10));
    let sized = format!("{host}content-length: {length}\r\n");
    let lawless = "bad_transfer_encoding";
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("differing lengths", request(&format!("{sized}content-length: 1\r\n"), &body), 400, "bad_content_length"),
        (
            "a list of lengths",
            request(&format!("{host}content-length: {length}, {length}\r\n"), &body),
            400,
            "bad_content_length",
        ),
        (
            "not chunked last",
            request(&format!("{host}transfer-encoding: chunked, gzip\r\n"), "0\r\n\r\n"),
            400,
            lawless,
        ),
        ("folded line", request(&format!("{sized}x: a\r\n b\r\n"), &body), 400, "malformed_head"),
        ("space before the colon", request(&format!("{sized}x : a\r\n"), &body), 400, "malformed_head"),
        ("NUL in a value", request(&format!("{sized}x: a\0b\r\n"), &body), 400, "malformed_head"),
        ("another protocol", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), 400, "malformed_head"),
        ("another version", b"GET /v1/models HTTP/2.0\r\nhost: a\r\n\r\n".to_vec(), 505, "unsupported_version"),
        ("more than 100 fields", request(&format!("{sized}{many}"), &body), 431, "too_many_headers"),
        ("more than 32 KiB of head", request(&format!("{sized}{large}"), &body), 431, "head_too_large"),
        (
            "encoding in HTTP/1.0",
            format!("POST /v1/chat/completions HTTP/1.0\r\n{host}{AUTH}transfer-encoding: chunked\r\n\r\n0\r\n\r\n")
                .into(),
            400,
            lawless,
        ),
    ];
    for (name, bytes, status, code) in &cases {
        assert_eq!(verdict(&gateway, bytes), (*status, (*code).to_owned()), "{name}");
    }
    soon_eq!(gateway.metric("weir_refusals_total", &["code=\"malformed_head\""]), 4.0);
    assert!(upstream.seen().is_empty());
}

#[test]
fn an_invalid_head_is_found_behind_a_valid_one_in_the_same_packet() {
    let (upstream, gateway) = start();
    let first = sized(&chat("first"));
    let second = request(&"content-length: 2\r\nhost: a\r\n".repeat(2), "{}");
    let answers = String::from_utf8(raw(gateway.address, &[first.as_bytes(), &second].concat())).unwrap();
    assert!(answers.starts_with("HTTP/1.1 200 OK"), "{answers}");
    assert!(answers.contains("HTTP/1.1 400 Bad Request") && answers.contains("bad_content_length"), "{answers}");
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn a_head_that_dribbles_in_is_judged_as_one_that_comes_whole() {
    let (upstream, gateway) = start();
    for (lines, status) in [("content-length: 2\r\ncontent-length: 2\r\n", 400), ("x: y\r\n", 401)] {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!("GET /v1/models HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n");
        head.bytes().for_each(|byte| stream.write_all(&[byte]).unwrap());
        assert_eq!(read_reply(&mut BufReader::new(stream)).status, status);
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_client_without_a_key_is_not_told_to_continue() {
    let (upstream, gateway) = start();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 9\r\n";
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    assert_eq!(read_head(&mut BufReader::new(stream)).status, 401);

    let body = chat("hi");
    let head = head.replace('9', &body.len().to_string());
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.write_all(format!("{head}{AUTH}\r\n").as_bytes()).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    assert_eq!(read_head(&mut reader).status, 100);
    stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(read_reply(&mut reader).status, 200);
    assert_eq!(upstream.seen()[0].header("expect"), None);
}

#[test]
fn a_body_whose_chunks_are_broken_is_refused_before_any_upstream() {
    let (upstream, gateway) = start();
    let lines = "host: localhost\r\ntransfer-encoding: chunked\r\n";
    for chunks in ["zz\r\n{}\r\n0\r\n\r\n", "2\r\n{}x\r\n0\r\n\r\n", "-2\r\n{}\r\n0\r\n\r\n", "11111111111111111\r\n{}"]
    {
        assert_eq!(verdict(&gateway, &request(lines, chunks)), (400, "bad_body".to_owned()), "{chunks:?}");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn chunked_bodies_and_their_extensions_and_trailers_are_valid_and_trailers_stay_here() {
    let (upstream, gateway) = start();
    let body = chat("in pieces");
    let (a, b) = body.split_at(10);
    let chunks = format!("{:x};name=value\r\n{a}\r\n{:X}\r\n{b}\r\n0\r\nx-trailer: late\r\n\r\n", a.len(), b.len());
    let answer = raw(
        gateway.address,
        &request("host: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n", &chunks),
    );
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    let seen = &upstream.seen()[0];
    assert_eq!(seen.body, body.as_bytes());
    assert_eq!((seen.header("x-trailer"), seen.header("transfer-encoding")), (None, None));
}

#[test]
fn paths_match_exactly() {
    let (upstream, gateway) = start();
    let body = chat("hi");
    for path in [
        "/v1/chat/completions/",
        "//v1/chat/completions",
        "/v1/./chat/completions",
        "/v1/chat%2fcompletions",
        "/V1/chat/completions",
        "/",
    ] {
        let bytes = request_line(&format!("POST {path} HTTP/1.1"), &body)
            .replace("host: localhost", "host: localhost\r\nconnection: close");
        assert_eq!(verdict(&gateway, bytes.as_bytes()), (404, "not_found".to_owned()), "{path}");
    }
    assert!(upstream.seen().is_empty());
    let wrong = support::get(gateway.address, "/v1/chat/completions", Some(ACME));
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
}

#[test]
fn http_1_0_is_served_and_its_connection_closed() {
    let (upstream, gateway) = start();
    let body = chat("old");
    let head = format!("POST /v1/chat/completions HTTP/1.0\r\n{AUTH}content-length: {}\r\n\r\n", body.len());
    let answer = raw(gateway.address, format!("{head}{body}").as_bytes());
    assert!(
        answer.starts_with(b"HTTP/1.0 200") || answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let (upstream, gateway) = start();
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let all: String = ["one", "two", "three"].iter().map(|text| sized(&chat(text))).collect();
    stream.write_all(all.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    for _ in 0..3 {
        assert_eq!(read_reply(&mut reader).status, 200);
    }
    let texts: Vec<_> = upstream.seen().iter().map(|s| s.json()["messages"][0]["content"].clone()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
}

#[test]
fn a_client_that_sends_all_of_a_body_that_nobody_wants_can_read_why() {
    let (upstream, gateway) = start();
    let body = vec![b' '; 4 << 20];
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head =
        format!("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 401"), "{}", String::from_utf8_lossy(&answer));
    assert!(upstream.seen().is_empty());
}

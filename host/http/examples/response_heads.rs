//! What the head of an answer costs to read, where it is compared with those before it and where it is read in full:
//! `valgrind --tool=callgrind response_heads FIELDS HOW HEADS`, with `few` or `many` fields, `compared` or `read`. The
//! difference of two numbers of heads is free of what the program costs beside them.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::print_stderr)] // a program for one terminal

use bytes::BytesMut;
use weir_http::response::{HeadReader, HeadShapes};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [fields, how, number] = arguments.as_slice() else { return eprintln!("FIELDS HOW HEADS") };
    let number: usize = number.parse().expect("a number of heads");
    // A head whose lines end with a lone LF has no shape.
    let end = if how == "compared" { "\r\n" } else { "\n" };
    let lines = if fields == "few" { few } else { many };
    let heads: Vec<String> = (0..64).map(|nth| lines(nth).join(end) + end + end).collect();
    let shapes = HeadShapes::default();
    let mut read = 0;
    for head in heads.iter().cycle().take(number) {
        let mut reader = HeadReader::default();
        let head = reader.push(BytesMut::from(head.as_str()), &shapes).expect("a head that is accepted");
        read += head.map_or(0, |head| head.headers.len());
    }
    println!("{read} fields");
}

/// An answer of a small server.
fn few(nth: usize) -> Vec<String> {
    vec![
        "HTTP/1.1 200 OK".to_owned(),
        "content-type: application/json".to_owned(),
        format!("content-length: {}", 300 + nth),
        format!("date: Mon, 30 Nov 2026 04:00:{:02} GMT", nth % 60),
    ]
}

/// As many fields as a large provider's answer has behind the network that is in front of it.
fn many(nth: usize) -> Vec<String> {
    vec![
        "HTTP/1.1 200 OK".to_owned(),
        format!("Date: Mon, 30 Nov 2026 04:00:{:02} GMT", nth % 60),
        "Content-Type: application/json".to_owned(),
        format!("Content-Length: {}", 300 + nth),
        "Connection: keep-alive".to_owned(),
        "access-control-expose-headers: X-Request-ID".to_owned(),
        "openai-organization: user-abcdefghijklmnop".to_owned(),
        format!("openai-processing-ms: {}", 400 + nth),
        "openai-project: proj_abcdefghijkl".to_owned(),
        "openai-version: 2020-10-01".to_owned(),
        format!("x-envoy-upstream-service-time: {}", 410 + nth),
        "x-ratelimit-limit-requests: 10000".to_owned(),
        "x-ratelimit-limit-tokens: 200000".to_owned(),
        format!("x-ratelimit-remaining-requests: {}", 9_999 - nth),
        format!("x-ratelimit-remaining-tokens: {}", 199_000 - nth),
        "x-ratelimit-reset-requests: 8.64s".to_owned(),
        "x-ratelimit-reset-tokens: 4ms".to_owned(),
        format!("x-request-id: req_{:032x}", nth * 7_919),
        "strict-transport-security: max-age=31536000; includeSubDomains; preload".to_owned(),
        "cf-cache-status: DYNAMIC".to_owned(),
        "X-Content-Type-Options: nosniff".to_owned(),
        "Server: cloudflare".to_owned(),
        format!("CF-RAY: {:016x}-FRA", nth * 104_729),
        "alt-svc: h3=\":443\"; ma=86400".to_owned(),
    ]
}

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::*;
use crate::load;

fn mock(tokens: u32, gap: Duration) -> SocketAddr {
    let listen = "127.0.0.1:0".parse().unwrap();
    let delay = Duration::ZERO;
    let args = Args { listen, threads: 2, delay, gap, tokens, reply_bytes: 700, until_stdin_ends: false };
    start(&args).unwrap().0
}

/// One request on a connection of its own; head and body of the answer as text.
fn ask(to: SocketAddr, method: &str, path: &str, body: &str) -> (String, String) {
    let mut socket = TcpStream::connect(to).unwrap();
    let length = body.len();
    write!(
        socket,
        "{method} {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn journal(of: SocketAddr) -> serde_json::Value {
    serde_json::from_str(&ask(of, "GET", "/journal", "").1).unwrap()
}

fn data(body: &str) -> Vec<&str> {
    body.lines().filter_map(|line| line.trim_end().strip_prefix("data: ")).collect()
}

#[test]
fn a_whole_reply_is_json_of_the_size_asked_for() {
    let mock = mock(24, Duration::ZERO);
    let (head, body) = ask(mock, "POST", "/v1/chat/completions", r#"{"model":"m","messages":[]}"#);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body.len(), 700);
    let reply: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(reply["usage"]["completion_tokens"], 24);
    assert_eq!(reply["choices"][0]["finish_reason"], "stop");
}

#[test]
fn a_stream_is_role_deltas_stop_and_done_with_usage_only_if_asked_for() {
    let mock = mock(3, Duration::from_millis(1));
    let (_, body) = ask(mock, "POST", "/v1/chat/completions", r#"{"stream":true}"#);
    let events = data(&body);
    assert_eq!(events.len(), 1 + 3 + 1 + 1, "{body}");
    assert!(events[0].contains(r#""role":"assistant""#));
    assert!(events[1..4].iter().all(|event| event.contains(r#""content":" token""#)));
    assert!(events[4].contains(r#""finish_reason":"stop""#));
    assert_eq!(events[5], "[DONE]");
    assert!(!body.contains("usage"));
    let (_, body) =
        ask(mock, "POST", "/v1/chat/completions", r#"{"stream":true,"stream_options":{"include_usage":true}}"#);
    let events = data(&body);
    let usage: serde_json::Value = serde_json::from_str(events[5]).unwrap();
    assert_eq!((&usage["choices"], &usage["usage"]["completion_tokens"]), (&serde_json::json!([]), &3.into()));
    assert_eq!(events[6], "[DONE]");
}

#[test]
fn the_journal_counts_every_kind_of_request() {
    let mock = mock(2, Duration::ZERO);
    let chat = "/v1/chat/completions";
    ask(mock, "POST", chat, "{}");
    ask(mock, "POST", chat, r#"{"stream":true}"#);
    ask(mock, "POST", chat, "not json");
    ask(mock, "POST", "/v1/embeddings", r#"{"input":"a"}"#);
    assert!(ask(mock, "GET", "/v1/models", "").1.contains(r#""id":"mock""#));
    assert!(ask(mock, "GET", "/nowhere", "").0.starts_with("HTTP/1.1 404"));
    let expected = serde_json::json!({
        "chat": 1, "streams": 1, "streams_cut": 0, "embeddings": 1, "models": 1, "refused": 2
    });
    assert_eq!(journal(mock), expected);
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let zero = Duration::ZERO;
    let args = Args { listen, threads: 1, delay: zero, gap: zero, tokens: 0, reply_bytes: 0, until_stdin_ends: false };
    assert!(start(&args).is_err());
}

fn load(to: SocketAddr, stream: bool) -> load::Args {
    load::Args {
        url: format!("http://{to}"),
        path: "/v1/chat/completions".to_owned(),
        key: Some("sk-weir-bench-secret".to_owned()),
        model: "mock".to_owned(),
        stream,
        request_bytes: 512,
        connections: 4,
        threads: 2,
        warmup: Duration::ZERO,
        duration: Duration::from_secs(60),
        requests: 200,
        timeout: Duration::from_secs(10),
        pid: Some(std::process::id()),
        json: false,
    }
}

#[test]
fn the_load_measures_whole_replies_of_the_mock_without_a_failure() {
    let mock = mock(24, Duration::ZERO);
    let report = load::run(&load(mock, false)).unwrap();
    assert_eq!((report.requests, report.failed()), (200, 0), "{report}");
    let latency = report.latency.unwrap();
    assert!(latency.p50 > 0.0 && latency.p50 <= latency.p99 && latency.p99 <= latency.max);
    assert!(report.first.is_none() && report.cpu_per_request.is_some() && report.pss_kib > Some(0));
    // Those that were in flight at the end were answered too, and none was asked twice.
    let seen = journal(mock)["chat"].as_u64().unwrap();
    assert!((200..=208).contains(&seen), "{seen}");
}

#[test]
fn the_load_measures_streams_of_the_mock_and_cuts_none() {
    let mock = mock(24, Duration::ZERO);
    let report = load::run(&load(mock, true)).unwrap();
    assert_eq!((report.requests, report.failed()), (200, 0), "{report}");
    let (latency, first) = (report.latency.unwrap(), report.first.unwrap());
    assert!(first.p50 > 0.0 && first.p50 <= latency.max);
    assert_eq!(journal(mock)["streams_cut"], 0);
}

#[test]
fn a_wrong_path_is_counted_by_its_status_and_a_stream_of_no_text_as_a_bad_body() {
    let mock = mock(0, Duration::ZERO);
    let report = load::run(&load::Args { path: "/nowhere".to_owned(), requests: 5, ..load(mock, false) }).unwrap();
    assert_eq!((report.requests, report.failed()), (0, 5));
    assert!(report.to_string().contains("5 × status 404"), "{report}");
    let report = load::run(&load::Args { requests: 5, ..load(mock, true) }).unwrap();
    assert!(report.to_string().contains("5 × bad body"), "{report}");
}

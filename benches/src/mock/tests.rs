use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::*;
use crate::load;

fn args(listen: &str, shape: ReplyShape) -> MockArgs {
    MockArgs { listen: listen.parse().unwrap(), threads: 2, shape, until_stdin_ends: false }
}

fn mock(tokens: u32, gap: Duration) -> SocketAddr {
    let shape = ReplyShape { delay: Duration::ZERO, gap, tokens, reply_bytes: 700 };
    start(&args("127.0.0.1:0", shape)).unwrap().0
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
        "chat": 1, "streams": 1, "streams_cut": 0, "embeddings": 1, "models": 1, "refused": 2, "runs": []
    });
    assert_eq!(journal(mock), expected);
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    assert!(start(&args("0.0.0.0:0", ReplyShape::default())).is_err());
}

#[test]
fn there_are_as_many_embeddings_as_inputs() {
    let mock = mock(0, Duration::ZERO);
    for (input, expected) in [(r#""a""#, 1), (r#"["a","b"]"#, 2), ("[1,2,3]", 1), ("[[1,2],[3],[4]]", 3)] {
        let (_, body) = ask(mock, "POST", "/v1/embeddings", &format!(r#"{{"model":"m","input":{input}}}"#));
        let reply: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(reply["data"].as_array().unwrap().len(), expected, "{input}");
        assert_eq!(reply["data"][0]["embedding"].as_array().unwrap().len(), 1_536);
    }
}

#[test]
fn the_shape_changes_while_the_mock_runs_and_mistakes_change_nothing() {
    let mock = mock(3, Duration::ZERO);
    let post = |path: &str| ask(mock, "POST", path, "{}").0;
    assert!(post("/shape?delay=20ms&tokens=5&reply-bytes=900").starts_with("HTTP/1.1 200"));
    let before = std::time::Instant::now();
    assert_eq!(ask(mock, "POST", "/v1/chat/completions", "{}").1.len(), 900);
    assert!(before.elapsed() >= Duration::from_millis(20));
    for bad in ["delay=20", "tokens=x", "delays=1s", "gap"] {
        assert!(post(&format!("/shape?{bad}")).starts_with("HTTP/1.1 400"), "{bad}");
    }
    let (_, body) = ask(mock, "POST", "/v1/chat/completions", r#"{"stream":true}"#);
    assert_eq!(data(&body).len(), 1 + 5 + 1 + 1);
}

#[test]
fn a_shape_survives_the_way_through_its_query() {
    let shape =
        ReplyShape { delay: Duration::from_micros(1_500), gap: Duration::from_millis(20), tokens: 7, reply_bytes: 9 };
    assert_eq!(ReplyShape::default().changed(&shape.query()), Ok(shape));
}

fn load(to: SocketAddr, stream: bool) -> load::LoadArgs {
    let url = format!("http://{to}");
    load::LoadArgs {
        stream,
        key: Some("sk-weir-bench-secret".to_owned()),
        connections: 4,
        threads: 2,
        warmup: Duration::ZERO,
        duration: Duration::from_secs(60),
        requests: 200,
        pid: Some(std::process::id()),
        mock_pid: Some(std::process::id()),
        journal: Some(url.clone()),
        ..load::LoadArgs::to(&url)
    }
}

/// Every request that was sent was answered, by the mock, once.
fn once_each(report: &load::LoadReport) {
    let check = report.check.unwrap();
    assert_eq!((check.sent, check.sent), (check.answered, check.seen), "{report}");
    assert_eq!((check.lost, check.doubled), (0, 0), "{report}");
}

#[test]
fn the_load_measures_whole_replies_of_the_mock_and_each_is_asked_for_once() {
    let mock = mock(24, Duration::ZERO);
    for http2 in [false, true] {
        let streams = if http2 { 3 } else { 1 };
        let report = load::run(&load::LoadArgs { http2, streams, ..load(mock, false) }).unwrap();
        assert_eq!((report.requests, report.failed()), (200, 0), "{report}");
        once_each(&report);
        let latency = report.latency.unwrap();
        assert!(latency.p50 > 0.0 && latency.p50 <= latency.p99 && latency.p99 <= latency.max);
        assert!(report.first.is_none() && report.gaps.is_none() && report.open.is_none());
        assert!(report.cpu_per_request.is_some() && report.mock_cpu_per_request.is_some());
        assert!(report.most_memory() > Some(0));
    }
}

#[test]
fn the_load_measures_streams_of_the_mock_and_cuts_none() {
    let mock = mock(24, Duration::from_micros(200));
    for http2 in [false, true] {
        let gap = Duration::from_micros(200);
        let report = load::run(&load::LoadArgs { http2, gap, requests: 20, ..load(mock, true) }).unwrap();
        assert_eq!((report.requests, report.failed()), (20, 0), "{report}");
        once_each(&report);
        let (latency, first, gaps) = (report.latency.unwrap(), report.first.unwrap(), report.gaps.unwrap());
        assert!(first.p50 > 0.0 && first.p50 <= latency.max);
        assert_eq!(gaps.gaps, 20 * 23, "between 24 events");
    }
    assert_eq!(journal(mock)["streams_cut"], 0);
}

#[test]
fn an_open_loop_sends_what_is_due_and_counts_what_it_could_not_send() {
    let mock = mock(0, Duration::ZERO);
    let (rate, requests, duration) = (Some(1_000), u64::MAX, Duration::from_millis(200));
    let open = load::LoadArgs { rate, requests, duration, ..load(mock, false) };
    let report = load::run(&open).unwrap();
    once_each(&report);
    assert_eq!(report.requests + report.open.unwrap().unsent, 200, "{report}");
    // Four users of a provider that takes a second for each can send no more than four.
    let (status, _) = crate::control::ask(&open.url, "POST", "/shape?delay=1s").unwrap();
    assert_eq!(status, 200);
    let report = load::run(&open).unwrap();
    once_each(&report);
    assert!(report.requests <= 4 && report.requests + report.open.unwrap().unsent == 200, "{report}");
    assert!(report.latency.is_none_or(|latency| latency.p50 >= 1_000_000.0), "{report}");
}

#[test]
fn a_wrong_path_is_counted_by_its_status_and_a_stream_of_no_text_as_a_bad_body() {
    let mock = mock(0, Duration::ZERO);
    let report = load::run(&load::LoadArgs { path: "/nowhere".to_owned(), requests: 5, ..load(mock, false) }).unwrap();
    assert_eq!((report.requests, report.failed()), (0, 5));
    assert!(report.to_string().contains("5 × status 404"), "{report}");
    let check = report.check.unwrap();
    assert_eq!((check.answered, check.seen, check.lost), (0, 0, 0));
    let report = load::run(&load::LoadArgs { requests: 5, ..load(mock, true) }).unwrap();
    assert!(report.to_string().contains("5 × bad body"), "{report}");
}

#[test]
fn embeddings_are_measured_like_chats() {
    let mock = mock(0, Duration::ZERO);
    let path = "/v1/embeddings".to_owned();
    let report = load::run(&load::LoadArgs { path, requests: 10, ..load(mock, false) }).unwrap();
    assert_eq!((report.requests, report.failed()), (10, 0), "{report}");
    once_each(&report);
}

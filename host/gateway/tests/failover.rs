//! When an upstream fails: who is asked next, what is never sent twice, and what the client is told.

use crate::support;

use crate::support::upstream::{CHAT, Upstream, ok, status, wait_for_close};
use crate::support::{ACME, Gateway, PATIENCE, chat, config, config_with, post, until};
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::sync::Mutex;
use std::sync::mpsc::channel;

/// The model `m` at the providers `up` and `next`, in this order.
fn two(first: SocketAddr, second: SocketAddr) -> String {
    let rest = format!(
        "[providers.next]\nkind = \"openai\"\nbase_url = \"http://{second}/v1\"\napi_key = \"next-secret\"\nretries = 0\n"
    );
    config_with(first, "retries = 0", &rest).replace("[\"up/m\"]", "[\"up/m\", \"next/other\"]")
}

fn answering(line: &'static str, body: &'static str) -> Upstream {
    Upstream::fixed(status(line, "application/json", body))
}

/// An address at which nothing listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn a_provider_that_refuses_connections_is_passed_over() {
    let second = Upstream::chat();
    let gateway = Gateway::start(&two(nobody(), second.address));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.header("x-weir-upstream")), (200, Some("next/other")));
    let seen = &second.seen()[0];
    assert_eq!(seen.json()["model"], "other");
    assert_eq!(seen.header("authorization").as_deref(), Some("Bearer next-secret"));
}

#[test]
fn statuses_that_say_the_work_was_not_done_lead_to_the_next_provider() {
    for line in
        ["429 Too Many Requests", "500 Oops", "502 Bad Gateway", "503 Busy", "529 Overloaded", "401 No", "307 There"]
    {
        let (first, second) = (answering(line, "{}"), Upstream::chat());
        let gateway = Gateway::start(&two(first.address, second.address));
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, first.seen().len(), second.seen().len()), (200, 1, 1), "{line}");
    }
}

#[test]
fn what_is_left_to_say_when_all_have_failed() {
    let cases = [
        ("500 Oops", 502, "upstream_error"),
        ("429 Too Many", 429, "upstream_rate_limited"),
        ("503 Busy", 503, "upstream_overloaded"),
        ("504 Late", 504, "upstream_timeout"),
        ("401 No", 502, "upstream_auth"),
        ("403 No", 502, "upstream_auth"),
        ("302 There", 502, "upstream_error"),
    ];
    for (line, expected, code) in cases {
        let upstream = answering(line, "{\"error\":{\"message\":\"their words\"}}");
        let gateway = Gateway::start(&config(upstream.address));
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.code().as_str()), (expected, code), "{line}");
        // The client's library must not do all the attempts again.
        assert_eq!(reply.header("x-should-retry"), Some("false"), "{line}");
    }
}

#[test]
fn an_upstreams_wish_to_wait_is_handed_on() {
    for (wish, seconds, ms) in [("retry-after: 30", "30", "30000"), ("retry-after-ms: 30500", "31", "30500")] {
        let upstream = Upstream::fixed(format!("HTTP/1.1 429 Slow\r\n{wish}\r\ncontent-length: 2\r\n\r\n{{}}"));
        // With retries: thirty seconds are more than the gateway itself waits.
        let gateway = Gateway::start(&config_with(upstream.address, "retries = 3", ""));
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, upstream.seen().len()), (429, 1));
        assert_eq!((reply.header("retry-after"), reply.header("retry-after-ms")), (Some(seconds), Some(ms)));
        assert_eq!(reply.header("x-should-retry"), None);
    }
}

#[test]
fn the_same_provider_is_asked_again_as_often_as_configured() {
    let upstream = Upstream::start(|n, _, stream| {
        let answer = if n < 2 { status("503 Busy", "text/plain", "") } else { ok("application/json", CHAT) };
        stream.write_all(&answer).is_ok()
    });
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 2", ""));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    assert_eq!(upstream.seen().len(), 3);
    let failed = gateway.metric("weir_ledger_closed_total", &["reason=\"upstream_failed\""]);
    assert_eq!(failed, 2.0);
}

#[test]
fn credentials_that_are_not_accepted_and_redirects_are_not_tried_again() {
    for line in ["401 No", "302 There"] {
        let upstream = answering(line, "{}");
        let gateway = Gateway::start(&config_with(upstream.address, "retries = 5", ""));
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 502);
        assert_eq!(upstream.seen().len(), 1, "{line}");
    }
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Upstream::chat();
    let address = elsewhere.address;
    let upstream = Upstream::fixed(format!(
        "HTTP/1.1 307 There\r\nlocation: http://{address}/v1/chat/completions\r\ncontent-length: 0\r\n\r\n"
    ));
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.header("location")), (502, None));
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn what_the_client_did_wrong_is_told_in_the_upstreams_words() {
    for line in ["400 Bad Request", "404 Not Found", "422 Unprocessable"] {
        let body = "{\"error\": {\"message\":\"their words\",\"code\":\"theirs\"} }";
        let (first, second) = (answering(line, body), Upstream::chat());
        let gateway = Gateway::start(&two(first.address, second.address));
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status.to_string().as_str(), reply.text().as_str()), (&line[..3], body));
        assert_eq!(reply.header("x-weir-upstream"), Some("up/m"));
        assert!(second.seen().is_empty());
    }
}

#[test]
fn a_question_that_was_sent_and_not_answered_is_not_asked_again() {
    let silent = Upstream::start(|_, _, stream| {
        stream.shutdown(Shutdown::Both).unwrap();
        false
    });
    let second = Upstream::chat();
    let gateway = Gateway::start(&two(silent.address, second.address));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_broken"));
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    assert_eq!((silent.seen().len(), second.seen().len()), (1, 0));
}

#[test]
fn an_upstream_that_does_not_answer_in_time_is_504_and_not_asked_again() {
    let silent = Upstream::start(|_, _, stream| {
        wait_for_close(stream);
        false
    });
    let gateway = Gateway::start(&config_with(silent.address, "first_byte_timeout = \"200ms\"\nretries = 2", ""));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (504, "upstream_timeout"));
    assert_eq!(silent.seen().len(), 1);
}

#[test]
fn a_kept_connection_that_has_gone_stale_costs_no_request() {
    // Every connection is closed behind its first answer, without a word in the answer.
    let upstream = Upstream::start(|_, _, stream| {
        stream.write_all(&ok("application/json", CHAT)).unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
        false
    });
    let gateway = Gateway::start(&config(upstream.address));
    for n in 1..=20 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200, "request {n}");
        // The race between a close and a request is the upstream's and cannot be won; what is tested is the close
        // that has arrived.
        until("the close has arrived", || (gateway.metric("weir_upstream_connections_idle", &[]) == 0.0).then_some(()));
    }
    assert_eq!(upstream.seen().len(), 20);
}

#[test]
fn connections_upstream_are_reused() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address).replace("workers = 2", "workers = 1"));
    (0..5).for_each(|_| assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200));
    soon_eq!(gateway.metric("weir_upstream_connections_opened_total", &[]), 1.0);
    soon_eq!(gateway.metric("weir_upstream_reused_total", &[]), 4.0);
}

#[test]
fn at_the_limit_of_connections_requests_wait_and_are_then_refused() {
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let upstream = Upstream::start(move |_, _, stream| {
        released.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        stream.write_all(&ok("application/json", CHAT)).is_ok()
    });
    let lines = "retries = 0\nmax_connections = 1\nmax_waiting = 1\nwait_timeout = \"60s\"";
    let config = config_with(upstream.address, lines, "").replace("workers = 2", "workers = 1");
    let gateway = Gateway::start(&config);
    let address = gateway.address;
    let ask = move || post(address, ACME, &chat("hi"));
    let first = std::thread::spawn(ask);
    until("the first is upstream", || (upstream.seen().len() == 1).then_some(()));
    let second = std::thread::spawn(ask);
    until("the second waits", || (gateway.metric("weir_upstream_waiting", &[]) == 1.0).then_some(()));
    let refused = ask();
    assert_eq!((refused.status, refused.code().as_str()), (503, "upstream_busy"));
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    release.send(()).unwrap();
    release.send(()).unwrap();
    assert_eq!((first.join().unwrap().status, second.join().unwrap().status), (200, 200));
    soon_eq!(gateway.metric("weir_upstream_busy_total", &[]), 1.0);
}

#[test]
fn waiting_for_a_connection_has_an_end() {
    let upstream = Upstream::start(|_, _, stream| {
        wait_for_close(stream);
        false
    });
    let lines = "retries = 0\nmax_connections = 1\nwait_timeout = \"100ms\"";
    let config = config_with(upstream.address, lines, "").replace("workers = 2", "workers = 1");
    let gateway = Gateway::start(&config);
    let address = gateway.address;
    let first = std::net::TcpStream::connect(address).unwrap();
    let bearer = format!("Bearer {ACME}");
    let (headers, body) = ([("authorization", bearer.as_str())], chat("hi"));
    let mut writer = first.try_clone().unwrap();
    support::client::write_request(&mut writer, "POST", "/v1/chat/completions", &headers, body.as_bytes());
    until("the first is upstream", || (upstream.seen().len() == 1).then_some(()));
    let refused = post(address, ACME, &chat("hi"));
    assert_eq!((refused.status, refused.code().as_str()), (503, "upstream_busy"));
}

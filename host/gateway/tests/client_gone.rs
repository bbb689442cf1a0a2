//! Whose client leaves before the end: with `on_client_gone = "drain"` the provider is read on, so that what it says of usage is what
//! is counted, once, and within bounds; by default it is told at once.

use crate::guest::{Guest, install};
use crate::support::client::{Streaming, write_request};
use crate::support::h2::{connect, eventually, question, run};
use crate::support::upstream::{CHAT, DONE, END, STREAM, USAGE, Upstream, chunk, delta, ok, wait_for_close};
use crate::support::{ACME, Gateway, PATIENCE, chat, chat_stream, config_with, post, until};
use http_body_util::BodyExt;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

/// How a provider's connection fared: whether all of an answer could be written.
type Written = Receiver<bool>;

/// An upstream that answers its first request in parts, so many at once and the others when the test says so, and any other at once.
fn parted(parts: Vec<Vec<u8>>, at_once: usize) -> (Upstream, Sender<()>, Written) {
    let ((release, released), (tell, written)) = (channel::<()>(), channel());
    let (released, tell) = (Mutex::new(released), Mutex::new(tell));
    let upstream = Upstream::start(move |n, _, stream| {
        if n > 0 {
            return stream.write_all(&ok("application/json", CHAT)).is_ok();
        }
        stream.set_nodelay(true).unwrap();
        let (before, behind) = parts.split_at(at_once);
        before.iter().for_each(|part| stream.write_all(part).unwrap());
        let goes_on = released.lock().unwrap().recv_timeout(PATIENCE).is_ok();
        let written = goes_on && behind.iter().all(|part| stream.write_all(part).is_ok());
        tell.lock().unwrap().send(written).unwrap();
        written
    });
    (upstream, release, written)
}

fn events() -> Vec<Vec<u8>> {
    let end = delta("three").replace("\"finish_reason\":null", "\"finish_reason\":\"stop\"");
    let mut parts = vec![STREAM.to_vec()];
    parts.extend([&*delta("one"), &*delta("two"), &*end, USAGE].map(chunk));
    parts.push([&chunk(DONE), END].concat());
    parts
}

fn gateway(upstream: &Upstream, provider: &str, rest: &str) -> Gateway {
    let config = config_with(upstream.address, &format!("retries = 0\non_client_gone = \"drain\"\n{provider}"), rest);
    Gateway::start(&config.replace("[tenants.acme]\n", "[tenants.acme]\nconcurrency = 1\n"))
}

/// Sends a request, and waits for nothing but its arrival.
fn ask(gateway: &Gateway, upstream: &Upstream, body: &str) -> TcpStream {
    let before = upstream.seen().len();
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let bearer = format!("Bearer {ACME}");
    write_request(&mut stream, "POST", "/v1/chat/completions", &[("authorization", &bearer)], body.as_bytes());
    until("it is upstream", || (upstream.seen().len() > before).then_some(()));
    stream
}

fn reading(gateway: &Gateway) -> f64 {
    gateway.metric("weir_drains", &[])
}

fn ended(gateway: &Gateway, end: &str) -> f64 {
    gateway.metric("weir_drained_total", &[&format!("end=\"{end}\"")])
}

fn left(gateway: &Gateway) -> f64 {
    gateway.metric("weir_requests_total", &["status=\"499\"", "ended=\"client_gone\""])
}

fn reported(gateway: &Gateway) -> [f64; 2] {
    ["input", "output"].map(|direction| {
        let direction = format!("direction=\"{direction}\"");
        gateway.metric("weir_tokens_total", &[&direction, "provenance=\"reported\""])
    })
}

/// Nobody hears the answer, and its seat and place are free; then it comes to its end, and what is counted is what the provider said.
fn is_read_on(gateway: &Gateway, release: &Sender<()>, written: &Written, tokens: [f64; 2]) {
    until("it is read on", || (reading(gateway) == 1.0).then_some(()));
    soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
    // The tenant has one seat.
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    soon_eq!(gateway.metric("weir_requests_total", &[]), 1.0);
    release.send(()).unwrap();
    assert!(written.recv_timeout(PATIENCE).unwrap(), "it was cancelled");
    until("it is settled", || (left(gateway) == 1.0).then_some(()));
    soon_eq!((reading(gateway), ended(gateway, "whole")), (0.0, 1.0));
    // What came meanwhile used 3 and 1.
    soon_eq!(reported(gateway), [tokens[0] + 3.0, tokens[1] + 1.0]);
    soon_eq!(gateway.metric("weir_ledger_closed_total", &["reason=\"client_gone\""]), 1.0);
    soon_eq!(gateway.metric("weir_ledger_closed_total", &[]), 2.0);
    soon_eq!(gateway.metric("weir_requests_total", &[]), 2.0);
    soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
    soon_eq!(gateway.metric("weir_response_memory_bytes", &[]), 0.0);
}

#[test]
fn a_stream_is_read_on_wherever_its_client_leaves_and_its_usage_is_the_providers() {
    // From before the head to before the end marker.
    for at_once in 0..events().len() {
        let (upstream, release, written) = parted(events(), at_once);
        let gateway = gateway(&upstream, "", "");
        if at_once == 0 {
            drop(ask(&gateway, &upstream, &chat_stream("hi")));
        } else {
            // Usage is not shown to who did not ask; of a head alone the client is told when an event comes, or late.
            let mut client = match at_once {
                1 => {
                    drop(ask(&gateway, &upstream, &chat_stream("hi")));
                    None
                }
                _ => Some(Streaming::open(gateway.address, ACME, &chat_stream("hi"))),
            };
            let seen = client.iter_mut().flat_map(|client| (1..at_once.min(4)).map(|_| client.next_event())).count();
            assert_eq!(seen, if at_once == 1 { 0 } else { at_once.min(4) - 1 });
        }
        is_read_on(&gateway, &release, &written, [3.0, 2.0]);
    }
}

#[test]
fn a_whole_answer_is_read_on_before_its_head_and_in_the_middle() {
    let answer = ok("application/json", CHAT);
    let (head, rest) = answer.split_at(answer.len() - 100);
    for at_once in 0..2 {
        let (upstream, release, written) = parted(vec![head.to_vec(), rest.to_vec()], at_once);
        let gateway = gateway(&upstream, "", "");
        drop(ask(&gateway, &upstream, &chat("hi")));
        is_read_on(&gateway, &release, &written, [3.0, 1.0]);
    }
}

#[test]
fn in_http2_a_reset_stream_is_read_on_and_so_is_a_whole_answer() {
    for (parts, at_once, body, tokens) in [
        (events(), 2, chat_stream("hi"), [3.0, 2.0]),
        (events(), 0, chat_stream("hi"), [3.0, 2.0]),
        (vec![ok("application/json", CHAT)], 0, chat("hi"), [3.0, 1.0]),
    ] {
        let (upstream, release, written) = parted(parts, at_once);
        let gateway = gateway(&upstream, "", "");
        run(async {
            let mut sender = connect(gateway.address).await;
            let asking = tokio::spawn(sender.send_request(question(gateway.address, ACME, &body)));
            eventually("it is upstream", || upstream.seen().len() == 1).await;
            if at_once > 0 {
                let mut body = asking.await.unwrap().unwrap().into_body();
                assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), delta("one"));
                drop(body);
            } else {
                asking.abort();
            }
            // The connection is there still, and the stream is not.
            eventually("it is read on", || reading(&gateway) == 1.0).await;
            assert!(!sender.is_closed());
        });
        is_read_on(&gateway, &release, &written, tokens);
    }
}

#[test]
fn who_stops_reading_has_left_and_the_stream_is_read_on() {
    let large: Vec<u8> = (0..100).flat_map(|_| chunk(&delta(&"x".repeat(200 << 10)))).collect();
    let parts = vec![STREAM.to_vec(), large, chunk(USAGE), [&chunk(DONE), END].concat()];
    let (upstream, release, written) = parted(parts, 0);
    let gateway = gateway(&upstream, "", "[limits]\nwrite_timeout = \"200ms\"\n");
    let client = ask(&gateway, &upstream, &chat_stream("hi"));
    release.send(()).unwrap();
    assert!(written.recv_timeout(PATIENCE).unwrap(), "it was cancelled");
    until("it is settled", || (left(&gateway) == 1.0).then_some(()));
    soon_eq!((reported(&gateway), ended(&gateway, "whole")), ([3.0, 2.0], 1.0));
    drop(client);
}

#[test]
fn no_plugin_sees_what_comes_when_its_client_has_left() {
    let (upstream, release, written) = parted(events(), 2);
    let config = config_with(upstream.address, "retries = 0\non_client_gone = \"drain\"\n", "");
    let gateway = Gateway::start_with(&config, |plugins| {
        install(&plugins.join("all"), "reader", &Guest::on("event", "(call $pass)").build());
    });
    let calls = || gateway.metric("weir_plugin_calls_total", &["hook=\"event\""]);
    let mut client = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(client.next_event().unwrap(), delta("one"));
    let before = calls();
    assert!(before > 0.0);
    drop(client);
    is_read_on(&gateway, &release, &written, [3.0, 2.0]);
    assert_eq!(calls(), before);
}

#[test]
fn what_breaks_when_nobody_hears_it_is_no_refusal_and_is_settled_once() {
    let mut parts = events();
    parts.truncate(3);
    let (upstream, release, written) = parted([parts, vec![b"nonsense\r\n".to_vec()]].concat(), 3);
    let gateway = gateway(&upstream, "", "");
    let mut client = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert!(client.next_event().is_some());
    drop(client);
    until("it is read on", || (reading(&gateway) == 1.0).then_some(()));
    release.send(()).unwrap();
    assert!(written.recv_timeout(PATIENCE).unwrap());
    until("it is settled", || (left(&gateway) == 1.0).then_some(()));
    soon_eq!((reading(&gateway), ended(&gateway, "cut")), (0.0, 1.0));
    soon_eq!(gateway.metric("weir_requests_total", &[]), 1.0);
    soon_eq!(gateway.metric("weir_ledger_closed_total", &["reason=\"client_gone\""]), 1.0);
    assert_eq!((gateway.metric("weir_refusals_total", &[]), reported(&gateway)), (0.0, [0.0, 0.0]));
    soon!(gateway.metric("weir_tokens_total", &["provenance=\"partial\"", "direction=\"output\""]) > 0.0);
}

#[test]
fn what_is_said_against_a_request_that_nobody_waits_for_costs_nothing() {
    let says = br#"{"error":{"message":"no such parameter","code":"invalid_value"}}"#;
    let head = format!("HTTP/1.1 400 Bad Request\r\ncontent-length: {}\r\n\r\n", says.len());
    let (upstream, release, _written) = parted(vec![[head.as_bytes(), says].concat()], 0);
    let gateway = gateway(&upstream, "", "");
    drop(ask(&gateway, &upstream, &chat("hi")));
    until("it is read on", || (reading(&gateway) == 1.0).then_some(()));
    release.send(()).unwrap();
    until("it is settled", || (left(&gateway) == 1.0).then_some(()));
    soon_eq!((reading(&gateway), ended(&gateway, "whole")), (0.0, 1.0));
    assert_eq!(gateway.metric("weir_tokens_total", &[]), 0.0);
}

/// An upstream whose streams do not go on, and that says when its connection was closed.
fn endless() -> (Upstream, Receiver<usize>) {
    let (tell, closed) = channel();
    let tell = Mutex::new(tell);
    let upstream = Upstream::start(move |n, _, stream| {
        stream.write_all(&[STREAM, &chunk(&delta("so far"))].concat()).unwrap();
        wait_for_close(stream);
        tell.lock().unwrap().send(n).unwrap();
        false
    });
    (upstream, closed)
}

/// Reads one event of a stream, and leaves.
fn leave(gateway: &Gateway) {
    let mut client = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(client.next_event().unwrap(), delta("so far"));
}

#[test]
fn without_the_key_the_provider_is_told_at_once() {
    let (upstream, closed) = endless();
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", ""));
    leave(&gateway);
    closed.recv_timeout(PATIENCE).unwrap();
    until("it is settled", || (left(&gateway) == 1.0).then_some(()));
    assert_eq!((reading(&gateway), gateway.metric("weir_drained_total", &[])), (0.0, 0.0));
}

#[test]
fn no_more_are_read_on_than_may_be_and_one_more_is_cancelled_and_counted() {
    let (upstream, closed) = endless();
    let gateway = gateway(&upstream, "", "[limits]\ndrains = 1\n");
    leave(&gateway);
    until("it is read on", || (reading(&gateway) == 1.0).then_some(()));
    for more in 1..=3 {
        leave(&gateway);
        assert_eq!(closed.recv_timeout(PATIENCE).unwrap(), more);
        until("it is settled", || (left(&gateway) == more as f64).then_some(()));
        soon_eq!((reading(&gateway), ended(&gateway, "full")), (1.0, more as f64));
    }
    soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
}

#[test]
fn what_does_not_come_to_its_end_is_read_no_longer_than_any_answer() {
    for provider in ["total_timeout = \"600ms\"", "idle_timeout = \"300ms\""] {
        let (upstream, closed) = endless();
        let gateway = gateway(&upstream, provider, "");
        leave(&gateway);
        closed.recv_timeout(PATIENCE).unwrap();
        until("it is settled", || (left(&gateway) == 1.0).then_some(()));
        soon_eq!((reading(&gateway), ended(&gateway, "cut")), (0.0, 1.0));
    }
}

#[test]
fn the_end_of_the_gateway_waits_for_what_is_read_on_and_no_longer_than_its_time() {
    let (upstream, release, written) = parted(events(), 2);
    let mut waiting = gateway(&upstream, "", "");
    let mut client = Streaming::open(waiting.address, ACME, &chat_stream("hi"));
    assert!(client.next_event().is_some());
    drop(client);
    until("it is read on", || (reading(&waiting) == 1.0).then_some(()));
    waiting.signal("TERM");
    until("it has begun to end", || (waiting.admin_get("/readyz").status == 503).then_some(()));
    release.send(()).unwrap();
    assert!(written.recv_timeout(PATIENCE).unwrap(), "it was cancelled");
    assert!(waiting.wait().success());

    let (upstream, closed) = endless();
    let config = config_with(upstream.address, "on_client_gone = \"drain\"", "");
    let mut short = Gateway::start(&config.replace("\"5s\"", "\"200ms\""));
    leave(&short);
    until("it is read on", || (reading(&short) == 1.0).then_some(()));
    short.signal("TERM");
    assert!(short.wait().success());
    closed.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn a_request_that_waits_for_a_connection_when_its_client_leaves_is_never_sent() {
    let (upstream, release, written) = parted(vec![ok("application/json", CHAT)], 0);
    let lines = "retries = 0\non_client_gone = \"drain\"\nmax_connections = 1\nwait_timeout = \"60s\"\n";
    let gateway = Gateway::start(&config_with(upstream.address, lines, "").replace("workers = 2", "workers = 1"));
    let first = ask(&gateway, &upstream, &chat("first"));
    let mut second = TcpStream::connect(gateway.address).unwrap();
    let bearer = format!("Bearer {ACME}");
    let body = chat("second");
    write_request(&mut second, "POST", "/v1/chat/completions", &[("authorization", &bearer)], body.as_bytes());
    until("both are here", || (gateway.metric("weir_in_flight", &[]) == 2.0).then_some(()));
    drop(second);
    until("it is settled", || (left(&gateway) == 1.0).then_some(()));
    assert_eq!(gateway.metric("weir_drained_total", &[]) + reading(&gateway), 0.0);
    release.send(()).unwrap();
    assert!(written.recv_timeout(PATIENCE).unwrap());
    soon_eq!(gateway.metric("weir_requests_total", &["ended=\"complete\""]), 1.0);
    // The connection is free, and what comes next on it is what was asked last.
    assert_eq!(post(gateway.address, ACME, &chat("third")).status, 200);
    let asked: Vec<_> = upstream.seen().iter().map(|seen| seen.json()["messages"][0]["content"].clone()).collect();
    assert_eq!(asked, ["first", "third"]);
    drop(first);
}

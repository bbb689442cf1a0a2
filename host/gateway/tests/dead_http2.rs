//! HTTP/2 connections to providers that nobody is at the other end of any more, although TCP goes on: PINGs tell.

use crate::support;

use crate::support::frames::{DATA, HEADERS, PING};
use crate::support::h2_peer::H2Upstream;
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, config_with, post, until};
use std::time::{Duration, Instant};

/// Longer than any test here should take; what is waited for is much shorter.
const FIRST_BYTE: &str = "first_byte_timeout = \"50s\"";
const LONG: Duration = Duration::from_secs(25);

/// One worker, so that its connections are known, and no attempt beyond the first.
fn gateway(upstream: &H2Upstream, lines: &str) -> Gateway {
    Gateway::start(&config(upstream, lines))
}

fn config(upstream: &H2Upstream, lines: &str) -> String {
    let lines = format!("retries = 0\nhttp2 = \"always\"\n{FIRST_BYTE}\n{lines}");
    config_with(upstream.address, &lines, "").replace("workers = 2", "workers = 1")
}

fn ask(gateway: &Gateway) -> u16 {
    post(gateway.address, ACME, &chat("hi")).status
}

/// Serves one request on the first connection and falls silent; further connections are good.
fn falls_silent() -> H2Upstream {
    H2Upstream::start(|number, peer| {
        peer.shake_hands(100);
        if number > 0 {
            return peer.serve();
        }
        let stream = peer.request().unwrap();
        peer.answer(stream);
        peer.fall_silent();
    })
}

#[test]
fn a_request_that_meets_a_silent_connection_is_sent_once_more_on_a_fresh_one() {
    let upstream = falls_silent();
    let gateway = gateway(&upstream, "http2_ping_idle = \"1ms\"\nhttp2_ping_timeout = \"2s\"");
    assert_eq!(ask(&gateway), 200);
    until("the first is settled", || (gateway.metric("weir_requests_total", &[]) == 1.0).then_some(()));
    let start = Instant::now();
    assert_eq!(ask(&gateway), 200);
    assert!(start.elapsed() < LONG, "it waited for {:?}", start.elapsed());
    // The PING goes ahead of what it looks out for.
    let kinds: Vec<u8> = upstream.seen(0).iter().map(|got| got.kind).collect();
    let ping = kinds.iter().position(|kind| *kind == PING).expect("a PING");
    assert!(kinds[..ping].iter().filter(|kind| **kind == HEADERS).count() == 1, "{kinds:?}");
    assert!(kinds[ping..].starts_with(&[PING, HEADERS, DATA]), "{kinds:?}");
    assert_eq!(upstream.connections(), 2);
    // It was no other attempt, is not in the ledger twice, and says nothing of the provider.
    soon_eq!(gateway.metric("weir_upstream_recovered_total", &[]), 1.0);
    soon_eq!(gateway.metric("weir_upstream_undelivered_total", &[]), 1.0);
    soon_eq!(gateway.metric("weir_upstream_errors_total", &[]), 0.0);
    until("both are settled", || (gateway.metric("weir_requests_total", &[]) == 2.0).then_some(()));
    soon_eq!(gateway.metric("weir_ledger_closed_total", &["reason=\"completed\""]), 2.0);
    soon_eq!(gateway.metric("weir_ledger_closed_total", &[]), 2.0);
    assert_eq!(gateway.ready()["providers"], serde_json::json!([{"name": "up", "healthy": true}]));
}

#[test]
fn all_requests_that_meet_a_silent_connection_are_answered() {
    let upstream = falls_silent();
    let gateway = gateway(&upstream, "http2_ping_idle = \"1ms\"\nhttp2_ping_timeout = \"2s\"");
    assert_eq!(ask(&gateway), 200);
    until("the first is settled", || (gateway.metric("weir_requests_total", &[]) == 1.0).then_some(()));
    let address = gateway.address;
    let asking: Vec<_> = (0..30).map(|_| std::thread::spawn(move || post(address, ACME, &chat("hi")).status)).collect();
    assert!(asking.into_iter().all(|asking| asking.join().unwrap() == 200));
    assert!(upstream.connections() <= 4, "{} connections", upstream.connections());
    soon_eq!(gateway.metric("weir_upstream_errors_total", &[]), 0.0);
}

#[test]
fn a_provider_that_is_gone_altogether_leaves_the_request_to_the_next_target() {
    // Connections are accepted from the second on, and nothing is said on them.
    let upstream = H2Upstream::start(|number, peer| {
        if number == 0 {
            peer.shake_hands(100);
            let stream = peer.request().unwrap();
            peer.answer(stream);
        }
        let mut thrown = std::io::sink();
        let _ = std::io::copy(&mut peer.stream, &mut thrown);
    });
    let next = Upstream::chat();
    let lines = "http2_ping_idle = \"1ms\"\nhttp2_ping_timeout = \"2s\"\nconnect_timeout = \"2s\"";
    let provider = format!("[providers.next]\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\n", next.address);
    let config = config(&upstream, lines).replace("[\"up/m\"]", "[\"up/m\", \"next/m\"]");
    let gateway = Gateway::start(&format!("{config}\n{provider}"));
    let asked = |gateway: &Gateway| {
        let reply = post(gateway.address, ACME, &chat("hi"));
        (reply.status, reply.header("x-weir-upstream").map(str::to_owned))
    };
    assert_eq!(asked(&gateway), (200, Some("up/m".to_owned())));
    until("it is settled", || (gateway.metric("weir_requests_total", &[]) == 1.0).then_some(()));
    let start = Instant::now();
    assert_eq!(asked(&gateway), (200, Some("next/m".to_owned())));
    assert!(start.elapsed() < LONG, "it waited for {:?}", start.elapsed());
}

#[test]
fn a_request_is_proven_soon_also_where_nothing_was_silent_before_it() {
    // The connection answers, and falls silent with the next request, which comes at once; or is silent from the first.
    for good in [1, 0] {
        let upstream = H2Upstream::start(move |number, peer| {
            peer.shake_hands(100);
            if number > 0 {
                return peer.serve();
            }
            for _ in 0..good {
                let stream = peer.request().unwrap();
                peer.answer(stream);
            }
            peer.fall_silent();
        });
        let next = Upstream::chat();
        let lines = "http2_ping_idle = \"100ms\"\nhttp2_ping_timeout = \"2s\"";
        let provider = format!("[providers.next]\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\n", next.address);
        let config = config(&upstream, lines).replace("[\"up/m\"]", "[\"up/m\", \"next/m\"]");
        let gateway = Gateway::start(&format!("{config}\n{provider}"));
        let start = Instant::now();
        assert!((0..=good).all(|_| ask(&gateway) == 200));
        assert!(start.elapsed() < LONG, "it waited for {:?}", start.elapsed());
        // What met it on a connection of its own had better ask somebody else.
        assert_eq!((upstream.connections(), next.seen().len()), if good == 1 { (2, 0) } else { (1, 1) });
    }
}

#[test]
fn what_may_have_been_carried_out_is_not_sent_again() {
    // There was a sign of life behind the request.
    let upstream = H2Upstream::start(|_, peer| {
        peer.shake_hands(100);
        peer.request().unwrap();
        while peer.next().unwrap().kind != PING {}
        peer.fall_silent();
    });
    let lines = "http2_ping_interval = \"300ms\"\nhttp2_ping_timeout = \"2s\"";
    let gateway = Gateway::start(&config(&upstream, lines).replace("retries = 0", "retries = 2"));
    let start = Instant::now();
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_broken"));
    assert!(start.elapsed() < LONG, "it waited for {:?}", start.elapsed());
    assert_eq!((upstream.connections(), upstream.requests()), (1, 1));
    assert_eq!(upstream.count(0, PING), 2);
}

#[test]
fn a_stream_that_falls_silent_with_its_connection_ends_long_before_it_may_pause() {
    let upstream = H2Upstream::start(|_, peer| {
        peer.shake_hands(100);
        let stream = peer.request().unwrap();
        let head = [vec![0x88], support::frames::field("content-type", "text/event-stream")].concat();
        peer.send(HEADERS, support::frames::END_HEADERS, stream, &head);
        peer.send(DATA, 0, stream, support::upstream::delta("so far").as_bytes());
        peer.fall_silent();
    });
    let gateway = gateway(&upstream, "http2_ping_interval = \"300ms\"\nhttp2_ping_timeout = \"2s\"");
    let start = Instant::now();
    let reply = post(gateway.address, ACME, &support::chat_stream("hi"));
    assert!(reply.text().contains("so far") && reply.text().contains("upstream_broken"), "{}", reply.text());
    assert!(!reply.clean && start.elapsed() < LONG);
}

#[test]
fn a_slow_answer_is_waited_for_as_long_as_somebody_is_there() {
    let upstream = H2Upstream::start(|_, peer| {
        peer.shake_hands(100);
        let stream = peer.request().unwrap();
        // Three PINGs are answered before the request is.
        for _ in 0..3 {
            while peer.next().unwrap().kind != PING {}
        }
        peer.answer(stream);
        peer.serve();
    });
    let gateway = gateway(&upstream, "http2_ping_interval = \"100ms\"\nhttp2_ping_timeout = \"20s\"");
    assert_eq!((ask(&gateway), ask(&gateway)), (200, 200));
    assert_eq!(upstream.connections(), 1);
    soon_eq!(gateway.metric("weir_upstream_undelivered_total", &[]), 0.0);
}

#[test]
fn a_connection_without_requests_is_left_alone() {
    let upstream = H2Upstream::start(|_, peer| {
        peer.shake_hands(100);
        let stream = peer.request().unwrap();
        peer.answer(stream);
        // The answer to this tells that what was asked before is over.
        peer.send(PING, 0, 0, b"a marker");
        while peer.next().is_some() {}
    });
    let lines = "http2_ping_interval = \"50ms\"\nkeep_alive_timeout = \"2s\"";
    let gateway = gateway(&upstream, lines);
    assert_eq!(ask(&gateway), 200);
    until("it is closed", || (gateway.metric("weir_upstream_connections", &[]) == 0.0).then_some(()));
    let seen = upstream.seen(0);
    let marker = seen.iter().position(|got| got.payload == b"a marker").expect("the marker");
    assert!(seen[marker + 1..].iter().all(|got| got.kind != PING), "{seen:?}");
}

#[test]
fn pings_can_be_left_out() {
    let upstream = H2Upstream::start(|_, peer| {
        peer.shake_hands(100);
        let stream = peer.request().unwrap();
        peer.answer(stream);
        peer.fall_silent();
    });
    let lines = "http2_ping_interval = 0\nhttp2_ping_idle = 0".replace('0', "\"0s\"");
    let gateway = Gateway::start(&config(&upstream, &lines).replace(FIRST_BYTE, "first_byte_timeout = \"2s\""));
    assert_eq!(ask(&gateway), 200);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (504, "upstream_timeout"));
    assert_eq!(upstream.count(0, PING), 0);
}

#[test]
fn a_provider_that_asks_for_calm_gets_no_further_ping() {
    const ENHANCE_YOUR_CALM: u32 = 11;
    let upstream = H2Upstream::start(|number, peer| {
        peer.shake_hands(100);
        if number == 0 {
            let stream = peer.request().unwrap();
            while peer.next().unwrap().kind != PING {}
            peer.answer(stream);
            peer.go_away(stream, ENHANCE_YOUR_CALM);
        }
        peer.serve();
    });
    let gateway = gateway(&upstream, "http2_ping_interval = \"100ms\"\nhttp2_ping_idle = \"1ms\"");
    assert_eq!(ask(&gateway), 200);
    until("it is heard", || gateway.log().contains("fewer HTTP/2 PINGs").then_some(()));
    for _ in 0..5 {
        assert_eq!(ask(&gateway), 200);
        until("it is settled", || (gateway.metric("weir_in_flight", &[]) == 0.0).then_some(()));
    }
    assert_eq!((upstream.connections(), upstream.count(1, HEADERS), upstream.count(1, PING)), (2, 5, 0));
}

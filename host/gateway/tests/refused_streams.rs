//! Requests that a provider has refused without processing them (RFC 9113 section 8.7) cost nobody anything.

use crate::support::client::write_request;
use crate::support::h2_peer::H2Upstream;
use crate::support::upstream::{Upstream, status};
use crate::support::{ACME, Gateway, Reply, chat, config_with, post, until};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// What is waited for is much shorter.
const LONG: Duration = Duration::from_secs(25);

/// A gateway that asks `up` over HTTP/2 and then these, with such lines in the table of `up`.
fn gateway(up: &H2Upstream, others: &[&Upstream], lines: &str) -> Gateway {
    let lines = format!("http2 = \"always\"\nfirst_byte_timeout = \"50s\"\n{lines}");
    let mut config = config_with(up.address, &lines, "").replace("workers = 2", "workers = 1");
    let mut targets = String::from("\"up/m\"");
    for (n, other) in others.iter().enumerate() {
        targets += &format!(", \"p{n}/m\"");
        config += &format!("[providers.p{n}]\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\n", other.address);
    }
    Gateway::start(&config.replace("\"up/m\"", &targets))
}

fn ask(gateway: &Gateway) -> Reply {
    post(gateway.address, ACME, &chat("hi"))
}

fn by(reply: &Reply) -> Option<&str> {
    reply.header("x-weir-upstream")
}

fn health_and_ledger_are_untouched(gateway: &Gateway, requests: f64) {
    until("all are settled", || (gateway.metric("weir_requests_total", &[]) == requests).then_some(()));
    soon_eq!(gateway.metric("weir_ledger_closed_total", &[]), requests);
    soon_eq!(gateway.metric("weir_upstream_errors_total", &[]), 0.0);
    soon_eq!(gateway.metric("weir_upstream_healthy", &["provider=\"up\""]), 1.0);
}

#[test]
fn a_refused_stream_is_sent_again_whole_and_is_no_attempt() {
    let refused = AtomicUsize::new(0);
    let upstream = H2Upstream::start(move |_, peer| {
        peer.shake_hands(100);
        while let Some(stream) = peer.request() {
            // Each request is refused three times.
            match refused.fetch_add(1, SeqCst) % 4 {
                3 => peer.answer(stream),
                _ => peer.refuse(stream),
            }
        }
    });
    let gateway = gateway(&upstream, &[], "retries = 0");
    for _ in 0..3 {
        assert_eq!(ask(&gateway).status, 200);
    }
    assert_eq!((upstream.connections(), upstream.requests()), (1, 12));
    soon_eq!(gateway.metric("weir_upstream_recovered_total", &[]), 9.0);
    health_and_ledger_are_untouched(&gateway, 3.0);
}

#[test]
fn what_a_leaving_connection_has_not_looked_at_is_sent_on_another() {
    for why in [0, 11] {
        let upstream = H2Upstream::start(move |number, peer| {
            peer.shake_hands(100);
            if number < 2 {
                let stream = peer.request().unwrap();
                peer.go_away(stream - 1, why);
                return peer.close();
            }
            peer.serve();
        });
        let gateway = gateway(&upstream, &[], "retries = 0");
        assert_eq!(ask(&gateway).status, 200);
        assert_eq!((upstream.connections(), upstream.requests()), (3, 3));
        health_and_ledger_are_untouched(&gateway, 1.0);
    }
}

#[test]
fn a_provider_that_refuses_everything_leaves_all_retries_to_the_others() {
    let upstream = H2Upstream::start(|_, peer| {
        peer.shake_hands(100);
        while let Some(stream) = peer.request() {
            peer.refuse(stream);
        }
    });
    let failing = || Upstream::fixed(status("500 Internal Server Error", "application/json", "{}"));
    let (first, second) = (failing(), failing());
    let gateway = gateway(&upstream, &[&first, &second], "retries = 3\n[providers.up.health]\nfailures = 1");
    let reply = ask(&gateway);
    assert_eq!(reply.status, 502, "{}", reply.text());
    let attempts = first.seen().len() + second.seen().len();
    assert_eq!(attempts, 4, "a refusal took one of the attempts");
    soon_eq!(gateway.metric("weir_upstream_healthy", &["provider=\"up\""]), 1.0);
    assert_eq!(upstream.requests() % 9, 0, "once, and eight times again, whenever it is asked");
}

#[test]
fn a_provider_alone_that_refuses_everything_is_given_up_in_good_time_and_stays_healthy() {
    let upstream = H2Upstream::start(|_, peer| {
        peer.shake_hands(100);
        while let Some(stream) = peer.request() {
            peer.refuse(stream);
        }
    });
    let gateway = gateway(&upstream, &[], "retries = 1\n[providers.up.health]\nfailures = 1");
    let start = Instant::now();
    let reply = ask(&gateway);
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_unreachable"));
    assert!(start.elapsed() < LONG);
    soon_eq!(gateway.metric("weir_upstream_healthy", &["provider=\"up\""]), 1.0);
    // For free, then as an attempt, and once more.
    assert_eq!(upstream.requests(), 27);
}

#[test]
fn a_limit_that_is_lowered_to_nothing_while_a_request_comes_moves_it_to_another_connection() {
    // The new limit is there before the second request is begun: it waits within the gateway.
    let upstream = H2Upstream::start(|number, peer| {
        peer.shake_hands(1);
        if number > 0 {
            return peer.serve();
        }
        let stream = peer.request().unwrap();
        // Before the answer, behind which the second request comes.
        peer.allow(0);
        peer.answer(stream);
        while peer.next().is_some() {}
    });
    let gateway = gateway(&upstream, &[], "retries = 0");
    assert_eq!(ask(&gateway).status, 200);
    let start = Instant::now();
    assert_eq!(ask(&gateway).status, 200);
    assert!(start.elapsed() < LONG, "it waited for {:?}", start.elapsed());
    assert_eq!((upstream.connections(), upstream.requests()), (2, 2));
    health_and_ledger_are_untouched(&gateway, 2.0);
}

#[test]
fn streams_beyond_a_lowered_limit_do_not_wait_for_those_on_the_connection() {
    // A hundred are allowed; then one, while twenty requests come at once, and that one is never answered.
    let upstream = H2Upstream::start(|number, peer| {
        peer.shake_hands(100);
        if number > 0 {
            return peer.serve();
        }
        let stream = peer.request().unwrap();
        peer.answer(stream);
        let held = peer.request().unwrap();
        peer.allow(1);
        while let Some(stream) = peer.request() {
            assert_ne!(stream, held);
            // Those that were on their way already.
            peer.refuse(stream);
        }
    });
    let gateway = gateway(&upstream, &[], "retries = 0");
    assert_eq!(ask(&gateway).status, 200);
    let address = gateway.address;
    let mut held = std::net::TcpStream::connect(address).unwrap();
    let bearer = format!("Bearer {ACME}");
    let headers = [("authorization", bearer.as_str())];
    write_request(&mut held, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes());
    until("it is held", || (upstream.requests() == 2).then_some(()));
    let start = Instant::now();
    let asking: Vec<_> = (0..20).map(|_| std::thread::spawn(move || post(address, ACME, &chat("hi")).status)).collect();
    assert!(asking.into_iter().all(|asking| asking.join().unwrap() == 200));
    assert!(start.elapsed() < LONG, "they waited for {:?}", start.elapsed());
}

#[test]
fn a_provider_that_allows_no_stream_is_passed_over() {
    let upstream = H2Upstream::start(|_, peer| {
        peer.shake_hands(0);
        while peer.next().is_some() {}
    });
    let next = Upstream::chat();
    let gateway = gateway(&upstream, &[&next], "retries = 0");
    let start = Instant::now();
    let reply = ask(&gateway);
    assert_eq!((reply.status, by(&reply)), (200, Some("p0/m")));
    assert!(start.elapsed() < LONG);
    assert_eq!(upstream.requests(), 0);
    soon_eq!(gateway.metric("weir_upstream_healthy", &["provider=\"up\""]), 1.0);
}

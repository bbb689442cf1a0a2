//! HTTP/2 connections to providers that were kept and that the provider has closed: the requests that meet them are not
//! lost, and no attempts.

use crate::support;

use crate::support::frames::{END_HEADERS, HEADERS};
use crate::support::h2_peer::{H2Upstream, Peer};
use crate::support::{ACME, Gateway, chat, config_with, post, until};
use std::time::Duration;

const NO_ERROR: u32 = 0;

/// Closes with FIN.
fn fin(peer: &mut Peer) {
    peer.close();
}

/// Closes with RST.
fn reset(peer: &mut Peer) {
    socket2::SockRef::from(&peer.stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// One worker, so that its connections are known, and no attempt beyond the first.
fn gateway(upstream: &H2Upstream) -> Gateway {
    let config = config_with(upstream.address, "retries = 0\nhttp2 = \"always\"", "");
    Gateway::start(&config.replace("workers = 2", "workers = 1"))
}

fn ask(gateway: &Gateway) -> (u16, String) {
    let reply = post(gateway.address, ACME, &chat("hi"));
    (reply.status, if reply.status == 200 { String::new() } else { reply.code() })
}

fn answered() -> (u16, String) {
    (200, String::new())
}

/// Every request was charged once, and nothing speaks against the provider.
fn nobody_pays(gateway: &Gateway, requests: f64) {
    until("all are settled", || (gateway.metric("weir_requests_total", &[]) == requests).then_some(()));
    soon_eq!(gateway.metric("weir_upstream_errors_total", &[]), 0.0);
    soon_eq!(gateway.metric("weir_ledger_closed_total", &["reason=\"completed\""]), requests);
    soon_eq!(gateway.metric("weir_ledger_closed_total", &[]), requests);
    assert_eq!(gateway.ready()["providers"], serde_json::json!([{"name": "up", "healthy": true}]));
}

#[test]
fn a_request_that_meets_a_closed_connection_is_sent_once_more_on_a_fresh_one() {
    for end in [fin, reset] {
        // The second request on the first connection finds it closed.
        let upstream = H2Upstream::start(move |number, peer| {
            peer.shake_hands(100);
            if number > 0 {
                return peer.serve();
            }
            let stream = peer.request().unwrap();
            peer.answer(stream);
            peer.request().unwrap();
            end(peer);
        });
        let gateway = gateway(&upstream);
        for n in 0..3 {
            assert_eq!(ask(&gateway), answered(), "request {n}");
        }
        assert_eq!((upstream.connections(), upstream.requests()), (2, 4));
        soon_eq!(gateway.metric("weir_upstream_recovered_total", &[]), 1.0);
        nobody_pays(&gateway, 3.0);
    }
}

#[test]
fn all_requests_that_meet_a_closed_connection_share_a_fresh_one() {
    let upstream = H2Upstream::start(move |number, peer| {
        peer.shake_hands(100);
        if number > 0 {
            return peer.serve();
        }
        let stream = peer.request().unwrap();
        peer.answer(stream);
        for _ in 0..20 {
            peer.request().unwrap();
        }
        peer.close();
    });
    let gateway = gateway(&upstream);
    assert_eq!(ask(&gateway), answered());
    let address = gateway.address;
    let asking: Vec<_> = (0..20).map(|_| std::thread::spawn(move || post(address, ACME, &chat("hi")).status)).collect();
    assert!(asking.into_iter().all(|asking| asking.join().unwrap() == 200));
    assert_eq!((upstream.connections(), upstream.requests()), (2, 41));
    soon_eq!(gateway.metric("weir_upstream_recovered_total", &[]), 20.0);
    nobody_pays(&gateway, 21.0);
}

#[test]
fn an_idle_connection_that_the_provider_leaves_is_not_used_again() {
    for is_closed in [true, false] {
        let upstream = H2Upstream::start(move |number, peer| {
            peer.shake_hands(100);
            if number > 0 {
                return peer.serve();
            }
            let stream = peer.request().unwrap();
            peer.answer(stream);
            peer.go_away(stream, NO_ERROR);
            if is_closed {
                return peer.close();
            }
            while peer.next().is_some() {}
        });
        let gateway = gateway(&upstream);
        // Whether the next request is there before the news is, or behind it.
        assert_eq!((ask(&gateway), ask(&gateway)), (answered(), answered()));
        until("the old one is closed", || (gateway.metric("weir_upstream_connections", &[]) == 1.0).then_some(()));
        assert_eq!(ask(&gateway), answered());
        assert_eq!(upstream.connections(), 2);
        nobody_pays(&gateway, 3.0);
    }
}

#[test]
fn a_fresh_connection_that_is_closed_without_an_answer_is_the_end() {
    let upstream = H2Upstream::start(|number, peer| {
        peer.shake_hands(100);
        let stream = peer.request().unwrap();
        if number == 0 {
            peer.answer(stream);
            peer.request().unwrap();
        }
        peer.close();
    });
    let gateway = gateway(&upstream);
    assert_eq!(ask(&gateway), answered());
    assert_eq!(ask(&gateway), (502, "upstream_broken".to_owned()));
    assert_eq!(upstream.requests(), 3, "once more, and not again");
}

#[test]
fn a_kept_connection_that_ends_within_an_answer_is_not_asked_again() {
    let upstream = H2Upstream::start(|_, peer| {
        peer.shake_hands(100);
        let stream = peer.request().unwrap();
        peer.answer(stream);
        let stream = peer.request().unwrap();
        let head = [vec![0x88], support::frames::field("content-type", "application/json")].concat();
        peer.send(HEADERS, END_HEADERS, stream, &head);
        peer.close();
    });
    let gateway = gateway(&upstream);
    assert_eq!(ask(&gateway), answered());
    assert_eq!(ask(&gateway).0, 502);
    assert_eq!(upstream.requests(), 2);
}

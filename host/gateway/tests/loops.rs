//! A provider whose address leads back to the gateway: a request is recognised when it comes back, and not sent round and

//! round.

use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, Reply, chat, chat_stream, config, config_with, post, send, until};
use std::net::TcpListener;

/// A configuration for gateways in a ring: what this one sends on goes to `next`, which takes its key.
fn link(listen: u16, next: u16, name: &str) -> String {
    config(([127, 0, 0, 1], next).into())
        .replacen("listen = \"127.0.0.1:0\"", &format!("listen = \"127.0.0.1:{listen}\"\n{name}"), 1)
        .replace("upstream-secret", ACME)
}

/// Ports that were free a moment ago.
fn ports<const N: usize>() -> [u16; N] {
    let listeners: Vec<_> = (0..N).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    std::array::from_fn(|n| listeners[n].local_addr().unwrap().port())
}

fn requests(gateway: &Gateway) -> f64 {
    gateway.metric("weir_requests_total", &[])
}

#[test]
fn a_gateway_that_is_its_own_provider_sees_a_request_twice_and_no_more() {
    let [port] = ports();
    let gateway = Gateway::start(&link(port, port, ""));
    for (n, body) in [chat("round"), chat_stream("and round")].iter().enumerate() {
        let reply = post(gateway.address, ACME, body);
        assert_eq!((reply.status, reply.code().as_str()), (508, "loop_detected"), "{}", reply.text());
        let twice = 2.0 * (n + 1) as f64;
        until("both have ended", || (requests(&gateway) == twice).then_some(()));
    }
    soon_eq!(gateway.metric("weir_refusals_total", &["code=\"loop_detected\""]), 2.0);
}

#[test]
fn a_ring_of_gateways_is_seen_through_others_that_only_pass_it_on() {
    let [a, b, c] = ports();
    let first = Gateway::start(&link(a, b, "name = \"edge\""));
    let second = Gateway::start(&link(b, c, "name = \"middle\""));
    let third = Gateway::start(&link(c, a, "name = \"core\""));
    let reply = post(first.address, ACME, &chat("round"));
    assert_eq!((reply.status, reply.code().as_str()), (508, "loop_detected"), "{}", reply.text());
    for (gateway, seen) in [(&first, 2.0), (&second, 1.0), (&third, 1.0)] {
        until("all have ended", || (requests(gateway) == seen).then_some(()));
    }
}

fn ask(gateway: &Gateway, via: &[&str]) -> Reply {
    let bearer = format!("Bearer {ACME}");
    let headers: Vec<_> =
        [("authorization", bearer.as_str())].into_iter().chain(via.iter().map(|via| ("via", *via))).collect();
    send(gateway.address, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes())
}

#[test]
fn who_a_request_came_through_goes_on_and_only_the_own_name_is_a_loop() {
    let upstream = Upstream::chat();
    let named = config_with(upstream.address, "retries = 0", "").replacen("[server]", "[server]\nname = \"weir-1\"", 1);
    let gateway = Gateway::start(&named);
    let cases: [(&[&str], Option<&str>); 8] = [
        (&[], Some("1.1 weir-1")),
        (&["1.0 fred, 1.1 p.example (squid)"], Some("1.0 fred, 1.1 p.example (squid), 1.1 weir-1")),
        (&["1.1 a", "2 b"], Some("1.1 a, 2 b, 1.1 weir-1")),
        (&["1.1 weir"], Some("1.1 weir, 1.1 weir-1")),
        (&["1.1 weir-11"], Some("1.1 weir-11, 1.1 weir-1")),
        (&["1.1 weir-1"], None),
        (&["2 WEIR-1 (again)"], None),
        (&["1.1 a", "1.1 b, HTTP/1.1\tweir-1"], None),
    ];
    for (via, sent) in cases {
        let reply = ask(&gateway, via);
        let status = if sent.is_some() { 200 } else { 508 };
        assert_eq!(reply.status, status, "{via:?}: {}", reply.text());
        if sent.is_some() {
            assert_eq!(upstream.seen().last().unwrap().header("via").as_deref(), sent, "{via:?}");
        }
    }
    assert_eq!(upstream.seen().len(), 5);
}

//! HTTP/2 connections to providers that take what they are sent slowly, and say nothing meanwhile: a PING lies behind what they
//! have not read yet, and they are no dead ones.

use crate::support::frames::{HEADERS, SETTINGS, WINDOW_UPDATE};
use crate::support::h2_peer::{H2Upstream, Peer};
use crate::support::{ACME, Gateway, chat, config_with, post};
use std::time::{Duration, Instant};

/// So long nothing is read of a request: three times what a PING's answer may take.
const PAUSE: Duration = Duration::from_secs(3);
/// Longer than anything here takes that ends by itself.
const LONG: Duration = Duration::from_secs(40);

fn gateway(upstream: &H2Upstream, lines: &str) -> Gateway {
    let lines =
        format!("retries = 0\nhttp2 = \"always\"\nfirst_byte_timeout = \"50s\"\nhttp2_ping_timeout = \"1s\"\n{lines}");
    Gateway::start(&config_with(upstream.address, &lines, "").replace("workers = 2", "workers = 1"))
}

/// Allows as much as can be said to be sent without another word.
fn open_wide(peer: &mut Peer) {
    peer.shake_hands(100);
    peer.send(SETTINGS, 0, 0, &[&[0, 4], &0x7fff_ffff_u32.to_be_bytes()[..]].concat());
    peer.send(WINDOW_UPDATE, 0, 0, &0x7000_0000_u32.to_be_bytes());
}

fn mebibytes(count: usize) -> String {
    chat(&"x".repeat(count << 20))
}

/// Whichever PING it is: the one for a request, that for a silence, and both.
const PINGS: [&str; 3] = [
    "http2_ping_idle = \"100ms\"",
    "http2_ping_idle = \"0s\"\nhttp2_ping_interval = \"100ms\"",
    "http2_ping_idle = \"1ms\"\nhttp2_ping_interval = \"100ms\"",
];

#[test]
fn a_provider_that_takes_a_long_upload_slowly_is_not_given_up() {
    std::thread::scope(|scope| {
        for lines in PINGS {
            scope.spawn(move || {
                let upstream = H2Upstream::start(|_, peer| {
                    open_wide(peer);
                    while peer.next().unwrap().kind != HEADERS {}
                    std::thread::sleep(PAUSE);
                    let stream = peer.request().unwrap();
                    peer.answer(stream);
                    peer.serve();
                });
                let gateway = gateway(&upstream, lines);
                let start = Instant::now();
                let reply = post(gateway.address, ACME, &mebibytes(6));
                assert_eq!(reply.status, 200, "{lines}: {}", reply.text());
                assert!(start.elapsed() >= PAUSE, "{lines}");
                assert_eq!(upstream.connections(), 1, "{lines}");
                soon_eq!(gateway.metric("weir_upstream_errors_total", &[]), 0.0, "{lines}");
                soon_eq!(gateway.metric("weir_upstream_undelivered_total", &[]), 0.0, "{lines}");
            });
        }
    });
}

#[test]
fn a_small_request_behind_a_long_upload_waits_with_it() {
    let upstream = H2Upstream::start(|number, peer| {
        open_wide(peer);
        if number > 0 {
            return peer.serve();
        }
        while peer.next().unwrap().kind != HEADERS {}
        std::thread::sleep(PAUSE);
        peer.serve();
    });
    let gateway = gateway(&upstream, PINGS[2]);
    let address = gateway.address;
    let long = std::thread::spawn(move || post(address, ACME, &mebibytes(6)).status);
    crate::support::until("the upload has begun", || (upstream.requests() > 0).then_some(()));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    assert_eq!(long.join().unwrap(), 200);
    soon_eq!(gateway.metric("weir_upstream_errors_total", &[]), 0.0);
}

#[test]
fn a_provider_that_takes_an_upload_and_never_says_a_word_is_given_up_all_the_same() {
    let upstream = H2Upstream::start(|_, peer| {
        open_wide(peer);
        peer.fall_silent();
    });
    let gateway = gateway(&upstream, PINGS[0]);
    let start = Instant::now();
    let reply = post(gateway.address, ACME, &mebibytes(2));
    assert_ne!(reply.status, 200);
    assert!(start.elapsed() < LONG, "it waited for {:?}", start.elapsed());
    assert_ne!(reply.code(), "upstream_timeout", "its silence told, and not the time of a request");
}

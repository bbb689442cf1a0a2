//! Connections to providers that were kept and that the provider has closed: the requests that meet them are not lost.

use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, Gateway, chat, chat_stream, config_with, post, until};
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

fn fin(stream: &TcpStream) {
    stream.shutdown(Shutdown::Both).unwrap();
}

fn reset(stream: &TcpStream) {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// One worker, so that its connections are known, and no attempt beyond the first.
fn gateway(upstream: &Upstream) -> Gateway {
    Gateway::start(&config_with(upstream.address, "retries = 0", "").replace("workers = 2", "workers = 1"))
}

#[test]
fn a_request_that_meets_a_closed_connection_is_sent_once_more_on_a_fresh_one() {
    for end in [fin, reset] {
        for (body, answer) in [
            (chat("hi"), ok("application/json", CHAT)),
            (chat_stream("hi"), [STREAM, &chunk(&delta("a")), &chunk(DONE), END].concat()),
            (chat(&"long ".repeat(200_000)), ok("application/json", CHAT)),
        ] {
            // The second request on the first connection finds it closed.
            let upstream = Upstream::start(move |n, _, stream| {
                if n == 1 {
                    end(stream);
                    return false;
                }
                stream.write_all(&answer).is_ok()
            });
            let gateway = gateway(&upstream);
            for n in 0..3 {
                let reply = post(gateway.address, ACME, &body);
                assert_eq!((reply.status, reply.clean), (200, true), "request {n}");
            }
            assert_eq!(upstream.seen().len(), 4);
            soon_eq!(gateway.metric("weir_upstream_recovered_total", &[]), 1.0);
            soon_eq!(gateway.metric("weir_upstream_errors_total", &[]), 0.0);
            until("all are settled", || (gateway.metric("weir_requests_total", &[]) == 3.0).then_some(()));
            // What was not carried out is not in the ledger, and says nothing of the provider.
            soon_eq!(gateway.metric("weir_ledger_closed_total", &["reason=\"completed\""]), 3.0);
            soon_eq!(gateway.metric("weir_ledger_closed_total", &[]), 3.0);
            assert_eq!(gateway.ready()["providers"], serde_json::json!([{"name": "up", "healthy": true}]));
        }
    }
}

#[test]
fn a_fresh_connection_that_is_closed_without_an_answer_is_the_end() {
    // From the second request on, every connection is closed behind the request.
    let upstream = Upstream::start(|n, _, stream| {
        if n > 0 {
            fin(stream);
            return false;
        }
        stream.write_all(&ok("application/json", CHAT)).is_ok()
    });
    let gateway = gateway(&upstream);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_broken"));
    assert_eq!(upstream.seen().len(), 3, "once more, and not again");
}

#[test]
fn a_kept_connection_that_ends_within_an_answer_is_not_asked_again() {
    for part in ["H", "HTTP/1.1 200 OK\r\ncontent-length: 9", "HTTP/1.1 100 Continue\r\n\r\n"] {
        let upstream = Upstream::start(move |n, _, stream| {
            let answer = if n == 0 { ok("application/json", CHAT) } else { part.as_bytes().to_vec() };
            stream.write_all(&answer).unwrap();
            if n > 0 {
                fin(stream);
            }
            n == 0
        });
        let gateway = gateway(&upstream);
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 502, "{part}");
        assert_eq!(upstream.seen().len(), 2, "{part}");
    }
}

#[test]
fn a_connection_is_not_kept_where_the_provider_says_so() {
    let upstream = Upstream::fixed(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nKeep-Alive: timeout=0, max=5\r\ncontent-length: {}\r\n\r\n{CHAT}",
        CHAT.len()
    ));
    let gateway = gateway(&upstream);
    (0..3).for_each(|_| {
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.header("keep-alive")), (200, None));
    });
    soon_eq!(gateway.metric("weir_upstream_connections_opened_total", &[]), 3.0);
    soon_eq!(gateway.metric("weir_upstream_reused_total", &[]), 0.0);
}

#[test]
fn a_kept_connection_is_closed_before_its_provider_would_close_it() {
    let upstream = Upstream::fixed(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nkeep-alive: timeout=2\r\ncontent-length: {}\r\n\r\n{CHAT}",
        CHAT.len()
    ));
    // Nothing else closes it for as long as the test may take.
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0\nkeep_alive_timeout = \"10m\"", ""));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    soon_eq!(gateway.metric("weir_upstream_connections_opened_total", &[]), 1.0);
    until("it is closed", || (gateway.metric("weir_upstream_connections", &[]) == 0.0).then_some(()));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
}

//! What `observe` is told of the end of a request, against what the client saw of it.

use crate::guest::{Guest, gateway};
use crate::support::client::Streaming;
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok, status, wait_for_close};
use crate::support::{ACME, Gateway, chat, chat_stream, post, until};
use std::io::Write;

const STATUSES: [u16; 5] = [200, 403, 499, 502, 503];

/// Counts each request under its status, and those with a code once more.
fn watching() -> Guest {
    let each: String = STATUSES
        .iter()
        .map(|status| {
            format!(
                r#"(if (i32.eq (local.get $status) (i32.const {status}))
                     (then
                       (call $counters.add @"s{status}" (i64.const 1))
                       (if (local.get $refused) (then (call $counters.add @"c{status}" (i64.const 1))))))"#
            )
        })
        .collect();
    Guest::default().observe(&each)
}

fn counted(gateway: &Gateway, name: &str) -> f64 {
    gateway.metric("weir_plugin_counter_total", &["plugin=\"watch\"", &format!("name=\"{name}\"")])
}

/// Asks, and waits until its observer has run; the status that the client saw, the one that the observer saw, and whether it
/// was told a code.
fn told(gateway: &Gateway, ask: impl FnOnce() -> u16) -> (u16, u16, bool) {
    let all =
        || STATUSES.map(|status| (counted(gateway, &format!("s{status}")), counted(gateway, &format!("c{status}"))));
    let before = all();
    let seen = ask();
    let (status, coded) = until("the observer has run", || {
        let now = all();
        let at = (0..STATUSES.len()).find(|n| now[*n].0 > before[*n].0)?;
        Some((STATUSES[at], now[at].1 > before[at].1))
    });
    (seen, status, coded)
}

#[test]
fn the_status_that_an_observer_is_told_is_the_one_that_the_client_saw() {
    let upstream = Upstream::start(|_, seen, stream| match seen.json()["messages"][0]["content"].as_str().unwrap() {
        "fail" => stream.write_all(&status("500 Oops", "text/plain", "no")).is_ok(),
        "whole stream" => stream.write_all(&[STREAM, &chunk(&delta("a")), &chunk(DONE), END].concat()).is_ok(),
        "cut" => stream.write_all(&[STREAM, &chunk(&delta("a"))].concat()).is_err(),
        "leave" => {
            stream.write_all(&[STREAM, &chunk(&delta("a"))].concat()).unwrap();
            wait_for_close(stream);
            false
        }
        _ => stream.write_all(&ok("application/json", CHAT)).is_ok(),
    });
    let guard = Guest::on(
        "policy",
        r#"(call $request.get @"/messages/0/content" (global.get $ret))
           (if (i32.eq (i32.load8_u offset=1 (i32.load (i32.const 68))) (i32.const 33))
             (then (return (call $refuse (i32.const 403) @"forbidden" @""))))
           (call $pass)"#,
    );
    let watch = watching();
    let gateway = gateway(upstream.address, "", &[("guard", &guard, ""), ("watch", &watch, "")]);
    let whole = |text: &str| post(gateway.address, ACME, &chat(text)).status;
    let stream = |text: &str| {
        let mut open = Streaming::open(gateway.address, ACME, &chat_stream(text));
        let _ = open.rest();
        open.head.status
    };
    assert_eq!(told(&gateway, || whole("hi")), (200, 200, false));
    assert_eq!(told(&gateway, || whole("!")), (403, 403, true));
    assert_eq!(told(&gateway, || whole("fail")), (502, 502, true));
    assert_eq!(told(&gateway, || stream("whole stream")), (200, 200, false));
    assert_eq!(told(&gateway, || stream("cut")), (200, 200, true), "the head was sent, and then a code");
    let left = told(&gateway, || {
        let mut open = Streaming::open(gateway.address, ACME, &chat_stream("leave"));
        assert_eq!(open.next_event().unwrap(), delta("a"));
        499
    });
    assert_eq!(left, (499, 499, false), "whoever leaves has not seen its end");
}

//! The last call of an `event` plugin: there is one in every stream that ends well, and one only, however its end comes.

use crate::guest::{Guest, gateway};
use crate::support::client::Streaming;
use crate::support::upstream::{DONE, END, STREAM, USAGE, Upstream, chunk, delta};
use crate::support::{ACME, chat_stream, post, until};
use std::io::Write;
use std::sync::Mutex;
use std::sync::mpsc::channel;

/// Lets everything pass, and counts its last calls.
fn counter() -> Guest {
    Guest::on("event", "(if (local.get $last) (then (call $counters.add @\"last\" (i64.const 1)))) (call $pass)")
}

/// Refuses on the last call.
fn refuser() -> Guest {
    Guest::on(
        "event",
        "(if (local.get $last) (then (return (call $refuse (i32.const 400) @\"content_filter\" @\"no\")))) (call $pass)",
    )
}

const FINISH: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

/// Where a stream that ends well may end: what it is written in, piece by piece, and whether its framing says that it is over.
fn ends() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let text = || chunk(&delta("a. "));
    let end = || chunk(DONE);
    vec![
        ("with the text", vec![[text(), end(), END.to_vec()].concat()]),
        ("by itself", vec![text(), end(), END.to_vec()]),
        ("behind the usage", vec![text(), chunk(FINISH), chunk(USAGE), end(), END.to_vec()]),
        ("in a read with the end of its framing", vec![text(), [end(), END.to_vec()].concat()]),
        ("without its framing's", vec![text(), chunk(FINISH), end()]),
        ("without a blank line", vec![text(), chunk(FINISH), chunk("data: [DONE]"), END.to_vec()]),
        ("without a marker", vec![text(), chunk(FINISH), END.to_vec()]),
        ("without a marker, at once", vec![[text(), chunk(FINISH), END.to_vec()].concat()]),
        ("in halves", vec![text(), chunk("data: [DO"), chunk("NE]\n\n"), END.to_vec()]),
        ("without a text", vec![chunk(FINISH), end(), END.to_vec()]),
        ("behind a comment", vec![text(), chunk(": ping\n\n"), end(), END.to_vec()]),
    ]
}

#[test]
fn there_is_always_a_last_call_and_never_a_second_one() {
    for (end, pieces) in ends() {
        let (go, wait) = channel::<()>();
        let wait = Mutex::new(wait);
        let upstream = Upstream::start(move |_, _, stream| {
            stream.set_nodelay(true).unwrap();
            stream.write_all(STREAM).unwrap();
            for (n, piece) in pieces.iter().enumerate() {
                // The first piece is at the client before the others come.
                if n == 1 {
                    wait.lock().unwrap().recv().unwrap();
                }
                stream.write_all(piece).unwrap();
            }
            false
        });
        let gateway = gateway(upstream.address, "", &[("counter", &counter(), "")]);
        let mut stream = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
        stream.next_event().unwrap();
        let _ = go.send(());
        stream.rest();
        assert_eq!(stream.clean, Some(true), "{end}");
        let last = || gateway.metric("weir_plugin_counter_total", &["name=\"last\""]);
        until(end, || (last() >= 1.0).then_some(()));
        soon_eq!(last(), 1.0, "{end}");
        soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
    }
}

#[test]
fn who_says_no_on_the_last_call_is_heard_however_the_end_comes() {
    for (end, pieces) in ends() {
        let upstream = Upstream::start(move |_, _, stream| {
            stream.set_nodelay(true).unwrap();
            stream.write_all(STREAM).unwrap();
            // Nobody reads what comes behind a refusal.
            let _ = pieces.iter().all(|piece| stream.write_all(piece).is_ok());
            false
        });
        let gateway = gateway(upstream.address, "", &[("refuser", &refuser(), "")]);
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert!(!reply.clean && !reply.text().contains("[DONE]"), "{end}: {}", reply.text());
        soon!(reply.events().last().unwrap().contains("content_filter"), "{end}: {}", reply.text());
    }
}

/// Holds what it sees until its last call, and counts these calls and the one at the end.
fn holder() -> Guest {
    Guest::on(
        "event",
        r#"(local $n i32)
        (if (local.get $last) (then (call $counters.add @"last" (i64.const 1))))
        (if (call $events.finished) (then (call $counters.add @"finished" (i64.const 1))))
        (i32.store (i32.const 0) (i32.const 0))
        (i32.store (i32.const 4) (i32.const 48000))
        (i32.store (i32.const 8) (local.get $count))
        (block $done (loop $next
            (br_if $done (i32.ge_u (local.get $n) (local.get $count)))
            (i32.store8 (i32.add (i32.const 48000) (i32.mul (local.get $n) (i32.const 12)))
                (select (i32.const 0) (i32.const 4) (local.get $last)))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br $next)))
        (i32.const 0)"#,
    )
}

#[test]
fn who_holds_can_tell_the_end_of_the_stream_from_the_end_of_a_text() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let upstream = Upstream::start(move |_, _, stream| {
        stream.set_nodelay(true).unwrap();
        stream.write_all(&[STREAM, &chunk(&delta("Sure.")), &chunk(FINISH)].concat()).unwrap();
        wait.lock().unwrap().recv().unwrap();
        stream.write_all(&[chunk(DONE), END.to_vec()].concat()).is_ok()
    });
    let gateway = gateway(upstream.address, "", &[("holder", &holder(), "")]);
    let mut stream = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(stream.next_event(), Some(delta("Sure.")));
    assert_eq!(stream.next_event().as_deref(), Some(FINISH));
    let counted = |name: &str| gateway.metric("weir_plugin_counter_total", &[&format!("name=\"{name}\"")]);
    soon_eq!((counted("last"), counted("finished")), (1.0, 0.0), "the text is over");
    go.send(()).unwrap();
    assert_eq!(stream.rest(), [DONE]);
    soon_eq!((counted("last"), counted("finished")), (2.0, 1.0), "the stream is over");
}

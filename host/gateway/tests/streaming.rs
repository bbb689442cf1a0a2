//! Streams: each event at once, nothing hidden that was asked for, and no clean end that the upstream did not mean.

use crate::support;

use crate::support::client::Streaming;
use crate::support::upstream::{DONE, END, STREAM, USAGE, Upstream, chunk, delta, wait_for_close};
use crate::support::{ACME, Gateway, PATIENCE, chat, chat_stream, config, config_with, post};
use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

fn asks_for_usage(text: &str) -> String {
    chat_stream(text).replace("\"stream\"", "\"stream_options\":{\"include_usage\":true},\"stream\"")
}

#[test]
fn the_client_sees_an_event_before_the_upstream_sends_the_next() {
    let (saw, seen) = channel::<()>();
    let seen = Mutex::new(seen);
    let upstream = Upstream::start(move |_, _, stream| {
        stream.write_all(STREAM).unwrap();
        for n in 0..20 {
            stream.write_all(&chunk(&delta(&format!("{n} ")))).unwrap();
            // The next event is sent only when the client has this one.
            seen.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        }
        stream.write_all(&[&chunk(DONE), END].concat()).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    let mut streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(streaming.head.status, 200);
    assert_eq!(streaming.head.header("cache-control"), Some("no-store"));
    assert_eq!(streaming.head.header("x-accel-buffering"), Some("no"));
    assert!(streaming.head.header("content-type").unwrap().starts_with("text/event-stream"));
    for n in 0..20 {
        assert_eq!(streaming.next_event().unwrap(), delta(&format!("{n} ")));
        saw.send(()).unwrap();
    }
    assert_eq!(streaming.rest(), [DONE]);
    assert_eq!(streaming.clean, Some(true));
}

#[test]
fn usage_is_hidden_from_a_client_that_did_not_ask_and_kept_for_one_that_did() {
    let last = delta("!").replace("null}]", "\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}");
    let upstream = Upstream::stream(&[&delta("hi"), USAGE, DONE]);
    let on_the_last = Upstream::stream(&[&delta("hi"), &last, DONE]);
    let gateway = Gateway::start(&config(upstream.address));
    assert_eq!(post(gateway.address, ACME, &chat_stream("hi")).text(), [&delta("hi"), DONE].concat());
    assert_eq!(post(gateway.address, ACME, &asks_for_usage("hi")).text(), [&delta("hi"), USAGE, DONE].concat());

    let gateway = Gateway::start(&config(on_the_last.address));
    let hidden = post(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(hidden.streamed(), "hi!");
    assert!(!hidden.text().contains("prompt_tokens"), "{}", hidden.text());
    let kept = post(gateway.address, ACME, &asks_for_usage("hi"));
    assert_eq!(kept.text(), [&delta("hi"), last.as_str(), DONE].concat());
}

#[test]
fn events_that_arrive_byte_by_byte_and_comments_come_out_whole() {
    let events = [&delta("a"), ": keep-alive\n\n", &delta("é\u{1f600}"), DONE].concat();
    let bytes = events.clone().into_bytes();
    let upstream = Upstream::start(move |_, _, stream| {
        stream.write_all(STREAM).unwrap();
        for byte in &bytes {
            stream.write_all(&[b"1\r\n".as_slice(), &[*byte], b"\r\n"].concat()).unwrap();
        }
        stream.write_all(END).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!((reply.text(), reply.clean), (events, true));
}

#[test]
fn every_way_to_break_off_ends_in_an_error_event_and_an_aborted_connection() {
    type End = fn(&mut TcpStream);
    let ends: [(&str, End); 4] = [
        ("the last chunk is missing", |stream| stream.shutdown(Shutdown::Both).unwrap()),
        ("a chunk is cut", |stream| {
            stream.write_all(b"ff\r\ndata: {\"choices\"").unwrap();
            stream.shutdown(Shutdown::Both).unwrap();
        }),
        ("a chunk has no size", |stream| stream.write_all(b"zz\r\n").unwrap()),
        ("nothing comes any more", wait_for_close),
    ];
    for (name, end) in ends {
        let upstream = Upstream::start(move |_, _, stream| {
            stream.write_all(&[STREAM, &chunk(&delta("so far"))].concat()).unwrap();
            end(stream);
            false
        });
        let gateway = Gateway::start(&config_with(upstream.address, "idle_timeout = \"300ms\"", ""));
        let mut streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
        assert_eq!(streaming.next_event().unwrap(), delta("so far"), "{name}");
        let rest = streaming.rest();
        assert_eq!(streaming.clean, Some(false), "{name}: the end looks clean: {rest:?}");
        let [error] = rest.as_slice() else { panic!("{name}: {rest:?}") };
        let error: serde_json::Value = serde_json::from_str(error.strip_prefix("data: ").unwrap()).unwrap();
        let code = if name.starts_with("nothing") { "upstream_timeout" } else { "upstream_broken" };
        assert_eq!(error["error"]["code"], code, "{name}");
    }
}

#[test]
fn a_body_that_ends_with_its_connection_is_whole_only_with_its_end_marker() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    for (last, clean) in [(DONE, true), ("", false)] {
        let answer = format!("{head}{}{last}", delta("hi"));
        let upstream = Upstream::start(move |_, _, stream| {
            stream.write_all(answer.as_bytes()).unwrap();
            stream.shutdown(Shutdown::Both).unwrap();
            false
        });
        let gateway = Gateway::start(&config(upstream.address));
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert_eq!(reply.clean, clean, "{}", reply.text());
        assert_eq!(reply.text().contains("upstream_broken"), !clean);
    }
}

#[test]
fn a_whole_answer_that_broke_off_is_refused() {
    let heads = ["connection: close", "content-length: 1000", "transfer-encoding: chunked"];
    for head in heads {
        let upstream = Upstream::start(move |_, _, stream| {
            let start = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{head}\r\n\r\n");
            let body = if head.ends_with("chunked") { chunk("{\"id\":") } else { b"{\"id\":".to_vec() };
            stream.write_all(&[start.as_bytes(), &body].concat()).unwrap();
            stream.shutdown(Shutdown::Both).unwrap();
            false
        });
        let gateway = Gateway::start(&config(upstream.address));
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_broken"), "{head}");
    }
}

#[test]
fn an_error_event_of_the_upstream_is_passed_on_and_no_clean_end_follows() {
    let error = "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}\n\n";
    let upstream = Upstream::stream(&[&[&delta("so far"), error].concat()]);
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!((reply.text(), reply.clean), ([&delta("so far"), error].concat(), false));
}

#[test]
fn when_the_client_leaves_the_upstream_is_left() {
    let (closed, was_closed) = channel();
    let closed = Mutex::new(closed);
    let upstream = Upstream::start(move |_, seen, stream| {
        if seen.json()["stream"] == true {
            stream.write_all(&[STREAM, &chunk(&delta("hi"))].concat()).unwrap();
        }
        wait_for_close(stream);
        closed.lock().unwrap().send(()).unwrap();
        false
    });
    let gateway = Gateway::start(&config(upstream.address));
    let mut streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert!(streaming.next_event().is_some());
    drop(streaming);
    was_closed.recv_timeout(PATIENCE).expect("the upstream's stream was not closed");

    // Before any byte of an answer, too.
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let bearer = format!("Bearer {ACME}");
    let body = chat("hi");
    let headers = [("authorization", bearer.as_str())];
    support::client::write_request(&mut stream, "POST", "/v1/chat/completions", &headers, body.as_bytes());
    support::until("the request is upstream", || (upstream.seen().len() == 2).then_some(()));
    drop(stream);
    was_closed.recv_timeout(PATIENCE).expect("the upstream's request was not cancelled");
}

#[test]
fn a_client_that_stops_reading_stops_the_upstream() {
    const ALL: usize = 128 << 20;
    let (wrote, written) = channel();
    let wrote = Mutex::new(wrote);
    let upstream = Upstream::start(move |_, _, stream| {
        // A write that is stuck so long means that nobody reads. A slow machine only makes it stuck earlier.
        stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
        stream.write_all(STREAM).unwrap();
        let event = chunk(&delta(&"x".repeat(16 << 10)));
        let mut sum = 0;
        let end = loop {
            match stream.write_all(&event) {
                Ok(()) if sum > ALL => break None,
                Ok(()) => sum += event.len(),
                Err(why) => break Some(why.kind()),
            }
        };
        wrote.lock().unwrap().send((sum, end)).unwrap();
        false
    });
    let gateway = Gateway::start(&config(upstream.address));
    let streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    let (sum, end) = written.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(end, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{sum} bytes went through: {end:?}");
    // What two pairs of socket buffers and the gateway's own hold, and nothing of the order of the stream.
    assert!(sum < ALL / 4, "{sum} bytes are somewhere");
    drop(streaming);
}

#[test]
fn an_event_beyond_the_limit_ends_the_stream() {
    let upstream = Upstream::stream(&[&delta("small"), &delta(&"x".repeat(5_000)), DONE]);
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nevent = \"4KiB\"\n"));
    let mut streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(streaming.next_event().unwrap(), delta("small"));
    let rest = streaming.rest();
    assert!(rest.len() == 1 && rest[0].contains("upstream_too_large"), "{rest:?}");
    assert!(rest[0].contains("limits.event"), "{rest:?}");
    assert_eq!(streaming.clean, Some(false));
}

#[test]
fn an_answer_beyond_the_limit_is_refused() {
    let upstream = Upstream::fixed(support::upstream::ok("application/json", &"x".repeat(5_000)));
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nresponse = \"4KiB\"\n"));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_too_large"));
    assert!(reply.text().contains("limits.response"), "{}", reply.text());
}

//! What was cut never looks whole, and what is whole never looks cut, whatever transports make of their ends.

use crate::support::client::Streaming;
use crate::support::providers::{asking, gateway_of};
use crate::support::upstream::{CHAT, DONE, END, STREAM, USAGE, Upstream, chunk, delta, wait_for_close};
use crate::support::{ACME, Gateway, PATIENCE, chat_stream, config, post, until};
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::channel;

const CLOSING: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

/// What an upstream does when it has said everything.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Close,
    /// Nothing: the connection stays open.
    Stay,
    Serve,
}

/// Says this to whoever asks, and then does that.
fn saying(bytes: Vec<u8>, then: Then) -> Upstream {
    Upstream::start(move |_, _, stream: &mut TcpStream| {
        stream.write_all(&bytes).unwrap();
        match then {
            Then::Serve => return true,
            Then::Stay => wait_for_close(stream),
            Then::Close => {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        false
    })
}

/// A delta of a choice, with its `finish_reason` as JSON.
fn of(choice: u32, reason: &str) -> String {
    delta("a").replace("\"index\":0", &format!("\"index\":{choice}")).replace("null", reason)
}

fn finish() -> String {
    of(0, "\"stop\"")
}

/// Chunks without the last one.
fn chunks(events: &[&str]) -> Vec<u8> {
    let chunks: Vec<u8> = events.iter().flat_map(|event| chunk(event)).collect();
    [STREAM, &chunks].concat()
}

/// The same, ended as it should be.
fn ended(events: &[&str]) -> Vec<u8> {
    [chunks(events), END.to_vec()].concat()
}

/// The same, to the end of the connection.
fn closed(events: &[&str]) -> Vec<u8> {
    [CLOSING, events.concat().as_bytes()].concat()
}

/// The same, with so many bytes more in its length than there are.
fn sized(events: &[&str], more: usize) -> Vec<u8> {
    let body = events.concat();
    let length =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n", body.len() + more);
    [length.as_bytes(), body.as_bytes()].concat()
}

#[test]
fn a_stream_ends_at_its_own_end_whatever_its_framing_does_then() {
    let (hi, stop) = (delta("hi"), finish());
    let done = [hi.as_str(), DONE];
    let error = "data: {\"error\":{\"message\":\"late\"}}\n\n";
    let later = format!("data: {{\"choices\":[],\"x\":\"{}\"}}\n\n", "late".repeat(10_000));
    let cases: Vec<(&str, Vec<u8>, Then, String)> = vec![
        ("no last chunk, and silence", chunks(&done), Then::Stay, done.concat()),
        ("no last chunk, and a close", chunks(&done), Then::Close, done.concat()),
        ("a broken chunk", [chunks(&done), b"zz\r\n".to_vec()].concat(), Then::Close, done.concat()),
        ("a chunk that is cut", [chunks(&done), b"ff\r\ndata:".to_vec()].concat(), Then::Close, done.concat()),
        ("a length that is too long", sized(&done, 100), Then::Stay, done.concat()),
        ("a length that is too long, and a close", sized(&done, 1), Then::Close, done.concat()),
        ("a connection that stays open", closed(&done), Then::Stay, done.concat()),
        ("more events", ended(&[&hi, DONE, &delta("late"), DONE]), Then::Serve, done.concat()),
        ("more events in one piece", ended(&[&[&hi, DONE, &delta("late")].concat()]), Then::Serve, done.concat()),
        ("an error", ended(&[&hi, DONE, error]), Then::Serve, done.concat()),
        ("a lot more", [chunks(&done), chunk(&later.repeat(4))].concat(), Then::Stay, done.concat()),
        ("half an event", ended(&[&hi, DONE, "data: {\"id\":"]), Then::Serve, done.concat()),
        ("its blank line is missing", closed(&[&hi, "data: [DONE]\n"]), Then::Close, done.concat()),
        ("its line end is missing", closed(&[&hi, "data: [DONE]"]), Then::Close, done.concat()),
        ("reasons in place of the marker", ended(&[&hi, &stop]), Then::Serve, [hi.as_str(), &stop].concat()),
        ("reasons, and usage", ended(&[&hi, &stop, USAGE]), Then::Serve, [hi.as_str(), &stop].concat()),
        ("reasons, and the connection", closed(&[&hi, &stop]), Then::Close, [hi.as_str(), &stop].concat()),
        ("reasons without a blank line", closed(&[&hi, stop.trim_end()]), Then::Close, [hi.as_str(), &stop].concat()),
        ("reasons, and a length", sized(&[&hi, &stop], 0), Then::Serve, [hi.as_str(), &stop].concat()),
        (
            "reasons, and comments",
            ended(&[&hi, &stop, ": bye\n", ": b"]),
            Then::Serve,
            [hi.as_str(), &stop, ": bye\n"].concat(),
        ),
        ("a length, and its marker", sized(&done, 0), Then::Serve, done.concat()),
    ];
    let upstreams: Vec<_> = cases.iter().map(|(_, bytes, then, _)| saying(bytes.clone(), *then)).collect();
    let gateway = gateway_of(&upstreams, &Upstream::chat(), "idle_timeout = \"30s\"");
    for (n, (name, _, _, expected)) in cases.iter().enumerate() {
        let reply = post(gateway.address, ACME, &asking(&format!("n{n}"), true));
        assert_eq!((reply.status, reply.text().as_str(), reply.clean), (200, expected.as_str(), true), "{name}");
        let provider = format!("provider=\"p{n}\"");
        let completed = [provider.as_str(), "reason=\"completed\""];
        until("the request is settled", || {
            (gateway.metric("weir_ledger_closed_total", &[&provider]) == 1.0).then_some(())
        });
        soon_eq!(gateway.metric("weir_ledger_closed_total", &completed), 1.0, "{name}");
        soon_eq!(gateway.metric("weir_upstream_errors_total", &[&provider]), 0.0, "{name}");
    }
}

#[test]
fn a_stream_that_was_cut_ends_in_an_error_and_half_an_event_goes_nowhere() {
    let (hi, stop) = (delta("hi"), finish());
    let (first, second) = (of(0, "null"), of(1, "null"));
    let half = "data: {\"id\":";
    let cases: Vec<(&str, Vec<u8>, Then, String)> = vec![
        ("a clean end without reason or marker", ended(&[&hi]), Then::Serve, hi.clone()),
        ("the same by length", sized(&[&hi], 0), Then::Serve, hi.clone()),
        ("the same by the connection", closed(&[&hi]), Then::Close, hi.clone()),
        ("a clean end within an event", ended(&[&hi, half]), Then::Serve, hi.clone()),
        ("the same by length", sized(&[&hi, half], 0), Then::Serve, hi.clone()),
        ("the same by the connection", closed(&[&hi, half]), Then::Close, hi.clone()),
        ("within an event behind the reason", ended(&[&hi, &stop, half]), Then::Serve, [hi.as_str(), &stop].concat()),
        ("within a field's name", ended(&[&hi, &stop, "dat"]), Then::Serve, [hi.as_str(), &stop].concat()),
        ("within the marker", ended(&[&hi, "data: [DON"]), Then::Serve, hi.clone()),
        ("within the reason", closed(&[&hi, &stop[..stop.len() - 8]]), Then::Close, hi.clone()),
        ("an event without its blank line", ended(&[&hi, delta("b").trim_end()]), Then::Serve, hi.clone()),
        ("no last chunk behind the reason", chunks(&[&hi, &stop]), Then::Close, [hi.as_str(), &stop].concat()),
        ("an empty reason", ended(&[&hi, &of(0, "\"\"")]), Then::Serve, [hi.as_str(), &of(0, "\"\"")].concat()),
        (
            "a reason that is an error",
            ended(&[&hi, &of(0, "\"error\""), DONE]),
            Then::Serve,
            [hi.as_str(), &of(0, "\"error\"")].concat(),
        ),
        (
            "a reason in the text",
            ended(&[&delta("\"finish_reason\":\"stop\"")]),
            Then::Serve,
            delta("\"finish_reason\":\"stop\""),
        ),
        (
            "one choice of two",
            ended(&[&first, &second, &of(0, "\"stop\"")]),
            Then::Serve,
            [&first[..], &second, &of(0, "\"stop\"")].concat(),
        ),
        ("usage only", ended(&[&hi, USAGE]), Then::Serve, hi.clone()),
    ];
    let upstreams: Vec<_> = cases.iter().map(|(_, bytes, then, _)| saying(bytes.clone(), *then)).collect();
    let gateway = gateway_of(&upstreams, &Upstream::chat(), "");
    for (n, (name, _, _, expected)) in cases.iter().enumerate() {
        let body = asking(&format!("n{n}"), true);
        let body = if name.contains("of two") { body.replace("\"stream\"", "\"n\":2,\"stream\"") } else { body };
        let reply = post(gateway.address, ACME, &body);
        assert_eq!((reply.status, reply.clean), (200, false), "{name}: {}", reply.text());
        let text = reply.text();
        let error = text.strip_prefix(expected.as_str()).unwrap_or_else(|| panic!("{name}: {text}"));
        let error = error.strip_prefix("data: ").unwrap_or_else(|| panic!("{name}: {text}"));
        let error: serde_json::Value = serde_json::from_str(error).unwrap();
        assert_eq!(error["error"]["code"], "upstream_broken", "{name}");
    }
}

#[test]
fn several_choices_that_have_all_finished_are_whole_without_a_marker() {
    let events = [of(0, "null"), of(1, "null"), of(1, "\"stop\""), of(0, "\"length\"")];
    let events = events.each_ref().map(String::as_str);
    let upstream = saying(closed(&events), Then::Close);
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat_stream("hi").replace("\"stream\"", "\"n\":2,\"stream\""));
    assert_eq!((reply.status, reply.text(), reply.clean), (200, events.concat(), true));
}

#[test]
fn the_end_reaches_the_client_before_the_transport_ends_and_the_connection_serves_on() {
    let (ended, client_ended) = channel::<()>();
    let client_ended = Mutex::new(client_ended);
    let upstream = Upstream::start(move |n, _, stream| {
        stream.write_all(&chunks(&[&delta("hi"), DONE])).unwrap();
        if n == 0 {
            client_ended.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        }
        stream.write_all(END).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address).replace("workers = 2", "workers = 1"));
    let mut streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(streaming.rest(), [delta("hi"), DONE.to_owned()]);
    assert_eq!(streaming.clean, Some(true));
    ended.send(()).unwrap();
    // The end may come later than the gateway waits for it, on a machine that is busy elsewhere; then it is closed.
    let idle = || gateway.metric("weir_upstream_connections_idle", &[]);
    let gone = || gateway.metric("weir_upstream_connections", &[]) == 0.0;
    let kept =
        until("the connection is idle or gone", || if idle() == 1.0 { Some(true) } else { gone().then_some(false) });
    assert!(post(gateway.address, ACME, &chat_stream("hi")).clean);
    let opened = gateway.metric("weir_upstream_connections_opened_total", &[]);
    assert_eq!(opened, if kept { 1.0 } else { 2.0 });
}

#[test]
fn an_upstream_that_does_not_stop_after_the_end_is_left() {
    let (left, was_left) = channel();
    let left = Mutex::new(left);
    let upstream = Upstream::start(move |_, _, stream| {
        stream.write_all(&chunks(&[&delta("hi"), DONE])).unwrap();
        let more = chunk(&delta(&"x".repeat(16 << 10)));
        // It would go on, but for the sake of a test that fails.
        let was_left = !(0..2_000).all(|_| stream.write_all(&more).is_ok());
        left.lock().unwrap().send(was_left).unwrap();
        false
    });
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!((reply.text(), reply.clean), ([&delta("hi"), DONE].concat(), true));
    assert_eq!(was_left.recv_timeout(PATIENCE), Ok(true), "the upstream was read on");
    soon_eq!(gateway.metric("weir_upstream_errors_total", &[]), 0.0);
}

/// A whole answer with these fields.
fn whole(fields: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{fields}\r\n\r\n{body}").into_bytes()
}

#[test]
fn a_whole_answer_is_whole_when_its_object_is_closed() {
    let half = &CHAT[..CHAT.len() - 1];
    let size = |body: &str| format!("content-length: {}", body.len());
    let in_chunks = |body: &str| String::from_utf8(chunk(body)).unwrap();
    let chunked = "transfer-encoding: chunked";
    let cases: Vec<(&str, Vec<u8>, Then, bool)> = vec![
        ("a length", whole(&size(CHAT), CHAT), Then::Serve, true),
        ("the connection", whole("connection: close", CHAT), Then::Close, true),
        ("the connection, and nothing said", whole("x: y", CHAT), Then::Close, true),
        ("no last chunk, and a close", whole(chunked, &in_chunks(CHAT)), Then::Close, true),
        ("no last chunk, and silence", whole(chunked, &in_chunks(CHAT)), Then::Stay, true),
        ("a length that is too long", whole("content-length: 1000", CHAT), Then::Close, true),
        ("a length that is too long, and silence", whole("content-length: 1000", CHAT), Then::Stay, true),
        ("half by length", whole(&size(half), half), Then::Serve, false),
        ("half in chunks", whole(chunked, &format!("{}0\r\n\r\n", in_chunks(half))), Then::Serve, false),
        ("half to the close", whole("connection: close", half), Then::Close, false),
        ("half without the last chunk", whole(chunked, &in_chunks(half)), Then::Close, false),
        ("half of a length", whole(&size(CHAT), half), Then::Close, false),
        ("a length that ends within a string", whole("content-length: 100", CHAT), Then::Serve, false),
    ];
    let upstreams: Vec<_> = cases.iter().map(|(_, bytes, then, _)| saying(bytes.clone(), *then)).collect();
    let gateway = gateway_of(&upstreams, &Upstream::chat(), "idle_timeout = \"30s\"");
    for (n, (name, _, _, is_whole)) in cases.iter().enumerate() {
        for streaming in [false, true] {
            let reply = post(gateway.address, ACME, &asking(&format!("m{n}"), streaming));
            if *is_whole {
                assert_eq!((reply.status, reply.text().as_str()), (200, CHAT), "{name}");
            } else {
                // Something of it was made, and may be charged: nobody else is asked.
                assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_broken"), "{name}");
            }
        }
    }
}

#[test]
fn a_body_in_another_coding_than_chunked_is_refused() {
    let codings = [
        "identity",
        "gzip, chunked",
        "xchunked",
        "",
        "chunked, gzip",
        "gzip",
        "chunked, chunked",
        "chunked;x=y",
        "deflate",
        "chunked\r\ntransfer-encoding: identity",
    ];
    let stream = [delta("hi"), DONE.to_owned()].concat();
    for (body, kind) in [(CHAT, "application/json"), (stream.as_str(), "text/event-stream")] {
        let answer = |coding: &&str| {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: {coding}\r\n\r\n");
            [head.as_bytes(), &chunk(body), END].concat()
        };
        let upstreams: Vec<_> = codings.iter().map(|coding| saying(answer(coding), Then::Close)).collect();
        let gateway = gateway_of(&upstreams, &Upstream::chat(), "");
        for (n, coding) in codings.iter().enumerate() {
            let reply = post(gateway.address, ACME, &asking(&format!("n{n}"), kind.starts_with("text")));
            assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_broken"), "{coding:?}");
        }
    }
}

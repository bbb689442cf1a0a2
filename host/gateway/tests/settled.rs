//! A request is over when the last byte of its answer was sent: until then it holds its seat, its place and its memory,
//! and whoever leaves before has left. In HTTP/1; HTTP/2 is in `settled_http2.rs`.

use crate::support;

use crate::support::client::{Reply, read_head, read_reply, write_request};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok, wait_for_close};
use crate::support::{ACME, Gateway, PATIENCE, chat, chat_stream, config, config_with, get, post, send, until};
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

/// A whole answer of about so many bytes.
fn large(bytes: usize) -> String {
    CHAT.replace("hello", &"x".repeat(bytes))
}

/// An answer that no socket's buffers take in as a whole.
const LARGE: usize = 20 << 20;

fn ended(gateway: &Gateway, status: &str, how: &str) -> f64 {
    gateway.metric("weir_requests_total", &[&format!("status=\"{status}\""), &format!("ended=\"{how}\"")])
}

fn is_ended(gateway: &Gateway, status: &str, how: &str, count: f64) {
    let by_status = || gateway.metric("weir_requests_total", &[&format!("status=\"{status}\"")]);
    until(&format!("{count} with status {status}"), || (by_status() >= count).then_some(()));
    until(&format!("{count} {status} {how}"), || (ended(gateway, status, how) >= count).then_some(()));
    soon_eq!(ended(gateway, status, how), count);
    let all = gateway.metric("weir_requests_total", &[]);
    assert_eq!(all, count, "something else has ended as well");
}

fn in_flight(gateway: &Gateway) -> f64 {
    gateway.metric("weir_in_flight", &[])
}

/// Asks, reads the head of the answer, and nothing of its body.
fn unread(gateway: &Gateway, body: &str) -> (Reply, BufReader<TcpStream>) {
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let bearer = format!("Bearer {ACME}");
    let headers = [("authorization", bearer.as_str())];
    write_request(&mut stream, "POST", "/v1/chat/completions", &headers, body.as_bytes());
    // No more than the head is taken from the socket.
    let mut reader = BufReader::with_capacity(1, stream);
    (read_head(&mut reader), reader)
}

fn rest(head: &Reply, reader: &mut BufReader<TcpStream>) -> usize {
    let mut body = vec![0; head.header("content-length").unwrap().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    body.len()
}

#[test]
fn a_whole_answer_that_is_not_read_holds_seat_and_place_until_it_is() {
    let upstream = Upstream::fixed(ok("application/json", &large(LARGE)));
    let one = config(upstream.address).replace("[tenants.acme]\n", "[tenants.acme]\nconcurrency = 1\n");
    let gateway = Gateway::start(&one);
    let (head, mut reader) = unread(&gateway, &chat("hi"));
    assert_eq!(head.status, 200);
    for _ in 0..3 {
        let refused = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((refused.status, refused.code().as_str()), (429, "concurrency_limit_exceeded"));
    }
    until("the refused have ended", || (ended(&gateway, "429", "complete") == 3.0).then_some(()));
    soon_eq!((in_flight(&gateway), ended(&gateway, "200", "complete")), (1.0, 0.0));
    soon!(gateway.metric("weir_response_memory_bytes", &[]) >= LARGE as f64);
    assert!(rest(&head, &mut reader) > LARGE);
    until("it is settled", || (ended(&gateway, "200", "complete") == 1.0).then_some(()));
    soon_eq!((in_flight(&gateway), gateway.metric("weir_response_memory_bytes", &[])), (0.0, 0.0));
    // The seat is free.
    assert_eq!(unread(&gateway, &chat("hi")).0.status, 200);
}

#[test]
fn whoever_asks_again_after_the_last_byte_is_never_one_too_many() {
    let upstream = Upstream::start(|_, seen, stream| {
        let streaming = seen.json()["stream"] == true;
        let events = [chunk(&delta("hi")), chunk(DONE), END.to_vec()].concat();
        stream.write_all(&if streaming { [STREAM, &events].concat() } else { ok("application/json", CHAT) }).is_ok()
    });
    let one = config(upstream.address).replace("[tenants.acme]\n", "[tenants.acme]\nconcurrency = 1\n");
    let gateway = Gateway::start(&one);
    // A connection each time, so that both workers have their turns.
    for number in 0..300 {
        let body = if number % 3 == 0 { chat_stream("hi") } else { chat("hi") };
        assert_eq!(post(gateway.address, ACME, &body).status, 200, "{number}");
    }
}

#[test]
fn who_leaves_a_whole_answer_unread_has_left() {
    let upstream = Upstream::fixed(ok("application/json", &large(LARGE)));
    let gateway = Gateway::start(&config(upstream.address));
    for count in 1..=3 {
        let (head, mut reader) = unread(&gateway, &chat("hi"));
        assert_eq!(head.status, 200);
        // Neither nothing nor a large part of it is all of it.
        reader.read_exact(&mut vec![0; (count - 1) * (LARGE / 4)]).unwrap();
        drop(reader);
        is_ended(&gateway, "499", "client_gone", count as f64);
    }
    let closed = |reason: &str| gateway.metric("weir_ledger_closed_total", &[&format!("reason=\"{reason}\"")]);
    soon_eq!((closed("client_gone"), closed("completed")), (3.0, 0.0));
    // What the provider has reported is charged all the same.
    soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"input\"", "provenance=\"reported\""]), 9.0);
}

#[test]
fn who_stops_reading_is_cut_off_and_has_left() {
    let upstream = Upstream::fixed(ok("application/json", &large(LARGE)));
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nwrite_timeout = \"200ms\"\n"));
    let unread = unread(&gateway, &chat("hi"));
    is_ended(&gateway, "499", "client_gone", 1.0);
    soon_eq!((in_flight(&gateway), gateway.metric("weir_response_memory_bytes", &[])), (0.0, 0.0));
    drop(unread);
}

#[test]
fn a_stream_is_settled_with_its_last_byte_and_not_with_its_upstreams() {
    let events: Vec<u8> = (0..64).flat_map(|_| chunk(&delta(&"x".repeat(200 << 10)))).collect();
    let upstream = Upstream::fixed([STREAM, &events, &chunk(DONE), END].concat());
    let gateway = Gateway::start(&config(upstream.address));
    let (_, mut reader) = unread(&gateway, &chat_stream("hi"));
    for _ in 0..10 {
        soon_eq!((in_flight(&gateway), gateway.metric("weir_requests_total", &[])), (1.0, 0.0));
    }
    let mut text = Vec::new();
    while !text.ends_with(END) {
        let mut some = vec![0; 1 << 20];
        let count = reader.get_mut().read(&mut some).unwrap();
        assert_ne!(count, 0, "it was cut");
        text.extend_from_slice(&some[..count]);
    }
    is_ended(&gateway, "200", "complete", 1.0);
}

#[test]
fn every_kind_of_answer_ends_once_with_the_status_that_the_client_saw() {
    let upstream = Upstream::start(|_, seen, stream| {
        let streaming = seen.json()["stream"] == true;
        let events = [chunk(&delta("hi")), chunk(DONE), END.to_vec()].concat();
        stream.write_all(&if streaming { [STREAM, &events].concat() } else { ok("application/json", CHAT) }).is_ok()
    });
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nbody_timeout = \"50ms\"\n"));
    let expect = |status: &str, count: f64| {
        until(status, || (ended(&gateway, status, "complete") == count).then_some(()));
        soon_eq!(in_flight(&gateway), 0.0);
    };
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    expect("200", 1.0);
    assert!(post(gateway.address, ACME, &chat_stream("hi")).clean);
    expect("200", 2.0);
    // Before chunks were known: the end of the connection is the end of the stream.
    let body = chat_stream("hi");
    let old = format!(
        "POST /v1/chat/completions HTTP/1.0\r\nauthorization: Bearer {ACME}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(support::raw(gateway.address, old.as_bytes()).ends_with(DONE.as_bytes()));
    expect("200", 3.0);
    assert_eq!(get(gateway.address, "/v1/models", Some(ACME)).status, 200);
    expect("200", 4.0);
    assert_eq!(get(gateway.address, "/v1/models", None).status, 401);
    expect("401", 1.0);
    assert_eq!(get(gateway.address, "/nowhere", None).status, 404);
    expect("404", 1.0);
    assert!(support::raw(gateway.address, b"GET / HTTP/1.1\r\n\r\n").starts_with(b"HTTP/1.1 400 "));
    expect("400", 1.0);
    let slow = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n";
    let slow = support::raw(gateway.address, format!("{slow}authorization: Bearer {ACME}\r\n\r\n{{").as_bytes());
    assert!(slow.starts_with(b"HTTP/1.1 408 "));
    expect("408", 1.0);
    soon_eq!(gateway.metric("weir_requests_total", &[]), 8.0);
    // A time for each of them, refusals too.
    for histogram in ["weir_request_duration_seconds_count", "weir_overhead_seconds_count"] {
        soon_eq!(gateway.metric(histogram, &[]), 8.0, "{histogram}");
    }
}

#[test]
fn a_gateway_that_is_full_counts_whom_it_turns_away() {
    let upstream = Upstream::fixed(ok("application/json", &large(LARGE)));
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nin_flight = 1\n"));
    let unread = unread(&gateway, &chat("hi"));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 503);
    until("it is counted", || (ended(&gateway, "503", "complete") == 1.0).then_some(()));
    soon_eq!(in_flight(&gateway), 1.0);
    drop(unread);
}

#[test]
fn a_stream_that_is_cut_has_the_status_that_the_client_saw() {
    let upstream = Upstream::start(|_, _, stream| {
        stream.write_all(&[STREAM, &chunk(&delta("so far"))].concat()).unwrap();
        stream.shutdown(std::net::Shutdown::Both).unwrap();
        false
    });
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!((reply.status, reply.clean), (200, false));
    is_ended(&gateway, "200", "cut", 1.0);
}

#[test]
fn a_stream_that_the_client_leaves_has_no_status_of_the_answer() {
    let upstream = Upstream::start(|_, _, stream| {
        stream.write_all(&[STREAM, &chunk(&delta("so far"))].concat()).unwrap();
        wait_for_close(stream);
        false
    });
    let gateway = Gateway::start(&config(upstream.address));
    let mut streaming = support::client::Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert!(streaming.next_event().is_some());
    drop(streaming);
    is_ended(&gateway, "499", "client_gone", 1.0);
}

/// A `GET /v1/models` to send behind something else.
const BEHIND: &str = "GET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n";

fn slow(behind: usize) -> Vec<u8> {
    let body = chat("hi");
    let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\n");
    let first = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    [first, BEHIND.repeat(behind)].concat().into_bytes()
}

#[test]
fn who_has_sent_many_requests_and_leaves_is_noticed() {
    let upstream = Upstream::start(|_, _, stream| {
        wait_for_close(stream);
        false
    });
    let gateway = Gateway::start(&config(upstream.address));
    // More than is kept ahead, less, more than any buffer of a socket holds, and more than is kept of anybody's.
    for (count, behind) in [1_000, 410, 100, 20_000, 200_000].into_iter().enumerate() {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        let writing = stream.try_clone().unwrap();
        // The buffers may be full before all is written.
        let writer = std::thread::spawn(move || (&writing).write_all(&slow(behind)).is_ok());
        until("it is upstream", || (upstream.seen().len() > count).then_some(()));
        match behind {
            410 => stream.shutdown(std::net::Shutdown::Write).unwrap(),
            _ => stream.shutdown(std::net::Shutdown::Both).unwrap(),
        }
        is_ended(&gateway, "499", "client_gone", 1.0 + count as f64);
        soon_eq!(in_flight(&gateway), 0.0);
        let _ = stream.read(&mut [0]);
        writer.join().unwrap();
    }
}

#[test]
fn who_has_sent_many_requests_and_leaves_a_stream_that_is_silent_is_noticed() {
    // Before the head, and behind the first event.
    for begun in [false, true] {
        let upstream = Upstream::start(move |_, _, stream| {
            if begun {
                stream.write_all(&[STREAM, &chunk(&delta("so far"))].concat()).unwrap();
            }
            wait_for_close(stream);
            false
        });
        let gateway = Gateway::start(&config(upstream.address));
        for (count, behind) in [1_000, 100, 20_000].into_iter().enumerate() {
            let mut stream = TcpStream::connect(gateway.address).unwrap();
            let body = chat_stream("hi");
            let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\n");
            write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
            let writing = stream.try_clone().unwrap();
            let writer = std::thread::spawn(move || (&writing).write_all(BEHIND.repeat(behind).as_bytes()).is_ok());
            until("it is upstream", || (upstream.seen().len() > count).then_some(()));
            stream.shutdown(std::net::Shutdown::Both).unwrap();
            is_ended(&gateway, "499", "client_gone", 1.0 + count as f64);
            writer.join().unwrap();
        }
    }
}

#[test]
fn whoever_asks_too_far_ahead_gets_the_answer_at_hand_and_an_end() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let upstream = Upstream::start(move |_, _, stream| {
        released.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        stream.write_all(&ok("application/json", CHAT)).is_ok()
    });
    // Past what is kept of anybody's, and past what there is memory for.
    for (behind, limits) in [(50_000, ""), (2_000, "[limits]\nrequest_memory = \"100KiB\"\n")] {
        let gateway = Gateway::start(&config_with(upstream.address, "", limits));
        let asked = upstream.seen().len();
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        stream.write_all(&slow(behind)).unwrap();
        until("it is upstream", || (upstream.seen().len() > asked).then_some(()));
        let held = gateway.metric("weir_request_memory_bytes", &[]);
        assert!(held <= f64::from(4 << 20), "{held}");
        release.send(()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut reader = BufReader::new(stream);
        let reply = read_reply(&mut reader);
        assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
        assert_eq!(reader.read_to_end(&mut Vec::new()).unwrap(), 0);
        soon_eq!(gateway.metric("weir_connections_ended_total", &["reason=\"pipelined\""]), 1.0);
        until("it is given back", || (gateway.metric("weir_request_memory_bytes", &[]) == 0.0).then_some(()));
    }
}

#[test]
fn many_requests_that_were_sent_at_once_are_all_answered() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let upstream = Upstream::start(move |_, _, stream| {
        released.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        stream.write_all(&ok("application/json", CHAT)).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let writing = stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || (&writing).write_all(&slow(2_000)).unwrap());
    until("it is upstream", || (upstream.seen().len() == 1).then_some(()));
    writer.join().unwrap();
    release.send(()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    assert_eq!(read_reply(&mut reader).status, 200);
    for _ in 0..2_000 {
        assert_eq!(read_reply(&mut reader).status, 401);
    }
    // And the connection lives on.
    stream.write_all(BEHIND.as_bytes()).unwrap();
    assert_eq!(read_reply(&mut reader).status, 401);
}

#[test]
fn answers_that_are_not_read_are_bounded_over_all_connections() {
    let upstream = Upstream::fixed(ok("application/json", &large(LARGE)));
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nresponse_memory = \"36MiB\"\n"));
    let (head, mut first) = unread(&gateway, &chat("hi"));
    assert_eq!(head.status, 200);
    // There is room for one, and not for two.
    let refused = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((refused.status, refused.code().as_str()), (503, "response_memory_full"));
    soon_eq!(
        gateway.metric("weir_ledger_closed_total", &["reason=\"gateway_failed\""]),
        1.0,
        "it is not the upstream's"
    );
    assert!(refused.header("retry-after").is_some());
    assert!(gateway.metric("weir_response_memory_bytes", &[]) <= f64::from(36 << 20));
    // What is small is served all the same.
    assert_eq!(get(gateway.address, "/v1/models", Some(ACME)).status, 200);
    rest(&head, &mut first);
    until("there is room again", || (gateway.metric("weir_response_memory_bytes", &[]) == 0.0).then_some(()));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
}

#[test]
fn an_event_that_there_is_no_room_for_cuts_its_stream() {
    let upstream = Upstream::start(|_, seen, stream| {
        let large = seen.json()["messages"][0]["content"] == "large";
        let event = delta(&"x".repeat(if large { 900 << 10 } else { 9 }));
        stream.write_all(&[STREAM, &chunk(&delta("hi")), &chunk(&event), &chunk(DONE), END].concat()).is_ok()
    });
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nresponse_memory = \"500KiB\"\n"));
    let cut = post(gateway.address, ACME, &chat_stream("large"));
    assert_eq!((cut.status, cut.clean), (200, false));
    assert!(cut.text().contains("response_memory_full"), "{}", cut.text());
    assert!(post(gateway.address, ACME, &chat_stream("small")).clean);
    until("nothing is held", || (gateway.metric("weir_response_memory_bytes", &[]) == 0.0).then_some(()));
}

#[test]
fn a_refusal_of_the_wrong_method_is_an_answer_that_is_sent() {
    let gateway = Gateway::start(&config(Upstream::chat().address));
    let reply = send(gateway.address, "DELETE", "/v1/models", &[], b"");
    assert_eq!(reply.status, 405);
    is_ended(&gateway, "405", "complete", 1.0);
}

//! HTTP/1 at the front door: how bodies come in, how answers go out, and what becomes of the connection.

use crate::support::client::{read_head, read_reply, write_request};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok, wait_for_close};
use crate::support::{ACME, Gateway, PATIENCE, chat, chat_stream, config, config_with, post, raw, until};
use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::channel;

const AUTH: &str = "authorization: Bearer sk-weir-acme-demo\r\n";

fn start() -> (Upstream, Gateway) {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    (upstream, gateway)
}

fn open(gateway: &Gateway) -> TcpStream {
    let stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A question with these lines in its head.
fn question(version: &str, lines: &str, body: &str) -> String {
    let line = format!("POST /v1/chat/completions HTTP/{version}\r\nhost: a\r\n{AUTH}");
    format!("{line}content-length: {}\r\n{lines}\r\n{body}", body.len())
}

/// Whether the gateway has closed its end behind what was read.
fn is_closed(reader: &mut BufReader<TcpStream>) -> bool {
    matches!(reader.read(&mut [0]), Ok(0))
}

#[test]
fn requests_behind_a_stream_wait_for_its_end() {
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let upstream = Upstream::start(move |_, seen, stream| {
        if seen.json()["stream"] != true {
            return stream.write_all(&ok("application/json", CHAT)).is_ok();
        }
        stream.write_all(&[STREAM, &chunk(&delta("hi"))].concat()).unwrap();
        released.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        stream.write_all(&[&chunk(DONE), END].concat()).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    let mut stream = open(&gateway);
    let both = question("1.1", "", &chat_stream("first")) + &question("1.1", "", &chat("second"));
    stream.write_all(both.as_bytes()).unwrap();
    until("the first is upstream", || (upstream.seen().len() == 1).then_some(()));
    release.send(()).unwrap();
    let mut reader = BufReader::new(stream);
    assert_eq!(read_reply(&mut reader).text(), [&delta("hi"), DONE].concat());
    assert_eq!(read_reply(&mut reader).text(), CHAT);
}

#[test]
fn a_chunked_body_may_come_in_any_pieces() {
    let (upstream, gateway) = start();
    let body = chat("in pieces");
    let chunks: String = body.as_bytes().chunks(7).map(|c| String::from_utf8(chunk_of(c)).unwrap()).collect();
    let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n{AUTH}transfer-encoding: chunked\r\n\r\n");
    let all = format!("{head}{chunks}0\r\nx: y\r\n\r\n");
    let mut reader = BufReader::new(open(&gateway));
    for cut in [1, 2, 3, 50, head.len() + 1, all.len()] {
        all.as_bytes().chunks(cut).for_each(|piece| reader.get_mut().write_all(piece).unwrap());
        assert_eq!(read_reply(&mut reader).status, 200, "in pieces of {cut}");
    }
    assert!(upstream.seen().iter().all(|seen| seen.body == body.as_bytes()));
    soon_eq!(gateway.metric("weir_connections_accepted_total", &[]), 1.0);
}

fn chunk_of(bytes: &[u8]) -> Vec<u8> {
    [format!("{:X}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

#[test]
fn large_bodies_go_both_ways_over_one_connection() {
    let large = CHAT.replace("hello", &"x".repeat(3 << 20));
    let answer = ok("application/json", &large);
    let upstream = Upstream::start(move |_, _, stream| stream.write_all(&answer).is_ok());
    let gateway = Gateway::start(&config(upstream.address));
    let mut reader = BufReader::new(open(&gateway));
    for size in [5 << 20, 100_000, 1] {
        let body = chat(&"y".repeat(size));
        reader.get_mut().write_all(question("1.1", "", &body).as_bytes()).unwrap();
        assert_eq!(read_reply(&mut reader).text(), large);
        assert!(upstream.seen().last().unwrap().body == body.as_bytes());
    }
}

#[test]
fn only_who_waits_for_it_is_told_to_continue() {
    let (_upstream, gateway) = start();
    let body = chat("hi");
    let expects = "expect: 100-continue\r\n";
    // The body is here already, or the client knows no interim answers.
    for question in [question("1.1", expects, &body), question("1.0", expects, &body)] {
        let mut stream = open(&gateway);
        stream.write_all(question.as_bytes()).unwrap();
        assert_eq!(read_head(&mut BufReader::new(stream)).status, 200);
    }
    let (head, rest) = (question("1.1", expects, "").replace("length: 0", &format!("length: {}", body.len())), body);
    let mut reader = BufReader::new(open(&gateway));
    for _ in 0..2 {
        reader.get_mut().write_all(head.as_bytes()).unwrap();
        assert_eq!(read_head(&mut reader).status, 100);
        reader.get_mut().write_all(rest.as_bytes()).unwrap();
        assert_eq!(read_head_and_drop_body(&mut reader), 200);
    }
}

fn read_head_and_drop_body(reader: &mut BufReader<TcpStream>) -> u16 {
    let head = read_head(reader);
    let length = head.header("content-length").unwrap().parse().unwrap();
    reader.read_exact(&mut vec![0; length]).unwrap();
    head.status
}

#[test]
fn a_client_that_has_closed_its_half_has_left() {
    let (gone, was_gone) = channel();
    let gone = Mutex::new(gone);
    let upstream = Upstream::start(move |_, _, stream| {
        wait_for_close(stream);
        gone.lock().unwrap().send(()).unwrap();
        false
    });
    let gateway = Gateway::start(&config(upstream.address));
    // The next request is read while the first is answered, and does not hide that nobody waits for it.
    for behind in ["", "GET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n"] {
        let asked = upstream.seen().len();
        let mut stream = open(&gateway);
        stream.write_all((question("1.1", "", &chat("hi")) + behind).as_bytes()).unwrap();
        until("the request is upstream", || (upstream.seen().len() > asked).then_some(()));
        stream.shutdown(Shutdown::Write).unwrap();
        was_gone.recv_timeout(PATIENCE).expect("the upstream's request was not cancelled");
        assert!(is_closed(&mut BufReader::new(stream)));
    }
    until("both are settled", || (gateway.metric("weir_requests_total", &["status=\"499\""]) == 2.0).then_some(()));
}

#[test]
fn a_refused_request_that_is_here_as_a_whole_leaves_its_connection_open() {
    let (upstream, gateway) = start();
    let mut reader = BufReader::new(open(&gateway));
    let valid = question("1.1", "", &chat("hi"));
    let chunks = format!("transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", "1\r\nx\r\n".repeat(100));
    let in_chunks = valid.replace("content-length", "x-length").replace(&format!("\r\n{}", chat("hi")), &chunks);
    for refused in [&valid, &in_chunks].map(|text| text.replace(AUTH, "")) {
        reader.get_mut().write_all(refused.as_bytes()).unwrap();
        let reply = read_reply(&mut reader);
        assert_eq!((reply.status, reply.header("connection")), (401, None));
        reader.get_mut().write_all(valid.as_bytes()).unwrap();
        assert_eq!(read_reply(&mut reader).status, 200);
    }
    assert_eq!(upstream.seen().len(), 2);

    // What is not here yet is not waited for.
    let head = valid.replace(AUTH, "").replace(&chat("hi"), "");
    reader.get_mut().write_all(head.as_bytes()).unwrap();
    let reply = read_reply(&mut reader);
    assert_eq!((reply.status, reply.header("connection")), (401, Some("close")));
    assert!(is_closed(&mut reader));
}

#[test]
fn who_wants_the_connection_closed_is_told_that_it_will_be() {
    let (_upstream, gateway) = start();
    for (version, lines, said, closed) in [
        ("1.1", "", None, false),
        ("1.1", "connection: close\r\n", Some("close"), true),
        ("1.0", "", Some("close"), true),
        ("1.0", "connection: keep-alive\r\n", Some("keep-alive"), false),
    ] {
        let mut reader = BufReader::new(open(&gateway));
        reader.get_mut().write_all(question(version, lines, &chat("hi")).as_bytes()).unwrap();
        let reply = read_reply(&mut reader);
        assert_eq!((reply.status, reply.header("connection")), (200, said), "HTTP/{version}, {lines:?}");
        if closed {
            assert!(is_closed(&mut reader), "HTTP/{version}, {lines:?}");
        } else {
            reader.get_mut().write_all(question("1.1", "", &chat("hi")).as_bytes()).unwrap();
            assert_eq!(read_reply(&mut reader).status, 200, "HTTP/{version}, {lines:?}");
        }
    }
}

#[test]
fn a_stream_to_http_1_0_ends_with_its_connection_and_a_broken_one_with_a_reset() {
    for breaks in [false, true] {
        let upstream = Upstream::start(move |_, _, stream| {
            stream.write_all(&[STREAM, &chunk(&delta("hi"))].concat()).unwrap();
            match breaks {
                true => stream.shutdown(Shutdown::Both).is_err(),
                false => stream.write_all(&[&chunk(DONE), END].concat()).is_ok(),
            }
        });
        let gateway = Gateway::start(&config(upstream.address));
        let mut stream = open(&gateway);
        stream.write_all(question("1.0", "connection: keep-alive\r\n", &chat_stream("hi")).as_bytes()).unwrap();
        let mut answer = Vec::new();
        let end = stream.read_to_end(&mut answer);
        if breaks {
            assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
            continue;
        }
        end.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, [&delta("hi"), DONE].concat());
        assert!(head.contains("connection: close") && !head.contains("transfer-encoding"), "{head}");
    }
}

#[test]
fn answers_carry_one_length_and_one_date_and_head_has_no_body() {
    let (_upstream, gateway) = start();
    let mut reader = BufReader::new(open(&gateway));
    reader.get_mut().write_all(b"HEAD /nowhere HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    let head = read_head(&mut reader);
    assert_eq!(head.status, 404);
    assert_ne!(head.header("content-length"), Some("0"));
    // Behind it comes the next answer, and no body.
    write_request(reader.get_mut(), "GET", "/nowhere", &[], b"");
    let reply = read_reply(&mut reader);
    assert_eq!((reply.status, reply.clean), (404, true));
    for name in ["content-length", "date"] {
        assert_eq!(reply.headers.iter().filter(|(n, _)| n == name).count(), 1, "{name}");
    }
    assert_eq!(reply.header("date").unwrap().len(), "Sun, 06 Nov 1994 08:49:37 GMT".len());
    assert_eq!(reply.header("content-length"), head.header("content-length"));
}

#[test]
fn a_client_that_does_not_take_its_answer_loses_its_connection() {
    let answer = ok("application/json", &CHAT.replace("hello", &"x".repeat(40 << 20)));
    let upstream = Upstream::start(move |_, _, stream| stream.write_all(&answer).is_ok());
    let limits = "[limits]\nwrite_timeout = \"200ms\"\nresponse = \"64MiB\"\n";
    let gateway = Gateway::start(&config_with(upstream.address, "", limits));
    let mut stream = open(&gateway);
    stream.write_all(question("1.1", "", &chat("hi")).as_bytes()).unwrap();
    until("the request is upstream", || (upstream.seen().len() == 1).then_some(()));
    until("the connection is closed", || (gateway.metric("weir_connections", &[]) == 0.0).then_some(()));
    drop(stream);
}

#[test]
fn an_answer_during_the_drain_says_that_it_is_the_last() {
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let upstream = Upstream::start(move |_, _, stream| {
        released.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        stream.write_all(&ok("application/json", CHAT)).is_ok()
    });
    let mut gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", "\"60s\""));
    let mut reader = BufReader::new(open(&gateway));
    reader.get_mut().write_all(question("1.1", "", &chat("hi")).as_bytes()).unwrap();
    until("the request is upstream", || (upstream.seen().len() == 1).then_some(()));
    gateway.signal("TERM");
    until("the drain has begun", || (gateway.admin_get("/readyz").status == 503).then_some(()));
    release.send(()).unwrap();
    let reply = read_reply(&mut reader);
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
    assert!(is_closed(&mut reader) && gateway.wait().success());
}

#[test]
fn a_head_that_had_begun_before_the_drain_may_come_to_its_end() {
    let (_upstream, mut gateway) = start();
    // While it is stopped, the kernel takes in the connection and the beginning, and the signal after them.
    gateway.signal("STOP");
    let mut reader = BufReader::new(open(&gateway));
    let question = question("1.1", "", &chat("hi"));
    let (begin, rest) = question.split_at(40);
    reader.get_mut().write_all(begin.as_bytes()).unwrap();
    gateway.signal("TERM");
    gateway.signal("CONT");
    until("the drain has begun", || (gateway.admin_get("/readyz").status == 503).then_some(()));
    for byte in rest.bytes() {
        reader.get_mut().write_all(&[byte]).unwrap();
    }
    let reply = read_reply(&mut reader);
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
    assert!(is_closed(&mut reader) && gateway.wait().success());
}

#[test]
fn empty_lines_in_front_of_a_request_are_passed_over() {
    let (_upstream, gateway) = start();
    let request = "\r\n\r\nGET /v1/models HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let answer = raw(gateway.address, request.as_bytes());
    assert!(answer.starts_with(b"HTTP/1.1 401"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
}

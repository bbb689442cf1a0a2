//! The end: nothing new begins, what has begun is finished, and there is a last moment.

use crate::support;

use crate::guest::{Guest, install};
use crate::support::client::{Streaming, read_reply, write_request};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok, wait_for_close};
use crate::support::{ACME, Gateway, PATIENCE, chat, chat_stream, config, post, until};
use http_body_util::BodyExt;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// An upstream that goes on when the test says so.
fn held(rest: impl Fn(&Receiver<()>, &mut TcpStream) -> bool + Send + Sync + 'static) -> (Upstream, Sender<()>) {
    let (release, released) = channel();
    let released = Mutex::new(released);
    let upstream = Upstream::start(move |_, _, stream| rest(&released.lock().unwrap(), stream));
    (upstream, release)
}

fn whole(released: &Receiver<()>, stream: &mut TcpStream) -> bool {
    released.recv_timeout(PATIENCE).unwrap();
    stream.write_all(&ok("application/json", CHAT)).is_ok()
}

/// Waits until nobody can connect any more.
fn refuses(gateway: &Gateway) {
    until("new connections are refused", || {
        TcpStream::connect(gateway.address).is_err_and(|e| e.kind() == ErrorKind::ConnectionRefused).then_some(())
    });
}

#[test]
fn a_request_in_flight_is_answered_and_the_gateway_ends_well() {
    let (upstream, release) = held(whole);
    let mut gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", "\"60s\""));
    let address = gateway.address;
    let asking = std::thread::spawn(move || post(address, ACME, &chat("hi")));
    until("the request is upstream", || (upstream.seen().len() == 1).then_some(()));
    gateway.signal("TERM");
    refuses(&gateway);
    let probe = gateway.admin_get("/readyz");
    assert_eq!((probe.status, probe.text().as_str()), (503, "draining\n"));
    assert_eq!(gateway.admin_get("/livez").status, 200);
    release.send(()).unwrap();
    let reply = asking.join().unwrap();
    assert_eq!((reply.status, reply.clean), (200, true));
    assert!(gateway.wait().success());
}

#[test]
fn a_stream_in_flight_comes_to_its_end() {
    let (upstream, release) = held(|released, stream| {
        stream.write_all(&[STREAM, &chunk(&delta("before"))].concat()).unwrap();
        released.recv_timeout(PATIENCE).unwrap();
        stream.write_all(&[&chunk(&delta("after")), &chunk(DONE), END].concat()).is_ok()
    });
    let mut gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", "\"60s\""));
    let mut streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(streaming.next_event().unwrap(), delta("before"));
    gateway.signal("INT");
    refuses(&gateway);
    release.send(()).unwrap();
    assert_eq!(streaming.rest(), [delta("after").as_str(), DONE]);
    assert_eq!(streaming.clean, Some(true));
    assert!(gateway.wait().success());
}

#[test]
fn a_request_that_had_come_before_the_signal_is_answered() {
    let upstream = Upstream::chat();
    let mut gateway = Gateway::start(&config(upstream.address));
    // While it is stopped, the kernel takes in connections and requests, and the signal after them.
    gateway.signal("STOP");
    let (bearer, body) = (format!("Bearer {ACME}"), chat("hi"));
    let ask = |_| {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        let headers = [("authorization", bearer.as_str())];
        write_request(&mut stream, "POST", "/v1/chat/completions", &headers, body.as_bytes());
        BufReader::new(stream)
    };
    let asked: Vec<_> = (0..8).map(ask).collect();
    gateway.signal("TERM");
    gateway.signal("CONT");
    for mut reader in asked {
        let reply = read_reply(&mut reader);
        assert_eq!((reply.status, reply.clean), (200, true));
    }
    assert!(gateway.wait().success());
}

#[test]
fn connections_without_a_request_do_not_hold_up_the_end() {
    let upstream = Upstream::chat();
    let mut gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", "\"600s\""));
    // One that never said a word, one that is kept alive, one in HTTP/2.
    let mut silent = TcpStream::connect(gateway.address).unwrap();
    let mut kept = TcpStream::connect(gateway.address).unwrap();
    kept.write_all(b"GET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    assert_ne!(kept.read(&mut [0; 10]).unwrap(), 0);
    let address = gateway.address;
    let multiplexed = std::thread::spawn(move || {
        support::h2::run(async {
            let sender = support::h2::connect(address).await;
            while !sender.is_closed() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
    });
    until("all are accepted", || (gateway.metric("weir_connections", &[]) == 3.0).then_some(()));
    gateway.signal("TERM");
    multiplexed.join().unwrap();
    for stream in [&mut silent, &mut kept] {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        match stream.read_to_end(&mut Vec::new()) {
            Ok(_) => {}
            Err(why) => assert_eq!(why.kind(), ErrorKind::ConnectionReset),
        }
    }
    assert!(gateway.wait().success());
}

/// A gateway whose drain is short, and an upstream that begins a stream and never goes on.
fn endless() -> (Upstream, Sender<()>, Gateway) {
    let (upstream, release) = held(|_, stream| {
        stream.write_all(&[STREAM, &chunk(&delta("for ever"))].concat()).unwrap();
        wait_for_close(stream);
        false
    });
    let gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", "\"100ms\""));
    (upstream, release, gateway)
}

#[test]
fn a_stream_that_the_end_of_the_drain_cuts_says_so() {
    let (_upstream, _release, mut gateway) = endless();
    let mut streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert!(streaming.next_event().is_some());
    gateway.signal("TERM");
    let rest = streaming.rest();
    assert!(rest.len() == 1 && rest[0].contains("shutting_down"), "{rest:?}");
    // Cut off, and so that the client can tell.
    assert_eq!(streaming.clean, Some(false));
    assert!(gateway.wait().success());
}

#[test]
fn a_stream_of_an_old_client_that_the_end_of_the_drain_cuts_says_so() {
    let (_upstream, _release, mut gateway) = endless();
    let body = chat_stream("hi");
    let head = format!("POST /v1/chat/completions HTTP/1.0\r\nauthorization: Bearer {ACME}\r\n");
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(delta("for ever").as_bytes()) {
        stream.read_exact(&mut byte).unwrap();
        text.push(byte[0]);
    }
    gateway.signal("TERM");
    let mut rest = Vec::new();
    let cut = stream.read_to_end(&mut rest);
    assert!(String::from_utf8_lossy(&rest).contains("shutting_down"));
    assert!(cut.is_err_and(|why| why.kind() == ErrorKind::ConnectionReset), "it looks like the end of the stream");
    assert!(gateway.wait().success());
}

#[test]
fn a_multiplexed_stream_that_the_end_of_the_drain_cuts_says_so() {
    let (_upstream, _release, mut gateway) = endless();
    support::h2::run(async {
        let mut sender = support::h2::connect(gateway.address).await;
        let question = support::h2::question(gateway.address, ACME, &chat_stream("hi"));
        let mut body = sender.send_request(question).await.unwrap().into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), delta("for ever"));
        gateway.signal("TERM");
        let said = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(String::from_utf8_lossy(&said).contains("shutting_down"));
        assert!(body.frame().await.unwrap().is_err(), "it looks like the end of the stream");
    });
    assert!(gateway.wait().success());
}

#[test]
fn a_request_that_the_end_of_the_drain_finds_without_an_answer_gets_one() {
    // Before the upstream's head, in the middle of a whole answer, and in the middle of the upload.
    let (upstream, _release) = held(|_, stream| {
        wait_for_close(stream);
        false
    });
    let (begun, _release) = held(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{").unwrap();
        wait_for_close(stream);
        false
    });
    for (upstream, sent) in [(&upstream, usize::MAX), (&begun, usize::MAX), (&upstream, 10)] {
        let mut gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", "\"100ms\""));
        let asked = upstream.seen().len();
        let body = chat("hi");
        let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\n");
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "{head}content-length: {}\r\n\r\n{}", body.len(), &body[..sent.min(body.len())]).unwrap();
        match sent {
            usize::MAX => until("it is upstream", || (upstream.seen().len() > asked).then_some(())),
            _ => until("it is here", || (gateway.metric("weir_in_flight", &[]) == 1.0).then_some(())),
        }
        gateway.signal("TERM");
        let reply = read_reply(&mut BufReader::new(stream));
        assert_eq!((reply.status, reply.code().as_str()), (503, "shutting_down"));
        assert!(reply.header("retry-after").is_some());
        assert!(gateway.wait().success());
    }
}

#[test]
fn clients_that_read_nothing_do_not_hold_up_the_end_of_the_drain() {
    let events: Vec<u8> = (0..100).flat_map(|_| chunk(&delta(&"x".repeat(200 << 10)))).collect();
    let upstream = Upstream::fixed([STREAM, &events].concat());
    let mut gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", "\"100ms\""));
    let streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    gateway.signal("TERM");
    assert!(gateway.wait().success());
    drop(streaming);
}

#[test]
fn a_second_signal_ends_at_once() {
    let (upstream, _release) = held(whole);
    let mut gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", "\"600s\""));
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let (bearer, body) = (format!("Bearer {ACME}"), chat("hi"));
    let headers = [("authorization", bearer.as_str())];
    write_request(&mut stream, "POST", "/v1/chat/completions", &headers, body.as_bytes());
    until("the request is upstream", || (upstream.seen().len() == 1).then_some(()));
    gateway.signal("TERM");
    refuses(&gateway);
    gateway.signal("TERM");
    assert_eq!(gateway.wait().code(), Some(1));
}

#[test]
fn the_end_waits_for_no_compiler() {
    let upstream = Upstream::chat();
    let mut gateway = Gateway::start(&config(upstream.address));
    // So much code that compiling it takes seconds, and never the same: what was compiled before is kept.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u32;
    let body = "(local.set 0 (i32.xor (local.get 0) (i32.mul (local.get 0) (i32.const 40503))))\n".repeat(60);
    let code: String = (0..4_000_u32)
        .map(|n| format!("(func (export \"f{n}\") (param i32) (result i32)\n{body}(i32.const {}))\n", n ^ now))
        .collect();
    install(&gateway.plugins().join("all"), "huge", &Guest::on("policy", "(call $pass)").with(&code).build());
    until("it is being compiled", || gateway.log().contains("compiling source=all/huge.wasm").then_some(()));
    gateway.signal("HUP");
    assert_eq!(gateway.admin_get("/livez").status, 200);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    gateway.signal("TERM");
    assert!(gateway.wait().success());
    assert!(!gateway.log().contains("compiled source=all/huge.wasm"), "{}", gateway.log());
}

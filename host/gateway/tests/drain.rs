//! The end: nothing new begins, what has begun is finished, and there is a last moment.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use support::client::{Streaming, read_reply, write_request};
use support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok, wait_for_close};
use support::{ACME, Gateway, PATIENCE, chat, chat_stream, config, post, until};

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

#[test]
fn the_time_to_drain_has_an_end() {
    let (upstream, _release) = held(|_, stream| {
        stream.write_all(&[STREAM, &chunk(&delta("for ever"))].concat()).unwrap();
        wait_for_close(stream);
        false
    });
    let mut gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", "\"100ms\""));
    let mut streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert!(streaming.next_event().is_some());
    gateway.signal("TERM");
    assert!(gateway.wait().success());
    streaming.rest();
    // Cut off, and so that the client can tell.
    assert_eq!(streaming.clean, Some(false));
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

//! Connections to providers that are cut (RST) behind what they had to say: what has arrived is not lost, and what has not
//! is not made up for by an end that looks clean.

use crate::support;

use crate::support::client::{Streaming, read_reply, write_request};
use crate::support::upstream::{DONE, Upstream, delta};
use crate::support::{ACME, Gateway, chat, chat_stream, config, config_with, post, until};
use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// The head of a stream that ends with its connection.
const UNTIL_CLOSE: &str = "HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

/// Bytes that the upstream has sent and that have not arrived, as the kernel shows them (`/proc/net/tcp`).
fn on_the_way(stream: &TcpStream) -> u64 {
    let name = |address: SocketAddr| match address {
        SocketAddr::V4(v4) => format!("{:08X}:{:04X}", u32::from_ne_bytes(v4.ip().octets()), v4.port()),
        SocketAddr::V6(_) => panic!("not IPv4"),
    };
    let (here, there) = (name(stream.local_addr().unwrap()), name(stream.peer_addr().unwrap()));
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let mut rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| row[1] == here && row[2] == there).expect("the connection");
    u64::from_str_radix(row[4].split(':').next().unwrap(), 16).unwrap()
}

/// Cuts the connection once everything has arrived at the gateway's kernel.
fn cut(stream: &TcpStream) {
    until("it has arrived", || (on_the_way(stream) == 0).then_some(()));
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
}

fn cut_behind(sent: String) -> Upstream {
    Upstream::start(move |_, _, stream| {
        stream.write_all(sent.as_bytes()).unwrap();
        cut(stream);
        false
    })
}

fn ended(gateway: &Gateway, how: &str) -> f64 {
    gateway.metric("weir_requests_total", &[&format!("ended=\"{how}\"")])
}

#[test]
fn every_event_that_arrived_before_a_stream_was_cut_is_passed_on() {
    let events: String = (0..200).map(|n| delta(&format!("word {n} "))).collect();
    let upstream = cut_behind(format!("{UNTIL_CLOSE}{events}"));
    let gateway = Gateway::start(&config(upstream.address));
    for n in 1..=20 {
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        let text = reply.text();
        let (came, error) = text.split_at(events.len());
        assert_eq!(came, events);
        assert!(error.contains("upstream_broken") && !reply.clean, "{error}");
        until("it is settled", || (ended(&gateway, "cut") == f64::from(n)).then_some(()));
    }
}

#[test]
fn what_the_kernel_holds_for_a_slow_client_outlives_the_connection() {
    // The client reads nothing until the connection is gone: all buffers on the way fill up.
    let event = |n: usize| delta(&format!("{n:08}{}", "x".repeat(4_000)));
    let length = event(0).len();
    let (tell, told): (_, Receiver<usize>) = channel();
    let upstream = Upstream::start(move |_, _, stream| {
        stream.write_all(UNTIL_CLOSE.as_bytes()).unwrap();
        stream.set_nonblocking(true).unwrap();
        let all: String = (0..10_000).map(event).collect();
        let (mut sent, mut stuck) = (0, 0);
        while stuck < 5 && sent < all.len() {
            match stream.write(&all.as_bytes()[sent..]) {
                Ok(more) => (sent, stuck) = (sent + more, 0),
                Err(_) => {
                    let before = on_the_way(stream);
                    std::thread::sleep(Duration::from_millis(100));
                    stuck = if on_the_way(stream) == before { stuck + 1 } else { 0 };
                }
            }
        }
        let lost = usize::try_from(on_the_way(stream)).unwrap();
        socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO)).unwrap();
        tell.send((sent - lost) / length).unwrap();
        false
    });
    let gateway = Gateway::start(&config(upstream.address));
    let mut client = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    let arrived = told.recv_timeout(support::PATIENCE).unwrap();
    assert!(arrived > 50, "only {arrived} events arrived");
    let events = client.rest();
    let (error, events) = events.split_last().unwrap();
    assert!(error.contains("upstream_broken"), "{error}");
    assert!(events.len() >= arrived, "{} of {arrived} events", events.len());
    for (n, event) in events.iter().enumerate() {
        assert!(event.contains(&format!("\"{n:08}x")), "event {n}: {}", &event[..150]);
    }
}

#[test]
fn an_end_marker_that_lacks_its_blank_line_is_one_also_where_the_connection_is_cut() {
    for mark in [DONE, "data: [DONE]\n", "data: [DONE]"] {
        let sent = format!("{UNTIL_CLOSE}{}{mark}", delta("all of it"));
        let upstream = cut_behind(sent);
        let gateway = Gateway::start(&config(upstream.address));
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert_eq!((reply.streamed().as_str(), reply.clean), ("all of it", true), "{mark:?}");
        assert!(reply.text().ends_with(DONE), "{}", reply.text());
        until("it is settled", || (ended(&gateway, "complete") == 1.0).then_some(()));
    }
}

#[test]
fn half_an_event_is_nobodys() {
    let half = delta("never");
    for half in [&half[..half.len() - 10], "data: [DO", "data: {\"error\""] {
        let upstream = cut_behind(format!("{UNTIL_CLOSE}{}{half}", delta("so far")));
        let gateway = Gateway::start(&config(upstream.address));
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        let events = reply.events();
        assert_eq!(events.len(), 2, "{events:?}");
        assert!(events[0].contains("so far") && events[1].contains("upstream_broken") && !reply.clean);
    }
}

/// An upstream that reads no more than the head of a request, answers, and closes: the kernel then cuts the connection.
fn reads_no_body(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            until("it has arrived", || (on_the_way(&stream) == 0).then_some(()));
        }
    });
    address
}

/// Larger than what the sockets take.
fn long_chat() -> String {
    chat(&"long ".repeat(1_600_000))
}

#[test]
fn a_refusal_whose_sender_did_not_read_the_request_reaches_the_client() {
    const REFUSAL: &str =
        r#"{"error":{"message":"too long","type":"invalid_request_error","code":"string_above_max_length"}}"#;
    let answer = format!("HTTP/1.0 413 Payload Too Large\r\ncontent-type: application/json\r\n\r\n{REFUSAL}");
    let address = reads_no_body(answer.leak());
    let gateway = Gateway::start(&config_with(address, "retries = 0", ""));
    for _ in 0..10 {
        let reply = post(gateway.address, ACME, &long_chat());
        assert_eq!((reply.status, reply.text().as_str()), (413, REFUSAL));
    }
}

#[test]
fn an_answer_that_ends_with_its_connection_is_not_whole_where_that_was_cut() {
    // It says why it stopped, and what would follow is cut off: the end of the transport has to be a good one.
    let last = delta("so far").replace("\"finish_reason\":null", "\"finish_reason\":\"stop\"");
    let address = reads_no_body(format!("{UNTIL_CLOSE}{last}").leak());
    let gateway = Gateway::start(&config_with(address, "retries = 0", ""));
    let body = long_chat().replace("\"model\"", "\"stream\":true,\"model\"");
    for _ in 0..10 {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        let bearer = format!("Bearer {ACME}");
        let headers = [("authorization", bearer.as_str())];
        write_request(&mut stream, "POST", "/v1/chat/completions", &headers, body.as_bytes());
        let reply = read_reply(&mut BufReader::new(stream));
        assert!(reply.text().contains("upstream_broken") && !reply.clean, "{}", reply.text());
    }
}

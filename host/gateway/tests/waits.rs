//! What a request waits for is told apart from what the gateway takes for itself, to the last byte.

use crate::support;

use crate::support::client::{read_head, read_reply, write_request};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, Gateway, chat, chat_stream, config, config_with, post, until};
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

/// How long somebody takes their time.
const PAUSE: Duration = Duration::from_millis(200);

/// The seconds that the one request so far took, when it has ended: the gateway's own, and all.
fn seconds(gateway: &Gateway) -> (f64, f64) {
    let of = |metric: &str| gateway.metric(metric, &[]);
    until("it has ended", || (of("weir_request_duration_seconds_count") == 1.0).then_some(()));
    assert_eq!(of("weir_overhead_seconds_count"), 1.0);
    (of("weir_overhead_seconds_sum"), of("weir_request_duration_seconds_sum"))
}

/// The seconds that it has waited for client and upstream. All of its time is either a wait or the gateway's own.
fn waits(gateway: &Gateway) -> (f64, f64) {
    let (own, all) = seconds(gateway);
    let wait = |name: &str| gateway.metric("weir_request_wait_seconds_total", &[&format!("for=\"{name}\"")]);
    let (client, upstream) = (wait("client"), wait("upstream"));
    let sum = own + client + upstream + wait("callout");
    assert!((all - sum).abs() < 0.001, "{all} s are not {own} + {client} + {upstream}");
    (client, upstream)
}

fn chatting(gateway: &Gateway, body: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let bearer = format!("Bearer {ACME}");
    write_request(&mut stream, "POST", "/v1/chat/completions", &[("authorization", &bearer)], body.as_bytes());
    BufReader::new(stream)
}

#[test]
fn a_slow_upload_is_the_clients_time() {
    let gateway = Gateway::start(&config(Upstream::chat().address));
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let body = chat("hi");
    let (first, second) = body.split_at(body.len() / 2);
    let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\n");
    write!(stream, "{head}content-length: {}\r\n\r\n{first}", body.len()).unwrap();
    until("its head is read", || (gateway.metric("weir_in_flight", &[]) == 1.0).then_some(()));
    sleep(PAUSE);
    stream.write_all(second.as_bytes()).unwrap();
    assert_eq!(read_reply(&mut BufReader::new(stream)).status, 200);
    let (client, upstream) = waits(&gateway);
    assert!(client >= PAUSE.as_secs_f64() && upstream > 0.0, "{client} s, {upstream} s");
}

#[test]
fn an_upload_that_is_refused_for_its_time_is_the_clients_time() {
    let gateway = Gateway::start(&config_with(Upstream::chat().address, "", "[limits]\nbody_timeout = \"200ms\"\n"));
    let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\n");
    let reply = support::raw(gateway.address, format!("{head}content-length: 9\r\n\r\n").as_bytes());
    assert!(reply.starts_with(b"HTTP/1.1 408"));
    assert!(waits(&gateway).0 >= 0.2);
}

#[test]
fn a_slow_upstream_is_the_upstreams_time_before_its_head_and_after() {
    let upstream = Upstream::start(|_, _, stream| {
        let answer = ok("application/json", CHAT);
        let (head, body) = answer.split_at(answer.len() - CHAT.len());
        sleep(PAUSE);
        stream.write_all(head).unwrap();
        sleep(PAUSE);
        stream.write_all(body).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    let (client, upstream) = waits(&gateway);
    assert!(upstream >= PAUSE.as_secs_f64() * 2.0 && client == 0.0, "{client} s, {upstream} s");
}

#[test]
fn pauses_in_a_stream_are_the_upstreams_time() {
    let upstream = Upstream::start(|_, _, stream| {
        stream.write_all(STREAM).unwrap();
        for text in ["a", "b"] {
            sleep(PAUSE);
            stream.write_all(&chunk(&delta(text))).unwrap();
        }
        sleep(PAUSE);
        stream.write_all(&[&chunk(DONE), END].concat()).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    assert!(post(gateway.address, ACME, &chat_stream("hi")).clean);
    let (_, upstream) = waits(&gateway);
    assert!(upstream >= PAUSE.as_secs_f64() * 2.9, "{upstream} s");
}

#[test]
fn a_slow_reader_is_the_clients_time_to_the_last_byte() {
    let large = CHAT.replace("hello", &"x".repeat(20 << 20));
    let gateway = Gateway::start(&config(Upstream::fixed(ok("application/json", &large)).address));
    let mut reader = chatting(&gateway, &chat("hi"));
    let head = read_head(&mut reader);
    sleep(PAUSE);
    let mut body = vec![0; head.header("content-length").unwrap().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let (_, all) = seconds(&gateway);
    assert!(all >= PAUSE.as_secs_f64(), "{all} s: the end of the answer is its last byte");
    let (client, _) = waits(&gateway);
    assert!(client >= PAUSE.as_secs_f64() * 0.9, "{client} s");
}

#[test]
fn a_slow_reader_of_a_stream_is_the_clients_time() {
    let events: Vec<u8> = (0..100).flat_map(|_| chunk(&delta(&"x".repeat(200 << 10)))).collect();
    let gateway = Gateway::start(&config(Upstream::fixed([STREAM, &events, &chunk(DONE), END].concat()).address));
    let mut reader = chatting(&gateway, &chat_stream("hi"));
    // It has begun, and until the pause is half over all that fits between the two is there, on a busy machine too.
    assert!(reader.get_ref().peek(&mut [0]).is_ok_and(|read| read == 1));
    sleep(PAUSE * 5);
    let reply = read_reply(&mut reader);
    assert!(reply.clean);
    let (client, upstream) = waits(&gateway);
    assert!(client >= PAUSE.as_secs_f64() * 2.5, "{client} s, {upstream} s");
}

#[test]
fn a_pause_before_another_attempt_is_the_upstreams_time() {
    let upstream = Upstream::start(|number, _, stream| {
        let busy = "HTTP/1.1 429 Too Many\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(&if number == 0 { busy.into() } else { ok("application/json", CHAT) }).is_ok()
    });
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 1", ""));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    assert!(waits(&gateway).1 >= 1.0);
}

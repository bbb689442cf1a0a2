//! What a request waits for is told apart from what the gateway takes for itself, to the last byte.

use crate::support;

use crate::guest::calling::settings;
use crate::guest::{Guest, gateway};
use crate::support::client::{read_head, read_reply, write_request};
use crate::support::frames::{
    DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE, connect, frame, head, next,
};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok, wait_for_close};
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
    soon_eq!(of("weir_overhead_seconds_count"), 1.0);
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

/// An upstream whose answers no sockets take in, whole and streamed.
fn large() -> Upstream {
    let whole = ok("application/json", &CHAT.replace("hello", &"x".repeat(20 << 20)));
    let events: Vec<u8> = (0..100).flat_map(|_| chunk(&delta(&"x".repeat(200 << 10)))).collect();
    let streamed = [STREAM, &events, &chunk(DONE), END].concat();
    Upstream::start(move |_, seen, stream| {
        stream.write_all(if seen.json()["stream"] == true { &streamed } else { &whole }).is_ok()
    })
}

/// Asks and reads nothing, over HTTP/2 with windows of so many bytes, or over HTTP/1.
fn unread(gateway: &Gateway, body: &str, window: Option<u32>) -> TcpStream {
    let Some(window) = window else { return chatting(gateway, body).into_inner() };
    let mut stream = connect(gateway.address);
    let bearer = format!("Bearer {ACME}");
    let fields = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let settings = frame(SETTINGS, 0, 0, &[&[0, 4][..], &window.to_be_bytes()].concat());
    let room = frame(WINDOW_UPDATE, 0, 0, &(1_u32 << 30).to_be_bytes());
    let head = frame(HEADERS, END_HEADERS, 1, &head("POST", "/v1/chat/completions", &fields));
    stream.write_all(&[settings, room, head, frame(DATA, END_STREAM, 1, body.as_bytes())].concat()).unwrap();
    stream
}

/// The seconds for which the client was waited for, of a request that ended without it.
fn lost(gateway: &Gateway) -> f64 {
    let gone = ["status=\"499\"", "ended=\"client_gone\""];
    until("it is given up", || (gateway.metric("weir_requests_total", &gone) == 1.0).then_some(()));
    let wait = |name: &str| gateway.metric("weir_request_wait_seconds_total", &[&format!("for=\"{name}\"")]);
    let all = gateway.metric("weir_request_duration_seconds_sum", &[]);
    let (client, others) = (wait("client"), wait("upstream") + wait("callout"));
    assert!(client + others <= all + 0.001, "{client} s and {others} s in {all} s");
    client
}

/// The ways in which an answer is not read: HTTP/1, HTTP/2 with all the window that there is, with some, and with none.
const WAYS: [Option<u32>; 4] = [None, Some(1 << 30), Some(100_000), Some(0)];

#[test]
fn a_client_that_is_given_up_was_waited_for() {
    std::thread::scope(|scope| {
        for (way, body) in WAYS.into_iter().flat_map(|way| [(way, chat("hi")), (way, chat_stream("hi"))]) {
            scope.spawn(move || {
                let upstream = large();
                let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nwrite_timeout = \"1s\"\n"));
                let open = unread(&gateway, &body, way);
                let client = lost(&gateway);
                assert!(client >= 0.9, "{way:?}, {body}: {client} s");
                drop(open);
            });
        }
    });
}

#[test]
fn a_client_that_leaves_or_resets_was_waited_for_until_then() {
    std::thread::scope(|scope| {
        for (way, body) in WAYS.into_iter().flat_map(|way| [(way, chat("hi")), (way, chat_stream("hi"))]) {
            scope.spawn(move || {
                let upstream = large();
                let gateway = Gateway::start(&config(upstream.address));
                let mut open = unread(&gateway, &body, way);
                // The head of the answer has come, and no more is read.
                match way {
                    None => assert!(open.peek(&mut [0]).is_ok_and(|read| read == 1)),
                    Some(_) => while next(&mut open).unwrap().kind != HEADERS {},
                }
                sleep(PAUSE * 5);
                match way {
                    Some(100_000) => open.write_all(&frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])).unwrap(),
                    _ => open.shutdown(std::net::Shutdown::Both).unwrap(),
                }
                let client = lost(&gateway);
                assert!(client >= PAUSE.as_secs_f64() * 2.5, "{way:?}, {body}: {client} s");
            });
        }
    });
}

#[test]
fn a_client_that_leaves_in_its_upload_was_waited_for() {
    let gateway = Gateway::start(&config(Upstream::chat().address));
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\n");
    write!(stream, "{head}content-length: 99\r\n\r\n{{").unwrap();
    until("its head is read", || (gateway.metric("weir_in_flight", &[]) == 1.0).then_some(()));
    sleep(PAUSE);
    drop(stream);
    let waited = || gateway.metric("weir_request_wait_seconds_total", &["for=\"client\""]);
    until("it has ended", || (gateway.metric("weir_request_duration_seconds_count", &[]) == 1.0).then_some(()));
    soon!(waited() >= PAUSE.as_secs_f64(), "{} s", waited());
}

/// Calls this out at a hook, and goes on.
fn caller(hook: &str, times: usize, url: &str) -> Guest {
    let call = format!(
        r#"(call $callouts.send @"GET" @"{url}" (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
             (global.get $ret))"#
    );
    Guest::on(hook, &format!("{} (call $pass)", call.repeat(times)))
}

/// Counts the bytes of the request that it is shown.
fn witness() -> Guest {
    Guest::default().observe(
        r#"(call $request.body (global.get $ret))
           (call $counters.add @"bytes" (i64.extend_i32_u (i32.load offset=4 (global.get $ret))))"#,
    )
}

#[test]
fn a_callout_that_a_client_leaves_or_resets_was_waited_for_until_then_and_observers_see_the_request() {
    let hooks = [("policy", 1), ("policy", 2), ("upstream-request", 1), ("response", 1), ("event", 1), ("router", 1)];
    std::thread::scope(|scope| {
        for (hook, times) in hooks {
            for http2 in [false, true] {
                scope.spawn(move || leaves_while_it_calls(hook, times, http2));
            }
        }
    });
}

/// Every callout but the last is answered after a pause; the client leaves a pause after the last was asked.
fn leaves_while_it_calls(hook: &str, times: usize, http2: bool) {
    let service = Upstream::start(move |number, _, stream| {
        sleep(PAUSE);
        number + 1 < times && stream.write_all(&ok("text/plain", "")).is_ok() || {
            wait_for_close(stream);
            false
        }
    });
    let origin = format!("http://{}", service.address);
    let (guest, seer) = (caller(hook, times, &origin), witness());
    let upstream = Upstream::chat_or_stream();
    let calls = settings(&[&origin], "private = true, timeout = \"60s\"");
    let plugins = [("caller", &guest, calls.as_str()), ("seer", &seer, "")];
    let gateway = gateway(upstream.address, "", &plugins);
    let body = if hook == "event" { chat_stream("hi") } else { chat("hi") };
    let bearer = format!("Bearer {ACME}");
    let fields = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let mut client = connect_as(&gateway, http2);
    if http2 {
        let head = frame(HEADERS, END_HEADERS, 1, &head("POST", "/v1/chat/completions", &fields));
        client
            .write_all(&[frame(SETTINGS, 0, 0, &[]), head, frame(DATA, END_STREAM, 1, body.as_bytes())].concat())
            .unwrap();
    } else {
        write_request(&mut client, "POST", "/v1/chat/completions", &fields, body.as_bytes());
    }
    until("the last callout is asked", || (service.seen().len() == times).then_some(()));
    sleep(PAUSE);
    match http2 {
        true => client.write_all(&frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])).unwrap(),
        false => client.shutdown(std::net::Shutdown::Both).unwrap(),
    }
    lost(&gateway);
    let labels = ["tenant=\"acme\""];
    let of_request = gateway.metric("weir_request_wait_seconds_total", &[labels[0], "for=\"callout\""]);
    let of_plugin = gateway.metric("weir_plugin_callout_seconds_total", &labels);
    assert!(of_request >= PAUSE.as_secs_f64() * times as f64, "{hook}, {http2}: {of_request} s");
    assert!((of_request - of_plugin).abs() < 0.001, "{hook}, {http2}: {of_request} s and {of_plugin} s");
    let seen = || gateway.metric("weir_plugin_counter_total", &["plugin=\"seer\"", "name=\"bytes\""]);
    until("the observer has seen it", || (seen() == body.len() as f64).then_some(()));
}

/// A connection on which HTTP/2 is spoken, or HTTP/1.
fn connect_as(gateway: &Gateway, http2: bool) -> TcpStream {
    if http2 { connect(gateway.address) } else { TcpStream::connect(gateway.address).unwrap() }
}

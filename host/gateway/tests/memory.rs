//! Memory is taken for what has come, never for what was announced, and what all bodies together take is bounded.

use crate::support;

use crate::support::client::{Reply, read_reply};
use crate::support::h2::run;
use crate::support::upstream::{CHAT, Upstream, ok};
use crate::support::{ACME, Gateway, chat, config, config_with, post, until};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::StreamBody;
use std::fs;
use std::io::{BufReader, Write};
use std::net::TcpStream;

/// Bodies that are announced at once, and what each of them is said to have.
const MANY: usize = 400;
const ANNOUNCED: usize = 9_000_000;

/// What the gateway has for itself, in bytes.
fn memory(gateway: &Gateway) -> usize {
    let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", gateway.pid())).unwrap();
    let own = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap();
    own.trim_end_matches("kB").trim().parse::<usize>().unwrap() << 10
}

/// A question of which this much comes, under such a framing.
fn begin(gateway: &Gateway, framing: &str, come: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let head =
        format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\n{framing}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), come].concat()).unwrap();
    stream
}

fn in_flight(gateway: &Gateway, count: usize) {
    until("all are in flight", || (gateway.metric("weir_in_flight", &[]) == count as f64).then_some(()));
}

/// A gateway that has served, and what it has for itself.
fn warm() -> (Gateway, usize) {
    let gateway = Gateway::start(&config(Upstream::chat().address));
    for _ in 0..20 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    }
    let memory = memory(&gateway);
    (gateway, memory)
}

fn took_little(gateway: &Gateway, before: usize) {
    let is_little = || {
        let more = memory(gateway).saturating_sub(before);
        assert!(more < 40 << 20, "{} KiB for {MANY} bodies that have not come", more >> 10);
    };
    until("all are in flight", || {
        // Also while they come.
        is_little();
        (gateway.metric("weir_in_flight", &[]) == MANY as f64).then_some(())
    });
    is_little();
    soon_eq!(gateway.metric("weir_request_memory_bytes", &[]), 0.0);
}

#[test]
fn bodies_that_are_announced_and_do_not_come_take_nothing() {
    let (gateway, before) = warm();
    let length = format!("content-length: {ANNOUNCED}");
    let all: Vec<_> = (0..MANY).map(|_| begin(&gateway, &length, b"{")).collect();
    took_little(&gateway, before);
    drop(all);
    in_flight(&gateway, 0);
}

#[test]
fn chunks_that_are_announced_and_do_not_come_take_nothing() {
    let (gateway, before) = warm();
    let come = format!("{ANNOUNCED:x}\r\n{{");
    let all: Vec<_> = (0..MANY).map(|_| begin(&gateway, "transfer-encoding: chunked", come.as_bytes())).collect();
    took_little(&gateway, before);
    drop(all);
}

#[test]
fn multiplexed_bodies_that_are_announced_and_do_not_come_take_nothing() {
    let (gateway, before) = warm();
    run(async {
        let mut all = Vec::new();
        while all.len() < MANY {
            let stream = tokio::net::TcpStream::connect(gateway.address).await.unwrap();
            let io = hyper_util::rt::TokioIo::new(stream);
            let shake = hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), io);
            let (mut sender, connection) = shake.await.unwrap();
            tokio::spawn(connection);
            for _ in 0..50 {
                let first =
                    futures_util::stream::iter([Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from("{")))]);
                let body = StreamBody::new(futures_util::StreamExt::chain(first, futures_util::stream::pending()));
                let question = http::Request::post(format!("http://{}/v1/chat/completions", gateway.address))
                    .header("authorization", format!("Bearer {ACME}"))
                    .header("content-length", ANNOUNCED)
                    .body(body)
                    .unwrap();
                all.push(tokio::spawn(sender.send_request(question)));
            }
            tokio::task::yield_now().await;
        }
        while gateway.metric("weir_in_flight", &[]) < MANY as f64 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        took_little(&gateway, before);
    });
}

#[test]
fn answers_that_are_announced_and_do_not_come_take_nothing() {
    let length = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 30000000\r\n\r\n{".to_owned();
    let kind = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    for announced in [length, format!("{kind}1c00000\r\nd")] {
        let upstream = Upstream::start(move |_, seen, stream| {
            if seen.json()["messages"][0]["content"] == "warm" {
                return stream.write_all(&ok("application/json", CHAT)).is_ok();
            }
            stream.write_all(announced.as_bytes()).unwrap();
            support::upstream::wait_for_close(stream);
            false
        });
        let lines = "max_connections = 1000\nhealth.unanswered = 0";
        let gateway = Gateway::start(&config_with(upstream.address, lines, ""));
        (0..20).for_each(|_| assert_eq!(post(gateway.address, ACME, &chat("warm")).status, 200));
        let before = memory(&gateway);
        let body = chat("hi");
        let length = format!("content-length: {}", body.len());
        let all: Vec<_> = (0..MANY).map(|_| begin(&gateway, &length, body.as_bytes())).collect();
        until("all are upstream", || (upstream.seen().len() == MANY + 20).then_some(()));
        took_little(&gateway, before);
        soon_eq!(gateway.metric("weir_response_memory_bytes", &[]), 0.0);
        drop(all);
        in_flight(&gateway, 0);
    }
}

#[test]
fn a_body_takes_at_most_twice_of_what_has_come() {
    let gateway = Gateway::start(&config(Upstream::chat().address));
    let come = vec![b' '; 1 << 20];
    let all: Vec<_> = (0..10).map(|_| begin(&gateway, &format!("content-length: {ANNOUNCED}"), &come)).collect();
    let held = || gateway.metric("weir_request_memory_bytes", &[]);
    // Each holds at least what has come, in the end.
    until("all has come", || (held() >= (10 << 20) as f64).then_some(()));
    assert!(held() <= (20 << 20) as f64, "{}", held());
    drop(all);
    until("it is given back", || (held() == 0.0).then_some(()));
}

/// Reads the answer on a connection whose question has come.
fn answer(stream: TcpStream) -> Reply {
    read_reply(&mut BufReader::new(stream))
}

#[test]
fn bodies_are_bounded_over_all_connections() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nrequest_memory = \"1MiB\"\n"));
    let body = chat(&"x".repeat(700 << 10));
    let (first, rest) = body.split_at(600 << 10);
    let length = format!("content-length: {}", body.len());
    let held = || gateway.metric("weir_request_memory_bytes", &[]);
    let mut one = begin(&gateway, &length, first.as_bytes());
    until("most of it is here", || (held() >= first.len() as f64).then_some(()));
    // Whoever is too much is told so, however the body is framed; what is small is served.
    for framing in [&length, "transfer-encoding: chunked"] {
        let chunk = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let come = if framing == length { body.as_str() } else { chunk.as_str() };
        let refused = answer(begin(&gateway, framing, come.as_bytes()));
        assert_eq!((refused.status, refused.code().as_str()), (503, "request_memory_full"), "{framing}");
        assert!(refused.header("retry-after").is_some());
    }
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    assert!(held() <= (1 << 20) as f64);
    one.write_all(rest.as_bytes()).unwrap();
    assert_eq!(answer(one).status, 200);
    until("it is given back", || (held() == 0.0).then_some(()));
    assert_eq!(post(gateway.address, ACME, &body).status, 200);
}

#[test]
fn a_body_is_held_until_its_answer_was_sent() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let upstream = Upstream::start(move |_, _, stream| {
        released.lock().unwrap().recv_timeout(support::PATIENCE).unwrap();
        stream.write_all(&ok("application/json", CHAT)).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    let body = chat(&"x".repeat(700 << 10));
    let stream = begin(&gateway, &format!("content-length: {}", body.len()), body.as_bytes());
    until("it is upstream", || (upstream.seen().len() == 1).then_some(()));
    let held = || gateway.metric("weir_request_memory_bytes", &[]);
    assert!(held() >= body.len() as f64 && held() <= 2.0 * body.len() as f64);
    release.send(()).unwrap();
    assert_eq!(answer(stream).status, 200);
    until("it is given back", || (held() == 0.0).then_some(()));
}

#[test]
fn huge_pages_are_for_the_operator_to_allow() {
    let upstream = Upstream::chat();
    let allowed = |gateway: &Gateway| {
        let status = fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
        status.lines().find_map(|line| Some(line.strip_prefix("THP_enabled:")?.trim() == "1"))
    };
    let plain = config(upstream.address);
    for (key, expected) in [("", false), ("huge_pages = false\n", false), ("huge_pages = true\n", true)] {
        let gateway = Gateway::start(&plain.replace("[server]\n", &format!("[server]\n{key}")));
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
        // A kernel before 5.0 does not tell.
        let Some(allowed) = allowed(&gateway) else { return println!("skipped: the kernel does not tell") };
        assert_eq!(allowed, expected, "{key}");
    }
}

#[test]
fn an_idle_gateway_with_four_plugins_is_small() {
    let shipped = fs::read_to_string(support::root().join("config/weir.toml")).unwrap();
    let (_, chain) = shipped.split_once("folder = \"../plugins/installed\"\n").unwrap();
    let (folder, cache) = (support::installed(), support::cache());
    let plugins = format!("[plugins]\nfolder = \"{}\"\ncache = \"{}\"\n{chain}", folder.display(), cache.display());
    let config = support::demo_config(&plugins);
    // The first one compiles, if nobody has before, and keeps some of what that took.
    drop(Gateway::start(&config));
    let gateway = Gateway::start(&config);
    assert!(!gateway.log().contains("compiling"));
    // Of the 40 MiB that it may have some 16 are its file. Without optimisation 17 are its own, once what started it has ended:
    // two of them are addresses that the loader writes into the file's data, and become more with the code.
    until("it is small", || (memory(&gateway) < 18 << 20).then_some(()));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    until("it is small again", || (memory(&gateway) < 18 << 20).then_some(()));
}

//! Versions of a plugin are swapped under load: no request fails, and none sees two of them.

use crate::guest;
use crate::support;

use crate::guest::{Guest, gateway, install};
use crate::support::client::{read_reply, write_request};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, Gateway, Reply, chat, chat_stream, post, until};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

/// Writes its version on the request, and on the response both what stands on the request and its version again.
fn version(n: u32) -> Guest {
    Guest::on(
        "policy",
        &format!(r#"(call $request.set-header @"x-version" @"{n}" (global.get $ret)) (call $must-be-ok) (call $pass)"#),
    )
    .and(
        "response",
        &format!(
            r#"(call $request.header @"x-version" (global.get $ret)) (call $must-fail)
               (call $reply.set-header @"x-policy" (i32.load (i32.const 68)) (i32.load (i32.const 72)) (i32.const 128))
               (call $reply.set-header @"x-response" @"{n}" (i32.const 128))
               (call $pass)"#
        ),
    )
    // Every event of a stream says the version.
    .and(
        "event",
        &format!(
            r#"(local $n i32) (local $edit i32)
               (i32.store (i32.const 0) (i32.const 0))
               (i32.store (i32.const 4) (i32.const 40000))
               (i32.store (i32.const 8) (local.get $count))
               (block $done (loop $next
                 (br_if $done (i32.ge_u (local.get $n) (local.get $count)))
                 (local.set $edit (i32.add (i32.const 40000) (i32.mul (local.get $n) (i32.const 12))))
                 (i32.store8 (local.get $edit) (i32.const 1))
                 (call $store (i32.add (local.get $edit) (i32.const 4)) @"{n}")
                 (local.set $n (i32.add (local.get $n) (i32.const 1)))
                 (br $next)))
               (i32.const 0)"#
        ),
    )
    .with(
        "(func $store (param i32 i32 i32)
           (i32.store (local.get 0) (local.get 1)) (i32.store offset=4 (local.get 0) (local.get 2)))",
    )
}

/// Answers whole or, where a stream is asked for, with many events.
fn upstream() -> Upstream {
    Upstream::start(|_, asked, stream| {
        if asked.json()["stream"] != true {
            return stream.write_all(&ok("application/json", CHAT)).is_ok();
        }
        let events = |stream: &mut TcpStream| (0..LONG).all(|_| stream.write_all(&chunk(&delta("x"))).is_ok());
        stream.write_all(STREAM).is_ok()
            && events(stream)
            && stream.write_all(&chunk(DONE)).is_ok()
            && stream.write_all(END).is_ok()
    })
}

/// Events of one stream: some of them are on their way whenever a version is swapped.
const LONG: usize = 300;

fn generation(gateway: &Gateway) -> u64 {
    gateway.ready()["generation"].as_u64().unwrap()
}

/// Resident memory in MiB.
fn resident(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

const SWAPS: u32 = 200;

#[test]
fn two_hundred_swaps_under_load_fail_no_request_and_mix_no_versions() {
    let upstream = upstream();
    let versions = [version(1), version(2)];
    let bound = [("version", &versions[0], "")];
    let config = support::config(upstream.address).replace("[server]", "[server]\ndebug_headers = true");
    let gateway = guest::gateway_with(&format!("{config}{}", guest::chain(&bound)), &bound);
    let components = versions.map(|v| v.build());
    let (stop, served) = (AtomicBool::new(false), [AtomicU64::new(0), AtomicU64::new(0)]);
    let first = generation(&gateway);
    let small = resident(&gateway);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| load(&gateway, first, &stop, &served));
        }
        for _ in 0..2 {
            scope.spawn(|| streams(&gateway, first, &stop, &served));
        }
        for n in 1..=SWAPS {
            let before = generation(&gateway);
            install(&gateway.plugins(), "version", &components[n as usize % 2]);
            until("the next generation", || (generation(&gateway) > before).then_some(()));
        }
        stop.store(true, Ordering::Relaxed);
    });
    let (one, two) = (served[0].load(Ordering::Relaxed), served[1].load(Ordering::Relaxed));
    let rate = (one + two) as f64 / start.elapsed().as_secs_f64();
    eprintln!("{one} + {two} requests in {:?}: {rate:.0}/s", start.elapsed());
    assert_eq!(generation(&gateway), first + u64::from(SWAPS));
    assert!(one > 50 && two > 50, "both versions served: {one} and {two}");
    assert!(rate >= 200.0, "too little load to show anything: {rate:.0} requests/s");
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
    let counted = || gateway.metric("weir_requests_total", &["status=\"200\"", "acme"]);
    // The last of them may have been read before they are settled.
    until("all are counted", || (counted() >= (one + two) as f64).then_some(()));
    soon_eq!(counted(), (one + two) as f64);
    // What served before is gone: a pool for each worker at the most, of the version that serves now.
    let large = resident(&gateway);
    eprintln!("{small} MiB before, {large} MiB after");
    assert!(large <= small + 64, "{small} MiB before, {large} MiB after");
    until("old instances are gone", || (gateway.metric("weir_plugin_instances", &["version"]) <= 8.0).then_some(()));
}

/// Asks on one connection until it is over; every answer must be whole and of one version.
fn load(gateway: &Gateway, first: u64, stop: &AtomicBool, served: &[AtomicU64; 2]) {
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let bearer = format!("Bearer {ACME}");
    while !stop.load(Ordering::Relaxed) {
        write_request(
            &mut stream,
            "POST",
            "/v1/chat/completions",
            &[("authorization", &bearer)],
            chat("hi").as_bytes(),
        );
        let reply = read_reply(&mut reader);
        assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{}", reply.text());
        let version = reply.header("x-policy").expect("the policy ran").to_owned();
        assert_eq!(reply.header("x-response"), Some(version.as_str()));
        check_generation(&reply, first, &version);
        served[version.parse::<usize>().unwrap() - 1].fetch_add(1, Ordering::Relaxed);
    }
}

/// The first generation that served is of the first version, and versions take turns.
fn check_generation(reply: &Reply, first: u64, version: &str) {
    let generation: u64 = reply.header("x-weir-generation").expect("the debug header").parse().unwrap();
    assert_eq!((generation - first).is_multiple_of(2), version == "1", "generation {generation}, version {version}");
}

/// Asks for long streams until it is over; each must be whole, and all its events of one version.
fn streams(gateway: &Gateway, first: u64, stop: &AtomicBool, served: &[AtomicU64; 2]) {
    while !stop.load(Ordering::Relaxed) {
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        let text = reply.streamed();
        assert!(reply.clean && text.len() == LONG, "{} events: {}", text.len(), reply.text());
        let version = &text[..1];
        assert!(text.chars().all(|c| version.starts_with(c)), "{text}");
        check_generation(&reply, first, version);
        served[version.parse::<usize>().unwrap() - 1].fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_stream_in_flight_ends_on_the_version_it_began_with() {
    let (sender, receiver) = mpsc::channel::<()>();
    let receiver = Arc::new(Mutex::new(receiver));
    let upstream = Upstream::start(move |n, _, stream| {
        let write = |stream: &mut TcpStream, bytes: &[u8]| stream.write_all(bytes).unwrap();
        write(stream, STREAM);
        write(stream, &chunk(&delta("a")));
        if n == 0 {
            receiver.lock().unwrap().recv().unwrap();
        }
        write(stream, &chunk(&[delta("b"), DONE.to_owned()].concat()));
        stream.write_all(END).is_ok()
    });
    let says = |text: &str| {
        let body = format!(
            r#"(i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 4) (i32.const 40000))
               (i32.store (i32.const 8) (local.get $count))
               (call $put @"{text}") (i32.const 0)"#
        );
        // The same edit for up to two events.
        Guest::on("event", &body).with(
            "(func $put (param i32 i32)
               (i32.store8 (i32.const 40000) (i32.const 1)) (i32.store (i32.const 40004) (local.get 0)) (i32.store (i32.const 40008) (local.get 1))
               (i32.store8 (i32.const 40012) (i32.const 1)) (i32.store (i32.const 40016) (local.get 0)) (i32.store (i32.const 40020) (local.get 1)))",
        )
    };
    let gateway = gateway(upstream.address, "", &[("says", &says("old"), "isolation = \"request\"")]);
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let bearer = format!("Bearer {ACME}");
    write_request(
        &mut stream,
        "POST",
        "/v1/chat/completions",
        &[("authorization", &bearer)],
        chat_stream("hi").as_bytes(),
    );
    let mut reader = BufReader::new(stream);
    let mut seen = String::new();
    while !seen.contains("old") {
        reader.read_line(&mut seen).unwrap();
    }
    let before = generation(&gateway);
    install(&gateway.plugins(), "says", &says("new").build());
    until("the new version serves", || (generation(&gateway) > before).then_some(()));
    assert_eq!(post(gateway.address, ACME, &chat_stream("hi")).streamed(), "newnew");
    sender.send(()).unwrap();
    let mut rest = vec![0; 4096];
    while !seen.contains("[DONE]") {
        let n = reader.read(&mut rest).unwrap();
        assert!(n > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&rest[..n]));
    }
    assert_eq!((seen.matches("old").count(), seen.matches("new").count()), (2, 0), "{seen}");
}

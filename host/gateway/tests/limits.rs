//! Everything has a bound with a name: requests, bodies, connections, time.

use crate::support;

use crate::support::client::read_reply;
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, GLOBEX, Gateway, PATIENCE, Reply, chat, chat_stream, config, config_with, post, until};
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

/// A configuration in which this line stands in the table of a key, or of its tenant.
fn limited(config: &str, table: &str, line: &str) -> String {
    let at = format!("{table}\n");
    assert!(config.contains(&at));
    config.replace(&at, &format!("{at}{line}\n"))
}

/// An upstream that answers each request only when the test says so.
fn held() -> (Upstream, Sender<()>) {
    let (release, released) = channel();
    let released = Mutex::new(released);
    let upstream = Upstream::start(move |_, _, stream| {
        let _ = released.lock().unwrap().recv();
        stream.write_all(&ok("application/json", CHAT)).is_ok()
    });
    (upstream, release)
}

fn in_background(gateway: &Gateway, token: &'static str) -> JoinHandle<Reply> {
    let address = gateway.address;
    std::thread::spawn(move || post(address, token, &chat("held")))
}

fn advice(reply: &Reply) -> (u64, u64) {
    let number = |name: &str| reply.header(name).unwrap_or_else(|| panic!("no {name}")).parse().unwrap();
    (number("retry-after"), number("retry-after-ms"))
}

#[test]
fn requests_per_minute_are_counted_for_each_key_and_said_in_headers() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&limited(&config(upstream.address), "id = \"acme\"", "requests_per_minute = 2"));
    let first = post(gateway.address, ACME, &chat("1"));
    assert_eq!(first.header("x-ratelimit-limit-requests"), Some("2"));
    assert_eq!(first.header("x-ratelimit-remaining-requests"), Some("1"));
    assert!(first.header("x-ratelimit-reset-requests").is_some());
    assert_eq!(post(gateway.address, ACME, &chat("2")).header("x-ratelimit-remaining-requests"), Some("0"));

    let refused = post(gateway.address, ACME, &chat("3"));
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limit_exceeded"));
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("key"), "{}", refused.text());
    let (seconds, ms) = advice(&refused);
    assert!(ms > 0 && ms <= 30_000 && seconds == ms.div_ceil(1000), "{seconds} s, {ms} ms");
    assert_eq!(refused.header("x-ratelimit-remaining-requests"), Some("0"));
    assert_eq!(refused.header("x-ratelimit-limit-requests"), Some("2"));

    let other = post(gateway.address, GLOBEX, &chat("1"));
    assert_eq!((other.status, other.header("x-ratelimit-limit-requests")), (200, None));
    assert_eq!(upstream.seen().len(), 3);
}

/// A time in milliseconds, as Go and OpenAI write it.
fn milliseconds(text: &str) -> f64 {
    let (mut rest, mut sum) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap();
        let unit = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |length| digits + length);
        let worth = match &rest[digits..unit] {
            "ms" => 1.0,
            "s" => 1_000.0,
            "m" => 60_000.0,
            other => panic!("{other} in {text}"),
        };
        sum += rest[..digits].parse::<f64>().unwrap() * worth;
        rest = &rest[unit..];
    }
    sum
}

#[test]
fn the_reset_is_when_the_whole_limit_is_back_for_who_is_answered_and_for_who_is_refused() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&limited(&config(upstream.address), "[tenants.acme]", "requests_per_minute = 4"));
    let reset = |reply: &Reply| milliseconds(reply.header("x-ratelimit-reset-requests").unwrap());
    let mut last = 0.0;
    for spent in 1..=4 {
        let reply = post(gateway.address, ACME, &chat("1"));
        assert_eq!(reply.status, 200);
        // Each request takes a quarter of a minute to come back; some of it has come back since the first one.
        let (now, most) = (reset(&reply), f64::from(spent) * 15_000.0);
        assert!(now > last && now <= most, "{now} ms after {spent}");
        last = now;
    }
    let refused = post(gateway.address, ACME, &chat("2"));
    assert_eq!(refused.status, 429);
    assert!(reset(&refused) <= last && reset(&refused) > last - 15_000.0, "{} ms, before {last}", reset(&refused));
    assert!(reset(&refused) > advice(&refused).1 as f64, "one request is back before all of them");
}

#[test]
fn a_limit_that_a_reload_raises_or_lowers_leaves_what_was_spent_of_it_spent() {
    let upstream = Upstream::chat();
    let with =
        |limit: u32| limited(&config(upstream.address), "[tenants.acme]", &format!("requests_per_minute = {limit}"));
    let gateway = Gateway::start(&with(100));
    let remaining = |reply: &Reply| -> u32 { reply.header("x-ratelimit-remaining-requests").unwrap().parse().unwrap() };
    let asked = |limit: u32, spent: &mut u32| {
        until("the limit is live", || {
            *spent += 1;
            let reply = post(gateway.address, ACME, &chat("1"));
            (reply.header("x-ratelimit-limit-requests") == Some(&limit.to_string())).then_some(reply)
        })
    };
    let mut spent = 0;
    (0..60).for_each(|_| drop(asked(100, &mut spent)));
    assert_eq!(spent, 60);
    gateway.write_config(&with(1_000));
    let reply = asked(1_000, &mut spent);
    // At the least what was left and the difference; a few of those that were spent have come back meanwhile.
    assert!(remaining(&reply) >= 1_000 - spent && remaining(&reply) < 1_000, "{} after {spent}", remaining(&reply));
    gateway.write_config(&with(10));
    let reply = asked(10, &mut spent);
    assert_eq!(reply.status, 429, "more than ten are spent");
    assert!(advice(&reply).1 <= 6_000, "one of ten is back after a tenth of a minute");
    assert!(milliseconds(reply.header("x-ratelimit-reset-requests").unwrap()) <= 60_000.0);
}

#[test]
fn a_tenants_requests_per_minute_hold_over_all_its_keys() {
    let upstream = Upstream::chat();
    let config = limited(&config(upstream.address), "[tenants.acme]", "requests_per_minute = 1");
    let gateway = Gateway::start(&config);
    assert_eq!(post(gateway.address, ACME, &chat("1")).status, 200);
    let refused = post(gateway.address, ACME, &chat("2"));
    assert_eq!(refused.status, 429);
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("tenant"), "{}", refused.text());
}

#[test]
fn listing_models_spends_no_request() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&limited(&config(upstream.address), "id = \"acme\"", "requests_per_minute = 1"));
    for _ in 0..3 {
        assert_eq!(support::get(gateway.address, "/v1/models", Some(ACME)).status, 200);
    }
    assert_eq!(post(gateway.address, ACME, &chat("1")).status, 200);
}

#[test]
fn concurrency_is_bounded_until_the_last_byte_and_then_free_again() {
    let (upstream, release) = held();
    let gateway = Gateway::start(&limited(&config(upstream.address), "[tenants.acme]", "concurrency = 1"));
    let first = in_background(&gateway, ACME);
    until("the first request is upstream", || (upstream.seen().len() == 1).then_some(()));
    let refused = post(gateway.address, ACME, &chat("second"));
    assert_eq!((refused.status, refused.code().as_str()), (429, "concurrency_limit_exceeded"));
    assert!(advice(&refused).1 > 0);
    release.send(()).unwrap();
    assert_eq!(first.join().unwrap().status, 200);
    release.send(()).unwrap();
    // The seat is given back behind the last byte, which the client may see a moment before.
    until("the seat is free", || (post(gateway.address, ACME, &chat("third")).status == 200).then_some(()));
}

#[test]
fn requests_in_flight_are_bounded_over_all_tenants() {
    let (upstream, release) = held();
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nin_flight = 1\n"));
    let first = in_background(&gateway, ACME);
    until("the first request is upstream", || (upstream.seen().len() == 1).then_some(()));
    let refused = post(gateway.address, GLOBEX, &chat("second"));
    assert_eq!((refused.status, refused.code().as_str()), (503, "overloaded"));
    assert_eq!(advice(&refused).0, 1);
    assert!(refused.header("x-request-id").is_some());
    release.send(()).unwrap();
    assert_eq!(first.join().unwrap().status, 200);
    let globexs = ["code=\"overloaded\"", "tenant=\"globex\""];
    soon_eq!(gateway.metric("weir_refusals_total", &globexs), 1.0, "whoever is turned away is counted by name");
}

#[test]
fn connections_are_bounded_and_a_free_place_is_used() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nconnections = 2\n"));
    let open = || {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = stream.write_all(b"GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n");
        let mut byte = [0];
        (matches!(stream.read(&mut byte), Ok(1)), stream)
    };
    let (first, second) = (open(), open());
    assert!(first.0 && second.0);
    assert!(!open().0, "a third connection was served");
    drop(first);
    until("a place is free", || open().0.then_some(()));
}

#[test]
fn a_body_that_is_too_large_by_its_length_is_refused_unread() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nbody = 1000\n"));
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\ncontent-length: 1001\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let reply = read_reply(&mut BufReader::new(stream));
    assert_eq!((reply.status, reply.code().as_str()), (413, "request_too_large"));
    let fits = chat(&"x".repeat(1000 - chat("").len()));
    assert_eq!((fits.len(), post(gateway.address, ACME, &fits).status), (1000, 200));
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn a_body_that_grows_too_large_in_chunks_is_refused() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nbody = 1000\n"));
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..3 {
        stream.write_all(&support::upstream::chunk(&"x".repeat(400))).unwrap();
    }
    let reply = read_reply(&mut BufReader::new(stream));
    assert_eq!((reply.status, reply.code().as_str()), (413, "request_too_large"));
    assert!(upstream.seen().is_empty());
}

#[test]
fn by_default_a_request_may_be_32_mebibytes_and_an_event_of_a_stream_8() {
    const BODY: usize = 32 << 20;
    const EVENT: usize = 8 << 20;
    // An upstream that answers a stream with one event of about as many bytes as it is asked for.
    let upstream = Upstream::start(|_, seen, stream| {
        let json = seen.json();
        let answer = match json["messages"][0]["content"].as_str().unwrap().parse::<usize>() {
            Ok(bytes) => [STREAM, &chunk(&delta(&"x".repeat(bytes))), &chunk(DONE), END].concat(),
            Err(_) => ok("application/json", CHAT),
        };
        stream.write_all(&answer).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    for bytes in [11 << 20, BODY] {
        let body = chat(&"x".repeat(bytes - chat("").len()));
        assert_eq!((body.len(), post(gateway.address, ACME, &body).status), (bytes, 200), "{bytes} bytes");
    }
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\n");
    write!(stream, "{head}content-length: {}\r\n\r\n", BODY + 1).unwrap();
    assert_eq!(read_reply(&mut BufReader::new(stream)).status, 413);
    // What an event is wrapped in is a part of it.
    for (bytes, is_whole) in [(2 << 20, true), (EVENT - 1_000, true), (EVENT + 1, false)] {
        let reply = post(gateway.address, ACME, &chat_stream(&bytes.to_string()));
        assert_eq!(reply.status == 200 && reply.clean, is_whole, "{bytes} bytes");
        assert_eq!(reply.text().contains("upstream_too_large"), !is_whole, "{bytes} bytes");
    }
}

#[test]
fn a_body_that_does_not_arrive_in_time_is_408() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nbody_timeout = \"100ms\"\n"));
    for start in ["", "{\"mod"] {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n";
        stream.write_all(format!("{head}authorization: Bearer {ACME}\r\n\r\n{start}").as_bytes()).unwrap();
        let reply = read_reply(&mut BufReader::new(stream));
        assert_eq!((reply.status, reply.code().as_str()), (408, "request_timeout"), "{start:?}");
        // No model was asked: the client's library may well try again.
        assert_eq!(reply.header("x-should-retry"), None);
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_head_that_does_not_arrive_in_time_and_an_idle_connection_are_closed() {
    let upstream = Upstream::chat();
    let rest = "[limits]\nhead_timeout = \"200ms\"\nkeep_alive_timeout = \"200ms\"\n";
    let gateway = Gateway::start(&config_with(upstream.address, "", rest));
    for start in ["", "GET /v1/mod", "GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n"] {
        // Reads to the end of the connection: a connection that stays open fails by the client's patience.
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(start.as_bytes()).unwrap();
        let mut out = Vec::new();
        assert!(stream.read_to_end(&mut out).is_ok(), "{start:?} was not closed");
    }
}

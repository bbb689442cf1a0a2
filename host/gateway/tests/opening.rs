//! The first bytes of a connection: read once, and handed on to whichever protocol they begin.

use crate::support::client::read_reply;
use crate::support::frames::{DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, frame, head, next};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, PATIENCE, chat, config, config_with, post, until};
use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn connect(gateway: &Gateway) -> TcpStream {
    let stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// How often the process's threads have gone to sleep: who wakes up for nothing sleeps often.
fn sleeps(gateway: &Gateway) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", gateway.pid())).unwrap();
    let count = |task: fs::DirEntry| {
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.map_or(0, |number| number.trim().parse::<u64>().unwrap())
    };
    tasks.map(|task| count(task.unwrap())).sum()
}

#[test]
fn connections_of_which_one_byte_has_come_cost_nothing() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    for first in ["P", "PRI", "PRI * HTTP/2.0\r\n\r\n", "POST", ""] {
        let waiting: Vec<_> = (0..50)
            .map(|_| {
                let mut stream = connect(&gateway);
                stream.write_all(first.as_bytes()).unwrap();
                stream
            })
            .collect();
        until("all are open", || (gateway.metric("weir_connections", &[]) >= 50.0).then_some(()));
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
        let (before, since) = (sleeps(&gateway), Instant::now());
        while since.elapsed() < Duration::from_millis(500) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let after = sleeps(&gateway);
        // A worker that looks once a millisecond sleeps 500 times in that.
        assert!(after - before < 150, "{first:?}: woken {} times in {:?}", after - before, since.elapsed());
        drop(waiting);
        until("all are closed", || (gateway.metric("weir_connections", &[]) == 0.0).then_some(()));
    }
}

#[test]
fn a_request_that_comes_byte_by_byte_from_the_first_one_is_answered() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let body = chat("slowly");
    let post = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {ACME}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let put = "PUT /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for (text, status) in [(post.as_str(), 200), (put, 405), ("\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", 404)] {
        let mut stream = connect(&gateway);
        for byte in text.bytes() {
            stream.write_all(&[byte]).unwrap();
        }
        assert_eq!(read_reply(&mut BufReader::new(stream)).status, status, "{text}");
    }
    assert_eq!(upstream.seen()[0].body, body.as_bytes());
}

#[test]
fn http2_whose_preface_comes_in_pieces_is_served_with_all_that_came_behind_it() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let bearer = format!("Bearer {ACME}");
    let fields = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let all = [
        PREFACE.to_vec(),
        frame(SETTINGS, 0, 0, &[]),
        frame(HEADERS, END_HEADERS, 1, &head("POST", "/v1/chat/completions", &fields)),
        frame(DATA, END_STREAM, 1, chat("hi").as_bytes()),
    ]
    .concat();
    // At once, byte by byte, and cut within, at the end of, and behind the preface.
    let cuts: [Box<dyn Fn(usize) -> bool>; 5] = [
        Box::new(|_| false),
        Box::new(|_| true),
        Box::new(|at| at == 1),
        Box::new(|at| at == PREFACE.len()),
        Box::new(|at| at == 10 || at == PREFACE.len() + 5),
    ];
    for (n, cut) in cuts.iter().enumerate() {
        let mut stream = connect(&gateway);
        let mut sent = 0;
        for at in 1..=all.len() {
            if at == all.len() || cut(at) {
                stream.write_all(&all[sent..at]).unwrap();
                sent = at;
                if at == 1 {
                    // The piece must have been read alone for this to say anything.
                    until("it is open", || (gateway.metric("weir_connections", &[]) >= 1.0).then_some(()));
                }
            }
        }
        let data = std::iter::from_fn(|| next(&mut stream)).find(|got| got.kind == DATA).expect("no answer");
        assert!(String::from_utf8_lossy(&data.payload).contains("hello"), "case {n}");
    }
    assert_eq!(upstream.seen().len(), 5);
}

#[test]
fn what_only_begins_like_http2_is_http1() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    for (text, status) in [
        ("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", 505),
        ("PRI / HTTP/1.1\r\nhost: a\r\n\r\n", 404),
        ("PRIX /v1/models HTTP/1.1\r\nhost: a\r\n\r\n", 405),
    ] {
        let mut stream = connect(&gateway);
        stream.write_all(text.as_bytes()).unwrap();
        assert_eq!(read_reply(&mut BufReader::new(stream)).status, status, "{text:?}");
    }
}

#[test]
fn a_connection_that_goes_no_further_than_its_first_bytes_is_closed_in_time() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", "[limits]\nhead_timeout = \"300ms\""));
    for first in ["", "P", "PRI * HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r", "GET / HT"] {
        let mut stream = connect(&gateway);
        stream.write_all(first.as_bytes()).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"", "{first:?}");
    }
}

#[test]
fn a_drain_waits_for_the_rest_of_what_has_begun_and_not_for_what_has_not() {
    let upstream = Upstream::chat();
    let mut gateway = Gateway::start(&config(upstream.address));
    let mut silent = connect(&gateway);
    let mut begun = connect(&gateway);
    begun.write_all(b"P").unwrap();
    until("both are open", || (gateway.metric("weir_connections", &[]) == 2.0).then_some(()));
    gateway.signal("TERM");
    assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0);
    begun.write_all(b"UT /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert_eq!(read_reply(&mut BufReader::new(begun)).status, 405);
    assert!(gateway.wait().success());
}

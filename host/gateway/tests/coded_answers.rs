//! Nobody is asked for a content coding, and some code all the same: what comes in one that is known is read as if it were plain,
//! whole answers, streams event by event, and what is said against a request; within the bounds of any.

use crate::support::client::Streaming;
use crate::support::h2;
use crate::support::providers::{asking, gateway_of};
use crate::support::upstream::{CHAT, DONE, END, STREAM, USAGE, Upstream, delta};
use crate::support::{ACME, Gateway, PATIENCE, Reply, chat, chat_stream, config, config_with, post, root};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http_body_util::{BodyExt, Full};
use std::io::Write;
use std::sync::Mutex;
use std::sync::mpsc::channel;

const NAMES: [&str; 6] = ["gzip", "x-gzip", "deflate", "Deflate", "br", "zstd"];

/// These pieces in a coding, each of which can be read when it has come; `Deflate` is the bare one.
fn coded(name: &str, pieces: &[&str]) -> Vec<Vec<u8>> {
    match name {
        "br" => brotli(pieces),
        "zstd" => zstd(pieces),
        "deflate" => {
            flushed(pieces, ZlibEncoder::new(Vec::new(), Compression::best()), ZlibEncoder::get_mut, |coder| {
                coder.finish().unwrap()
            })
        }
        "Deflate" => {
            flushed(pieces, DeflateEncoder::new(Vec::new(), Compression::best()), DeflateEncoder::get_mut, |coder| {
                coder.finish().unwrap()
            })
        }
        _ => flushed(pieces, GzEncoder::new(Vec::new(), Compression::best()), GzEncoder::get_mut, |coder| {
            coder.finish().unwrap()
        }),
    }
}

fn flushed<C: Write>(
    pieces: &[&str],
    mut coder: C,
    out: fn(&mut C) -> &mut Vec<u8>,
    finish: fn(C) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for piece in pieces {
        coder.write_all(piece.as_bytes()).unwrap();
        coder.flush().unwrap();
        all.push(std::mem::take(out(&mut coder)));
    }
    all.last_mut().unwrap().extend(finish(coder));
    all
}

/// Brotli's plain blocks (RFC 7932 section 9.2), of up to 65,536 bytes each.
fn brotli(pieces: &[&str]) -> Vec<Vec<u8>> {
    let block = |(n, piece): (usize, &&str)| {
        // From the lowest bit, in the first one behind a window of 16 bits: not the last, four nibbles of length, and plain.
        let head = (piece.len() as u32 - 1) << 3 | 1 << 19;
        let head = if n == 0 { head << 1 } else { head };
        [&head.to_le_bytes()[..3], piece.as_bytes()].concat()
    };
    let mut all: Vec<_> = pieces.iter().enumerate().map(block).collect();
    // The last one, and empty.
    all.last_mut().unwrap().push(3);
    all
}

/// Zstandard's raw blocks (RFC 8878 section 3.1.1.2), behind the head of a frame with a window of 8 MiB.
fn zstd(pieces: &[&str]) -> Vec<Vec<u8>> {
    let block =
        |piece: &[u8], is_last: u32| [&((piece.len() as u32) << 3 | is_last).to_le_bytes()[..3], piece].concat();
    let mut all: Vec<_> = pieces.iter().map(|piece| block(piece.as_bytes(), 0)).collect();
    all[0].splice(0..0, [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68]);
    all.last_mut().unwrap().extend(block(b"", 1));
    all
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

/// An answer in a coding, with its length or in chunks of so many bytes.
fn answer(status: &str, name: &str, body: &[u8], chunks: Option<usize>) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-encoding: {name}\r\n");
    match chunks {
        None => [format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat(),
        Some(size) => {
            let chunks: Vec<u8> = body.chunks(size).flat_map(chunk).collect();
            [format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes(), &chunks, END].concat()
        }
    }
}

/// The head of a stream in a coding.
fn stream(name: &str) -> Vec<u8> {
    let head = String::from_utf8(STREAM.to_vec()).unwrap();
    head.replace("\r\n\r\n", &format!("\r\ncontent-encoding: {name}\r\n\r\n")).into_bytes()
}

fn is_plain(reply: &Reply, body: &str) {
    assert_eq!((reply.header("content-encoding"), reply.text().as_str()), (None, body));
    assert_eq!(reply.header("content-length"), Some(body.len().to_string().as_str()));
}

#[test]
fn a_whole_answer_in_any_coding_is_read_counted_and_given_plain_however_it_comes() {
    for name in NAMES {
        let body = coded(name, &[&CHAT[..50], &CHAT[50..]]).concat();
        for chunks in [None, Some(body.len()), Some(7), Some(1)] {
            let upstream = Upstream::fixed(answer("200 OK", name, &body, chunks));
            let gateway = Gateway::start(&config(upstream.address));
            let reply = post(gateway.address, ACME, &chat("hi"));
            assert_eq!(reply.status, 200, "{name} {chunks:?}: {}", reply.text());
            is_plain(&reply, CHAT);
            // A stream was asked for, and this came.
            is_plain(&post(gateway.address, ACME, &chat_stream("hi")), CHAT);
            soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"input\"", "provenance=\"reported\""]), 6.0);
            soon_eq!(gateway.metric("weir_response_memory_bytes", &[]), 0.0);
        }
    }
}

#[test]
fn over_http2_it_is_the_same() {
    for name in NAMES {
        let body = coded(name, &[CHAT]).concat();
        let upstream = h2::upstream(move |_, _| {
            let body = Full::new(body.clone().into()).map_err(|never| match never {}).boxed_unsync();
            let response = h2::Response::builder().header("content-type", "application/json");
            let response = response.header("content-encoding", name).body(body).unwrap();
            async { response }
        });
        let gateway = Gateway::start(&config_with(upstream, "http2 = \"always\"", ""));
        is_plain(&post(gateway.address, ACME, &chat("hi")), CHAT);
    }
}

#[test]
fn each_event_of_a_stream_in_a_coding_goes_on_as_soon_as_it_has_come() {
    for name in NAMES {
        let events = [delta("one"), delta("two"), delta("three"), USAGE.to_owned() + DONE];
        let pieces = coded(name, &events.each_ref().map(String::as_str));
        let (say, said) = channel::<()>();
        let said = Mutex::new(said);
        let upstream = Upstream::start(move |_, _, client| {
            client.set_nodelay(true).unwrap();
            client.write_all(&stream(name)).unwrap();
            for piece in &pieces {
                // Split anywhere: what is not all of an event waits for the rest.
                let (begin, rest) = piece.split_at(piece.len() / 2);
                client.write_all(&chunk(begin)).unwrap();
                client.write_all(&chunk(rest)).unwrap();
                said.lock().unwrap().recv_timeout(PATIENCE).unwrap();
            }
            client.write_all(END).is_ok()
        });
        let gateway = Gateway::start(&config(upstream.address));
        let mut client = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
        assert_eq!((client.head.status, client.head.header("content-encoding")), (200, None), "{name}");
        for event in &events[..3] {
            // The next one comes when this one was read.
            assert_eq!(client.next_event().as_ref(), Some(event), "{name}");
            soon!(gateway.metric("weir_response_memory_bytes", &[]) >= 16_384.0, "{name}: what decodes it is counted");
            say.send(()).unwrap();
        }
        assert_eq!(client.next_event().as_deref(), Some(DONE), "{name}");
        say.send(()).unwrap();
        assert_eq!((client.next_event(), client.clean), (None, Some(true)), "{name}");
        soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"output\"", "provenance=\"reported\""]), 2.0);
        soon_eq!(gateway.metric("weir_response_memory_bytes", &[]), 0.0);
    }
}

#[test]
fn what_is_said_against_a_request_is_read_in_any_coding() {
    let words = r#"{"error":{"message":"no such parameter","code":"invalid_value"}}"#;
    let account = r#"{"error":{"message":"quota of org-secret","code":"insufficient_quota"}}"#;
    for name in NAMES {
        for (status, said, left) in [
            ("400 Bad Request", words, (400, "invalid_value")),
            ("400 Bad Request", account, (502, "upstream_auth")),
            ("429 Too Many Requests", account, (502, "upstream_auth")),
            ("429 Too Many Requests", words, (429, "upstream_rate_limited")),
        ] {
            let upstream = Upstream::fixed(answer(status, name, &coded(name, &[said]).concat(), None));
            let gateway = Gateway::start(&config(upstream.address));
            let reply = post(gateway.address, ACME, &chat("hi"));
            assert_eq!((reply.status, reply.code().as_str()), left, "{name} {status}: {}", reply.text());
            assert!(reply.header("content-encoding").is_none() && !reply.text().contains("org-secret"));
        }
    }
}

#[test]
fn a_coding_that_breaks_is_no_answer_and_one_that_ends_early_is_cut() {
    for name in NAMES {
        let body = coded(name, &[&CHAT[..100], &CHAT[100..]]).concat();
        let stream_of = |pieces: &[&[u8]]| {
            let chunks: Vec<u8> = pieces.iter().flat_map(|piece| chunk(piece)).collect();
            [&stream(name), &chunks[..], END].concat()
        };
        let events = coded(name, &[&delta("one"), DONE]);
        let cases = [
            (Upstream::fixed(answer("200 OK", name, CHAT.as_bytes(), None)), false, "upstream_encoded"),
            (Upstream::fixed(answer("200 OK", name, &body[..body.len() / 2], None)), false, "upstream_broken"),
            (Upstream::fixed(stream_of(&[delta("one").as_bytes(), DONE.as_bytes()])), true, "upstream_encoded"),
            (Upstream::fixed(stream_of(&[&events[0]])), true, "upstream_broken"),
            (Upstream::fixed(stream_of(&[&events[0], b"\xff\xff\xff\xff\xff\xff\xff\xff"])), true, "upstream_encoded"),
        ];
        let gateway = gateway_of(cases.iter().map(|(upstream, ..)| upstream), &Upstream::chat(), "");
        for (n, (_, streaming, code)) in cases.iter().enumerate() {
            let reply = post(gateway.address, ACME, &asking(&format!("n{n}"), *streaming));
            // What comes with what breaks may be lost with it.
            let begun = n == 3 || n == 4 && reply.status == 200;
            assert_eq!((reply.status, reply.clean), if begun { (200, false) } else { (502, true) }, "{name} {n}");
            assert!(reply.text().contains(code), "{name} {n}: {}", reply.text());
            assert_eq!(reply.text().contains("one"), begun, "{name} {n}");
        }
        soon_eq!(gateway.metric("weir_response_memory_bytes", &[]), 0.0);
    }
}

#[test]
fn a_checksum_that_is_wrong_is_no_answer_although_what_it_is_of_is_whole() {
    for name in ["gzip", "deflate"] {
        let mut body = coded(name, &[CHAT]).concat();
        *body.iter_mut().rev().nth(if name == "gzip" { 5 } else { 0 }).unwrap() ^= 1;
        let upstream = Upstream::fixed(answer("200 OK", name, &body, None));
        let gateway = Gateway::start(&config(upstream.address));
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_encoded"), "{name}");
    }
}

#[test]
fn bombs_are_refused_long_before_they_have_gone_off() {
    let spaces = " ".repeat(64 << 20);
    let gzip = coded("gzip", &["{", &spaces]).concat();
    let file = |name: &str| std::fs::read(root().join("host/gateway/tests/coded").join(name)).unwrap();
    for (name, body) in
        [("gzip", gzip), ("br", file("bomb.br")), ("zstd", file("bomb.zst")), ("zstd", file("repeats.zst"))]
    {
        for limits in ["", "response = \"1MiB\"\nbody_ratio = 10000\n"] {
            for streaming in [false, true] {
                let upstream = Upstream::fixed(answer("200 OK", name, &body, None));
                let gateway = Gateway::start(&config_with(upstream.address, "", &format!("[limits]\n{limits}")));
                let body = if streaming { chat_stream("hi") } else { chat("hi") };
                let reply = post(gateway.address, ACME, &body);
                // What is no JSON from its first byte on may be seen before it is too much.
                let codes = ["upstream_too_large", "upstream_error"];
                assert!(reply.status == 502 && codes.contains(&reply.code().as_str()), "{name}: {}", reply.text());
                // Some are past any ratio that may be set.
                let limit = reply.text().contains("limits.response") && !limits.is_empty();
                let ratio = reply.text().contains("limits.body_ratio");
                assert!(reply.code() != codes[0] || limit || ratio, "{name}: {}", reply.text());
                assert!(gateway.most_memory() < 150 << 20, "{name}: {}", gateway.most_memory());
                soon_eq!(gateway.metric("weir_response_memory_bytes", &[]), 0.0);
            }
        }
    }
}

#[test]
fn a_stream_that_grows_without_end_is_cut() {
    for name in ["gzip", "zstd"] {
        let events = delta("again and again").repeat(100_000);
        let pieces = match name {
            "gzip" => coded(name, &[&events, DONE]).concat(),
            // Kept by its decoder until the frame's end.
            _ => coded(
                name,
                &events.as_bytes().chunks(100_000).map(|piece| std::str::from_utf8(piece).unwrap()).collect::<Vec<_>>(),
            )
            .concat(),
        };
        let upstream = Upstream::fixed([&stream(name), &chunk(&pieces)[..], END].concat());
        let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nresponse = \"4MiB\"\n"));
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert_eq!((reply.status, reply.clean), (200, false), "{name}");
        let told = if name == "gzip" { "limits.body_ratio" } else { "limits.response" };
        assert!(reply.text().contains("upstream_too_large") && reply.text().contains(told), "{name}");
        assert!(reply.body.len() < 8 << 20, "{name}: {}", reply.body.len());
    }
}

#[test]
fn where_there_is_no_memory_to_decode_in_the_answer_is_refused() {
    for name in NAMES {
        let upstream = Upstream::fixed(answer("200 OK", name, &coded(name, &[CHAT]).concat(), None));
        let limits = "[limits]\nresponse_memory = \"30KiB\"\nresponse = \"30KiB\"\n";
        let gateway = Gateway::start(&config_with(upstream.address, "", limits));
        let reply = post(gateway.address, ACME, &chat("hi"));
        let told = (reply.status, reply.code());
        // Brotli's decoder needs less for what is short.
        assert!(told == (503, "response_memory_full".to_owned()) || name == "br" && told.0 == 200, "{name}: {told:?}");
    }
}

#[test]
fn an_answer_without_a_body_stays_one_whatever_it_says_of_a_coding() {
    let upstream = Upstream::start(|n, _, stream| {
        let head = ["204 No Content\r\n", "400 Bad Request\r\ncontent-length: 0\r\n"][n];
        stream.write_all(format!("HTTP/1.1 {head}content-encoding: gzip\r\n\r\n").as_bytes()).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.body.len(), reply.header("content-encoding")), (400, 0, None));
}

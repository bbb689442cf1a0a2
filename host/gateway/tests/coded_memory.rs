//! What it takes to decode a body is part of what all bodies of requests may hold together, whatever the coding is and
//! however little has come.

use crate::support;

use crate::support::client::read_reply;
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, config_with, post, root, send, until};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::{BufReader, Write};
use std::net::TcpStream;

/// A body in a coding of which this much comes, and the rest does not.
fn begin(gateway: &Gateway, coding: &str, come: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\ncontent-encoding: {coding}\r\ncontent-length: 100000\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), come].concat()).unwrap();
    stream
}

fn gateway(memory: &str) -> Gateway {
    Gateway::start(&config_with(Upstream::chat().address, "", &format!("[limits]\nrequest_memory = \"{memory}\"\n")))
}

/// A Zstandard frame with a window of 8 MiB, and blocks of which each repeats one byte 131,072 times.
fn zstd(blocks: usize) -> Vec<u8> {
    [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68][..], &[0x02, 0x00, 0x10, b' '].repeat(blocks)].concat()
}

/// A brotli stream with a window of 16 MiB that announces 16 MiB of plain data, and the first bytes of these.
fn brotli() -> Vec<u8> {
    // From the lowest bit: the window (4 ones), not the last, six nibbles of length, each 15, plain; RFC 7932 section 9.
    let bits = 0b1111_u64 | 2 << 5 | 0xff_ffff << 7 | 1 << 31;
    [&bits.to_le_bytes()[..4], b"{\"model\""].concat()
}

fn gzip() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(chat("hi").as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zlib() -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(chat("hi").as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_decoders_work_in_is_bounded_over_all_connections_whatever_the_coding() {
    const KIB: f64 = 1024.0;
    // What comes of a body, how many such bodies there is room for, and what each of them holds at the least.
    let cases = [
        ("gzip", gzip()[..12].to_vec(), "160KiB", 2, 48.0 * KIB),
        ("x-gzip", gzip()[..30].to_vec(), "160KiB", 2, 48.0 * KIB),
        ("deflate", zlib()[..8].to_vec(), "160KiB", 2, 48.0 * KIB),
        ("br", brotli(), "40MiB", 2, 16.0 * KIB * KIB),
        ("zstd", zstd(3), "2560KiB", 4, 512.0 * KIB),
        ("zstd", zstd(60), "40MiB", 4, 8.0 * KIB * KIB),
    ];
    for (coding, come, memory, fit, each) in cases {
        let gateway = gateway(memory);
        let held = || gateway.metric("weir_request_memory_bytes", &[]);
        let mut all = Vec::new();
        for n in 1..=fit {
            all.push(begin(&gateway, coding, &come));
            until("it is decoded", || (held() >= each * f64::from(n)).then_some(()));
        }
        for _ in 0..2 {
            let reply = read_reply(&mut BufReader::new(begin(&gateway, coding, &come)));
            assert_eq!((reply.status, reply.code().as_str()), (503, "request_memory_full"), "{coding} in {memory}");
            assert!(reply.header("retry-after").is_some());
        }
        // What is small and plain is served, and when they have left the next one of them is taken.
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
        drop(all);
        until("it is given back", || (held() == 0.0).then_some(()));
        let again = begin(&gateway, coding, &come);
        until("it is decoded", || (held() >= each).then_some(()));
        drop(again);
        until("it is given back", || (held() == 0.0).then_some(()));
    }
}

#[test]
fn a_body_and_what_it_takes_to_decode_it_are_counted_together_and_the_decoder_no_longer_than_it_works() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let upstream = Upstream::start(move |_, _, stream| {
        released.lock().unwrap().recv_timeout(support::PATIENCE).unwrap();
        stream.write_all(&support::upstream::ok("application/json", support::upstream::CHAT)).is_ok()
    });
    let bearer = format!("Bearer {ACME}");
    let plain_length = 235_941.0;
    for (coding, file) in [("br", "long.br"), ("zstd", "long.zst")] {
        let body = std::fs::read(root().join("host/gateway/tests/coded").join(file)).unwrap();
        let ask = |gateway: &Gateway| {
            let headers = [("authorization", bearer.as_str()), ("content-encoding", coding)];
            send(gateway.address, "POST", "/v1/chat/completions", &headers, &body)
        };
        // There is room for the body alone, and not for its decoder as well.
        let small = Gateway::start(&config_with(upstream.address, "", "[limits]\nrequest_memory = \"500KiB\"\n"));
        let reply = ask(&small);
        assert_eq!((reply.status, reply.code().as_str()), (503, "request_memory_full"), "{coding}");
        let enough = Gateway::start(&config_with(upstream.address, "", "[limits]\nrequest_memory = \"4MiB\"\n"));
        let before = upstream.seen().len();
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| ask(&enough).status);
            until("it is upstream", || (upstream.seen().len() > before).then_some(()));
            let held = enough.metric("weir_request_memory_bytes", &[]);
            assert!((plain_length..=2.0 * plain_length).contains(&held), "{coding}: {held}");
            release.send(()).unwrap();
            assert_eq!(asking.join().unwrap(), 200, "{coding}");
        });
        until("it is given back", || (enough.metric("weir_request_memory_bytes", &[]) == 0.0).then_some(()));
    }
}

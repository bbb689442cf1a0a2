//! HTTP/2 clients that keep the gateway busy and ask for nothing are asked for calm and cut off; those that use the same
//! frames as the protocol means them are not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use support::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, Got, HEADERS, PADDED, PING, PRIORITY, RST_STREAM,
    SETTINGS, WINDOW_UPDATE, connect, error_code, frame, head, next,
};
use support::upstream::{DONE, END, STREAM, Upstream, chunk, delta};
use support::{ACME, Gateway, chat, chat_stream, config, post};

const ENHANCE_YOUR_CALM: u32 = 11;
/// So many of them are enough, whatever they are.
const ENOUGH: usize = 1_000;

/// Sends frames until the gateway has enough of them; the `GOAWAY`, and how many frames were sent up to then at most.
fn flood(stream: &mut TcpStream, frames: impl Iterator<Item = Vec<u8>>) -> Option<Got> {
    let mut writer = stream.try_clone().unwrap();
    let all: Vec<Vec<u8>> = frames.take(ENOUGH).collect();
    // The gateway may close before it has read everything.
    let writing = std::thread::spawn(move || {
        for some in all.chunks(50) {
            if writer.write_all(&some.concat()).is_err() {
                break;
            }
        }
    });
    let mut go_away = None;
    while let Some(got) = next(stream) {
        if got.kind == GOAWAY {
            go_away = Some(got);
        }
    }
    writing.join().unwrap();
    go_away
}

fn request(stream: u32, more: &[(&str, &str)], flags: u8) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | flags, stream, &head("POST", "/v1/chat/completions", more))
}

#[test]
#[allow(clippy::type_complexity)] // a table
fn a_connection_that_only_brings_control_frames_is_asked_for_calm_within_a_thousand_of_them() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let bearer = format!("Bearer {ACME}");
    let authorized = [("authorization", bearer.as_str())];
    let open = request(1, &authorized, 0);
    let unfinished = frame(HEADERS, 0, 1, &head("POST", "/v1/chat/completions", &[]));
    let window = |stream: u32| frame(WINDOW_UPDATE, 0, stream, &1_u32.to_be_bytes());
    let setting = [0, 4, 0, 0, 255, 255];
    // What is sent first, and what is sent again and again.
    let cases: Vec<(&str, Vec<u8>, Box<dyn Fn(u32) -> Vec<u8>>)> = vec![
        ("SETTINGS", vec![], Box::new(move |_| frame(SETTINGS, 0, 0, &setting))),
        ("empty SETTINGS", vec![], Box::new(|_| frame(SETTINGS, 0, 0, &[]))),
        ("PING", vec![], Box::new(|n| frame(PING, 0, 0, &u64::from(n).to_be_bytes()))),
        ("answers to no PING", vec![], Box::new(|_| frame(PING, ACK, 0, &[0; 8]))),
        ("PRIORITY", vec![], Box::new(|n| frame(PRIORITY, 0, 2 * n + 1, &[0, 0, 0, 0, 16]))),
        ("WINDOW_UPDATE of the connection", vec![], Box::new(move |_| window(0))),
        ("WINDOW_UPDATE of a stream", open.clone(), Box::new(move |_| window(1))),
        ("empty DATA", open.clone(), Box::new(|_| frame(DATA, 0, 1, &[]))),
        ("DATA that is padding", open.clone(), Box::new(|_| frame(DATA, PADDED, 1, &[9, 0, 0, 0, 0, 0, 0, 0, 0, 0]))),
        ("empty CONTINUATION", unfinished, Box::new(|_| frame(CONTINUATION, 0, 1, &[]))),
        ("unknown frames", vec![], Box::new(|_| frame(0x2a, 0xff, 0, b"what is it"))),
        ("PRIORITY_UPDATE", vec![], Box::new(|_| frame(0x10, 0, 0, &[0, 0, 0, 1, b'u', b'=', b'1']))),
        (
            "requests that are taken back",
            vec![],
            Box::new(|n| [request(2 * n + 1, &[], 0), frame(RST_STREAM, 0, 2 * n + 1, &8_u32.to_be_bytes())].concat()),
        ),
        ("heads that are none", vec![], Box::new(|n| frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &[0x82]))),
    ];
    for (name, first, repeated) in cases {
        let mut stream = connect(gateway.address);
        stream.write_all(&first).unwrap();
        let go_away = flood(&mut stream, (0..).map(repeated)).unwrap_or_else(|| panic!("{name}: no GOAWAY"));
        assert_eq!(error_code(&go_away), ENHANCE_YOUR_CALM, "{name}");
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200, "after {name}");
    }
}

#[test]
fn the_number_is_configured() {
    let upstream = Upstream::chat();
    let rest = "[limits]\nh2_control_frames = 100_000";
    let gateway = Gateway::start(&support::config_with(upstream.address, "retries = 0", rest));
    let mut stream = connect(gateway.address);
    for n in 0..2_000_u64 {
        stream.write_all(&frame(PING, 0, 0, &n.to_be_bytes())).unwrap();
        let answer = std::iter::from_fn(|| next(&mut stream)).find(|got| got.kind == PING).unwrap();
        assert_eq!((answer.flags, answer.payload), (ACK, n.to_be_bytes().to_vec()));
    }
}

/// An upstream that streams so many events.
fn long_stream(events: usize) -> Upstream {
    let text = delta("a word");
    let chunks: Vec<u8> = chunk(&text).repeat(events);
    Upstream::start(move |_, _, stream| {
        let written = stream.write_all(&[STREAM, &chunks, &chunk(DONE), END].concat());
        written.is_ok()
    })
}

#[test]
fn a_client_that_makes_room_for_every_frame_of_a_long_stream_reads_it_to_its_end() {
    const EVENTS: usize = 20_000;
    let upstream = long_stream(EVENTS);
    let gateway = Gateway::start(&config(upstream.address));
    let mut stream = connect(gateway.address);
    let bearer = format!("Bearer {ACME}");
    let fields = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = frame(DATA, END_STREAM, 1, chat_stream("hi").as_bytes());
    stream.write_all(&[request(1, &fields, 0), body].concat()).unwrap();
    let (mut read, mut frames) = (0, 0);
    loop {
        let got = next(&mut stream).expect("the connection ended before the stream did");
        assert_ne!(got.kind, GOAWAY, "after {frames} frames of data");
        if got.kind != DATA {
            continue;
        }
        (read, frames) = (read + got.payload.len(), frames + 1);
        if got.flags & END_STREAM != 0 {
            break;
        }
        if !got.payload.is_empty() {
            let room = u32::try_from(got.payload.len()).unwrap().to_be_bytes();
            let both = [frame(WINDOW_UPDATE, 0, 0, &room), frame(WINDOW_UPDATE, 0, 1, &room)].concat();
            stream.write_all(&both).unwrap();
        }
    }
    assert_eq!(read, delta("a word").len() * EVENTS + DONE.len());
}

#[test]
fn a_client_that_asks_and_pings_and_changes_its_settings_all_day_is_served() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let mut stream = connect(gateway.address);
    let bearer = format!("Bearer {ACME}");
    let fields = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    for n in 0..500_u32 {
        let id = 2 * n + 1;
        let whole = [
            frame(PING, 0, 0, &[1; 8]),
            frame(PRIORITY, 0, id, &[0, 0, 0, 0, 16]),
            frame(SETTINGS, 0, 0, &[]),
            request(id, &fields, 0),
            frame(WINDOW_UPDATE, 0, id, &1_000_u32.to_be_bytes()),
            frame(DATA, 0, id, chat("hi").as_bytes()),
            frame(DATA, END_STREAM, id, &[]),
            frame(WINDOW_UPDATE, 0, 0, &1_000_u32.to_be_bytes()),
        ]
        .concat();
        stream.write_all(&whole).unwrap();
        let end = std::iter::from_fn(|| next(&mut stream))
            .inspect(|got| assert_ne!(got.kind, GOAWAY, "at request {n}"))
            .find(|got| got.stream == id && got.flags & END_STREAM != 0 && matches!(got.kind, DATA | HEADERS));
        assert!(end.is_some(), "no answer to request {n}");
    }
    assert_eq!(upstream.seen().len(), 500);
}

#[test]
fn others_are_served_while_somebody_floods() {
    let upstream = Upstream::chat();
    let gateway = Arc::new(Gateway::start(&config(upstream.address).replace("workers = 2", "workers = 1")));
    let stop = Arc::new(Mutex::new(false));
    let flooder = {
        let (gateway, stop) = (Arc::clone(&gateway), Arc::clone(&stop));
        std::thread::spawn(move || {
            let mut ended = 0;
            while !*stop.lock().unwrap() {
                let mut stream = connect(gateway.address);
                let go_away = flood(&mut stream, std::iter::repeat(frame(SETTINGS, 0, 0, &[])));
                ended += usize::from(go_away.is_some());
            }
            ended
        })
    };
    for _ in 0..50 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    }
    *stop.lock().unwrap() = true;
    assert!(flooder.join().unwrap() > 0);
}

//! HTTP/2 clients that keep the gateway busy and ask for nothing are asked for calm and cut off; those that use the same
//! frames as the protocol means them are not.

use crate::support;

use crate::support::client::{read_reply, write_request};
use crate::support::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, Got, HEADERS, PADDED, PING, PRIORITY, RST_STREAM,
    SETTINGS, WINDOW_UPDATE, connect, error_code, frame, head, next,
};
use crate::support::upstream::{DONE, END, STREAM, Upstream, chunk, delta};
use crate::support::{ACME, Gateway, chat, chat_stream, config, post, until};
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

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

/// A kind of flood: its name, what is sent first, and what is sent again and again.
type Kind = (&'static str, Vec<u8>, Box<dyn Fn(u32) -> Vec<u8>>);

/// Whatever a client can send without end and that brings no request.
fn kinds() -> Vec<Kind> {
    let bearer = format!("Bearer {ACME}");
    let authorized = [("authorization", bearer.as_str())];
    let open = request(1, &authorized, 0);
    let unfinished = frame(HEADERS, 0, 1, &head("POST", "/v1/chat/completions", &[]));
    let window = |stream: u32| frame(WINDOW_UPDATE, 0, stream, &1_u32.to_be_bytes());
    let setting = [0, 4, 0, 0, 255, 255];
    let taken_back = |stream: u32| frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes());
    vec![
        ("SETTINGS", vec![], Box::new(move |_| frame(SETTINGS, 0, 0, &setting))),
        ("empty SETTINGS", vec![], Box::new(|_| frame(SETTINGS, 0, 0, &[]))),
        ("PING", vec![], Box::new(|n| frame(PING, 0, 0, &u64::from(n).to_be_bytes()))),
        ("answers to no PING", vec![], Box::new(|_| frame(PING, ACK, 0, &[0; 8]))),
        ("PRIORITY", vec![], Box::new(|n| frame(PRIORITY, 0, 2 * n + 1, &[0, 0, 0, 0, 16]))),
        ("WINDOW_UPDATE of the connection", vec![], Box::new(move |_| window(0))),
        ("WINDOW_UPDATE of a stream", open.clone(), Box::new(move |_| window(1))),
        ("empty DATA", open.clone(), Box::new(|_| frame(DATA, 0, 1, &[]))),
        ("DATA that is padding", open, Box::new(|_| frame(DATA, PADDED, 1, &[9, 0, 0, 0, 0, 0, 0, 0, 0, 0]))),
        ("empty CONTINUATION", unfinished, Box::new(|_| frame(CONTINUATION, 0, 1, &[]))),
        ("unknown frames", vec![], Box::new(|_| frame(0x2a, 0xff, 0, b"what is it"))),
        ("PRIORITY_UPDATE", vec![], Box::new(|_| frame(0x10, 0, 0, &[0, 0, 0, 1, b'u', b'=', b'1']))),
        (
            "requests that are taken back",
            vec![],
            Box::new(move |n| [request(2 * n + 1, &[], 0), taken_back(2 * n + 1)].concat()),
        ),
        (
            "requests with a key that are taken back",
            vec![],
            Box::new(move |n| {
                let bearer = format!("Bearer {ACME}");
                [request(2 * n + 1, &[("authorization", &bearer)], 0), taken_back(2 * n + 1)].concat()
            }),
        ),
        ("heads that are none", vec![], Box::new(|n| frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &[0x82]))),
    ]
}

/// Connections that were ended for what their clients sent.
fn ended(gateway: &Gateway) -> f64 {
    gateway.metric("weir_connections_ended_total", &["reason=\"control_frames\""])
}

#[test]
fn a_connection_that_only_brings_control_frames_is_asked_for_calm_within_a_thousand_of_them_and_counted() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    for (n, (name, first, repeated)) in kinds().into_iter().enumerate() {
        soon_eq!(ended(&gateway), n as f64, "before {name}");
        let mut stream = connect(gateway.address);
        stream.write_all(&first).unwrap();
        let go_away = flood(&mut stream, (0..).map(repeated)).unwrap_or_else(|| panic!("{name}: no GOAWAY"));
        assert_eq!(error_code(&go_away), ENHANCE_YOUR_CALM, "{name}");
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200, "after {name}");
    }
    soon_eq!(ended(&gateway), kinds().len() as f64);
    soon_eq!(gateway.metric("weir_connections_ended_total", &["reason=\"pipelined\""]), 0.0);
}

#[test]
fn requests_that_are_begun_and_taken_back_one_by_one_make_up_for_nothing() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let bearer = format!("Bearer {ACME}");
    let mut stream = connect(gateway.address);
    let mut sent = 0;
    let go_away = 'flood: loop {
        assert!(sent < ENOUGH, "no GOAWAY within {sent} frames");
        let id = u32::try_from(sent / 3 * 2 + 1).unwrap();
        // The answer to the PING says that the request has been read.
        let begun = [request(id, &[("authorization", &bearer)], 0), frame(PING, 0, 0, &[7; 8])].concat();
        sent += 3;
        if stream.write_all(&begun).is_err() {
            panic!("closed without a GOAWAY");
        }
        loop {
            match next(&mut stream) {
                Some(got) if got.kind == GOAWAY => break 'flood got,
                Some(got) if got.kind == PING => break,
                Some(_) => {}
                None => panic!("closed without a GOAWAY"),
            }
        }
        let _ = stream.write_all(&frame(RST_STREAM, 0, id, &8_u32.to_be_bytes()));
    };
    assert_eq!(error_code(&go_away), ENHANCE_YOUR_CALM);
    soon_eq!(ended(&gateway), 1.0);
    until("none of them is in flight", || (gateway.metric("weir_in_flight", &[]) == 0.0).then_some(()));
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
fn others_of_the_same_worker_are_served_between_the_frames_of_a_flood_of_any_kind() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address).replace("workers = 2", "workers = 1"));
    let bearer = format!("Bearer {ACME}");
    let mut other = TcpStream::connect(gateway.address).unwrap();
    let mut answers = BufReader::new(other.try_clone().unwrap());
    let mut served = 0;
    for (name, first, repeated) in kinds() {
        let mut flooding = connect(gateway.address);
        flooding.write_all(&first).unwrap();
        let frames: Vec<_> = (0..1_000).map(repeated).collect();
        for some in frames.chunks(50) {
            // It may be over by now, and the other one must not notice either way.
            let _ = flooding.write_all(&some.concat());
            let headers = [("authorization", bearer.as_str())];
            write_request(&mut other, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes());
            assert_eq!(read_reply(&mut answers).status, 200, "between {name}");
            served += 1;
        }
        let go_away = std::iter::from_fn(|| next(&mut flooding)).find(|got| got.kind == GOAWAY);
        assert_eq!(go_away.as_ref().map(error_code), Some(ENHANCE_YOUR_CALM), "{name}");
    }
    assert_eq!((served, upstream.seen().len()), (20 * kinds().len(), 20 * kinds().len()));
    soon_eq!(gateway.metric("weir_connections_accepted_total", &[]), 1.0 + kinds().len() as f64);
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
    let floods = flooder.join().unwrap();
    assert!(floods > 0);
    soon_eq!(ended(&gateway), floods as f64);
}

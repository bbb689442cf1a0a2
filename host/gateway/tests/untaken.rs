//! What the gateway answers in place of a model is no request in flight, whether its client takes it or not: who takes

//! nothing keeps nobody from being served, and few such answers wait for it.

use crate::support::frames::{
    DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE, connect, error_code, frame,
    head, next,
};
use crate::support::upstream::{CHAT, Upstream};
use crate::support::{ACME, Gateway, chat, config, config_with, post, until};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};

/// Answers that wait for a client which takes none.
const FEW: usize = 16;
const ENHANCE_YOUR_CALM: u32 = 11;
const CHATS: &str = "/v1/chat/completions";

/// A connection whose streams have no window.
fn without_windows(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])).unwrap();
    stream
}

/// The number of a connection's stream.
fn id(number: usize) -> u32 {
    u32::try_from(2 * number + 1).unwrap()
}

/// A request with a key or without one, and with a body or without one.
fn ask(stream: u32, (method, path): (&str, &str), key: Option<&str>, body: &str) -> Vec<u8> {
    let bearer = key.map(|key| format!("Bearer {key}"));
    let mut fields: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
    fields.push(("content-type", "application/json"));
    let end = if body.is_empty() { END_STREAM } else { 0 };
    let mut all = frame(HEADERS, END_HEADERS | end, stream, &head(method, path, &fields));
    if !body.is_empty() {
        all.extend(frame(DATA, END_STREAM, stream, body.as_bytes()));
    }
    all
}

fn keyless(stream: u32) -> Vec<u8> {
    ask(stream, ("POST", CHATS), None, "")
}

fn window(stream: u32, bytes: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
}

/// What became of streams.
#[derive(Default)]
struct Fates {
    heads: usize,
    reset: usize,
    whole: usize,
    bodies: BTreeMap<u32, Vec<u8>>,
}

/// Reads until enough is known.
fn read(stream: &mut TcpStream, fates: &mut Fates, enough: impl Fn(&Fates) -> bool) {
    while !enough(fates) {
        let got = next(stream).unwrap_or_else(|| panic!("over: {} heads, {} reset", fates.heads, fates.reset));
        assert_ne!(got.kind, GOAWAY, "{} heads, {} reset", fates.heads, fates.reset);
        fates.heads += usize::from(got.kind == HEADERS);
        fates.reset += usize::from(got.kind == RST_STREAM);
        if got.kind == DATA {
            fates.bodies.entry(got.stream).or_default().extend(got.payload);
            fates.whole += usize::from(got.flags & END_STREAM != 0);
        }
    }
}

#[test]
fn what_is_answered_in_place_of_a_model_holds_no_place_among_the_requests_in_flight() {
    let upstream = Upstream::chat();
    let kinds: [(&str, &str, &str, Option<&str>, &str); 6] = [
        ("no key", "POST", CHATS, None, ""),
        ("no such path", "POST", "/v1/nothing", None, ""),
        ("a wrong method", "DELETE", CHATS, None, ""),
        ("no JSON", "POST", CHATS, Some(ACME), "{"),
        ("no such model", "POST", CHATS, Some(ACME), r#"{"model":"none","messages":[]}"#),
        ("the list of models", "GET", "/v1/models", Some(ACME), ""),
    ];
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nin_flight = 3\n"));
    let mut open = Vec::new();
    for (name, method, path, key, body) in kinds {
        let mut stream = without_windows(gateway.address);
        for number in 0..10 {
            // One after the other: the places of those before are free.
            stream.write_all(&ask(id(number), (method, path), key, body)).unwrap();
            read(&mut stream, &mut Fates { heads: number, ..Fates::default() }, |fates| fates.heads == number + 1);
            assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200, "{name}, {number}");
        }
        // A byte now and then changes nothing.
        stream.write_all(&(0..10).flat_map(|number| window(id(number), 1)).collect::<Vec<_>>()).unwrap();
        let some = |fates: &Fates| fates.bodies.values().map(Vec::len).sum::<usize>() == 10;
        read(&mut stream, &mut Fates::default(), some);
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200, "{name}");
        open.push(stream);
    }
    soon_eq!(gateway.metric("weir_refusals_total", &["code=\"overloaded\""]), 0.0);
    soon!(gateway.metric("weir_in_flight", &[]) >= 60.0, "they are counted until they were sent");
}

#[test]
fn a_refusal_that_is_not_taken_holds_no_seat() {
    let upstream = Upstream::chat();
    let one = config(upstream.address).replace("[tenants.acme]\n", "[tenants.acme]\nconcurrency = 1\n");
    let gateway = Gateway::start(&one);
    let mut stream = without_windows(gateway.address);
    stream.write_all(&ask(1, ("POST", CHATS), Some(ACME), "{")).unwrap();
    read(&mut stream, &mut Fates::default(), |fates| fates.heads == 1);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    // A model's answer that is not taken does.
    stream.write_all(&ask(3, ("POST", CHATS), Some(ACME), &chat("hi"))).unwrap();
    read(&mut stream, &mut Fates::default(), |fates| fates.heads == 1);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 429);
}

#[test]
fn of_refusals_that_are_not_taken_few_wait_and_the_others_streams_are_reset() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let mut stream = without_windows(gateway.address);
    stream.write_all(&(0..60).flat_map(|number| keyless(id(number))).collect::<Vec<_>>()).unwrap();
    let mut fates = Fates::default();
    read(&mut stream, &mut fates, |fates| fates.heads == FEW && fates.reset == 60 - FEW);
    until("only they are held", || (gateway.metric("weir_in_flight", &[]) == FEW as f64).then_some(()));
    // Another request on the same connection is answered by its model.
    let asked = [ask(id(60), ("POST", CHATS), Some(ACME), &chat("hi")), window(id(60), 1 << 20)].concat();
    stream.write_all(&asked).unwrap();
    read(&mut stream, &mut fates, |fates| fates.whole == 1);
    assert_eq!(fates.bodies[&id(60)], CHAT.as_bytes());
    // And those that waited come when there is room for them.
    stream.write_all(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255])).unwrap();
    read(&mut stream, &mut fates, |fates| fates.whole == 1 + FEW);
    until("nothing is held", || (gateway.metric("weir_in_flight", &[]) == 0.0).then_some(()));
    assert_eq!((fates.heads, fates.reset), (FEW + 1, 60 - FEW));
    soon_eq!(gateway.metric("weir_requests_total", &["status=\"401\"", "ended=\"complete\""]), FEW as f64);
    soon_eq!(gateway.metric("weir_requests_total", &["status=\"499\""]), (60 - FEW) as f64);
}

#[test]
fn a_client_that_takes_what_it_gets_has_every_one_of_many_refusals_at_once() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let mut stream = connect(gateway.address);
    for round in 0..5 {
        let all: Vec<u8> = (0..100).flat_map(|number| keyless(id(100 * round + number))).collect();
        stream.write_all(&all).unwrap();
        let mut fates = Fates::default();
        read(&mut stream, &mut fates, |fates| fates.whole == 100);
        assert_eq!((fates.heads, fates.reset), (100, 0));
        let bytes: usize = fates.bodies.values().map(Vec::len).sum();
        stream.write_all(&window(0, u32::try_from(bytes).unwrap())).unwrap();
    }
}

#[test]
fn who_asks_on_and_on_and_takes_no_refusal_is_asked_for_calm_and_counted() {
    let upstream = Upstream::chat();
    let rest = "[limits]\nh2_control_frames = 100\n";
    let gateway = Gateway::start(&config_with(upstream.address, "", rest));
    let mut stream = without_windows(gateway.address);
    let (mut asked, mut over) = (0, 0);
    let go_away = 'flood: loop {
        let all: Vec<u8> = (0..50).flat_map(|number| keyless(id(asked + number))).collect();
        asked += 50;
        assert!(asked <= 1_000 && stream.write_all(&all).is_ok(), "no GOAWAY within {asked} requests");
        while over < asked {
            let got = next(&mut stream).expect("closed without a GOAWAY");
            match got.kind {
                GOAWAY => break 'flood got,
                HEADERS | RST_STREAM => over += 1,
                _ => {}
            }
        }
    };
    assert_eq!(error_code(&go_away), ENHANCE_YOUR_CALM);
    let ended = |reason: &str| gateway.metric("weir_connections_ended_total", &[&format!("reason=\"{reason}\"")]);
    until("it is counted", || (ended("untaken") == 1.0).then_some(()));
    soon_eq!(ended("control_frames"), 0.0);
    until("nothing is held", || (gateway.metric("weir_in_flight", &[]) == 0.0).then_some(()));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
}

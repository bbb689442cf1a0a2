//! The window that the host holds back for an `event` plugin: what is split over events is seen together, and what

//! passes is what came.

use crate::guest::{Guest, gateway};
use crate::support::client::Streaming;
use crate::support::upstream::{DONE, END, STREAM, USAGE, Upstream, chunk, delta};
use crate::support::{ACME, chat_stream, post};
use std::io::Write;
use std::sync::Mutex;
use std::sync::mpsc::channel;

/// Refuses where the texts of one call, put together, hold `bluebird`. It remembers nothing from call to call.
fn guard() -> Guest {
    let look = r#"
        (local $n i32) (local $at i32) (local $end i32) (local $item i32)
        (local.set $end (i32.const 200000))
        (drop (memory.grow (i32.const 8)))
        (block $joined (loop $next
            (br_if $joined (i32.ge_u (local.get $n) (local.get $count)))
            (local.set $item (i32.add (local.get $events) (i32.mul (local.get $n) (i32.const 12))))
            (memory.copy (local.get $end) (i32.load offset=4 (local.get $item)) (i32.load offset=8 (local.get $item)))
            (local.set $end (i32.add (local.get $end) (i32.load offset=8 (local.get $item))))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br $next)))
        (i64.store (local.get $end) (i64.const 0))
        (local.set $at (i32.const 200000))
        (block $clean (loop $look
            (br_if $clean (i32.ge_u (local.get $at) (local.get $end)))
            ;; "bluebird", little endian.
            (if (i64.eq (i64.load align=1 (local.get $at)) (i64.const 0x6472696265756c62))
                (then (return (call $refuse (i32.const 400) @"content_filter" @"no birds"))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $look)))
        (call $pass)"#;
    Guest::on("event", look)
}

fn deltas(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| delta(text)).chain([USAGE.to_owned(), DONE.to_owned()]).collect()
}

const WINDOW: &str = "window = { size = 16, overlap = 8 }";

#[test]
fn a_phrase_that_is_split_over_events_is_caught_wherever_it_is_split_and_no_part_of_it_gets_out() {
    let phrase = "bluebird";
    for lead in ["", "a", "some words before it, ", "exactly sixteen!"] {
        for cut in 1..phrase.len() {
            let mut texts: Vec<&str> = vec![lead, &phrase[..cut]];
            texts.extend(phrase[cut..].split("").filter(|letter| !letter.is_empty()));
            texts.push(" and more text behind it that goes on for a while");
            let upstream = Upstream::pieces(deltas(&texts));
            let gateway = gateway(upstream.address, "", &[("guard", &guard(), WINDOW)]);
            let reply = post(gateway.address, ACME, &chat_stream("hi"));
            assert!(!reply.clean && reply.text().contains("content_filter"), "{lead:?} {cut}: {}", reply.text());
            let out = reply.streamed();
            assert!(lead.starts_with(&out), "{lead:?} {cut}: {out:?} got out");
        }
    }
}

/// The events of a stream that are part of the answer, or its end; and those that are not.
fn sorted(stream: &str) -> (Vec<&str>, Vec<&str>) {
    stream.split_inclusive("\n\n").partition(|event| !event.starts_with(':') && !event.contains("\"usage\""))
}

#[test]
fn what_passes_is_what_came_event_by_event_and_comments_and_usage_wait_for_nothing() {
    let texts: Vec<String> = (0..200).map(|n| format!("{n} ")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut chunks = deltas(&texts);
    chunks.insert(70, ": a comment\n\n".to_owned());
    for window in [WINDOW, "window = {}", "window = { size = 1, overlap = 0 }", "window = { size = \"1MiB\" }"] {
        let upstream = Upstream::pieces(chunks.clone());
        let gateway = gateway(upstream.address, "", &[("guard", &guard(), window)]);
        let ask =
            chat_stream("hi").replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}");
        let reply = post(gateway.address, ACME, &ask);
        assert!(reply.clean, "{window}: {}", reply.text());
        assert_eq!(sorted(&reply.text()), sorted(&chunks.concat()), "{window}");
        // One call for each window and not for each event.
        let calls = gateway.metric("weir_plugin_calls_total", &["plugin=\"guard\""]);
        let most = if window.contains("size = 1,") { 202.0 } else { 60.0 };
        assert!(calls <= most, "{window}: {calls} calls");
    }
}

/// The same text in another choice.
fn of(choice: u32, text: &str) -> String {
    delta(text).replace("\"index\":0", &format!("\"index\":{choice}"))
}

#[test]
fn each_choice_has_a_window_of_its_own_which_ends_with_its_text() {
    let (say, upstream) = Upstream::told();
    let gateway = gateway(upstream.address, "", &[("guard", &guard(), WINDOW)]);
    let role = delta("").replace("\"content\":\"\"", "\"role\":\"assistant\"");
    say.send(role.clone()).unwrap();
    let mut stream = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(stream.next_event(), Some(role));
    // A few words of one choice wait, and those of another do not wait for them.
    for event in [of(0, "few "), of(1, "sixteen letters, "), of(1, "and more than that, "), of(0, "words ")] {
        say.send(event).unwrap();
    }
    assert_eq!(stream.next_event(), Some(of(1, "sixteen letters, ")));
    // The text of the first is over.
    let finish = of(0, "")
        .replace("\"delta\":{\"content\":\"\"},\"finish_reason\":null", "\"delta\":{},\"finish_reason\":\"stop\"");
    say.send(finish.clone()).unwrap();
    for event in [of(0, "few "), of(0, "words "), finish] {
        assert_eq!(stream.next_event(), Some(event));
    }
    say.send(of(1, "a blue")).unwrap();
    say.send(of(2, "bird in another choice is no bluebi")).unwrap();
    say.send(of(1, "bird at last, and more words ")).unwrap();
    let rest = stream.rest().concat();
    assert!(rest.contains("content_filter") && !rest.contains("a blue"), "{rest}");
    assert_eq!(stream.clean, Some(false));
}

/// An event that adds no text, in the form of a delta.
fn nothing(delta_in_place: &str) -> String {
    delta("").replace("\"delta\":{\"content\":\"\"}", delta_in_place)
}

#[test]
fn what_adds_no_text_and_what_is_large_end_no_window() {
    let pad = "w ".repeat(33_000);
    let padded = |choice: u32, text: &str, bytes: usize| {
        of(choice, text).replace("\"created\"", &format!("\"x\":\"{}\",\"created\"", "p".repeat(bytes)))
    };
    let mut cases: Vec<Vec<String>> = [
        "\"delta\":{}",
        "\"delta\":{\"content\":\"\"}",
        "\"delta\":{\"content\":null}",
        "\"delta\":{\"role\":\"assistant\"}",
        "\"delta\":{\"reasoning_content\":\"\"}",
        "\"delta\":{\"tool_calls\":[]}",
        "\"delta\":null",
        "\"x\":1",
    ]
    .iter()
    .map(|delta| vec![of(0, "blue"), nothing(delta), of(0, "bird")])
    .collect();
    cases.push(vec![of(0, &format!("{pad}blue")), of(0, "bird")]);
    cases.push(vec![padded(0, "blue", 66_000), of(0, "bird")]);
    cases.push(["blue", "bird"].iter().flat_map(|text| (0..30).map(|choice| padded(choice, text, 4_000))).collect());
    for events in cases {
        let (say, upstream) = Upstream::told();
        let gateway = gateway(upstream.address, "", &[("guard", &guard(), "window = { size = 16, overlap = 32 }")]);
        let (mut stream, mut out) = (None, String::new());
        // Each is read by itself: comments wait for nothing.
        'events: for event in &events {
            let _ = say.send(event.clone());
            let _ = say.send(": ping\n\n".to_owned());
            let stream = stream.get_or_insert_with(|| Streaming::open(gateway.address, ACME, &chat_stream("hi")));
            loop {
                match stream.next_event() {
                    Some(event) if event.starts_with(':') => break,
                    Some(event) => out.push_str(&event),
                    None => break 'events,
                }
            }
        }
        let _ = say.send(DONE.to_owned());
        drop(say);
        out.push_str(&stream.unwrap().rest().concat());
        let shown = events.iter().map(|event| &event[..event.len().min(200)]).take(3).collect::<Vec<_>>();
        assert!(out.contains("content_filter") && !out.contains("[DONE]"), "{shown:?}: {out:.300}");
        assert!(!out.contains("blue"), "{shown:?}: {out:.300}");
    }
}

#[test]
fn while_everything_is_held_back_the_client_hears_that_the_stream_lives() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let upstream = Upstream::start(move |_, _, stream| {
        stream.write_all(STREAM).unwrap();
        stream.write_all(&chunk(&delta("few"))).unwrap();
        wait.lock().unwrap().recv().unwrap();
        stream.write_all(&chunk(DONE)).is_ok() && stream.write_all(END).is_ok()
    });
    let window = "window = { size = 1000, keep_alive = \"100ms\" }";
    let gateway = gateway(upstream.address, "", &[("guard", &guard(), window)]);
    let mut stream = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    for _ in 0..3 {
        // One line end: a blank line behind it would be an event to some clients.
        assert_eq!(stream.next_event().as_deref(), Some(": keep-alive\n"));
    }
    go.send(()).unwrap();
    let rest = stream.rest();
    let events: Vec<&String> = rest.iter().filter(|event| !event.starts_with(':')).collect();
    assert_eq!(events, [&delta("few"), &DONE.to_owned()]);
    assert_eq!(stream.clean, Some(true));
}

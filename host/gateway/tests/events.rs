//! What an `event` plugin may do to a stream, and that the stream around it stays what it was: its order, its usage, its
//! end. The first letter of each piece of text tells the plugin of these tests what to do with it.

use crate::support;

use crate::guest::{Guest, gateway};
use crate::support::client::Streaming;
use crate::support::upstream::{DONE, END, STREAM, USAGE, Upstream, chunk, delta};
use crate::support::{ACME, Gateway, Reply, chat_stream, post};
use std::io::Write;

/// `d`rop, `t`ext, `j`son data, `x` data that is none, `h`old, `w`ait for one more event, `r`efuse, `p`anic; else pass.
pub(crate) fn by_letter() -> Guest {
    let edits = r#"
        (local $n i32) (local $at i32) (local $edit i32) (local $letter i32)
        (i32.store (i32.const 0) (i32.const 0))
        (i32.store (i32.const 4) (i32.const 48000))
        (i32.store (i32.const 8) (local.get $count))
        (block $done (loop $next
            (br_if $done (i32.ge_u (local.get $n) (local.get $count)))
            (local.set $at (i32.add (local.get $events) (i32.mul (local.get $n) (i32.const 12))))
            (local.set $edit (i32.add (i32.const 48000) (i32.mul (local.get $n) (i32.const 12))))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (i32.store8 (local.get $edit) (i32.const 0))
            (br_if $next (i32.eqz (i32.load offset=8 (local.get $at))))
            (local.set $letter (i32.load8_u (i32.load offset=4 (local.get $at))))
            (if (i32.eq (local.get $letter) (i32.const 100)) (then (i32.store8 (local.get $edit) (i32.const 3))))
            (if (i32.eq (local.get $letter) (i32.const 116)) (then (call $put (local.get $edit) (i32.const 1) @"T")))
            (if (i32.eq (local.get $letter) (i32.const 106))
                (then (call $put (local.get $edit) (i32.const 2) @"{\"choices\":[{\"delta\":{\"content\":\"J\"}}]}")))
            (if (i32.eq (local.get $letter) (i32.const 120)) (then (call $put (local.get $edit) (i32.const 2) @"nonsense")))
            (if (i32.eq (local.get $letter) (i32.const 104)) (then (i32.store8 (local.get $edit) (i32.const 4))))
            (if (i32.and (i32.eq (local.get $letter) (i32.const 119)) (i32.eq (local.get $n) (local.get $count)))
                (then (i32.store8 (local.get $edit) (i32.const 4))))
            (if (i32.eq (local.get $letter) (i32.const 114))
                (then (return (call $refuse (i32.const 400) @"content_filter" @"enough"))))
            (if (i32.eq (local.get $letter) (i32.const 112)) (then unreachable))
            (br $next)))
        (i32.const 0)"#;
    Guest::on("event", edits).with(
        "(func $put (param $edit i32) (param $kind i32) (param $text i32) (param $len i32)
            (i32.store8 (local.get $edit) (local.get $kind))
            (i32.store offset=4 (local.get $edit) (local.get $text))
            (i32.store offset=8 (local.get $edit) (local.get $len)))",
    )
}

const ROLE: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n";
const FINISH: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

/// What comes of a stream of these chunks behind the plugin.
fn through(chunks: &[String], binding: &str, more: &str, ask: &str) -> (Reply, Gateway) {
    let upstream = Upstream::pieces(chunks.to_vec());
    let gateway = gateway(upstream.address, more, &[("letters", &by_letter(), binding)]);
    (post(gateway.address, ACME, ask), gateway)
}

fn ask_usage() -> String {
    chat_stream("hi").replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}")
}

#[test]
fn events_are_dropped_and_rewritten_in_their_order_with_comments_usage_and_end_as_they_were() {
    let texts = ["a", "drop", "b", "text", "json", "c"];
    let mut all = vec![": ping\n\n".to_owned(), ROLE.to_owned()];
    all.extend(texts.iter().flat_map(|t| [delta(t), format!(": after {t}\n\n")]));
    all.extend([FINISH.to_owned(), USAGE.to_owned(), DONE.to_owned()]);
    // Once in one read, once in many.
    for chunks in [vec![all.concat()], all] {
        let (reply, gateway) = through(&chunks, "", "", &ask_usage());
        assert!(reply.clean, "{}", reply.text());
        assert_eq!(reply.streamed(), "abTJc");
        let text = reply.text();
        let places = [
            "ping",
            "\"role\"",
            "after a\n",
            "after drop",
            "\"b\"",
            "after text",
            "\"J\"",
            "after json",
            "\"stop\"",
            "\"usage\"",
            "[DONE]",
        ];
        let places: Vec<_> = places.iter().map(|p| text.find(p).unwrap_or_else(|| panic!("{p} in {text}"))).collect();
        assert!(places.is_sorted(), "{places:?} {text}");
        assert_eq!(text.matches("[DONE]").count(), 1);
        let original = delta("a");
        assert!(text.contains(&original), "what passes keeps its bytes");
        soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
    }
}

#[test]
fn a_stream_of_which_nothing_passes_still_has_its_end_and_its_usage_is_counted() {
    let chunks: Vec<String> = [delta("dear"), delta("departed"), USAGE.to_owned(), DONE.to_owned()].into();
    let (reply, gateway) = through(&chunks, "", "", &chat_stream("hi"));
    assert!(reply.clean);
    assert_eq!(reply.events(), ["[DONE]"], "usage that the client did not ask for stays here");
    support::until("usage is counted", || {
        (gateway.metric("weir_tokens_total", &["\"output\"", "reported"]) == 2.0).then_some(())
    });
}

#[test]
fn what_is_held_comes_first_with_the_next_event_and_at_the_end_at_the_latest() {
    let chunks: Vec<String> = ["a", "wait", "b", "wait2", "drop", "hold", "c", "text"].map(delta).into();
    let end = [": bye\n\n".to_owned(), USAGE.to_owned(), DONE.to_owned()];
    let chunks: Vec<String> = chunks.into_iter().chain(end).collect();
    for chunks in [vec![chunks.concat()], chunks] {
        let (reply, _gateway) = through(&chunks, "", "", &chat_stream("hi"));
        assert!(reply.clean, "{}", reply.text());
        assert_eq!(reply.streamed(), "awaitbwait2holdcT");
        let text = reply.text();
        // A comment waits for nothing.
        assert_eq!(text.matches(": bye\n").count(), 1, "{text}");
        assert!(text.ends_with(DONE));
    }
}

#[test]
fn a_refusal_in_the_middle_ends_the_stream_with_an_error_and_never_as_if_it_were_whole() {
    let chunks: Vec<String> = [delta("a"), delta("hold"), delta("refuse"), delta("b"), DONE.to_owned()].into();
    let (reply, gateway) = through(&chunks, "", "", &chat_stream("hi"));
    assert!(!reply.clean, "the connection is aborted: {}", reply.text());
    assert_eq!(reply.status, 200, "the head was out already");
    assert!(!reply.text().contains("[DONE]") && !reply.text().contains("hold"), "{}", reply.text());
    let last: serde_json::Value = serde_json::from_str(reply.events().last().unwrap()).unwrap();
    assert_eq!(
        (last["error"]["code"].as_str(), last["error"]["message"].as_str()),
        (Some("content_filter"), Some("enough"))
    );
    support::until("the ledger knows why", || {
        (gateway.metric("weir_ledger_closed_total", &["plugin_refused"]) == 1.0).then_some(())
    });
}

#[test]
fn an_answer_that_breaks_the_contract_is_a_fault_and_the_failure_policy_decides() {
    let chunks: Vec<String> = [delta("a"), delta("x-rated"), delta("b"), DONE.to_owned()].into();
    let (reply, gateway) = through(&chunks, "", "", &chat_stream("hi"));
    assert!(!reply.clean);
    assert!(reply.text().contains("plugin_failed") && !reply.text().contains("[DONE]"), "{}", reply.text());
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["reason=\"answer\"", "hook=\"event\""]), 1.0);
    soon_eq!(gateway.metric("weir_plugin_burned_total", &["hook=\"event\""]), 1.0);
    let (reply, gateway) = through(&chunks, "on_failure = \"open\"", "", &chat_stream("hi"));
    assert!(reply.clean);
    assert_eq!(reply.streamed(), "ax-ratedb");
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["reason=\"answer\"", "hook=\"event\""]), 1.0);
}

#[test]
fn a_plugin_that_faults_while_it_holds_does_not_make_events_vanish_or_come_twice() {
    let chunks: Vec<String> = [delta("a"), delta("wait"), delta("panic"), delta("b"), DONE.to_owned()].into();
    let (reply, _gateway) = through(&chunks, "on_failure = \"open\"", "", &chat_stream("hi"));
    assert!(reply.clean, "{}", reply.text());
    assert_eq!(reply.streamed(), "awaitpanicb");
}

#[test]
fn what_is_held_is_bounded_and_past_the_bound_the_failure_policy_decides() {
    let long = format!("hold {}", "x".repeat(700));
    let chunks = [delta(&long), delta(&long), delta(&long)].map(|event| chunk(&event)).concat();
    let limits = "[limits]\nheld = \"1KiB\"";
    // The end, before which nothing need be held, comes only when the test has seen what the bound did.
    let (end, wait) = std::sync::mpsc::channel();
    let wait = std::sync::Mutex::new(wait);
    let upstream = Upstream::start(move |_, _, stream| {
        stream.write_all(&[STREAM, &chunks].concat()).unwrap();
        wait.lock().unwrap().recv().unwrap();
        stream.write_all(&[&chunk(DONE), END].concat()).is_ok()
    });
    let strict = gateway(upstream.address, limits, &[("letters", &by_letter(), "")]);
    let reply = post(strict.address, ACME, &chat_stream("hi"));
    end.send(()).unwrap();
    assert!(!reply.clean);
    assert!(reply.text().contains("plugin_failed") && !reply.text().contains("xxx"), "{}", reply.text());
    support::until("the log says why", || strict.log().contains("held back").then_some(()));
    let lenient = gateway(upstream.address, limits, &[("letters", &by_letter(), "on_failure = \"open\"")]);
    let mut stream = Streaming::open(lenient.address, ACME, &chat_stream("hi"));
    let passed: Vec<_> = (0..3).filter_map(|_| stream.next_event()).collect();
    assert!(passed.iter().all(|event| event.contains(&long)), "{passed:?}");
    end.send(()).unwrap();
    assert_eq!(stream.rest(), [DONE]);
    assert_eq!(stream.clean, Some(true));
}

#[test]
fn two_plugins_each_hold_for_themselves() {
    let chunks: Vec<String> = [delta("a"), delta("wait"), delta("text"), delta("b"), DONE.to_owned()].into();
    let upstream = Upstream::pieces(chunks);
    let letters = by_letter();
    let gateway = gateway(upstream.address, "", &[("one", &letters, ""), ("two", &letters, "")]);
    let reply = post(gateway.address, ACME, &chat_stream("hi"));
    assert!(reply.clean);
    assert_eq!(reply.streamed(), "awaitTb");
}

//! Every choice of every chunk is shown to `event` plugins, and whatever else is valid in a stream passes them.

use crate::support;

use crate::guest::{Guest, gateway};
use crate::support::upstream::{DONE, END, STREAM, Upstream, chunk};
use crate::support::{ACME, Gateway, Reply, chat_stream, config, installed, post};
use serde_json::{Value, json};
use std::io::Write;

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// A chunk with these choices.
fn of(choices: Value) -> String {
    event(&json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}))
}

fn content(index: u32, text: &str) -> Value {
    json!({"index": index, "delta": {"content": text}, "finish_reason": null})
}

/// An upstream that streams these events, in one piece or each by itself.
fn streaming(events: &[String], apart: bool) -> Upstream {
    let pieces = if apart { events.to_vec() } else { vec![events.concat()] };
    Upstream::start(move |_, _, stream| {
        stream.set_nodelay(true).unwrap();
        stream.write_all(STREAM).unwrap();
        pieces.iter().all(|piece| stream.write_all(&chunk(piece)).is_ok()) && stream.write_all(END).is_ok()
    })
}

/// A gateway with the masker that is shipped.
fn masking(upstream: &Upstream) -> Gateway {
    let (folder, cache) = (installed(), support::cache());
    let plugins = format!("[plugins]\nfolder = \"{}\"\ncache = \"{}\"\n", folder.display(), cache.display());
    Gateway::start(&format!("{}{plugins}[[plugins.chain]]\nplugin = \"redact-pii\"\n", config(upstream.address)))
}

/// What comes of these events behind the masker, in one piece and apart; with usage asked for.
fn masked(events: &[String]) -> [Reply; 2] {
    [false, true].map(|apart| {
        let upstream = streaming(events, apart);
        let gateway = masking(&upstream);
        let ask = chat_stream("hi")
            .replace("\"stream\":true", "\"stream\":true,\"n\":3,\"stream_options\":{\"include_usage\":true}");
        let reply = post(gateway.address, ACME, &ask);
        soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0, "{}", gateway.log());
        assert!(reply.clean, "{}", reply.text());
        reply
    })
}

/// The parts of all choices of all events, in order.
fn parts(reply: &Reply) -> Vec<Value> {
    let events = reply.events();
    let json = events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
    json.flat_map(|event| event["choices"].as_array().cloned().unwrap_or_default()).collect()
}

/// What a client puts together of a choice.
fn said(reply: &Reply, index: u32) -> String {
    let parts = parts(reply).into_iter().filter(|part| part["index"] == index);
    parts.filter_map(|part| Some(part["delta"]["content"].as_str()?.to_owned())).collect()
}

#[test]
fn every_choice_of_a_chunk_is_masked() {
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5});
    let all = [
        of(json!([content(0, "x "), content(1, "mail ada@example.org ")])),
        of(json!([content(0, "ada@"), content(1, "and bob@exa"), content(2, "4111 1111 ")])),
        of(json!([content(2, "1111 1111, "), content(1, "mple.org. ")])),
        of(json!([content(0, "example.org")])),
        event(&json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
            {"index": 0, "delta": {}, "finish_reason": "stop"},
            {"index": 1, "delta": {}, "finish_reason": "stop"},
            {"index": 2, "delta": {"content": "jane@example.org"}, "finish_reason": "stop"},
        ], "usage": usage})),
        DONE.to_owned(),
    ];
    for reply in masked(&all) {
        assert_eq!(said(&reply, 0), "x [EMAIL]");
        assert_eq!(said(&reply, 1), "mail [EMAIL] and [EMAIL]. ");
        assert_eq!(said(&reply, 2), "[CARD], [EMAIL]");
        let events: Vec<Value> = reply.events().iter().filter_map(|event| serde_json::from_str(event).ok()).collect();
        assert!(
            events.iter().all(|event| event["id"] == "c" && event["object"] == "chat.completion.chunk"),
            "{events:?}"
        );
        assert!(events.iter().all(|event| event["model"] == "m" && event["created"] == 1), "{events:?}");
        let counted: Vec<&Value> = events.iter().filter(|event| !event["usage"].is_null()).collect();
        assert_eq!(counted.len(), 1, "usage is there once: {events:?}");
        assert_eq!(counted[0]["usage"], usage);
        let ends = parts(&reply).iter().filter(|part| part["finish_reason"] == "stop").count();
        assert_eq!(ends, 3);
        assert!(reply.text().ends_with(DONE));
    }
}

#[test]
fn a_choice_is_shown_wherever_it_stands_and_whatever_stands_beside_it() {
    let secret = "mail ada@example.org ";
    let many: Vec<Value> = (0..40).map(|index| content(index, if index == 39 { secret } else { "x " })).collect();
    let odd = [
        json!(many),
        json!([{"delta": {"content": "x "}}, {"delta": {"content": secret}}]),
        json!([content(0, "x "), content(0, secret)]),
        json!([{"index": 0, "delta": {}}, content(7, secret)]),
        json!([{"index": 0, "delta": null}, {"index": 1}, content(4, secret)]),
        json!([content(1, secret), {"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}}]),
    ];
    for choices in odd {
        // Learned from the first of them, the others are known by their likeness.
        let events = [of(choices.clone()), of(choices.clone()), of(choices.clone()), DONE.to_owned()];
        for reply in masked(&events) {
            assert!(!reply.text().contains("ada@"), "{choices}: {}", reply.text());
            assert_eq!(reply.text().matches("[EMAIL]").count(), 3, "{choices}: {}", reply.text());
        }
    }
}

#[test]
fn a_guard_that_sees_one_text_at_a_time_refuses_for_any_choice() {
    let guard = Guest::on(
        "event",
        r#"(local $n i32) (local $at i32)
        (block $done (loop $next
            (br_if $done (i32.ge_u (local.get $n) (local.get $count)))
            (local.set $at (i32.add (local.get $events) (i32.mul (local.get $n) (i32.const 12))))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $next (i32.eqz (i32.load offset=8 (local.get $at))))
            ;; "!"
            (br_if $next (i32.ne (i32.load8_u (i32.load offset=4 (local.get $at))) (i32.const 33)))
            (return (call $refuse (i32.const 400) @"content_filter" @"no"))))
        (call $pass)"#,
    );
    for place in 0..3 {
        let choices: Vec<Value> = (0..3).map(|index| content(index, if index == place { "!" } else { "x" })).collect();
        let upstream = streaming(&[of(json!(choices)), DONE.to_owned()], true);
        let gateway = gateway(upstream.address, "", &[("guard", &guard, "")]);
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert!(!reply.clean && reply.text().contains("content_filter"), "{place}: {}", reply.text());
        assert!(!reply.text().contains("[DONE]") && !reply.text().contains('!'), "{place}: {}", reply.text());
    }
}

#[test]
fn without_a_plugin_on_its_events_a_stream_is_the_bytes_that_came() {
    let events = [of(json!([content(0, "x "), content(1, "ada@example.org ")])), DONE.to_owned()];
    let upstream = streaming(&events, true);
    let gateway = Gateway::start(&config(upstream.address));
    assert_eq!(post(gateway.address, ACME, &chat_stream("hi")).text(), events.concat());
}

#[test]
fn reasoning_in_parts_and_other_valid_oddities_pass_a_plugin() {
    let delta = |delta: Value| of(json!([{"index": 0, "delta": delta, "finish_reason": null}]));
    let thinking = |text: &str| json!([{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]);
    let mut events = vec![
        delta(json!({"role": "assistant", "content": ""})),
        delta(json!({"content": thinking("Let me see. ")})),
        delta(json!({"content": thinking("Two. ")})),
        delta(json!({"content": []})),
        delta(json!({"content": [{"type": "text", "text": "It is "}]})),
        delta(json!({"content": "two. "})),
        delta(json!({"content": null})),
        delta(json!({"content": null, "reasoning_content": "So. "})),
        delta(json!({"content": true, "refusal": null})),
        delta(json!({})),
        delta(json!(null)),
        of(json!([{"index": 0, "delta": {"content": "a. "}}])),
        of(json!([{"delta": {"content": "b. "}}])),
        of(json!([{"index": 0, "finish_reason": null}])),
        of(json!([])),
        of(json!(null)),
        event(&json!({"id": "c", "model": "m"})),
    ];
    events.push(of(json!([{"index": 0, "delta": {}, "finish_reason": "stop"}])));
    events.push(DONE.to_owned());
    for reply in masked(&events) {
        assert_eq!(reply.text(), events.concat());
    }
    let masks = [
        delta(json!({"content": [{"type": "text", "text": "To ada@exa"}]})),
        delta(json!({"content": [{"type": "text", "text": "mple.o"}, {"type": "text", "text": "rg, "}]})),
        delta(json!({"content": "and bob@"})),
        delta(json!({"content": [{"type": "text", "text": "example.org."}]})),
    ];
    for reply in masked(&[masks.concat(), events[events.len() - 2..].concat()]) {
        let parts = parts(&reply).into_iter().map(|part| part["delta"]["content"].clone());
        let text: String = parts
            .flat_map(|content| match content {
                Value::Array(parts) => parts.iter().map(|part| part["text"].as_str().unwrap().to_owned()).collect(),
                content => vec![content.as_str().unwrap_or_default().to_owned()],
            })
            .collect();
        assert_eq!(text, "To [EMAIL], and [EMAIL].");
    }
}

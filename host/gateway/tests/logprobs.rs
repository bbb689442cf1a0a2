//! `logprobs` repeat a text, token by token: where a plugin has changed it, they say nothing of it any more, wherever they come.

use crate::events::by_letter;
use crate::guest::{Guest, gateway};
use crate::support::upstream::{DONE, Upstream, ok};
use crate::support::{self, ACME, Gateway, Reply, chat, chat_stream, config, post};
use serde_json::{Value, json};

/// An event of a choice, with tokens whose texts are these; none of them are null.
fn event(choice: u32, delta: &Value, tokens: &[&str]) -> String {
    let tokens: Vec<Value> =
        tokens.iter().map(|token| json!({"token": token, "logprob": -1, "bytes": token.as_bytes()})).collect();
    let logprobs = if tokens.is_empty() { Value::Null } else { json!({"content": tokens}) };
    let choice = json!({"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": null});
    of(&json!([choice]))
}

fn of(choices: &Value) -> String {
    format!("data: {}\n\n", json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "choices": choices}))
}

fn said(text: &str) -> Value {
    json!({ "content": text })
}

/// What comes of these events, of one read and of many: of each choice its text, and its tokens event by event.
fn through(gateway: impl Fn(&Upstream) -> Gateway, events: &[String]) -> Vec<(u64, String, Vec<String>)> {
    let mut all: Vec<Vec<(u64, String, Vec<String>)>> = Vec::new();
    let apart = events.iter().cloned().chain([DONE.to_owned()]).collect();
    for chunks in [vec![events.concat() + DONE], apart] {
        let upstream = Upstream::pieces(chunks);
        let gateway = gateway(&upstream);
        let reply =
            post(gateway.address, ACME, &chat_stream("hi").replace("\"stream\":true", "\"stream\":true,\"n\":2"));
        assert!(reply.clean, "{}", reply.text());
        soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0, "{}", gateway.log());
        all.push(of_choices(&reply));
    }
    assert_eq!(all[0], all[1], "where reads end decides nothing");
    all.remove(0)
}

fn of_choices(reply: &Reply) -> Vec<(u64, String, Vec<String>)> {
    let mut all: Vec<(u64, String, Vec<String>)> = Vec::new();
    let events = reply.events().into_iter().filter_map(|event| serde_json::from_str::<Value>(&event).ok());
    for choice in events.flat_map(|event| event["choices"].as_array().cloned().unwrap_or_default()) {
        let number = choice["index"].as_u64().unwrap_or_default();
        let at = all.iter().position(|(known, ..)| *known == number).unwrap_or_else(|| {
            all.push((number, String::new(), Vec::new()));
            all.len() - 1
        });
        all[at].1.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        let tokens = choice["logprobs"]["content"].as_array().into_iter().flatten();
        all[at].2.extend(tokens.map(|token| token["token"].as_str().unwrap().to_owned()));
    }
    all
}

fn letters(upstream: &Upstream) -> Gateway {
    gateway(upstream.address, "", &[("letters", &by_letter(), "")])
}

#[test]
fn tokens_that_come_behind_the_text_that_they_repeat_go_with_it_and_those_of_other_choices_stay() {
    // What is put in the place of a text, what is dropped, and what is written anew.
    for (letter, left) in [("text", "aTz"), ("drop", "az"), ("json", "aJz")] {
        let events = [
            event(0, &said("a"), &["a"]),
            event(1, &said("b"), &["b"]),
            event(0, &said(letter), &[]),
            event(1, &said("c"), &["c"]),
            event(0, &said(""), &[letter]),
            event(0, &json!({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}), &["{}"]),
            event(0, &said("z"), &["z"]),
            of(&json!([
                {"index": 1, "delta": {}, "logprobs": {"content": [{"token": "end"}]}, "finish_reason": "stop"},
                {"index": 0, "delta": {}, "logprobs": {"content": [{"token": letter}]}, "finish_reason": "stop"},
            ])),
        ];
        let all = through(letters, &events);
        let expected = [
            (0, left.to_owned(), vec!["a".to_owned()]),
            (1, "bc".to_owned(), vec!["b".to_owned(), "c".to_owned(), "end".to_owned()]),
        ];
        assert_eq!(all, expected, "{letter}");
    }
}

#[test]
fn a_stream_in_which_nothing_was_changed_keeps_every_token() {
    let events = [
        event(0, &said("a"), &["a"]),
        event(0, &said("hold"), &["hold"]),
        event(0, &said("b"), &["b"]),
        event(0, &said(""), &["late"]),
    ];
    let all = through(letters, &events);
    assert_eq!(all[0].2, ["a", "hold", "b", "late"]);
}

#[test]
fn a_name_that_is_written_with_escapes_is_the_same_name() {
    let late = of(&json!([{"index": 0, "delta": {}, "logprobs": {"content": [{"token": "text"}]}}]));
    let events = [event(0, &said("text"), &[]), late.replace("logprobs", "l\\u006fgprobs")];
    assert_eq!(through(letters, &events), [(0, "T".to_owned(), vec![])]);
}

/// A gateway with the masker that is shipped.
fn masking(upstream: &Upstream) -> Gateway {
    let (folder, cache) = (support::installed(), support::cache());
    let plugins = format!("[plugins]\nfolder = \"{}\"\ncache = \"{}\"\n", folder.display(), cache.display());
    Gateway::start(&format!("{}{plugins}[[plugins.chain]]\nplugin = \"redact-pii\"\n", config(upstream.address)))
}

#[test]
fn a_mask_takes_the_bytes_of_what_it_masks_along_whatever_the_tokens_say() {
    let address = "ada@example.org";
    let hidden = json!([{"token": "a", "logprob": -1, "bytes": address.as_bytes()}]);
    let candidate = json!([{"token": "a", "logprob": -1, "bytes": [97], "top_logprobs": [{"token": "b", "bytes": address.as_bytes()}]}]);
    let cut: Vec<Value> = address.chars().map(|c| json!({"token": "?", "bytes": [c as u32]})).collect();
    for tokens in [hidden, candidate, json!(cut)] {
        let choice = json!({"index": 0, "delta": {"content": "fine "}, "logprobs": {"content": tokens}});
        let events = [event(0, &said("so "), &["so "]), of(&json!([choice])), event(0, &said("it is"), &["it is"])];
        let all = through(masking, &events);
        assert_eq!(all[0].1, "so fine it is");
        assert!(all[0].2.iter().all(|token| token != "a" && token != "?"), "{all:?}");

        let answer = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "fine"}, "logprobs": {"refusal": tokens}, "finish_reason": "stop"},
            {"index": 1, "message": {"role": "assistant", "content": "fine"}, "logprobs": {"content": [{"token": "fine", "bytes": b"fine"}]}, "finish_reason": "stop"},
        ]});
        let upstream = Upstream::start(move |_, _, stream| {
            std::io::Write::write_all(stream, &ok("application/json", &answer.to_string())).is_ok()
        });
        let gateway = masking(&upstream);
        let reply = post(gateway.address, ACME, &chat("hi")).json();
        assert!(reply["choices"][0]["logprobs"].is_null(), "{reply}");
        assert_eq!(reply["choices"][1]["logprobs"]["content"][0]["token"], "fine", "{reply}");
    }
}

#[test]
fn tokens_go_where_a_text_of_the_choice_beside_its_message_is_masked() {
    for member in ["text", "reasoning_content", "thinking", "note"] {
        let mut choice = json!({"index": 0, "message": {"role": "assistant", "content": "fine"},
            "logprobs": {"content": [{"token": "fine"}]}, "finish_reason": "stop"});
        choice[member] = json!("mail ada@example.org");
        let answer = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]});
        let upstream = Upstream::start(move |_, _, stream| {
            std::io::Write::write_all(stream, &ok("application/json", &answer.to_string())).is_ok()
        });
        let gateway = masking(&upstream);
        let reply = post(gateway.address, ACME, &chat("hi")).json();
        assert_eq!(reply["choices"][0][member], "mail [EMAIL]", "{reply}");
        assert!(reply["choices"][0]["logprobs"].is_null(), "{reply}");
    }
}

#[test]
fn numbers_in_the_place_of_bytes_that_are_none_pass_no_closed_guard() {
    let seer = Guest::on("event", "(call $events.pieces (global.get $ret)) (call $pass)");
    for bytes in [json!([256]), json!([-1]), json!([97.5]), json!([[97]])] {
        let choice =
            json!({"index": 0, "delta": {"content": "x"}, "logprobs": {"content": [{"token": "a", "bytes": bytes}]}});
        let upstream = Upstream::pieces(vec![of(&json!([choice])), DONE.to_owned()]);
        let gateway = gateway(upstream.address, "", &[("seer", &seer, "")]);
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert!(reply.text().contains("upstream_unreadable"), "{bytes}: {}", reply.text());
    }
}

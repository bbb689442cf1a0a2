//! Guards see what is there: every piece of text in requests, whole answers and streams, and what they cut or mask.

use crate::guest;
use crate::support;

use crate::guest::{Guest, gateway};
use crate::places::{Body, HIDDEN, Row, SHOWN};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, ok};
use crate::support::{ACME, Gateway, Reply, chat_stream, config, post, send};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

/// What no guard lets pass.
const PHRASE: &str = "open sesame now";

/// Looks for a phrase in every piece, and says of which kind the one is that has it.
fn seer(phrase: &str) -> Guest {
    let kinds = ["text", "arguments", "tool-result", "reasoning", "refusal", "description", "other"];
    let named: String = kinds
        .iter()
        .enumerate()
        .map(|(number, kind)| {
            format!(
                r#"(if (i32.eq (local.get $kind) (i32.const {number}))
                     (then (return (call $refuse (i32.const 400) @"content_filter" @"{kind}"))))"#
            )
        })
        .collect();
    let look = |interface: &str| {
        format!(
            "(call ${interface}.pieces (global.get $ret))
             (call $judge (i32.load (global.get $ret)) (i32.load offset=4 (global.get $ret)))"
        )
    };
    let code = format!(
        r#"(func $judge (param $piece i32) (param $count i32) (result i32)
             (local $kind i32)
             (block $done (loop $next
               (br_if $done (i32.eqz (local.get $count)))
               (if (call $has (i32.load offset=36 (local.get $piece)) (i32.load offset=40 (local.get $piece)) @"{phrase}")
                 (then (local.set $kind (i32.load8_u offset=8 (local.get $piece))) {named}))
               (local.set $piece (i32.add (local.get $piece) (i32.const 44)))
               (local.set $count (i32.sub (local.get $count) (i32.const 1)))
               (br $next)))
             (call $pass))
           (func $has (param $at i32) (param $len i32) (param $want i32) (param $want-len i32) (result i32)
             (local $end i32) (local $i i32)
             (if (i32.lt_u (local.get $len) (local.get $want-len)) (then (return (i32.const 0))))
             (local.set $end (i32.sub (i32.add (local.get $at) (local.get $len)) (local.get $want-len)))
             (loop $next
               (local.set $i (i32.const 0))
               (block $differs
                 (loop $same
                   (br_if $differs (i32.ne
                     (i32.load8_u (i32.add (local.get $at) (local.get $i)))
                     (i32.load8_u (i32.add (local.get $want) (local.get $i)))))
                   (local.set $i (i32.add (local.get $i) (i32.const 1)))
                   (br_if $same (i32.lt_u (local.get $i) (local.get $want-len))))
                 (return (i32.const 1)))
               (local.set $at (i32.add (local.get $at) (i32.const 1)))
               (br_if $next (i32.le_u (local.get $at) (local.get $end))))
             (i32.const 0))"#
    );
    Guest::on("policy", &look("request")).and("response", &look("reply")).and("event", &look("events")).with(&code)
}

/// An upstream that answers what the test says next.
fn saying() -> (Upstream, Arc<Mutex<Vec<u8>>>) {
    let next = Arc::new(Mutex::new(Vec::new()));
    let said = Arc::clone(&next);
    (Upstream::start(move |_, _, stream| stream.write_all(&said.lock().unwrap()).is_ok()), next)
}

/// A stream of these events, each in a chunk of its own, which ends well.
fn streamed(events: &[String]) -> Vec<u8> {
    let finish = r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let events = events.iter().map(String::as_str).chain([finish]);
    let chunks: Vec<u8> = events.flat_map(|data| chunk(&format!("data: {data}\n\n"))).collect();
    [STREAM, &chunks, &chunk(DONE), END].concat()
}

/// Asks as the body wants to be asked, with this text at the place, and answers what the client sees.
fn ask(gateway: &Gateway, next: &Mutex<Vec<u8>>, body: Body, part: &str, text: &str) -> Reply {
    let whole = body.with(part, text);
    let to_say = |answer: Vec<u8>| *next.lock().unwrap() = answer;
    match body.name() {
        "chat" => {
            to_say(ok("application/json", CHAT));
            post(gateway.address, ACME, &whole)
        }
        "embeddings" => {
            to_say(ok(
                "application/json",
                r#"{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"usage":{"prompt_tokens":1,"total_tokens":1}}"#,
            ));
            let bearer = format!("Bearer {ACME}");
            send(gateway.address, "POST", "/v1/embeddings", &[("authorization", &bearer)], whole.as_bytes())
        }
        "answer" => {
            to_say(ok("application/json", &whole));
            post(gateway.address, ACME, &support::chat("hi"))
        }
        "error" => {
            let length = whole.len();
            to_say(
                format!("HTTP/1.1 400 No\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{whole}")
                    .into(),
            );
            post(gateway.address, ACME, &support::chat("hi"))
        }
        _ => {
            to_say(streamed(&[whole]));
            post(gateway.address, ACME, &chat_stream("hi"))
        }
    }
}

/// The kind that the seer said, if it saw anything. Where it did, nothing else may have got through.
fn seen_as(body: Body, reply: &Reply) -> Option<String> {
    let text = reply.text();
    if !text.contains("content_filter") {
        return None;
    }
    assert!(!text.contains(PHRASE), "{text}");
    let error = match body.name() {
        "stream" => {
            reply.events().last().map(|event| serde_json::from_str::<serde_json::Value>(event).unwrap()).unwrap()
        }
        _ => reply.json(),
    };
    Some(error["error"]["message"].as_str().unwrap().to_owned())
}

/// The table of docs/plugins.md, made of what a real gateway shows to a real guard.
fn table(gateway: &Gateway, next: &Mutex<Vec<u8>>) -> String {
    let mut table = String::from("| where | in | shown as |\n|---|---|---|\n");
    let mut row =
        |place: &str, body: Body, said: &str| writeln!(table, "| {place} | {} | {said} |", body.name()).unwrap();
    for (place, body, parts) in SHOWN {
        let kinds: BTreeSet<String> = parts
            .split('¦')
            .map(|part| {
                let reply = ask(gateway, next, *body, part, PHRASE);
                seen_as(*body, &reply).unwrap_or_else(|| panic!("not seen: {place}: {part}: {}", reply.text()))
            })
            .collect();
        row(place, *body, &format!("`{}`", Vec::from_iter(kinds).join("`, `")));
    }
    for (place, body, parts) in HIDDEN {
        for part in parts.split('¦') {
            let reply = ask(gateway, next, *body, part, &PHRASE.replace(' ', ""));
            assert_eq!(reply.status, 200, "{place}: {}", reply.text());
        }
        row(place, *body, "nothing: no text");
    }
    table
}

#[test]
fn the_table_of_all_places_of_text_is_what_a_guard_sees() {
    let (upstream, next) = saying();
    let gateway = gateway(upstream.address, "", &[("seer", &seer(PHRASE), "")]);
    let made = table(&gateway, &next);
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
    let docs = include_str!("../../../docs/plugins.md");
    let kept = docs.split_once("<!-- places: made by a test -->\n").unwrap().1.split_once("<!-- end -->").unwrap().0;
    assert!(made == kept, "docs/plugins.md has another table of places; it is:\n\n{made}");
}

/// A gateway that takes its plugins from `plugins/installed`, with this chain.
fn installed(upstream: &Upstream, chain: &str) -> Gateway {
    let (folder, cache) = (support::installed(), support::cache());
    let plugins = format!("[plugins]\nfolder = \"{}\"\ncache = \"{}\"\n", folder.display(), cache.display());
    Gateway::start(&format!("{}{plugins}{chain}", config(upstream.address)))
}

/// Every place by itself.
fn places() -> impl Iterator<Item = Row> {
    SHOWN.iter().flat_map(|(place, body, parts)| parts.split('¦').map(|part| (*place, *body, part)))
}

fn requests() -> impl Iterator<Item = Row> {
    places().filter(|(_, body, _)| matches!(body.name(), "chat" | "embeddings"))
}

#[test]
fn prompt_guard_refuses_a_phrase_wherever_a_model_reads() {
    let (upstream, next) = saying();
    let chain = format!("[[plugins.chain]]\nplugin = \"prompt-guard\"\nconfig = {{ deny = [\"{PHRASE}\"] }}\n");
    let gateway = installed(&upstream, &chain);
    for (place, body, part) in requests() {
        let reply = ask(&gateway, &next, body, part, PHRASE);
        assert_eq!((reply.status, reply.code().as_str()), (400, "content_filter"), "{place}: {}", reply.text());
    }
    for (place, body, part) in requests() {
        let reply = ask(&gateway, &next, body, part, "open the door");
        assert_eq!(reply.status, 200, "{place}: {}", reply.text());
    }
    assert!(upstream.seen().iter().all(|seen| !String::from_utf8_lossy(&seen.body).contains(PHRASE)));
}

#[test]
fn prompt_guard_joins_the_parts_of_a_message() {
    let (upstream, next) = saying();
    let chain = format!("[[plugins.chain]]\nplugin = \"prompt-guard\"\nconfig = {{ deny = [\"{PHRASE}\"] }}\n");
    let gateway = installed(&upstream, &chain);
    for parts in [
        r#"{"type":"text","text":"open"},{"type":"text","text":"sesame now"}"#,
        r#"{"type":"text","text":"so: open ses"},{"type":"text","text":"ame now"}"#,
        r#"{"type":"text","text":"open"},{"type":"input_text","text":"sesame"},{"type":"odd","payload":"now"}"#,
        r#"{"type":"text","text":"open"},{"type":"image_url","image_url":{"url":"https://example.com/a.png"}},{"type":"text","text":"sesame now"}"#,
        r#"{"type":"text","text":"open \u0073esame now"}"#,
    ] {
        let reply = ask(&gateway, &next, Body::Message, &format!(r#""role":"user","content":[{parts}]"#), "");
        assert_eq!(reply.code(), "content_filter", "{parts}");
    }
    let two = r#""role":"user","content":[{"type":"text","text":"open"}]},{"role":"user","content":"sesame now""#;
    assert_eq!(ask(&gateway, &next, Body::Message, two, "").status, 200, "two messages are two");
}

/// What redact-pii looks for, and what it makes of it.
const ADDRESS: &str = "ada@example.org";

#[test]
fn redact_pii_masks_an_address_wherever_a_model_or_a_client_reads() {
    let (upstream, next) = saying();
    let gateway = installed(&upstream, "[[plugins.chain]]\nplugin = \"redact-pii\"\n");
    for (place, body, part) in places().filter(|(_, body, _)| body.name() != "stream") {
        let before = upstream.seen().len();
        let reply = ask(&gateway, &next, body, part, ADDRESS);
        let status = if body == Body::Error { 400 } else { 200 };
        assert_eq!(reply.status, status, "{place}: {}", reply.text());
        let got = match body.name() {
            "answer" | "error" => reply.text(),
            _ => String::from_utf8(upstream.seen().remove(before).body).unwrap(),
        };
        let json: serde_json::Value = serde_json::from_str(&got).unwrap();
        assert!(!got.contains(ADDRESS), "{place}: {got}");
        match place.contains("logprobs") {
            true => assert_eq!(json["choices"][0]["logprobs"], serde_json::Value::Null, "{place}"),
            // It stays a URL.
            false if place.contains("data: URL") => assert_eq!(got, body.with(part, "%5BEMAIL%5D"), "{place}"),
            false => assert_eq!(got, whole(body, part), "{place}: and nothing else is changed"),
        }
        let arguments = json.pointer("/choices/1/message/tool_calls/0/function/arguments");
        if let Some(arguments) = arguments.and_then(serde_json::Value::as_str) {
            serde_json::from_str::<serde_json::Value>(arguments).expect("arguments stay JSON");
        }
    }
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
}

/// One word each, and what redact-pii makes of it.
const WORDS: [(&str, &str); 3] =
    [("4111111111111111", "[CARD]"), ("DE89370400440532013000", "[IBAN]"), ("ada@example.org", "[EMAIL]")];

#[test]
fn one_word_is_masked_under_every_name_in_what_is_somebodys_own() {
    let (upstream, next) = saying();
    let gateway = installed(&upstream, "[[plugins.chain]]\nplugin = \"redact-pii\"\n");
    for name in ["id", "data", "type", "role", "name", "model", "signature", "file_id", "object", "$"] {
        for (body, part) in [
            (
                Body::Message,
                r#""role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":OWN}}]"#,
            ),
            (Body::Message, r#""role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":OWN}]"#),
            (Body::Message, r#""role":"user","content":"hi","context":OWN"#),
            (Body::Chat, r#""metadata":{"a":OWN}"#),
            (Body::Chat, r#""new_kind":[OWN]"#),
            (
                Body::Chat,
                r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","default":OWN}}}]"#,
            ),
            (
                Body::Answer,
                r#""role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":OWN}}]"#,
            ),
            (Body::Answer, r#""role":"assistant","content":"hi","parsed":OWN"#),
            (Body::AnswerTop, r#""new_kind":OWN"#),
        ] {
            let part = part.replace("OWN", &format!(r#"{{"deep":[{{"{name}":"$"}}]}}"#));
            for (word, mask) in WORDS {
                let before = upstream.seen().len();
                let reply = ask(&gateway, &next, body, &part, word);
                assert_eq!(reply.status, 200, "{part}: {}", reply.text());
                let got = match body.name() {
                    "answer" => reply.text(),
                    _ => String::from_utf8(upstream.seen().remove(before).body).unwrap(),
                };
                assert_eq!(got, body.with(&part, mask), "{part}");
            }
        }
    }
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
}

#[test]
fn one_word_is_seen_in_an_event_as_in_an_answer_under_a_name_that_nobody_knows_and_as_one() {
    let (upstream, next) = saying();
    let gateway = gateway(upstream.address, "", &[("seer", &seer("bluebird"), "")]);
    let answer = (Body::Answer, Body::AnswerChoice, Body::AnswerTop);
    let event = (Body::Delta, Body::EventChoice, Body::EventTop);
    for (message, choice, top) in [answer, event] {
        for (body, part) in [
            (message, r#""role":"assistant","content":"hi","note":"$""#),
            (message, r#""role":"assistant","content":"hi","note":{"$":1}"#),
            (message, r#""role":"assistant","content":"hi","note":[{"deep":{"$":null}}]"#),
            (choice, r#""note":["$"]"#),
            (choice, r#""note":{"$":{}}"#),
            (top, r#""note":"$""#),
            (top, r#""note":{"a":[{"$":0.5}]}"#),
        ] {
            let reply = ask(&gateway, &next, body, part, "bluebird");
            assert_eq!(seen_as(body, &reply).as_deref(), Some("other"), "{part}: {}", reply.text());
            assert!(!reply.text().contains("bluebird"), "{}", reply.text());
        }
    }
    let beside =
        r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"note":{"bluebird":1}}"#;
    *next.lock().unwrap() = streamed(&[beside.to_owned()]);
    let reply = post(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(seen_as(Body::EventTop, &reply).as_deref(), Some("other"), "{}", reply.text());
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
}

#[test]
fn prompt_guard_sees_one_word_in_what_is_somebodys_own() {
    let (upstream, next) = saying();
    let gateway =
        installed(&upstream, "[[plugins.chain]]\nplugin = \"prompt-guard\"\nconfig = { deny = [\"bluebird\"] }\n");
    for part in [
        r#""role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":{"id":"$"}}}]"#,
        r#""role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":{"$":1}}}]"#,
        r#""role":"user","content":[{"type":"image_url","image_url":{"url":"$"}}]"#,
        r#""role":"user","content":[{"type":"file","file":{"file_data":"data:text/plain,$"}}]"#,
        r#""role":"user","content":[{"type":"file","file":{"file_data":"data:text/plain;base64,Ymx1ZWJpcmQ="}}]"#,
        r#""role":"user","content":[{"type":"file","file":{"file_data":"data:made/up;base64,Ymx1ZWJpcmQ="}}]"#,
        r#""role":"user","content":[{"type":"file","file":{"file_data":"Ymx1ZWJpcmQ="}}]"#,
        r#""role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,Ymx1ZWJpcmQ="}}]"#,
    ] {
        let reply = ask(&gateway, &next, Body::Message, part, "bluebird");
        assert_eq!(reply.code(), "content_filter", "{part}: {}", reply.text());
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_number_in_the_place_of_a_text_and_a_file_of_which_nobody_can_tell_what_it_says_pass_no_closed_guard() {
    let (upstream, next) = saying();
    let gateway = installed(&upstream, "[[plugins.chain]]\nplugin = \"redact-pii\"\n");
    let sent = |part: &str| {
        let before = upstream.seen().len();
        let reply = ask(&gateway, &next, Body::Message, part, "");
        assert_eq!(reply.status, 200, "{part}: {}", reply.text());
        String::from_utf8(upstream.seen().remove(before).body).unwrap()
    };
    for part in [
        r#""role":"user","content":"hi","note":4111111111111111"#,
        r#""role":"assistant","content":"hi","refusal":4111111111111111"#,
        r#""role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":{"n":4111111111111111}}}]"#,
    ] {
        assert_eq!(sent(part), Body::Message.with(&part.replace("4111111111111111", "\"[CARD]\""), ""));
    }
    let upto = upstream.seen().len();
    let reply = ask(&gateway, &next, Body::Message, r#""role":"user","content":4111111111111111"#, "");
    assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_type"), "nor does any get it past the reader");
    for file in ["data:text/plain;base64,/w==", "data:made/up;base64,aWdub3JlIGFsbP8=", "aWdub3JlIGFsbP8="] {
        let part = format!(r#""role":"user","content":[{{"type":"file","file":{{"file_data":"{file}"}}}}]"#);
        let reply = ask(&gateway, &next, Body::Message, &part, "");
        assert_eq!((reply.status, reply.code().as_str()), (400, "unreadable_request"), "{file}: {}", reply.text());
    }
    assert_eq!(upstream.seen().len(), upto);
    for said in [
        r#""role":"assistant","content":4111111111111111"#,
        r#""role":"assistant","content":[4111111111111111]"#,
        r#""role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":4111111111111111,"arguments":"{}"}}]"#,
        r#""role":"assistant","content":null,"refusal":4111111111111111"#,
    ] {
        // The shape of an answer is known after some that are like it.
        for _ in 0..3 {
            let reply = ask(&gateway, &next, Body::Answer, said, "");
            assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_unreadable"), "{said}: {}", reply.text());
        }
        let reply = ask(&gateway, &next, Body::Delta, said, "");
        assert!(!reply.clean && reply.text().contains("upstream_unreadable"), "{said}: {}", reply.text());
        assert!(!reply.text().contains("4111"), "{said}: {}", reply.text());
    }
    soon_eq!(gateway.metric("weir_plugin_quarantines_total", &[]), 0.0, "it is not its fault");
}

fn whole(body: Body, part: &str) -> String {
    body.with(part, "[EMAIL]")
}

#[test]
fn redact_pii_keeps_arguments_json_whatever_stands_in_them() {
    let (upstream, next) = saying();
    let gateway = installed(
        &upstream,
        "[[plugins.chain]]\nplugin = \"redact-pii\"\nconfig = { replacement = { email = \"\\\"gone\\\"\" } }\n",
    );
    for arguments in [
        r#"{"to":"ada@example.org"}"#,
        r#"{"to":"ada\u0040example.org"}"#,
        r#"{"ada@example.org":[1,"ada@example.org"]}"#,
        r#"{"card":4111111111111111}"#,
        r#"{"mail":"{\"to\":\"ada@example.org\"}"}"#,
    ] {
        let text = serde_json::to_string(arguments).unwrap();
        let part = format!(
            r#""role":"assistant","content":null,"tool_calls":[{{"id":"c","type":"function","function":{{"name":"f","arguments":{text}}}}}]"#
        );
        let reply = ask(&gateway, &next, Body::Answer, &part, "");
        let json = reply.json();
        let after = json["choices"][1]["message"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
        serde_json::from_str::<serde_json::Value>(after).unwrap_or_else(|why| panic!("{why}: {after}"));
        assert!(!after.contains("ada") && !after.contains("4111"), "{after}");
    }
}

#[test]
fn redact_pii_masks_what_is_cut_over_two_parts_and_tokens_that_repeat_it() {
    let (upstream, next) = saying();
    let gateway = installed(&upstream, "[[plugins.chain]]\nplugin = \"redact-pii\"\n");
    let parts = r#""role":"user","content":[{"type":"text","text":"I am ada@exam"},{"type":"text","text":"ple.org, 4111 1111"},{"type":"text","text":" 1111 1111."}]"#;
    ask(&gateway, &next, Body::Message, parts, "");
    let sent = upstream.seen().pop().unwrap().json();
    let texts: Vec<&str> = (0..3).map(|n| sent["messages"][1]["content"][n]["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["I am [EMAIL]", ", [CARD]", "."]);

    let choice = r#""logprobs":{"content":[{"token":"ada@","logprob":-1},{"token":"example.org","logprob":-1}]}"#;
    let reply = ask(&gateway, &next, Body::AnswerChoice, choice, "");
    assert_eq!(reply.json()["choices"][0]["logprobs"], serde_json::Value::Null, "{}", reply.text());
    assert_eq!(reply.json()["choices"][0]["message"]["content"], "fine");
}

#[test]
fn a_request_with_more_pieces_than_are_shown_is_refused_and_names_why() {
    let (upstream, next) = saying();
    *next.lock().unwrap() = ok("application/json", CHAT);
    let closed = seer(PHRASE);
    let open = Guest::on("policy", "(call $request.pieces (global.get $ret)) (call $pass)");
    let many = |count: usize| {
        let list = vec![r#""a b""#; count].join(",");
        format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],"stop":[{list}]}}"#)
    };
    let limits = "limits = { deadline = \"10s\", memory = \"256MiB\", cpu = \"100s\", cpu_burst = \"100s\" }";
    let gateway = gateway(
        upstream.address,
        "",
        &[("closed", &closed, limits), ("open", &open, &format!("on_failure = \"open\"\n{limits}"))],
    );
    assert_eq!(post(gateway.address, ACME, &many(32_000)).status, 200);
    for _ in 0..12 {
        let reply = post(gateway.address, ACME, &many(33_000));
        assert_eq!((reply.status, reply.code().as_str()), (400, "unreadable_request"), "no quarantine comes of it");
        assert!(reply.text().contains("32768 pieces"), "{}", reply.text());
    }
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["plugin=\"closed\"", "reason=\"unreadable\""]), 12.0);
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn an_open_plugin_that_cannot_be_shown_a_request_is_passed_over() {
    let (upstream, next) = saying();
    *next.lock().unwrap() = ok("application/json", CHAT);
    let policy = Guest::on("policy", "(call $request.pieces (global.get $ret)) (call $pass)");
    let gateway = gateway(upstream.address, "", &[("open", &policy, "on_failure = \"open\"")]);
    let body = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],"{}":["a","a","a","a","a"]}}"#,
        "n".repeat(1 << 20)
    );
    assert_eq!(post(gateway.address, ACME, &body).status, 200);
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["reason=\"unreadable\""]), 1.0);
}

/// Puts `X` in the place of every piece, wherever it stands.
fn eraser(interface: &str) -> String {
    format!(
        r#"(local $n i32) (local $many i32)
           (call ${interface}.pieces (global.get $ret))
           (local.set $many (i32.load offset=4 (global.get $ret)))
           (block $done (loop $next
             (br_if $done (i32.ge_u (local.get $n) (local.get $many)))
             (call ${interface}.set-piece (local.get $n) @"X" (global.get $ret)) (call $must-be-ok)
             (local.set $n (i32.add (local.get $n) (i32.const 1)))
             (br $next)))
           (call ${interface}.set-piece (local.get $many) @"X" (global.get $ret)) (call $must-fail)
           (call $pass)"#
    )
}

#[test]
fn pieces_are_set_in_requests_answers_and_events_called_directly_and_as_a_component() {
    let (upstream, next) = saying();
    let guest =
        Guest::on("policy", &eraser("request")).and("response", &eraser("reply")).and("event", &eraser("events"));
    for direct in ["", "direct = false\n"] {
        let bound = [("eraser", &guest, "")];
        let chain = guest::chain(&bound).replacen("[plugins]\n", &format!("[plugins]\n{direct}"), 1);
        let gateway = guest::gateway_with(&format!("{}\n{chain}", config(upstream.address)), &bound);
        *next.lock().unwrap() = ok("application/json", CHAT);
        let body = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],"tools":[{"type":"function","function":{"name":"f","description":"d"}}]}"#;
        let reply = post(gateway.address, ACME, body);
        assert_eq!(reply.text(), CHAT.replace("hello", "X"));
        let sent = String::from_utf8(upstream.seen().pop().unwrap().body).unwrap();
        let erased = [(r#""a""#, r#""X""#), (r#""b""#, r#""X""#), (r#""f""#, r#""X""#), (r#""d""#, r#""X""#)];
        assert_eq!(sent, erased.iter().fold(body.to_owned(), |body, (from, to)| body.replacen(from, to, 1)));

        let events = [
            r#"{"id":"c","choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"},"logprobs":{"content":[{"token":"b"}]}}]}"#,
            r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}}]}"#,
        ];
        *next.lock().unwrap() = streamed(&events.map(str::to_owned));
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        // A plugin sees an event of one choice at a time, and so does the client.
        let expected = [
            r#"{"id":"c","choices":[{"index":0,"delta":{"content":"X"}}]}"#,
            r#"{"id":"c","choices":[{"index":1,"delta":{"content":"X"},"logprobs":null}]}"#,
            r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"X"}}]}}]}"#,
        ];
        assert_eq!(reply.events()[..3], expected, "{}", reply.text());
        assert!(reply.clean);
        soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
    }
}

//! Tokens that no provider counted are estimated by text, the same however an answer comes; what a provider says by half, or
//! cannot have meant, is completed by the estimate and says so.

use crate::guest;
use crate::support;

use crate::guest::Guest;
use crate::support::upstream::{DONE, Upstream, delta, ok};
use crate::support::{ACME, Gateway, chat, chat_stream, config, post, send, until};
use serde_json::json;
use std::net::SocketAddr;

/// 69 bytes: 18 tokens.
const TEXT: &str = "An answer of sixty-nine bytes with \"quotes\", a line\nand an umlaut: ü";
const TOKENS: f64 = 18.0;

/// A gateway without plugins, or with those that read whole answers and events and pass them.
fn gateway(upstream: SocketAddr, plugins: bool) -> Gateway {
    if !plugins {
        return Gateway::start(&config(upstream));
    }
    let reader = Guest::on("response", "(call $pass)").and("event", "(call $pass)");
    guest::gateway(upstream, "", &[("reader", &reader, "")])
}

fn tokens(gateway: &Gateway, direction: &str, provenance: &str) -> f64 {
    let labels = [format!("direction=\"{direction}\""), format!("provenance=\"{provenance}\"")];
    gateway.metric("weir_tokens_total", &[&labels[0], &labels[1]])
}

fn settled(gateway: &Gateway, count: f64) {
    until("settled", || (gateway.metric("weir_ledger_closed_total", &[]) == count).then_some(()));
}

fn whole(text: &str) -> String {
    let choice = json!({"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"});
    json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}).to_string()
}

#[test]
fn the_same_text_is_the_same_estimate_whole_or_streamed_in_any_pieces_with_and_without_plugins() {
    assert_eq!(TEXT.len(), 69);
    let by_letter: Vec<_> = TEXT.chars().map(|c| delta(&c.to_string())).chain([DONE.to_owned()]).collect();
    let by_letter: Vec<_> = by_letter.iter().map(String::as_str).collect();
    let spaced = format!(
        "data: {{\"choices\": [{{\"index\": 0, \"delta\": {{\"role\": \"assistant\", \"content\": {}}}}}]}}\n\n",
        json!(TEXT)
    );
    let halves = [delta(&TEXT[..40]), delta(&TEXT[40..])];
    let upstreams = [
        Upstream::fixed(ok("application/json", &whole(TEXT))),
        Upstream::stream(&by_letter),
        Upstream::stream(&[&delta(TEXT), DONE]),
        Upstream::stream(&[&halves[0], &halves[1], DONE]),
        Upstream::stream(&[&spaced, DONE]),
    ];
    for (n, upstream) in upstreams.iter().enumerate() {
        for plugins in [false, true] {
            let gateway = gateway(upstream.address, plugins);
            let body = if n == 0 { chat("12345678") } else { chat_stream("12345678") };
            assert_eq!(post(gateway.address, ACME, &body).status, 200);
            settled(&gateway, 1.0);
            let counted = (tokens(&gateway, "input", "estimated"), tokens(&gateway, "output", "estimated"));
            assert_eq!(counted, (2.0, TOKENS), "upstream {n}, plugins {plugins}");
            soon_eq!(tokens(&gateway, "output", "reported"), 0.0);
        }
    }
}

#[test]
fn reasoning_and_calls_of_tools_are_text_and_all_choices_count() {
    let call = json!({"id": "x", "type": "function", "function": {"name": "find", "arguments": "{\"city\":\"Ulm\"}"}});
    let choices = json!([
        {"index": 0, "message": {"role": "assistant", "content": null, "reasoning_content": "so", "tool_calls": [call]}},
        {"index": 1, "message": {"role": "assistant", "content": "four"}},
    ]);
    let upstream = Upstream::fixed(ok("application/json", &json!({"id": "c", "choices": choices}).to_string()));
    let gateway = gateway(upstream.address, false);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    settled(&gateway, 1.0);
    // 2 + 4 + 14 + 4 bytes.
    soon_eq!(tokens(&gateway, "output", "estimated"), 6.0);
}

#[test]
fn what_a_provider_reports_counts_whatever_stands_beside_it() {
    let usage = r#""usage":{"prompt_tokens":5000,"completion_tokens":700}"#;
    for beside in [r#""timings":{"p":NaN}"#, r#""x":Infinity"#, "", "\"tier\":\"a\u{1}\""] {
        let answer = whole("hi").replace("\"created\":1", &format!("{usage},{beside}"));
        let last = format!("data: {{\"choices\":[],{usage},{beside}}}\n\n");
        let last = if beside.contains('\u{1}') { last.replace('\u{1}', "\t") } else { last };
        for (upstream, body) in [
            (Upstream::fixed(ok("application/json", &answer)), chat("hi")),
            (Upstream::stream(&[&delta("hi"), &last, DONE]), chat_stream("hi")),
        ] {
            let gateway = gateway(upstream.address, false);
            assert_eq!(post(gateway.address, ACME, &body).status, 200);
            settled(&gateway, 1.0);
            let counted = (tokens(&gateway, "input", "reported"), tokens(&gateway, "output", "reported"));
            assert_eq!(counted, (5000.0, 700.0), "{answer} {last}");
        }
    }
}

#[test]
fn a_total_that_is_less_than_its_part_tells_nothing_and_the_rest_is_estimated() {
    for (usage, reported, estimated) in [
        (r#"{"prompt_tokens":5000,"total_tokens":57}"#, "input", ("output", TOKENS)),
        (r#"{"completion_tokens":90,"total_tokens":57}"#, "output", ("input", 2.0)),
    ] {
        let answer = whole(TEXT).replace("\"created\":1", &format!("\"usage\":{usage}"));
        let upstream = Upstream::fixed(ok("application/json", &answer));
        let gateway = gateway(upstream.address, false);
        assert_eq!(post(gateway.address, ACME, &chat("12345678")).status, 200);
        settled(&gateway, 1.0);
        soon!(tokens(&gateway, reported, "reported") > 0.0, "{usage}");
        soon_eq!(tokens(&gateway, estimated.0, "estimated"), estimated.1, "{usage}");
    }
}

#[test]
fn the_numbers_of_an_embedding_are_no_output() {
    let vector = vec![0.012_345_6; 1_536];
    let answer = |usage: Option<serde_json::Value>| {
        let data = json!([{"object": "embedding", "index": 0, "embedding": vector}]);
        let mut answer = json!({"object": "list", "data": data, "model": "m"});
        usage.into_iter().for_each(|usage| answer["usage"] = usage);
        ok("application/json", &answer.to_string())
    };
    let answers = [answer(None), answer(Some(json!({"prompt_tokens": 7, "total_tokens": 7})))];
    let upstream = Upstream::start(move |n, _, stream| std::io::Write::write_all(stream, &answers[n]).is_ok());
    let gateway = gateway(upstream.address, true);
    let bearer = format!("Bearer {ACME}");
    let ask = || {
        let body = json!({"model": "m", "input": ["12345678"]}).to_string();
        let reply = send(gateway.address, "POST", "/v1/embeddings", &[("authorization", &bearer)], body.as_bytes());
        assert_eq!(reply.status, 200);
    };
    ask();
    settled(&gateway, 1.0);
    soon_eq!(tokens(&gateway, "input", "estimated"), 2.0);
    ask();
    settled(&gateway, 2.0);
    soon_eq!((tokens(&gateway, "input", "reported"), tokens(&gateway, "input", "estimated")), (7.0, 2.0));
    soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"output\""]), 0.0);
}

#[test]
fn what_a_provider_says_by_half_or_cannot_have_meant_is_completed_and_not_called_reported() {
    // What is said, and what comes of it: input and output, reported and estimated, and the parts.
    let cases = [
        (json!({"prompt_tokens": -5, "completion_tokens": 7}), [0.0, 2.0, 7.0, 0.0], [0.0, 0.0]),
        (json!({"prompt_tokens": 9}), [9.0, 0.0, 0.0, TOKENS], [0.0, 0.0]),
        (json!({"completion_tokens": 7}), [0.0, 2.0, 7.0, 0.0], [0.0, 0.0]),
        (json!({"prompt_tokens": 9, "total_tokens": 20}), [9.0, 0.0, 11.0, 0.0], [0.0, 0.0]),
        (json!({"total_tokens": 20}), [0.0, 2.0, 0.0, TOKENS], [0.0, 0.0]),
        (json!({"prompt_tokens": u64::MAX, "completion_tokens": 1e300}), [0.0, 2.0, 0.0, TOKENS], [0.0, 0.0]),
        (json!({"prompt_tokens": "9", "completion_tokens": 1.5}), [0.0, 2.0, 0.0, TOKENS], [0.0, 0.0]),
        (json!({"prompt_tokens": 0, "completion_tokens": 0}), [0.0; 4], [0.0, 0.0]),
        (
            json!({"prompt_tokens": 9, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 50},
                "completion_tokens_details": {"reasoning_tokens": 4_000_000_000_u64}}),
            [9.0, 0.0, 7.0, 0.0],
            [9.0, 0.0],
        ),
        (
            json!({"prompt_tokens": 9, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": -1},
                "completion_tokens_details": {"reasoning_tokens": 8}}),
            [9.0, 0.0, 7.0, 0.0],
            [0.0, 7.0],
        ),
    ];
    for (usage, expected, parts) in cases {
        let body = whole(TEXT).replacen('{', &format!("{{\"usage\":{usage},"), 1);
        let event = format!("data: {{\"choices\":[],\"usage\":{usage}}}\n\n");
        let upstreams =
            [Upstream::fixed(ok("application/json", &body)), Upstream::stream(&[&delta(TEXT), &event, DONE])];
        for (n, upstream) in upstreams.iter().enumerate() {
            let gateway = gateway(upstream.address, false);
            let reply = post(gateway.address, ACME, &if n == 0 { chat("12345678") } else { chat_stream("12345678") });
            assert_eq!(reply.status, 200);
            assert!(n == 0 || !reply.text().contains("usage"), "a client that did not ask sees no usage: {usage}");
            settled(&gateway, 1.0);
            let found =
                [("input", "reported"), ("input", "estimated"), ("output", "reported"), ("output", "estimated")]
                    .map(|(direction, provenance)| tokens(&gateway, direction, provenance));
            assert_eq!(found, expected, "{usage}, {n}");
            let found = ["cached_input", "reasoning"].map(|part| gateway.metric("weir_tokens_total", &[part]));
            assert_eq!(found, parts, "{usage}, {n}");
        }
    }
}

/// A request with tools, a form for the answer and a conversation in which a tool was called.
fn with_tools(streaming: bool) -> serde_json::Value {
    let parameters = json!({"type": "object", "properties": {"ort": {"type": "string", "description": "in Süd"}}, "required": ["ort"]});
    let tool = json!({"type": "function", "function": {"name": "find", "description": "a \"city\"", "parameters": parameters, "strict": true}});
    let form = json!({"type": "json_schema", "json_schema": {"name": "of", "schema": {"enum": ["on", "off"]}}});
    let call =
        json!({"id": "call_1", "type": "function", "function": {"name": "find", "arguments": "{\"ort\":\"Ulm\"}"}});
    json!({"model": "m", "stream": streaming, "tools": [tool], "response_format": form, "messages": [
        {"role": "user", "name": "ada", "content": "where?"},
        {"role": "assistant", "content": null, "reasoning_content": "so", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "there"},
    ]})
}

/// find, a "city", object, ort, string, in Süd, ort; of, on, off; ada, where?; so, find, {"ort":"Ulm"}; there: 81 bytes.
const TOOLS_TEXT: usize = (4 + 8 + 6 + 3 + 6 + 7 + 3) + (2 + 2 + 3) + (3 + 6) + (2 + 4 + 13) + 5;

#[test]
fn tools_and_their_calls_are_input_by_their_text_however_the_request_is_written_and_answered() {
    let answers = [Upstream::fixed(ok("application/json", &whole(TEXT))), Upstream::stream(&[&delta(TEXT), DONE])];
    for (streaming, upstream) in [false, true].into_iter().zip(&answers) {
        let body = with_tools(streaming);
        let escaped = |text: &str| {
            let each = text.encode_utf16().map(|unit| match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                _ => format!("\\u{unit:04x}"),
            });
            each.collect::<String>()
        };
        let compact = body.to_string();
        for plugins in [false, true] {
            let gateway = gateway(upstream.address, plugins);
            for (n, written) in
                [compact.clone(), serde_json::to_string_pretty(&body).unwrap(), escaped(&compact)].iter().enumerate()
            {
                assert_eq!(post(gateway.address, ACME, written).status, 200);
                settled(&gateway, (n + 1) as f64);
                let tokens = tokens(&gateway, "input", "estimated");
                assert_eq!(tokens, ((n + 1) * TOOLS_TEXT.div_ceil(4)) as f64, "{written}, plugins {plugins}");
            }
        }
    }
}

/// A router that asks the first candidate and sets this.
fn router(pointer: &str, value: &str) -> Guest {
    let numbers = [(8, 40_000), (12, 1), (40_000, 0), (40_004, 39_000), (40_008, 1)];
    let stores = numbers.map(|(at, value)| format!("(i32.store (i32.const {at}) (i32.const {value}))"));
    let body = format!(
        "(i32.store (i32.const 0) (i32.const 0)) (i32.store8 (i32.const 4) (i32.const 1)) {} (call $assign @\"{pointer}\" @\"{value}\") (i32.const 0)",
        stores.concat()
    );
    Guest::on("router", &body).with(
        "(func $assign (param i32 i32 i32 i32)
            (i32.store (i32.const 39000) (local.get 0)) (i32.store (i32.const 39004) (local.get 1))
            (i32.store (i32.const 39008) (local.get 2)) (i32.store (i32.const 39012) (local.get 3)))",
    )
}

/// A plugin that sets this where its hook may.
fn setter(hook: &str, pointer: &str, value: &str) -> Guest {
    let set = format!("(call $request.set @\"{pointer}\" @\"{value}\" (global.get $ret)) (call $must-be-ok)");
    Guest::on(hook, &format!("{set} (call $pass)"))
}

#[test]
fn whoever_rewrites_a_request_the_estimate_is_of_what_is_sent() {
    let upstream = Upstream::fixed(ok("application/json", &whole(TEXT)));
    let content = "/messages/0/content";
    let long = "\\\"twenty bytes of text\\\"";
    let gone = setter("upstream-request", content, long).and("policy", "(call $pass)");
    let cases: [(&str, Vec<(&str, Guest)>, f64); 8] = [
        ("nobody", vec![], 2.0),
        ("a policy", vec![("a", setter("policy", content, long))], 5.0),
        ("a router", vec![("a", router(content, long))], 5.0),
        ("the last one", vec![("a", gone)], 5.0),
        ("a router that takes away", vec![("a", router(content, "\\\"\\\""))], 0.0),
        (
            "the last one, with tools",
            vec![("a", setter("upstream-request", "/functions", "[{\\\"name\\\":\\\"find\\\"}]"))],
            3.0,
        ),
        ("the last one, where nothing is text", vec![("a", setter("upstream-request", "/max_tokens", "7"))], 2.0),
        (
            "one behind the other",
            vec![("a", router(content, long)), ("b", setter("upstream-request", content, "null"))],
            0.0,
        ),
    ];
    for (who, guests, expected) in cases {
        let bound: Vec<guest::Bound<'_>> = guests.iter().map(|(name, guest)| (*name, guest, "")).collect();
        let gateway = guest::gateway(upstream.address, "", &bound);
        let reply = post(gateway.address, ACME, &chat("12345678"));
        assert_eq!(reply.status, 200, "{who}: {}", reply.text());
        settled(&gateway, 1.0);
        soon_eq!(tokens(&gateway, "input", "estimated"), expected, "{who}");
    }
}

#[test]
fn each_attempt_is_estimated_by_itself_and_the_one_that_was_answered_counts() {
    let busy = support::upstream::status("503 Busy", "application/json", "{}");
    let answer = ok("application/json", &whole(TEXT));
    let upstream = Upstream::start(move |n, _, stream| {
        std::io::Write::write_all(stream, if n == 0 { &busy } else { &answer }).is_ok()
    });
    let growing = Guest::on(
        "upstream-request",
        r#"(if (i32.eq (local.get $number) (i32.const 1))
             (then (call $request.set @"/messages/0/content" @"\"first, and longer\"" (global.get $ret)))
             (else (call $request.set @"/messages/0/content" @"\"then\"" (global.get $ret))))
           (call $must-be-ok) (call $pass)"#,
    );
    let config = config(upstream.address).replace("retries = 0", "retries = 1");
    let bound = [("growing", &growing, "")];
    let gateway = guest::gateway_with(&format!("{config}{}", guest::chain(&bound)), &bound);
    assert_eq!(post(gateway.address, ACME, &chat("12345678")).status, 200);
    settled(&gateway, 2.0);
    soon_eq!(tokens(&gateway, "input", "estimated"), 1.0);
}

#[test]
fn what_a_plugin_makes_of_a_request_that_is_none_any_more_is_not_sent_and_costs_nothing() {
    let upstream = Upstream::chat();
    for (pointer, value) in [("/messages", "7"), ("/model", "null"), ("/stream", "\\\"yes\\\"")] {
        let broken = setter("upstream-request", pointer, value);
        let gateway = guest::gateway(upstream.address, "", &[("broken", &broken, "")]);
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.code().as_str()), (500, "plugin_failed"), "{pointer}");
        soon_eq!(gateway.metric("weir_ledger_closed_total", &[]), 0.0, "{pointer}");
    }
    assert!(upstream.seen().is_empty());
}

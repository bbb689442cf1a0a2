//! Providers that speak another dialect than their clients: a chat goes there in theirs and comes back in the client's.

use crate::support;

use crate::support::upstream::{Upstream, ok, status};
use crate::support::wires::{WIRES, Wire};
use crate::support::{ACME, Gateway, chat, chat_stream, config_with, post, send};
use serde_json::{Value, json};
use std::io::Write;
use std::net::SocketAddr;

/// The model `m` is `their-model` of a provider of this kind.
fn config_of(wire: &Wire, upstream: SocketAddr, provider: &str, rest: &str) -> String {
    config_with(upstream, provider, rest)
        .replace("kind = \"openai\"", &format!("kind = \"{}\"", wire.kind))
        .replace("/v1\"", "\"")
        .replace("up/m", "up/their-model")
}

fn gateway_of(wire: &Wire, upstream: SocketAddr) -> Gateway {
    Gateway::start(&config_of(wire, upstream, "retries = 0", ""))
}

/// What a client asks that wants to know the weather in two cities.
fn question(streaming: bool) -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let mut asked = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "Weather?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
            ]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Bern\"}"}}
            ]},
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"}
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "description": "of a city", "parameters": schema}}],
        "max_completion_tokens": 99,
        "temperature": 0.5
    });
    if streaming {
        asked["stream"] = true.into();
        asked["stream_options"] = json!({"include_usage": true});
    }
    asked
}

/// The events of a stream put together: content, calls by index, reason, usage.
fn collected(events: &[String]) -> (String, Vec<(String, String)>, String, Value) {
    let (mut content, mut calls, mut reason, mut usage) = (String::new(), Vec::new(), String::new(), Value::Null);
    for event in events.iter().filter(|event| *event != "[DONE]") {
        let event: Value = serde_json::from_str(event).unwrap_or_else(|e| panic!("{e}: {event}"));
        assert_eq!((&event["object"], &event["model"]), (&json!("chat.completion.chunk"), &json!("m")), "{event}");
        if event["usage"].is_object() {
            usage = event["usage"].clone();
        }
        let Some(choice) = event["choices"].get(0) else { continue };
        content += choice["delta"]["content"].as_str().unwrap_or_default();
        reason += choice["finish_reason"].as_str().unwrap_or_default();
        for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = call["index"].as_u64().unwrap() as usize;
            if index == calls.len() {
                assert!(call["id"].is_string(), "{call}");
                calls.push((call["function"]["name"].as_str().unwrap().to_owned(), String::new()));
            }
            calls[index].1 += call["function"]["arguments"].as_str().unwrap_or_default();
        }
    }
    (content, calls, reason, usage)
}

/// What each of the scripted providers has said.
fn is_the_answer(content: &str, calls: &[(String, String)], reason: &str, usage: &Value, wire: &Wire) {
    assert_eq!((content, reason), ("I look.", "tool_calls"), "{}", wire.kind);
    let cities: Vec<Value> =
        calls.iter().map(|(name, input)| json!([name, serde_json::from_str::<Value>(input).unwrap()])).collect();
    assert_eq!(cities, [json!(["weather", {"city": "Rome"}]), json!(["weather", {"city": "Oslo"}])], "{}", wire.kind);
    assert_eq!(
        (&usage["prompt_tokens"], &usage["completion_tokens"]),
        (&json!(17), &json!(7)),
        "{}: {usage}",
        wire.kind
    );
    // Ollama does not say what came from its cache.
    let cached = if wire.kind == "ollama" { Value::Null } else { json!(5) };
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], cached, "{}", wire.kind);
}

#[test]
fn a_chat_is_answered_whole_by_a_provider_of_another_dialect() {
    for wire in &WIRES {
        let upstream = wire.upstream();
        let gateway = gateway_of(wire, upstream.address);
        let reply = post(gateway.address, ACME, &question(false).to_string());
        assert_eq!((reply.status, reply.header("x-weir-upstream")), (200, Some("up/their-model")), "{}", reply.text());
        assert_eq!(reply.header("x-weir-dropped"), None, "{}", wire.kind);
        let answer = reply.json();
        assert_eq!((&answer["object"], &answer["model"]), (&json!("chat.completion"), &json!("m")), "{answer}");
        let message = &answer["choices"][0]["message"];
        let calls: Vec<_> = message["tool_calls"]
            .as_array()
            .unwrap()
            .iter()
            .map(|call| {
                let of = |name: &str| call["function"][name].as_str().unwrap().to_owned();
                (of("name"), of("arguments"))
            })
            .collect();
        let reason = answer["choices"][0]["finish_reason"].as_str().unwrap();
        is_the_answer(message["content"].as_str().unwrap(), &calls, reason, &answer["usage"], wire);

        let seen = &upstream.seen()[0];
        assert_eq!(seen.head.split(' ').nth(1), Some(wire.paths[0]));
        assert_eq!(seen.header(wire.key.0), Some(format!("{}upstream-secret", wire.key.1)));
        assert_eq!(seen.header("authorization").is_some(), wire.key.0 == "authorization", "{}", wire.kind);
        let body = String::from_utf8(seen.body.clone()).unwrap();
        for part in ["Be brief.", "Weather?", "iVBORw0KGgo=", "Bern", "rain", "of a city", "99", "0.5"] {
            assert!(body.contains(part), "{}: no {part} in {body}", wire.kind);
        }
        soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"input\"", "provenance=\"reported\""]), 17.0);
        soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"output\"", "provenance=\"reported\""]), 7.0);
    }
}

#[test]
fn a_chat_is_streamed_by_a_provider_of_another_dialect() {
    for wire in &WIRES {
        let upstream = wire.upstream();
        let gateway = gateway_of(wire, upstream.address);
        let reply = post(gateway.address, ACME, &question(true).to_string());
        assert_eq!((reply.status, reply.clean), (200, true), "{}", reply.text());
        let events = reply.events();
        assert_eq!(events.last().map(String::as_str), Some("[DONE]"), "{}", reply.text());
        let (content, calls, reason, usage) = collected(&events);
        is_the_answer(&content, &calls, &reason, &usage, wire);
        assert_eq!(upstream.seen()[0].head.split(' ').nth(1), Some(wire.paths[1]));
        soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"output\"", "provenance=\"reported\""]), 7.0);

        // Whoever does not ask what was used is not told, and it is counted all the same.
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert!(reply.clean && !reply.text().contains("prompt_tokens"), "{}", reply.text());
        soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"output\"", "provenance=\"reported\""]), 14.0);
    }
}

#[test]
fn a_stream_that_breaks_off_at_any_event_never_ends_well() {
    for wire in &WIRES {
        let events = wire.events();
        for cut in 0..events.len() - 1 {
            // At the end of an event, and in the midst of the next one.
            for part in [0, events[cut].len() / 2] {
                let begun = [&events[..cut], &[events[cut][..part].to_vec()]].concat();
                let begun: Vec<_> = begun.into_iter().filter(|event| !event.is_empty()).collect();
                let upstream = Upstream::fixed(wire.stream(&begun));
                let gateway = gateway_of(wire, upstream.address);
                let reply = post(gateway.address, ACME, &question(true).to_string());
                let is_refused = reply.status == 502;
                assert!(
                    is_refused || !reply.clean,
                    "{} cut behind {cut}: {} {}",
                    wire.kind,
                    reply.status,
                    reply.text()
                );
                assert!(!reply.text().contains("[DONE]"), "{} cut behind {cut}: {}", wire.kind, reply.text());
                assert!(is_refused || reply.text().contains("\"error\""), "{}: {}", wire.kind, reply.text());
                soon_eq!(gateway.metric("weir_requests_total", &[]), 1.0);
                soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
            }
        }
    }
}

#[test]
fn an_error_within_a_stream_is_one_in_the_clients_words() {
    for wire in &WIRES {
        let events = wire.events();
        let failing = [&events[..events.len() / 2], &[(wire.error_event)()]].concat();
        let upstream = Upstream::fixed(wire.stream(&failing));
        let gateway = gateway_of(wire, upstream.address);
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert_eq!((reply.status, reply.clean), (200, false), "{}", wire.kind);
        let last: Value = serde_json::from_str(reply.events().last().unwrap()).unwrap();
        assert_eq!(last["error"]["message"], "Overloaded", "{}: {last}", wire.kind);
    }
}

#[test]
fn what_is_said_against_a_request_is_said_in_the_clients_words() {
    for wire in &WIRES {
        let upstream = Upstream::fixed(status("400 Bad Request", "text/plain", &(wire.against)().to_string()));
        let gateway = gateway_of(wire, upstream.address);
        for body in [chat("hi"), chat_stream("hi")] {
            let reply = post(gateway.address, ACME, &body);
            let error = reply.json()["error"].clone();
            assert_eq!((reply.status, &error["message"]), (400, &json!("too many cooks")), "{}", wire.kind);
            assert_eq!(error["type"], "invalid_request_error", "{}: {error}", wire.kind);
            assert_eq!(reply.header("content-type"), Some("application/json"), "it was written anew");
        }
    }
}

#[test]
fn what_a_provider_cannot_be_told_is_named_counted_or_refused_as_it_is_configured() {
    for wire in &WIRES {
        let mut asked = question(false);
        asked["logit_bias"] = json!({"50256": -100});
        asked["made_up"] = 7.into();
        let upstream = wire.upstream();
        let ask = |on: &str| {
            let config = config_of(wire, upstream.address, &format!("retries = 0\n{on}"), "");
            let gateway = Gateway::start(&config);
            let reply = post(gateway.address, ACME, &asked.to_string());
            (reply, gateway)
        };
        let (warned, gateway) = ask("");
        assert_eq!(
            (warned.status, warned.header("x-weir-dropped")),
            (200, Some("logit_bias, made_up")),
            "{}",
            wire.kind
        );
        soon_eq!(gateway.metric("weir_fields_dropped_total", &["provider=\"up\"", "field=\"logit_bias\""]), 1.0);
        soon_eq!(
            gateway.metric("weir_fields_dropped_total", &["field=\"other\""]),
            1.0,
            "a client's name is none of a series"
        );
        let (dropped, gateway) = ask("on_unsupported = \"drop\"");
        assert_eq!((dropped.status, dropped.header("x-weir-dropped")), (200, None));
        soon_eq!(gateway.metric("weir_fields_dropped_total", &["field=\"logit_bias\""]), 1.0);
        let (refused, _gateway) = ask("on_unsupported = \"reject\"");
        assert_eq!((refused.status, refused.code().as_str()), (400, "unsupported_field"));
        assert!(refused.text().contains("logit_bias, made_up"), "{}", refused.text());
    }
}

#[test]
fn who_cannot_be_told_is_passed_over_for_who_can() {
    for wire in &WIRES {
        let (first, second) = (wire.upstream(), Upstream::chat());
        let next =
            format!("[providers.next]\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\nretries = 0\n", second.address);
        let config = config_of(wire, first.address, "retries = 0\non_unsupported = \"reject\"", "") + &next;
        let gateway = Gateway::start(&config.replace("[\"up/their-model\"]", "[\"up/their-model\", \"next/n\"]"));
        let mut asked = question(false);
        asked["logit_bias"] = json!({"1": 1});
        let reply = post(gateway.address, ACME, &asked.to_string());
        assert_eq!((reply.status, reply.header("x-weir-upstream")), (200, Some("next/n")), "{}", reply.text());
        assert_eq!((first.seen().len(), second.seen()[0].json()["logit_bias"]["1"].clone()), (0, json!(1)));
    }
}

#[test]
fn a_provider_of_another_dialect_takes_over_from_one_that_fails() {
    for wire in &WIRES {
        let (first, second) = (Upstream::fixed(status("503 Busy", "application/json", "{}")), wire.upstream());
        let next = format!(
            "[providers.next]\nkind = \"{}\"\nbase_url = \"http://{}\"\napi_key = \"k\"\nretries = 0\n",
            wire.kind, second.address
        );
        let config = config_with(first.address, "retries = 0", &next);
        let gateway = Gateway::start(&config.replace("[\"up/m\"]", "[\"up/m\", \"next/their-model\"]"));
        for streaming in [false, true] {
            let reply = post(gateway.address, ACME, &question(streaming).to_string());
            assert_eq!(
                (reply.status, reply.header("x-weir-upstream")),
                (200, Some("next/their-model")),
                "{}",
                reply.text()
            );
            assert!(reply.clean && reply.text().contains("Rome"), "{}", reply.text());
        }
    }
}

#[test]
fn what_is_no_answer_of_the_dialect_is_no_answer() {
    let bodies = ["", "{}", "[]", "hello", "<html></html>", r#"{"content":7}"#, r#"{"candidates":7}"#, r#"{"a":"#];
    for wire in &WIRES {
        for body in bodies {
            let upstream = Upstream::fixed(ok("application/json", body));
            let gateway = gateway_of(wire, upstream.address);
            let reply = post(gateway.address, ACME, &chat("hi"));
            assert_eq!(reply.status, 502, "{} {body}: {}", wire.kind, reply.text());
        }
    }
}

/// Where a provider is asked for the vectors of two texts, and what it answers.
fn vectors(kind: &str) -> Option<(&'static str, Value)> {
    let numbers = json!([[0.5, -1.0], [0.25, 2.0]]);
    Some(match kind {
        "gemini" => (
            "/v1beta/models/their-model:batchEmbedContents",
            json!({"embeddings": [{"values": numbers[0]}, {"values": numbers[1]}], "usageMetadata": {"promptTokenCount": 9}}),
        ),
        "cohere" => (
            "/v2/embed",
            json!({"id": "e", "embeddings": {"float": numbers}, "meta": {"billed_units": {"input_tokens": 9}}}),
        ),
        "ollama" => ("/api/embed", json!({"model": "their-model", "embeddings": numbers, "prompt_eval_count": 9})),
        _ => return None,
    })
}

#[test]
fn embeddings_are_made_by_providers_of_another_dialect() {
    for wire in &WIRES {
        let Some((path, answer)) = vectors(wire.kind) else { continue };
        let upstream = Upstream::fixed(ok("application/json", &answer.to_string()));
        let gateway = gateway_of(wire, upstream.address);
        let key = format!("Bearer {ACME}");
        let ask = |body: Value| {
            let body = body.to_string();
            send(gateway.address, "POST", "/v1/embeddings", &[("authorization", &key)], body.as_bytes())
        };
        let reply = ask(json!({"model": "m", "input": ["hi", "you"]}));
        assert_eq!((reply.status, reply.header("x-weir-upstream")), (200, Some("up/their-model")), "{}", reply.text());
        let told = reply.json();
        assert_eq!((&told["object"], &told["model"]), (&json!("list"), &json!("m")), "{told}");
        assert_eq!(told["data"][1], json!({"object": "embedding", "index": 1, "embedding": [0.25, 2.0]}));
        assert_eq!(told["usage"], json!({"prompt_tokens": 9, "total_tokens": 9}), "{}", wire.kind);
        let seen = &upstream.seen()[0];
        assert_eq!(seen.head.split(' ').nth(1), Some(path));
        assert!(seen.header(wire.key.0).is_some_and(|key| key.ends_with("upstream-secret")), "{}", wire.kind);
        let body = String::from_utf8(seen.body.clone()).unwrap();
        assert!(body.contains("\"hi\"") && body.contains("\"you\""), "{body}");
        soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"input\"", "provenance=\"reported\""]), 9.0);

        // Libraries ask so by themselves; and who gets not one for each has no answer.
        let reply = ask(json!({"model": "m", "input": ["hi", "you"], "encoding_format": "base64"}));
        assert_eq!(reply.json()["data"][0]["embedding"], "AAAAPwAAgL8=", "{}", reply.text());
        assert_eq!(ask(json!({"model": "m", "input": "hi"})).status, 502);
        let tokens = ask(json!({"model": "m", "input": [1, 2]}));
        assert_eq!((tokens.status, tokens.code().as_str()), (400, "invalid_value"), "{}", tokens.text());
    }
}

#[test]
fn embeddings_are_refused_by_who_has_none() {
    for wire in WIRES.iter().filter(|wire| vectors(wire.kind).is_none()) {
        let upstream = wire.upstream();
        let gateway = gateway_of(wire, upstream.address);
        let key = format!("Bearer {ACME}");
        let body = br#"{"model":"m","input":"hi"}"#;
        let reply = send(gateway.address, "POST", "/v1/embeddings", &[("authorization", &key)], body);
        assert_eq!((reply.status, reply.code().as_str()), (400, "unsupported_operation"), "{}", reply.text());
        assert!(upstream.seen().is_empty());
    }
}

#[test]
fn guards_see_what_a_provider_of_another_dialect_says_and_what_it_is_told() {
    for wire in &WIRES {
        let whole = (wire.whole)().to_string();
        let whole = whole.replace("two cities", "ada@example.org").replace("I look.", "bob@example.org");
        let streamed = wire.stream(&wire.events_with_addresses());
        let upstream = Upstream::start(move |_, seen, stream| {
            let asked = String::from_utf8_lossy(&seen.body).into_owned();
            let line = seen.head.lines().next().unwrap_or_default();
            let streaming = line.contains("tream") || asked.contains("\"stream\":true");
            let answer = if streaming { streamed.clone() } else { ok("application/json", &whole) };
            stream.write_all(&answer).is_ok()
        });
        let folder = support::root().join("plugins/installed");
        let rest =
            format!("[plugins]\nfolder = \"{}\"\n[[plugins.chain]]\nplugin = \"redact-pii\"\n", folder.display());
        let gateway = Gateway::start(&config_of(wire, upstream.address, "retries = 0", &rest));
        for streaming in [false, true] {
            let mut asked = question(streaming);
            asked["messages"][1]["content"][0]["text"] = "I am eve@example.org".into();
            let reply = post(gateway.address, ACME, &asked.to_string());
            assert_eq!(reply.status, 200, "{}", reply.text());
            let told = String::from_utf8(upstream.seen().last().unwrap().body.clone()).unwrap();
            assert!(told.contains("I am ") && !told.contains("eve@example.org"), "{}: {told}", wire.kind);
            assert!(!reply.text().contains("@example.org"), "{}: {}", wire.kind, reply.text());
            assert!(reply.clean && reply.text().contains("Rome"), "{}: {}", wire.kind, reply.text());
        }
    }
}

#[test]
fn a_base_url_may_end_in_the_version_that_the_dialects_paths_begin_with() {
    for wire in &WIRES {
        let version = ["/v1beta", "/v1", "/v2", "/api"]
            .into_iter()
            .find(|version| wire.paths[0].starts_with(&format!("{version}/")));
        for end in [version.unwrap_or(""), "/"] {
            let upstream = wire.upstream();
            let config = config_of(wire, upstream.address, "retries = 0", "");
            let url = format!("http://{}", upstream.address);
            let gateway = Gateway::start(&config.replace(&url, &format!("{url}{end}")));
            let reply = post(gateway.address, ACME, &chat("hi"));
            assert_eq!(reply.status, 200, "{} {end}: {}", wire.kind, reply.text());
            assert_eq!(upstream.seen()[0].head.split(' ').nth(1), Some(wire.paths[0]));
        }
    }
}

#[test]
fn a_request_of_millions_of_values_takes_no_more_memory_than_it_is_worth_and_is_refused() {
    let wire = &WIRES[0];
    let upstream = wire.upstream();
    let gateway = gateway_of(wire, upstream.address);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    let part = "{\"type\":\"text\",\"text\":\"\"},".repeat(1 << 20);
    let bodies = [
        format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{}]}}]}}"#, part.trim_end_matches(',')),
        format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],"stop":[{}1]}}"#, "1,".repeat(8 << 20)),
        format!(
            r#"{{"model":"m","messages":[{}{}]}}"#,
            "{\"role\":\"user\",\"content\":\"\"},".repeat(1 << 19),
            r#"{"role":"user"}"#
        ),
    ];
    for body in bodies {
        let reply = post(gateway.address, ACME, &body);
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_value"), "{}", reply.text());
        assert!(reply.text().contains("262144 values"), "{}", reply.text());
    }
    assert!(gateway.most_memory() < 400 << 20, "{} MiB", gateway.most_memory() >> 20);
    assert_eq!(upstream.seen().len(), 1);
}

/// A stream of these events of Anthropic's, as it comes out.
fn streamed(events: &[Value]) -> crate::support::Reply {
    let wire = &WIRES[0];
    let events: Vec<_> = events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()).into_bytes())
        .collect();
    let upstream = Upstream::fixed(wire.stream(&events));
    post(gateway_of(wire, upstream.address).address, ACME, &chat_stream("hi"))
}

#[test]
fn an_end_without_an_answer_and_a_message_that_is_cut_end_nothing_well() {
    let stop = json!({"type": "message_stop"});
    let start = json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 1}}});
    for events in [vec![stop.clone()], vec![start, stop]] {
        let reply = streamed(&events);
        assert!(
            (reply.status == 502 || !reply.clean) && !reply.text().contains("[DONE]"),
            "{} {}",
            reply.status,
            reply.text()
        );
    }
    let bedrock = &WIRES[2];
    let mut events = bedrock.events();
    let last = events.pop().unwrap();
    for tail in [last[..last.len() - 7].to_vec(), [&last[..], &b"garbage"[..]].concat()] {
        let upstream = Upstream::fixed(bedrock.stream(&[&events[..], &[tail]].concat()));
        let gateway = gateway_of(bedrock, upstream.address);
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert!(!reply.clean && !reply.text().contains("[DONE]"), "{}", reply.text());
    }
}

#[test]
fn a_sign_of_life_of_the_provider_is_one_for_the_client() {
    let wire = &WIRES[0];
    let upstream = Upstream::start(move |_, _, stream| {
        let begun = wire.stream(&wire.events()[..2]);
        stream.write_all(&begun[..begun.len() - 5]).unwrap();
        crate::support::upstream::wait_for_close(stream);
        false
    });
    let gateway = gateway_of(wire, upstream.address);
    let mut streaming = crate::support::client::Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    let alive = std::iter::from_fn(|| streaming.next_event()).find(|event| event.starts_with(':'));
    assert!(alive.is_some());
}

#[test]
fn however_often_a_thought_is_signed_it_is_said_once_more() {
    let delta = |delta: Value| json!({"type": "content_block_delta", "index": 0, "delta": delta});
    let thought = "x".repeat(10_000);
    let mut events = vec![
        json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
        delta(json!({"type": "thinking_delta", "thinking": thought})),
    ];
    events.extend((0..50).map(|_| delta(json!({"type": "signature_delta", "signature": "c2ln"}))));
    events.push(json!({"type": "content_block_stop", "index": 0}));
    events.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}));
    events.push(json!({"type": "message_stop"}));
    let reply = streamed(&events);
    assert!(reply.clean && reply.text().len() < 40_000, "{}", reply.text().len());
}

#[test]
fn arguments_of_any_depth_reach_the_provider_or_are_refused() {
    for wire in &WIRES {
        let upstream = Upstream::fixed(ok("application/json", &(wire.whole)().to_string()));
        let gateway = gateway_of(wire, upstream.address);
        for depth in [100, 121, 122, 123, 127, 128, 5_000] {
            let arguments = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
            let mut asked = question(false);
            asked["messages"][2]["tool_calls"][0]["function"]["arguments"] = arguments.into();
            let reply = post(gateway.address, ACME, &asked.to_string());
            assert_eq!(reply.status, 200, "{} {depth}: {}", wire.kind, reply.text());
        }
        for depth in [100, 118, 119, 120, 121, 122] {
            let schema = format!("{}{{}}{}", "{\"a\":".repeat(depth), "}".repeat(depth));
            let mut asked = question(false);
            asked["tools"][0]["function"]["parameters"] = "here".into();
            let asked = asked.to_string().replace("\"here\"", &schema);
            assert!(asked.contains(&schema));
            let reply = post(gateway.address, ACME, &asked);
            assert!(matches!(reply.status, 200 | 400), "{} {depth}: {}", wire.kind, reply.text());
        }
    }
}

#[test]
fn a_provider_that_repeats_the_gateways_key_is_not_repeated() {
    for wire in &WIRES {
        for said in [r#"{"error":{"message":"upstream-secret is no key"}}"#, "no such key: upstream-secret"] {
            for line in ["400 Bad Request", "404 Not Found", "422 Unprocessable"] {
                let upstream = Upstream::fixed(status(line, "application/json", said));
                let gateway = gateway_of(wire, upstream.address);
                let reply = post(gateway.address, ACME, &chat("hi"));
                assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_auth"), "{}", reply.text());
                assert!(!reply.text().contains("upstream-secret") && !gateway.log().contains("upstream-secret"));
            }
        }
    }
}

#[test]
fn who_cannot_be_told_hides_no_failure_of_who_can_and_no_further_attempt() {
    let wire = &WIRES[0];
    let mut asked = question(false);
    asked["logit_bias"] = json!({"1": 1});
    for (order, retries) in [("[\"up/their-model\", \"next/n\"]", 2), ("[\"next/n\", \"up/their-model\"]", 2)] {
        let (untold, busy) = (wire.upstream(), Upstream::fixed(status("503 Busy", "application/json", "{}")));
        let next = format!(
            "[providers.next]\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\nretries = {retries}\n",
            busy.address
        );
        let provider = format!("retries = {retries}\non_unsupported = \"reject\"");
        let config = config_of(wire, untold.address, &provider, "") + &next;
        let gateway = Gateway::start(&config.replace("[\"up/their-model\"]", order));
        let reply = post(gateway.address, ACME, &asked.to_string());
        assert_eq!((reply.status, reply.code().as_str()), (503, "upstream_overloaded"), "{}", reply.text());
        assert!(untold.seen().is_empty() && !busy.seen().is_empty());
    }
}

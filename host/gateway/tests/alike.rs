//! Requests that look like those before them: each is read for what it says itself, however many of the kind have gone by.

use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, Gateway, config, config_with, post, send, until};
use std::io::Write;

/// So often a request is sent before another one that looks like it.
const WARM: usize = 4;

fn whole(text: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}],"max_tokens":9,"temperature":0.5}}"#)
}

fn streamed(text: &str) -> String {
    format!(r#"{{"messages":[{{"role":"user","content":"{text}"}}],"model":"m","stream":true,"user":"ada"}}"#)
}

/// A configuration with one worker, whose target has another name for the model.
fn one_worker(upstream: &Upstream) -> String {
    config(upstream.address).replace("workers = 2", "workers = 1").replace("\"up/m\"", "\"up/model-elsewhere\"")
}

/// An upstream that answers as it was asked.
fn upstream() -> Upstream {
    Upstream::start(|_, seen, stream| {
        let answer = match seen.json()["stream"] == true {
            true => [STREAM, &chunk(&delta("hi")), &chunk(DONE), END].concat(),
            false => ok("application/json", CHAT),
        };
        stream.write_all(&answer).is_ok()
    })
}

#[test]
fn what_goes_upstream_is_what_this_request_says_and_not_one_before_it() {
    let upstream = upstream();
    let gateway = Gateway::start(&one_worker(&upstream));
    let mut sent = Vec::new();
    for round in 0..WARM {
        for text in ["", "a", "a longer text of some words", "\\\"}]} \\u00e9 {\\\"model\\\":\\\"x\\\"", "\u{1f9ed}"] {
            for body in [whole(text), streamed(text)] {
                // A conversation that has grown, and has a message of another kind in it.
                let turn = r#"{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"#;
                let body = body.replace("[{\"role\"", &format!("[{}{{\"role\"", turn.repeat(round)));
                assert_eq!(post(gateway.address, ACME, &body).status, 200, "{body}");
                sent.push(body);
            }
        }
    }
    let seen = upstream.seen();
    assert_eq!(seen.len(), sent.len());
    for (seen, sent) in seen.iter().zip(&sent) {
        let mut expected = sent.replacen("\"model\":\"m\"", "\"model\":\"model-elsewhere\"", 1);
        if sent.contains("\"stream\":true") {
            expected.truncate(expected.len() - 1);
            expected.push_str(r#","stream_options":{"include_usage":true}}"#);
        }
        assert_eq!(String::from_utf8(seen.body.clone()).unwrap(), expected);
    }
}

#[test]
fn a_request_that_is_none_is_refused_behind_many_that_look_like_it() {
    let upstream = upstream();
    let gateway = Gateway::start(&one_worker(&upstream));
    let cases: &[(&str, &str, &str)] = &[
        ("\"content\":", "\"content\":\"other\",\"content\":", "duplicate_parameter"),
        ("{\"role\"", "{\"role\":\"system\",\"role\"", "duplicate_parameter"),
        ("\"temperature\":0.5", "\"temperature\":0.5,\"temperature\":1", "duplicate_parameter"),
        ("}]", "},{\"role\":\"user\",\"role\":\"user\",\"content\":\"x\"}]", "duplicate_parameter"),
        ("\"temperature\":0.5", "\"temperature\":0.5,\"x\":{\"a\":1,\"\\u0061\":2}", "duplicate_parameter"),
        ("\"max_tokens\":9", "\"Max_Tokens\":9", "unknown_parameter"),
        ("\"max_tokens\":9", "\"max_tokens\":-9", "invalid_type"),
        ("\"max_tokens\":9", "\"max_tokens\":09", "invalid_json"),
        ("\"model\":\"m\"", "\"model\":\"\"", "invalid_value"),
        ("\"model\":\"m\"", "\"model\":\"\\ud800\"", "invalid_value"),
        ("\"model\":\"m\"", "\"model\":1", "invalid_type"),
        ("hello", "a\u{1}b", "invalid_json"),
        ("hello", "a\nb", "invalid_json"),
        ("hello", "\\x", "invalid_json"),
        ("hello", "\\u12", "invalid_json"),
        ("hello", "\\", "invalid_json"),
        ("0.5", ".5", "invalid_json"),
        ("0.5", "NaN", "invalid_json"),
        ("}],", "},],", "invalid_json"),
        ("}],", "}", "invalid_json"),
        ("0.5}", "0.5}}", "invalid_json"),
        ("0.5}", "0.5", "invalid_json"),
        ("\"content\":\"hello\"", "\"content\":1", "invalid_type"),
        ("[{\"role\"", "[1,{\"role\"", "invalid_type"),
    ];
    let good = whole("hello");
    let mut served = 0;
    for (old, new, code) in cases {
        for _ in 0..WARM {
            assert_eq!(post(gateway.address, ACME, &good).status, 200);
            served += 1;
        }
        let bad = good.replacen(old, new, 1);
        assert_ne!(bad, good, "{old}");
        for _ in 0..2 {
            let reply = post(gateway.address, ACME, &bad);
            assert_eq!((reply.status, reply.code().as_str()), (400, *code), "{bad}");
        }
    }
    let mut bytes = good.clone().into_bytes();
    let at = good.find("hello").unwrap();
    bytes[at] = 0xff;
    let bearer = format!("Bearer {ACME}");
    let reply = send(gateway.address, "POST", "/v1/chat/completions", &[("authorization", &bearer)], &bytes);
    assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_json"));
    assert_eq!(upstream.seen().len(), served);
}

#[test]
fn text_is_counted_in_each_request_anew() {
    let upstream = Upstream::fixed(ok("application/json", &CHAT.replace("\"usage\"", "\"used\"")));
    let gateway = Gateway::start(&config_with(upstream.address, "", "").replace("workers = 2", "workers = 1"));
    let input = || gateway.metric("weir_tokens_total", &["direction=\"input\"", "provenance=\"estimated\""]);
    let mut expected = 0.0;
    for (round, letters) in [8, 8, 8, 4, 40, 0, 400, 12].into_iter().enumerate() {
        let text = "\\u0061".repeat(letters);
        let second = format!("}},{{\"role\":\"system\",\"content\":\"{}\"}}]", "b".repeat(4 * round));
        let body = whole(&text).replace("}]", &second);
        assert_eq!(post(gateway.address, ACME, &body).status, 200);
        // Four bytes a token.
        expected += (letters / 4 + round) as f64;
        until("settled", || (gateway.metric("weir_ledger_closed_total", &[]) == (round + 1) as f64).then_some(()));
        soon_eq!(input(), expected, "round {round}");
    }
}

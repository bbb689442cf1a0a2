//! What an upstream sent with a 200 and is no answer, and what statuses mean: who is asked next, what it costs, and what

//! the client is told.

use crate::support::client::Streaming;
use crate::support::no_answers::{are_no_answers, case, good};
use crate::support::providers::{asking, gateway_of};
use crate::support::upstream::{CHAT, DONE, END, STREAM, USAGE, Upstream, chunk, delta, ok, status};
use crate::support::{ACME, Gateway, PATIENCE, chat, chat_stream, config, config_with, post, send, until};
use std::io::Write;
use std::net::Shutdown;
use std::sync::Mutex;
use std::sync::mpsc::channel;

/// An answer that ends with its connection.
fn closing(answer: impl Into<Vec<u8>>) -> Upstream {
    let answer = answer.into();
    Upstream::start(move |_, _, stream| {
        stream.write_all(&answer).unwrap();
        let _ = stream.shutdown(Shutdown::Both);
        false
    })
}

#[test]
fn a_200_that_is_no_answer_costs_nothing_and_leads_to_the_next_provider_or_to_502() {
    let mut cases = Vec::new();
    for (kind, body) in [
        ("application/json", r#"{"error":{"message":"overloaded","type":"server_error","code":503}}"#),
        ("application/json", r#"{"error":"overloaded","usage":{"prompt_tokens":5,"completion_tokens":500}}"#),
        ("application/json", r#"{"object":"error","message":"no such model","code":40401}"#),
        ("application/json", r#"{"id":"c","object":"chat.completion","choices":[],"usage":{"completion_tokens":9}}"#),
        ("application/json", r#"{"choices":null,"base_resp":{"status_code":1004,"status_msg":"login fail"}}"#),
        ("application/json", r#"{"detail":"Not authenticated"}"#),
        ("application/json", "{}"),
        ("application/json", "[]"),
        ("application/json", ""),
        ("application/json", "upstream connect error or disconnect/reset before headers"),
        ("text/html; charset=utf-8", "<!doctype html><title>Please log in</title>"),
        ("text/plain", ""),
    ] {
        let left = (502, "upstream_error");
        for streaming in [false, true] {
            cases.push(case(format!("{body} ({streaming})"), Upstream::fixed(ok(kind, body)), streaming, left));
        }
        // As chunks, and by the end of the connection.
        let chunks = if body.is_empty() { Vec::new() } else { chunk(body) };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n");
        let chunked = [head.as_bytes(), b"transfer-encoding: chunked\r\n\r\n", &chunks, END].concat();
        cases.push(case(format!("{body} in chunks"), Upstream::fixed(chunked), false, left));
        cases.push(case(format!("{body} until the close"), closing(format!("{head}\r\n{body}")), false, left));
    }
    are_no_answers(&cases);
}

#[test]
fn what_says_that_it_is_a_stream_and_is_a_document_is_judged_as_one() {
    let events = "text/event-stream; charset=utf-8";
    let error = r#"{"error":{"message":"overloaded","type":"server_error","code":503}}"#;
    let pretty = "{\n  \"error\": {\n    \"message\": \"overloaded\"\n  }\n}\n";
    let mut cases = Vec::new();
    for body in [error, pretty, "\n\n{\"detail\":\"no\"}", "\u{feff}{}", "[]", "<!doctype html>\n<title>Log in</title>"]
    {
        for streaming in [false, true] {
            let left = (502, "upstream_error");
            cases.push(case(format!("{body} ({streaming})"), Upstream::fixed(ok(events, body)), streaming, left));
            let until_close = format!("HTTP/1.1 200 OK\r\ncontent-type: {events}\r\n\r\n{body}");
            cases.push(case(format!("{body} until the close"), closing(until_close), streaming, left));
        }
    }
    are_no_answers(&cases);
    // A whole answer is one, too, and half of one is none.
    for streaming in [false, true] {
        let body = if streaming { chat_stream("hi") } else { chat("hi") };
        let gateway = Gateway::start(&config(Upstream::fixed(ok(events, CHAT)).address));
        let reply = post(gateway.address, ACME, &body);
        assert_eq!((reply.status, reply.text().as_str()), (200, CHAT));
        let gateway = Gateway::start(&config(Upstream::fixed(ok(events, &CHAT[..90])).address));
        let reply = post(gateway.address, ACME, &body);
        assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_broken"));
    }
}

#[test]
fn an_error_beside_choices_is_an_error_and_an_empty_one_is_none() {
    let beside = |error: &str| CHAT.replacen('{', &format!("{{\"error\":{error},"), 1);
    let failed = Upstream::fixed(ok("application/json", &beside("{\"message\":\"provider disconnected\"}")));
    are_no_answers(&[case("an error beside choices", failed, false, (502, "upstream_error"))]);
    let empty = ["null", "{}", "\"\"", "{\"message\":\"\",\"code\":null}"].map(beside);
    let upstreams = empty.clone().map(|body| Upstream::fixed(ok("application/json", &body)));
    let gateway = gateway_of(&upstreams, &good(), "");
    for (n, body) in empty.iter().enumerate() {
        let reply = post(gateway.address, ACME, &asking(&format!("n{n}"), false));
        assert_eq!((reply.status, &reply.text()), (200, body));
    }
}

#[test]
fn embeddings_are_judged_by_their_data() {
    let ask = |gateway: &Gateway| {
        let bearer = format!("Bearer {ACME}");
        let body = br#"{"model":"m","input":"hi"}"#;
        send(gateway.address, "POST", "/v1/embeddings", &[("authorization", &bearer)], body)
    };
    let good = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-1e-3]}],"usage":{"prompt_tokens":1,"total_tokens":1}}"#;
    for (body, expected) in
        [(good, 200), (r#"{"object":"list","data":[]}"#, 502), (CHAT, 502), (r#"{"error":{"message":"x"}}"#, 502)]
    {
        let upstream = Upstream::fixed(ok("application/json", body));
        let gateway = Gateway::start(&config(upstream.address));
        let reply = ask(&gateway);
        assert_eq!(reply.status, expected, "{body}");
        assert!(expected != 200 || reply.text() == body);
    }
}

#[test]
fn a_stream_that_begins_with_an_error_or_is_over_before_it_begins_is_no_answer() {
    let error = "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n";
    let pieces = [
        &[error][..],
        &[error, DONE],
        &["event: error\ndata: {\"message\":\"overloaded\"}\n\n"],
        &["event: error\ndata: overloaded\n\n"],
        &["data: {\"object\":\"error\",\"message\":\"overloaded\"}\n\n"],
        &["data: {\"choices\":[{\"index\":0,\"delta\":{}}],\"error\":{\"message\":\"x\"}}\n\n"],
        // What comes before it is no part of an answer.
        &[": PROCESSING\n\n", ": PROCESSING\n", error],
        &[": PROCESSING\n", "data: {\"id\":\"c\",\"choices\":[],\"prompt_filter_results\":[]}\n\n", error],
        &["retry: 3000\n\n", "event: ping\ndata: {}\n\n", "\n", error],
        // An error without its blank line.
        &["data: {\"error\":{\"message\":\"overloaded\"}}"],
        &[DONE],
        &[": nothing\n", DONE],
        &["data: {\"id\":\"c\",\"choices\":[]}\n\n", DONE],
        &["<html>\n<body>log in</body>\n\n"],
        &[],
    ];
    let no_answer =
        |pieces: &&[&str]| case(format!("{pieces:?}"), Upstream::stream(pieces), true, (502, "upstream_error"));
    are_no_answers(&pieces.iter().map(no_answer).collect::<Vec<_>>());
}

#[test]
fn a_stream_that_begins_with_anything_else_is_relayed_byte_for_byte() {
    let role = delta("").replace("{\"content\":\"\"}", "{\"role\":\"assistant\"}");
    let a = delta("a");
    let streams = [
        &[role.as_str(), &a, DONE][..],
        &[": PROCESSING\n\n", ": again\n", &a, DONE],
        &["data: {\"id\":\"\",\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}]}\n\n", &a, DONE],
        &["event: message\nid: 1\ndata: {\"choices\":[{\"delta\":{}}]}\n\n", DONE],
        &["data: no json\n\n", &a, DONE],
        &["\u{feff}data:{\"choices\":[{\"delta\":{}}]}\n\n", DONE],
    ];
    let upstreams = streams.map(Upstream::stream);
    let gateway = gateway_of(&upstreams, &good(), "");
    for (n, pieces) in streams.iter().enumerate() {
        let reply = post(gateway.address, ACME, &asking(&format!("n{n}"), true));
        let expected = pieces.concat().trim_start_matches('\u{feff}').to_owned();
        assert_eq!((reply.status, reply.text(), reply.clean), (200, expected, true));
    }
}

#[test]
fn a_stream_is_one_whatever_its_content_type_says() {
    let stream = [&delta("a"), &delta("b"), DONE].concat();
    for kind in ["", "content-type: application/json\r\n", "content-type: text/plain\r\n"] {
        let head = format!("HTTP/1.1 200 OK\r\n{kind}transfer-encoding: chunked\r\n\r\n");
        let upstream = Upstream::fixed([head.as_bytes(), &chunk(&stream), END].concat());
        let gateway = Gateway::start(&config(upstream.address));
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert_eq!((reply.status, reply.text(), reply.clean), (200, stream.clone(), true), "{kind}");
        assert!(reply.header("content-type").unwrap().starts_with("text/event-stream"), "{kind}");
    }
    // And a whole answer is one, too, where a stream was asked for.
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!((reply.status, reply.text().as_str()), (200, CHAT));
}

#[test]
fn comments_before_the_first_event_reach_the_client_before_it_is_there() {
    let (saw, seen) = channel::<()>();
    let seen = Mutex::new(seen);
    let upstream = Upstream::start(move |_, _, stream| {
        stream.write_all(&[STREAM, &chunk(": thinking\n")].concat()).unwrap();
        // The answer begins only when the client has seen that.
        seen.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        stream.write_all(&[&chunk(&delta("hello")), &chunk(DONE), END].concat()).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    let mut streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(streaming.next_event().as_deref(), Some(": thinking\n"));
    saw.send(()).unwrap();
    assert_eq!(streaming.rest(), [delta("hello"), DONE.to_owned()]);
    assert_eq!(streaming.clean, Some(true));
}

#[test]
fn a_stream_whose_first_event_takes_long_begins_without_it() {
    let (saw, seen) = channel::<()>();
    let seen = Mutex::new(seen);
    let upstream = Upstream::start(move |_, _, stream| {
        stream.write_all(STREAM).unwrap();
        // The first event comes only when the client knows that there is a stream.
        seen.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        stream.write_all(&[&chunk(&delta("hello")), &chunk(DONE), END].concat()).is_ok()
    });
    let gateway = Gateway::start(&config_with(upstream.address, "first_byte_timeout = \"200ms\"", ""));
    let mut streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(streaming.head.status, 200);
    saw.send(()).unwrap();
    assert_eq!(streaming.rest(), [delta("hello"), DONE.to_owned()]);
    assert_eq!(streaming.clean, Some(true));
}

#[test]
fn statuses_lead_to_the_next_provider_by_their_class() {
    let (failed, unreachable, account) = ("upstream_error", "upstream_unreachable", "upstream_auth");
    let cases = [
        (402, 502, account),
        (407, 502, account),
        (412, 502, account),
        (408, 504, "upstream_timeout"),
        (421, 502, failed),
        (424, 502, failed),
        (425, 502, failed),
        (498, 503, "upstream_overloaded"),
        (499, 502, failed),
        (501, 502, failed),
        (505, 502, failed),
        (507, 503, "upstream_overloaded"),
        (511, 502, account),
        (520, 502, failed),
        (521, 502, unreachable),
        (522, 502, unreachable),
        (523, 502, unreachable),
        (524, 504, "upstream_timeout"),
        (525, 502, unreachable),
        (526, 502, unreachable),
        (527, 502, failed),
        (530, 502, unreachable),
        (561, 502, failed),
        (599, 502, failed),
    ];
    are_no_answers(&cases.map(|(number, expected, code)| {
        let says = Upstream::fixed(status(&format!("{number} X"), "text/html", "<html>their words</html>"));
        case(number.to_string(), says, false, (expected, code))
    }));
}

#[test]
fn errors_of_the_account_are_the_gateways_whatever_their_status() {
    let error = |code: &str| format!("{{\"error\":{{\"message\":\"x\",\"type\":\"{code}\",\"code\":\"{code}\"}}}}");
    let cases = [
        ("429 Too Many Requests", "insufficient_quota"),
        ("429 Too Many Requests", "billing_not_active"),
        ("400 Bad Request", "billing_hard_limit_reached"),
        ("400 Bad Request", "organization_restricted"),
        ("404 Not Found", "account_deactivated"),
    ];
    are_no_answers(&cases.map(|(line, code)| {
        let says = Upstream::fixed(status(line, "application/json", &error(code)));
        case(format!("{line} {code}"), says, false, (502, "upstream_auth"))
    }));
    // A rate is one, and what a client says about accounts is its own affair.
    let upstream = Upstream::fixed(status("429 X", "application/json", &error("rate_limit_exceeded")));
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (429, "upstream_rate_limited"));
    let words = r#"{"error":{"message":"no tool \"code\":\"insufficient_quota\"","code":"invalid_value"}}"#;
    let upstream = Upstream::fixed(status("400 X", "application/json", words));
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.text().as_str()), (400, words));
}

#[test]
fn an_invalid_status_is_no_answer() {
    let lines = [("600 X", "error"), ("999 X", "error"), ("099 X", "broken"), ("1000 X", "broken")];
    let upstreams = lines.map(|(line, _)| Upstream::fixed(status(line, "application/json", CHAT)));
    let gateway = gateway_of(&upstreams, &good(), "");
    for (n, (line, code)) in lines.iter().enumerate() {
        let reply = post(gateway.address, ACME, &asking(&format!("n{n}"), false));
        assert_eq!((reply.status, reply.code()), (502, format!("upstream_{code}")), "{line}");
    }
}

#[test]
fn an_answer_without_a_body_is_relayed_as_one() {
    let heads = ["", "content-length: 0\r\n", "server: x\r\n", "content-type: application/json\r\n"];
    let upstreams = heads.map(|head| Upstream::fixed(format!("HTTP/1.1 204 No Content\r\n{head}\r\n")));
    let gateway = gateway_of(&upstreams, &good(), "");
    for (n, head) in heads.iter().enumerate() {
        for streaming in [false, true] {
            let reply = post(gateway.address, ACME, &asking(&format!("m{n}"), streaming));
            assert_eq!((reply.status, reply.text().as_str()), (204, ""), "{head}");
            assert_eq!((reply.header("content-length"), reply.header("transfer-encoding")), (None, None), "{head}");
        }
    }
    // Nothing came, and nothing is charged.
    for direction in ["direction=\"input\"", "direction=\"output\""] {
        soon_eq!(gateway.metric("weir_tokens_total", &[direction]), 0.0, "{direction}");
    }
}

#[test]
fn an_upstream_that_only_ever_says_that_it_is_at_work_is_left() {
    let upstream = Upstream::start(|_, _, stream| {
        // Far more than anybody would say, and for as long as somebody reads it.
        while stream.write_all(&b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(10)).is_ok() {}
        false
    });
    let few =
        Upstream::fixed([&b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(10), &ok("application/json", CHAT)[..]].concat());
    let gateway = gateway_of([&upstream, &few], &good(), "");
    let reply = post(gateway.address, ACME, &asking("m0", false));
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_broken"));
    assert_eq!(post(gateway.address, ACME, &asking("m1", false)).status, 200);
}

#[test]
fn a_refusal_that_ends_with_its_connection_is_relayed_with_its_body() {
    let refusals = [
        ("400 Bad", "text/plain", "no such model"),
        ("404 Not Found", "text/html", "<html>404</html>"),
        ("422 No", "application/json", "{\"detail\":[{\"msg\":\"field required\"}]}"),
        ("413 Too Large", "text/plain", ""),
    ];
    let refused = |(line, kind, body): (&str, &str, &str)| {
        closing(format!("HTTP/1.1 {line}\r\ncontent-type: {kind}\r\n\r\n{body}"))
    };
    let upstreams = refusals.map(refused);
    let gateway = gateway_of(&upstreams, &good(), "");
    for (n, (line, _, body)) in refusals.iter().enumerate() {
        for streaming in [false, true] {
            let reply = post(gateway.address, ACME, &asking(&format!("m{n}"), streaming));
            assert_eq!((reply.status.to_string().as_str(), reply.text().as_str()), (&line[..3], *body));
        }
    }
}

#[test]
fn a_refusal_before_any_attempt_leaves_retries_to_the_client() {
    let upstream = Upstream::chat();
    let tenant = "[limits]\nbody = \"1KiB\"\n";
    let gateway = Gateway::start(&config_with(upstream.address, "", tenant));
    let large = chat(&"x".repeat(2_000));
    let unknown = chat("hi").replace("\"m\"", "\"nothing\"");
    for (token, body, expected) in [
        ("sk-weir-acme-wrong", chat("hi"), 401),
        (ACME, "{".to_owned(), 400),
        (ACME, "{}".to_owned(), 400),
        (ACME, unknown, 404),
        (ACME, large, 413),
    ] {
        let reply = post(gateway.address, token, &body);
        assert_eq!((reply.status, reply.header("x-should-retry")), (expected, None), "{body}");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn answers_are_asked_for_and_taken_as_they_are_read() {
    let cases = [("application/json", false), ("text/event-stream", true), ("application/json", true)];
    let cases = cases.map(|(kind, streaming)| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-encoding: gzip\r\n");
        let says = Upstream::fixed(format!("{head}content-length: 2\r\n\r\n\x1f\x7f"));
        case(kind, says, streaming, (502, "upstream_encoded"))
    });
    are_no_answers(&cases);
    assert_eq!(cases[0].says.seen()[0].header("accept-encoding").as_deref(), Some("identity"));
    let plain =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: Identity\r\ncontent-length: {}\r\n\r\n{CHAT}", CHAT.len());
    let upstream = Upstream::fixed(plain);
    let gateway = Gateway::start(&config(upstream.address));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).text(), CHAT);
}

#[test]
fn usage_that_comes_first_is_counted_once_and_hidden() {
    let upstream = Upstream::stream(&[USAGE, &delta("hello"), DONE]);
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!((reply.text(), reply.clean), ([&delta("hello"), DONE].concat(), true));
    let counted = || gateway.metric("weir_tokens_total", &["direction=\"output\"", "reported"]);
    until("it is counted", || (counted() > 0.0).then_some(()));
    soon_eq!(counted(), 2.0);
}

//! What goes upstream and what comes back: the client's bytes, the headers that are meant for the other side, and a
//! ledger entry that is closed once.

use crate::support;

use crate::support::client::Streaming;
use crate::support::upstream::{CHAT, DONE, STREAM, USAGE, Upstream, chunk, delta, ok, status, wait_for_close};
use crate::support::{ACME, Gateway, Reply, chat, chat_stream, config, config_with, post, send, until};
use std::io::Write;

/// A body with everything that a parser and a serialiser would change.
const ODD: &str = "{ \"unknown\":{\"b\":1,\"a\":[1.0,1e2,-0.0,12345678901234567890123]},\t\"model\" :\"m\",\r\n \"messages\":[{\"role\":\"user\",\"content\":\"\\u00e9 \u{e9} \\/\"}],\"temperature\":1.10 ,\"model_\":\"m\"}";

fn ask(gateway: &Gateway, headers: &[(&str, &str)], body: &str) -> Reply {
    let bearer = format!("Bearer {ACME}");
    let headers: Vec<_> = [("authorization", bearer.as_str())].iter().chain(headers).copied().collect();
    send(gateway.address, "POST", "/v1/chat/completions", &headers, body.as_bytes())
}

/// How often the ledger closed an entry for this reason.
fn closed(gateway: &Gateway, reason: &str) -> f64 {
    gateway.metric("weir_ledger_closed_total", &[&format!("reason=\"{reason}\"")])
}

fn tokens(gateway: &Gateway, direction: &str, provenance: &str) -> f64 {
    let labels = [format!("direction=\"{direction}\""), format!("provenance=\"{provenance}\"")];
    gateway.metric("weir_tokens_total", &[&labels[0], &labels[1]])
}

#[test]
fn bodies_are_forwarded_byte_for_byte_in_both_directions() {
    let answer = CHAT.replace(',', " ,\n").replace(":1,", ":1.0e0,");
    let upstream = Upstream::fixed(ok("application/json", &answer));
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, ODD);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.text(), answer);
    assert_eq!(String::from_utf8(upstream.seen()[0].body.clone()).unwrap(), ODD);
}

#[test]
fn a_target_of_another_name_changes_the_models_bytes_alone() {
    let upstream = Upstream::chat();
    let config = config(upstream.address).replace("\"up/m\"", "\"up/gpt-\\\"large\\\"\"");
    let gateway = Gateway::start(&config);
    assert_eq!(post(gateway.address, ACME, ODD).status, 200);
    let expected = ODD.replace("\"model\" :\"m\"", "\"model\" :\"gpt-\\\"large\\\"\"");
    assert_eq!(String::from_utf8(upstream.seen()[0].body.clone()).unwrap(), expected);
}

#[test]
fn usage_is_asked_for_in_streams_only() {
    let upstream = Upstream::start(|_, seen, stream| {
        let streaming = seen.json()["stream"] == true;
        let answer = if streaming {
            [STREAM, &chunk(&delta("hi")), &chunk(DONE), b"0\r\n\r\n"].concat()
        } else {
            ok("application/json", CHAT)
        };
        stream.write_all(&answer).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    let own =
        chat_stream("hi").replace("\"stream\"", "\"stream_options\":{\"include_usage\":false,\"x\":1},\"stream\"");
    for body in [chat("hi"), chat_stream("hi"), own] {
        assert_eq!(post(gateway.address, ACME, &body).status, 200);
    }
    let seen: Vec<_> = upstream.seen().iter().map(|s| s.json()["stream_options"].clone()).collect();
    assert_eq!(seen[0], serde_json::Value::Null);
    assert_eq!(seen[1], serde_json::json!({"include_usage": true}));
    assert_eq!(seen[2], serde_json::json!({"include_usage": true, "x": 1}));
}

#[test]
fn a_provider_that_does_not_know_stream_options_is_not_sent_them() {
    let upstream = Upstream::stream(&[&delta("hi"), DONE]);
    let gateway = Gateway::start(&config_with(upstream.address, "ask_usage = false", ""));
    let body = chat_stream("hi");
    assert_eq!(post(gateway.address, ACME, &body).streamed(), "hi");
    assert_eq!(upstream.seen()[0].body, body.as_bytes());
}

#[test]
fn headers_that_are_meant_for_a_model_go_upstream_and_no_others() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let reply = ask(
        &gateway,
        &[
            ("user-agent", "OpenAI/Python 3.54"),
            ("openai-beta", "assistants=v2"),
            ("idempotency-key", "key-1"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-internal", "no"),
            ("accept-encoding", "gzip"),
            ("connection", "keep-alive, x-named, authorization"),
            ("x-named", "no"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("proxy-authorization", "Basic YTpi"),
            ("forwarded", "for=10.0.0.1"),
        ],
        &chat("hi"),
    );
    assert_eq!(reply.status, 200);
    let seen = &upstream.seen()[0];
    assert!(seen.head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{}", seen.head);
    let mut names: Vec<String> =
        seen.head.lines().skip(1).filter_map(|l| l.split_once(':')).map(|(n, _)| n.to_ascii_lowercase()).collect();
    names.sort();
    let expected = [
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "openai-beta",
        "traceparent",
        "user-agent",
        "via",
        "x-request-id",
    ];
    assert_eq!(names, expected);
    assert_eq!(seen.header("host"), Some(upstream.address.to_string()));
    assert_eq!(seen.header("via").as_deref(), Some("1.1 weir"));
    // Usage and the end are read in every answer.
    assert_eq!(seen.header("accept-encoding").as_deref(), Some("identity"));
}

#[test]
fn the_upstreams_headers_come_back_without_its_business_with_the_gateway() {
    let head = "HTTP/1.1 200 OK\r\nx-request-id: theirs\r\nx-ratelimit-limit-requests: 9\r\nx-ratelimit-remaining-tokens: 9\r\n\
                set-cookie: a=b\r\nalt-svc: h3=\":443\"\r\nconnection: x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\n\
                openai-processing-ms: 12\r\ncontent-type: application/json\r\n";
    let upstream = Upstream::fixed(format!("{head}content-length: {}\r\n\r\n{CHAT}", CHAT.len()));
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!(reply.header("x-weir-upstream"), Some("up/m"));
    assert_eq!(reply.header("x-upstream-request-id"), Some("theirs"));
    assert_eq!(reply.header("openai-processing-ms"), Some("12"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    for name in
        ["set-cookie", "alt-svc", "x-hop", "keep-alive", "x-ratelimit-limit-requests", "x-ratelimit-remaining-tokens"]
    {
        assert_eq!(reply.header(name), None, "{name}");
    }
    assert_eq!(reply.headers.iter().filter(|(name, _)| name == "content-length").count(), 1);
}

#[test]
fn embeddings_take_the_same_way() {
    let answer = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"m","usage":{"prompt_tokens":7,"total_tokens":7}}"#;
    let upstream = Upstream::fixed(ok("application/json", answer));
    let gateway = Gateway::start(&config(upstream.address));
    let bearer = format!("Bearer {ACME}");
    let body = r#"{"model":"m","input":["a","b"],"dimensions":1}"#;
    let reply = send(gateway.address, "POST", "/v1/embeddings", &[("authorization", &bearer)], body.as_bytes());
    assert_eq!((reply.status, reply.text().as_str()), (200, answer));
    let seen = &upstream.seen()[0];
    assert!(seen.head.starts_with("POST /v1/embeddings "), "{}", seen.head);
    assert_eq!(seen.body, body.as_bytes());
    soon_eq!(until("settled", || Some(tokens(&gateway, "input", "reported")).filter(|n| *n > 0.0)), 7.0);
}

#[test]
fn usage_is_counted_as_reported_or_else_estimated() {
    let silent = CHAT.split(",\"usage\"").next().unwrap().to_owned() + "}";
    let upstream = Upstream::start(move |n, _, stream| {
        stream.write_all(&ok("application/json", if n == 0 { CHAT } else { &silent })).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    until("settled", || (closed(&gateway, "completed") == 1.0).then_some(()));
    soon_eq!((tokens(&gateway, "input", "reported"), tokens(&gateway, "output", "reported")), (3.0, 1.0));
    soon_eq!(tokens(&gateway, "output", "estimated"), 0.0);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    until("settled", || (closed(&gateway, "completed") == 2.0).then_some(()));
    soon!(tokens(&gateway, "output", "estimated") > 0.0);
    soon_eq!(tokens(&gateway, "output", "reported"), 1.0);
}

#[test]
fn the_ledger_closes_each_request_once_however_it_ends() {
    let (gone, was_gone) = std::sync::mpsc::channel();
    let gone = std::sync::Mutex::new(gone);
    let upstream = Upstream::start(move |n, _, stream| match n {
        // A whole answer, a refusal of the upstream's, a stream to its end, one that breaks, one that is left.
        0 => stream.write_all(&ok("application/json", CHAT)).is_ok(),
        1 => stream.write_all(&status("400 Bad Request", "application/json", "{\"error\":{}}")).is_ok(),
        2 => {
            let pieces = [delta("hi"), USAGE.into(), DONE.into()].map(|p| chunk(&p)).concat();
            stream.write_all(&[STREAM, &pieces, b"0\r\n\r\n"].concat()).is_ok()
        }
        3 => {
            stream.write_all(&[STREAM, &chunk(&delta("hi"))].concat()).unwrap();
            stream.shutdown(std::net::Shutdown::Both).unwrap();
            false
        }
        _ => {
            stream.write_all(&[STREAM, &chunk(&delta("hi"))].concat()).unwrap();
            wait_for_close(stream);
            gone.lock().unwrap().send(()).unwrap();
            false
        }
    });
    let gateway = Gateway::start(&config(upstream.address));
    let closes =
        |gateway: &Gateway| ["completed", "upstream_failed", "client_gone"].map(|reason| closed(gateway, reason));
    let settled = |what: &str, expected: [f64; 3]| {
        until(what, || (closes(&gateway).iter().sum::<f64>() >= expected.iter().sum()).then_some(()));
        assert_eq!(closes(&gateway), expected, "{what}");
    };
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    settled("a whole answer", [1.0, 0.0, 0.0]);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 400);
    settled("a refusal", [1.0, 1.0, 0.0]);
    assert!(post(gateway.address, ACME, &chat_stream("hi")).clean);
    settled("a stream", [2.0, 1.0, 0.0]);
    assert!(!post(gateway.address, ACME, &chat_stream("hi")).clean);
    settled("a broken stream", [2.0, 2.0, 0.0]);
    let mut left = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert!(left.next_event().is_some());
    drop(left);
    was_gone.recv_timeout(support::PATIENCE).unwrap();
    settled("a client that left", [2.0, 2.0, 1.0]);

    // Reported twice (3 + 1 and 3 + 2); the two that broke are partial; the refused one cost nothing.
    soon_eq!((tokens(&gateway, "input", "reported"), tokens(&gateway, "output", "reported")), (6.0, 3.0));
    soon_eq!(tokens(&gateway, "output", "partial"), 2.0);
    soon_eq!(tokens(&gateway, "input", "estimated") + tokens(&gateway, "output", "estimated"), 0.0);
    until("nothing in flight", || (gateway.metric("weir_in_flight", &[]) == 0.0).then_some(()));
    soon_eq!(gateway.metric("weir_requests_total", &["status=\"499\""]), 1.0);
}

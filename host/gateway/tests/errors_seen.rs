//! What an upstream says against a request passes the guards of answers like an answer: it may repeat what the request said.

use crate::support;

use crate::guest::{Guest, gateway};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, Reply, chat, chat_stream, config, post, send};
use std::io::Write;

const ADDRESS: &str = "ada@example.org";

/// An upstream that answers with this status and body, and says when to come again.
fn refusing(status: u16, kind: &str, body: &[u8]) -> Upstream {
    let head = format!(
        "HTTP/1.1 {status} No\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nretry-after: 7\r\nretry-after-ms: 6500\r\n\
         x-should-retry: true\r\nx-ours: kept\r\n\r\n",
        body.len()
    );
    let bytes = [head.as_bytes(), body].concat();
    Upstream::start(move |_, _, stream| stream.write_all(&bytes).is_ok())
}

/// A gateway with the bundled mask, bound so, in front of it.
fn masked(upstream: &Upstream, binding: &str) -> Gateway {
    let (folder, cache) = (support::installed(), support::cache());
    let plugins = format!("[plugins]\nfolder = \"{}\"\ncache = \"{}\"\n", folder.display(), cache.display());
    let chain = format!("[[plugins.chain]]\nplugin = \"redact-pii\"\n{binding}\n");
    Gateway::start(&format!("{}{plugins}{chain}", config(upstream.address)))
}

/// The same request in each way of asking.
fn asked(gateway: &Gateway) -> [Reply; 3] {
    let bearer = format!("Bearer {ACME}");
    let embed = br#"{"model":"m","input":"hi"}"#;
    [
        post(gateway.address, ACME, &chat("hi")),
        post(gateway.address, ACME, &chat_stream("hi")),
        send(gateway.address, "POST", "/v1/embeddings", &[("authorization", &bearer)], embed),
    ]
}

/// What says whether and when to come again is the upstream's.
fn keeps_when_to_come_again(reply: &Reply) {
    let said = ["retry-after", "retry-after-ms", "x-should-retry"].map(|name| reply.header(name));
    assert_eq!(said, [Some("7"), Some("6500"), Some("true")], "{}", reply.text());
}

#[test]
fn what_an_upstream_says_against_a_request_is_shown_to_guards_wherever_it_stands() {
    for (status, body) in [
        (400, format!(r#"{{"error":{{"message":"bad word: mail {ADDRESS}","type":"invalid_request_error"}}}}"#)),
        (404, format!(r#"{{"error":"no such model: mail {ADDRESS}"}}"#)),
        (
            422,
            format!(
                r#"{{"detail":[{{"loc":["body","mail {ADDRESS}"],"msg":"mail {ADDRESS}","input":{{"a":"mail {ADDRESS}"}}}}]}}"#
            ),
        ),
        (413, format!(r#"{{"object":"error","message":"mail {ADDRESS}","code":"mail {ADDRESS}","param":null}}"#)),
    ] {
        let upstream = refusing(status, "application/json", body.as_bytes());
        let gateway = masked(&upstream, "");
        for reply in asked(&gateway) {
            assert_eq!((reply.status, reply.text()), (status, body.replace(ADDRESS, "[EMAIL]")));
            assert_eq!(
                (reply.header("x-ours"), reply.header("content-type")),
                (Some("kept"), Some("application/json"))
            );
            keeps_when_to_come_again(&reply);
        }
        soon_eq!(gateway.metric("weir_plugin_calls_total", &["redact-pii", "response"]), 3.0);
        soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
    }
}

#[test]
fn what_cannot_be_shown_is_replaced_by_words_of_the_gateways_own_with_the_status_that_it_had() {
    let page = format!("<html>mail {ADDRESS}</html>");
    let mut raw = format!(r#"{{"error":{{"message":"mail {ADDRESS} x"}}}}"#).into_bytes();
    let at = raw.len() - 5;
    raw[at] = 0xff;
    for (kind, body) in [
        ("text/plain", format!("mail {ADDRESS}").into_bytes()),
        ("text/html", page.into_bytes()),
        ("application/json", format!(r#"[{{"error":{{"message":"mail {ADDRESS}"}}}}]"#).into_bytes()),
        ("application/json", format!(r#"{{"error":{{"message":"mail {ADDRESS}","n":NaN}}}}"#).into_bytes()),
        ("application/json", format!(r#"{{"error":"fine","error":"mail {ADDRESS}"}}"#).into_bytes()),
        ("application/json", format!(r#"{{"error":"mail {ADDRESS}"#).into_bytes()),
        ("application/json", raw),
    ] {
        let upstream = refusing(422, kind, &body);
        let (closed, open) = (masked(&upstream, ""), masked(&upstream, "on_failure = \"open\""));
        for reply in asked(&closed) {
            assert_eq!((reply.status, reply.code().as_str()), (422, "upstream_unreadable"), "{}", reply.text());
            assert!(!reply.text().contains(ADDRESS) && reply.text().contains("redact-pii"), "{}", reply.text());
            keeps_when_to_come_again(&reply);
        }
        for reply in asked(&open) {
            assert_eq!((reply.status, &reply.body), (422, &body));
            keeps_when_to_come_again(&reply);
        }
        for gateway in [closed, open] {
            let counted = ["reason=\"unreadable\"", "redact-pii"];
            soon_eq!(gateway.metric("weir_plugin_faults_total", &counted), 3.0);
            soon_eq!(gateway.metric("weir_plugin_calls_total", &["redact-pii", "response"]), 0.0);
        }
    }
}

#[test]
fn a_guard_of_streams_alone_cannot_be_shown_what_is_said_against_a_request_for_one() {
    let body = format!(r#"{{"error":{{"message":"mail {ADDRESS}"}}}}"#);
    let upstream = refusing(400, "application/json", body.as_bytes());
    let pass = "(i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 8) (i32.const 0)) (i32.const 0)";
    let guard = Guest::on("event", pass);
    let closed = gateway(upstream.address, "", &[("streams", &guard, "")]);
    let open = gateway(upstream.address, "", &[("streams", &guard, "on_failure = \"open\"")]);
    let stream = |gateway: &Gateway| post(gateway.address, ACME, &chat_stream("hi"));
    let reply = stream(&closed);
    assert_eq!((reply.status, reply.code().as_str()), (400, "upstream_unreadable"), "{}", reply.text());
    keeps_when_to_come_again(&reply);
    assert_eq!(stream(&open).text(), body);
    // Of whole answers it has seen none before, either.
    assert_eq!(post(closed.address, ACME, &chat("hi")).text(), body);
}

#[test]
fn a_plugin_that_refuses_or_fails_at_it_decides_as_at_an_answer() {
    let body = br#"{"error":{"message":"no"}}"#;
    let upstream = refusing(400, "application/json", body);
    // It is told the status.
    let refuse = Guest::on(
        "response",
        r#"(if (i32.ne (local.get $status) (i32.const 400)) (then unreachable))
           (call $refuse (i32.const 451) @"mine" @"said")"#,
    );
    let refused = gateway(upstream.address, "", &[("it", &refuse, "")]);
    let reply = post(refused.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (451, "mine"));
    let trap = Guest::on("response", "unreachable");
    let closed = gateway(upstream.address, "", &[("it", &trap, "")]);
    assert_eq!(post(closed.address, ACME, &chat("hi")).code(), "plugin_failed");
    let open = gateway(upstream.address, "", &[("it", &trap, "on_failure = \"open\"")]);
    assert_eq!(post(open.address, ACME, &chat("hi")).body, body);
}

#[test]
fn where_nothing_is_said_nothing_is_shown() {
    let upstream = refusing(404, "application/json", b"");
    let gateway = masked(&upstream, "");
    for reply in asked(&gateway) {
        assert_eq!((reply.status, reply.body.len()), (404, 0));
        keeps_when_to_come_again(&reply);
    }
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
}

//! Azure OpenAI: deployments in the path, the version behind it, the key in a header of its own.

use crate::support::upstream::{DONE, END, STREAM, Upstream, chunk, delta};
use crate::support::{ACME, Gateway, chat, chat_stream, config_with, post, send};
use std::io::Write;
use std::net::SocketAddr;

/// The model `m` is the deployment `my-gpt` of a resource of Azure's.
fn gateway(upstream: SocketAddr, lines: &str) -> Gateway {
    let config = config_with(upstream, &format!("retries = 0\n{lines}"), "");
    let config = config.replace("kind = \"openai\"", "kind = \"azure\"").replace("/v1\"", "\"");
    Gateway::start(&config.replace("up/m", "up/my-gpt"))
}

#[test]
fn azure_is_asked_for_a_deployment_with_its_own_header_and_its_version() {
    let upstream = Upstream::chat();
    for (lines, version) in [("", "2024-10-21"), ("api_version = \"2025-04-01-preview\"", "2025-04-01-preview")] {
        let gateway = gateway(upstream.address, lines);
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{}", reply.text());
        let key = format!("Bearer {ACME}");
        let body = br#"{"model":"m","input":"hi"}"#;
        send(gateway.address, "POST", "/v1/embeddings", &[("authorization", &key)], body);
        let seen = upstream.seen();
        let [.., chat, embed] = seen.as_slice() else { panic!("{seen:?}") };
        for (seen, end) in [(chat, "chat/completions"), (embed, "embeddings")] {
            let wanted = format!("POST /openai/deployments/my-gpt/{end}?api-version={version} HTTP/1.1\r\n");
            assert!(seen.head.starts_with(&wanted), "{}", seen.head);
            assert_eq!(seen.header("api-key").as_deref(), Some("upstream-secret"));
            assert_eq!(seen.header("authorization"), None);
        }
        assert!(!gateway.log().contains("upstream-secret"));
    }
}

#[test]
fn a_first_event_that_is_about_the_filter_alone_is_relayed_as_any_other() {
    let filter = "data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\",\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":{\"hate\":{\"filtered\":false,\"severity\":\"safe\"}}}]}\n\n";
    let usage = "data: {\"choices\":[],\"created\":1,\"id\":\"c\",\"model\":\"gpt-4o\",\"object\":\"chat.completion.chunk\",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";
    let last = "data: {\"choices\":[{\"content_filter_results\":{},\"delta\":{},\"finish_reason\":\"stop\",\"index\":0}],\"created\":1,\"id\":\"c\",\"model\":\"gpt-4o\",\"object\":\"chat.completion.chunk\"}\n\n";
    let upstream = Upstream::start(move |_, _, stream| {
        let text = [filter, &delta("hello"), last, usage, DONE].map(chunk).concat();
        stream.write_all(&[STREAM, &text, END].concat()).is_ok()
    });
    let gateway = gateway(upstream.address, "");
    let reply = post(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!((reply.status, reply.clean, reply.streamed().as_str()), (200, true, "hello"), "{}", reply.text());
    assert!(reply.text().contains("prompt_filter_results") && reply.text().contains("[DONE]"), "{}", reply.text());
    assert_eq!(upstream.seen()[0].json()["stream_options"]["include_usage"], true);
    soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"input\"", "provenance=\"reported\""]), 3.0);
    soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"output\"", "provenance=\"reported\""]), 2.0);
}

#[test]
fn what_azure_has_against_the_account_or_the_prompt_is_told_apart() {
    let against =
        r#"{"error":{"message":"filtered","type":null,"param":"prompt","code":"content_filter","status":400}}"#;
    for (status, body, wanted) in [
        ("401 Unauthorized", r#"{"error":{"code":"401","message":"Access denied"}}"#, (502, "upstream_auth")),
        ("404 Not Found", r#"{"error":{"code":"DeploymentNotFound","message":"none"}}"#, (404, "DeploymentNotFound")),
        ("400 Bad Request", against, (400, "content_filter")),
    ] {
        let upstream = Upstream::fixed(crate::support::upstream::status(status, "application/json", body));
        let gateway = gateway(upstream.address, "");
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.code().as_str()), wanted, "{}", reply.text());
    }
}

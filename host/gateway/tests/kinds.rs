//! Providers of the catalogue, asked by a gateway that runs.

use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, config, post};

/// The usual configuration with this in place of what its provider says.
fn with_provider(upstream: &Upstream, lines: &str) -> String {
    let usual = config(upstream.address);
    let begin = usual.find("kind = \"openai\"").unwrap();
    let end = usual.find("[models.m]").unwrap();
    format!("{}{lines}\nretries = 0\n\n{}", &usual[..begin], &usual[end..])
}

#[test]
fn a_provider_of_the_catalogue_is_asked_with_the_key_that_the_environment_has() {
    let upstream = Upstream::chat();
    let lines = format!("kind = \"groq\"\nbase_url = \"http://{}/openai/v1/\"", upstream.address);
    let change = |mut command: std::process::Command| {
        command.env("GROQ_API_KEY", "gsk-of-the-environment");
        command
    };
    let gateway = Gateway::start_by(&with_provider(&upstream, &lines), change);
    assert_eq!(post(gateway.address, ACME, r#"{"model":"m","messages":[]}"#).status, 200);
    let seen = &upstream.seen()[0];
    assert!(seen.head.starts_with("POST /openai/v1/chat/completions HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.header("authorization").as_deref(), Some("Bearer gsk-of-the-environment"));
    assert!(!gateway.log().contains("gsk-of"), "keys are never logged");
}

#[test]
fn a_provider_that_rejects_stream_options_is_not_sent_any_and_one_on_ones_own_machine_is_sent_no_key() {
    let upstream = Upstream::chat_or_stream();
    let ask = r#"{"model":"m","messages":[],"stream":true}"#;
    for (kind, path, is_asked) in [("mistral", "", false), ("vllm", "/v1", true)] {
        let key = if kind == "mistral" { "api_key = \"k\"" } else { "" };
        let lines = format!("kind = \"{kind}\"\nbase_url = \"http://{}{path}\"\n{key}", upstream.address);
        let gateway = Gateway::start(&with_provider(&upstream, &lines));
        assert_eq!(post(gateway.address, ACME, ask).status, 200);
        let seen = upstream.seen().pop().unwrap();
        assert!(seen.head.starts_with("POST /v1/chat/completions "), "{kind}: {}", seen.head);
        assert_eq!(seen.json().get("stream_options").is_some(), is_asked, "{kind}");
        assert_eq!(seen.header("authorization").is_some(), !is_asked, "{kind}");
    }
}

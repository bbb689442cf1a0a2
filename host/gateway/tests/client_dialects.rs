//! Clients of every dialect, at providers of every dialect: what is asked and answered, and what is told when it fails.

use crate::support::clients::{CLIENTS, Client, Said};
use crate::support::upstream::{Upstream, ok, status};
use crate::support::wires::{CHAT, WIRES, Wire};
use crate::support::{ACME, Gateway, config_with, send};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The model `m` is this model of a provider of this kind.
pub(crate) fn config_of(wire: &Wire, upstream: SocketAddr, model: &str, lines: &str) -> String {
    let config = config_with(upstream, lines, "").replace("up/m", &format!("up/{model}"));
    if wire.kind == "openai" {
        return config;
    }
    config.replace("kind = \"openai\"", &format!("kind = \"{}\"", wire.kind)).replace("/v1\"", "\"")
}

pub(crate) fn providers() -> impl Iterator<Item = &'static Wire> {
    [&CHAT].into_iter().chain(&WIRES)
}

/// All that each of the scripted providers has said, in a client's words.
fn is_the_answer(said: &Said, client: &Client, wire: &Wire) {
    let pair = format!("{} at {}", client.name, wire.kind);
    assert_eq!((said.text.as_str(), said.thought.as_str()), ("I look.", "two cities"), "{pair}");
    let call = |city: &str| ("weather".to_owned(), json!({ "city": city }));
    assert_eq!(said.calls, [call("Rome"), call("Oslo")], "{pair}");
    // Ollama does not say what came from its cache.
    let cached = if wire.kind == "ollama" { 0 } else { 5 };
    assert_eq!((said.input, said.output, said.cached), (17, 7, cached), "{pair}");
    let stop = match client.name {
        "messages" | "converse" => "tool_use",
        "responses" => "completed",
        _ => "STOP",
    };
    assert_eq!(said.stop, stop, "{pair}");
}

#[test]
fn each_client_is_answered_whole_by_each_provider() {
    for (client, wire) in CLIENTS.iter().flat_map(|client| providers().map(move |wire| (client, wire))) {
        if (client.name, wire.kind) == ("responses", "openai") {
            continue;
        }
        let upstream = wire.upstream();
        let gateway = Gateway::start(&config_of(wire, upstream.address, "their-model", "retries = 0"));
        let reply = client.ask(gateway.address, false);
        let pair = format!("{} at {}: {}", client.name, wire.kind, reply.text());
        assert_eq!((reply.status, reply.header("x-weir-upstream")), (200, Some("up/their-model")), "{pair}");
        assert_eq!(reply.header("x-weir-dropped"), None, "{pair}");
        is_the_answer(&(client.whole)(&reply.json()), client, wire);

        let seen = &upstream.seen()[0];
        assert_eq!(seen.head.split(' ').nth(1), Some(wire.paths[0]), "{pair}");
        assert_eq!(seen.header(wire.key.0), Some(format!("{}upstream-secret", wire.key.1)), "{pair}");
        assert!(!seen.head.contains(ACME), "{pair}");
        let body = String::from_utf8(seen.body.clone()).unwrap();
        for part in ["Be brief.", "Weather?", "iVBORw0KGgo=", "Bern", "rain", "of a city", "99", "0.5"] {
            assert!(body.contains(part), "{pair}: no {part} in {body}");
        }
        soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"input\"", "provenance=\"reported\""]), 17.0);
        soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"output\"", "provenance=\"reported\""]), 7.0);
    }
}

#[test]
fn each_client_is_streamed_to_by_each_provider() {
    for (client, wire) in CLIENTS.iter().flat_map(|client| providers().map(move |wire| (client, wire))) {
        if (client.name, wire.kind) == ("responses", "openai") {
            continue;
        }
        let upstream = wire.upstream();
        let gateway = Gateway::start(&config_of(wire, upstream.address, "their-model", "retries = 0"));
        let reply = client.ask(gateway.address, true);
        let pair = format!("{} at {}: {}", client.name, wire.kind, reply.text());
        assert_eq!((reply.status, reply.clean), (200, true), "{pair}");
        is_the_answer(&(client.streamed)(&reply), client, wire);
        assert_eq!(upstream.seen()[0].head.split(' ').nth(1), Some(wire.paths[1]), "{pair}");
        soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"output\"", "provenance=\"reported\""]), 7.0);
        soon_eq!(gateway.metric("weir_requests_total", &["status=\"200\""]), 1.0);
    }
}

/// A body of a client, with white space and members that nobody here knows.
fn odd(client: &Client, streaming: bool) -> String {
    let mut body = (client.question)(streaming);
    body["unknown_of_tomorrow"] = json!({"β": [1.0, "é"]});
    serde_json::to_string_pretty(&body).unwrap().replace("0.5", "0.50")
}

#[test]
fn who_speaks_the_providers_dialect_has_every_byte_untouched_both_ways() {
    for client in CLIENTS.iter().filter(|client| client.name != "responses") {
        let wire = WIRES.iter().find(|wire| wire.kind == client.kind).unwrap();
        let upstream = wire.upstream();
        let gateway = Gateway::start(&config_of(wire, upstream.address, "m", "retries = 0").replace("retries = 0", ""));
        // The path says the model that is asked.
        let whole = client.send(gateway.address, false, &odd(client, false));
        assert_eq!(whole.status, 200, "{}: {}", client.name, whole.text());
        assert_eq!(upstream.seen()[0].body, odd(client, false).into_bytes(), "{}", client.name);
        if wire.paths[0] == "/v1/messages" {
            assert_eq!(whole.text(), (wire.whole)().to_string());
            let streamed = client.send(gateway.address, true, &odd(client, true));
            assert_eq!(upstream.seen()[1].body, odd(client, true).into_bytes(), "{}", client.name);
            assert_eq!(streamed.body, wire.events().concat(), "{}", client.name);
        }
    }
    // Where the path has the model the upstream answers at another one.
    for client in CLIENTS.iter().filter(|client| matches!(client.name, "gemini" | "converse")) {
        let wire = WIRES.iter().find(|wire| wire.kind == client.kind).unwrap();
        let upstream = wire.upstream();
        let gateway = Gateway::start(&config_of(wire, upstream.address, "their-model", "retries = 0"));
        let whole = client.send(gateway.address, false, &odd(client, false));
        assert_eq!(whole.text(), (wire.whole)().to_string(), "{}", client.name);
        let streamed = client.send(gateway.address, true, &odd(client, true));
        assert_eq!(streamed.body, wire.events().concat(), "{}", client.name);
        assert_eq!(streamed.header("content-type").unwrap().split(';').next(), Some(wire.media_type));
    }
}

#[test]
fn another_name_of_the_model_is_all_that_differs_in_what_a_provider_of_the_same_dialect_gets() {
    let client = &CLIENTS[0];
    let upstream = WIRES[0].upstream();
    let gateway = Gateway::start(&config_of(&WIRES[0], upstream.address, "their-model", "retries = 0"));
    let body = odd(client, false);
    assert_eq!(client.send(gateway.address, false, &body).status, 200);
    let due = body.replace("\"model\": \"m\"", "\"model\": \"their-model\"");
    assert_eq!(String::from_utf8(upstream.seen()[0].body.clone()).unwrap(), due);
}

#[test]
fn anthropics_version_and_betas_reach_anthropic_and_nobody_else() {
    let headers = [
        ("x-api-key", ACME),
        ("anthropic-version", "2024-01-01"),
        ("anthropic-beta", "a-2025-01-01,b-2025-02-02"),
        ("openai-organization", "org"),
    ];
    let body = (CLIENTS[0].question)(false).to_string();
    for (wire, version, beta) in [
        (&WIRES[0], Some("2024-01-01"), Some("a-2025-01-01,b-2025-02-02")),
        (&CHAT, None, None),
        (&WIRES[1], None, None),
    ] {
        let upstream = wire.upstream();
        let gateway = Gateway::start(&config_of(wire, upstream.address, "their-model", "retries = 0"));
        assert_eq!(send(gateway.address, "POST", "/v1/messages", &headers, body.as_bytes()).status, 200);
        let seen = &upstream.seen()[0];
        assert_eq!(seen.header("anthropic-version").as_deref(), version, "{}", wire.kind);
        assert_eq!(seen.header("anthropic-beta").as_deref(), beta, "{}", wire.kind);
        assert_eq!(seen.header("openai-organization"), None, "{}", wire.kind);
    }
}

#[test]
fn each_client_is_told_in_its_own_words_what_the_gateway_refuses() {
    let upstream = CHAT.upstream();
    let gateway = Gateway::start(&config_of(&CHAT, upstream.address, "their-model", "retries = 0"));
    for client in CLIENTS.iter().filter(|client| client.name != "responses") {
        let cut = client.send(gateway.address, false, "{\"messages\":");
        let (word, message) = (client.error)(&cut);
        let due = match client.name {
            "messages" => "\"invalid_request_error\"",
            "converse" => "ValidationException",
            _ => "\"INVALID_ARGUMENT\"",
        };
        assert_eq!((cut.status, word.as_str()), (400, due), "{}: {message}", client.name);
        let twice = client.send(gateway.address, false, r#"{"model":"m","contents":[],"messages":[],"a":1,"a":2}"#);
        assert_eq!(twice.status, 400, "{}", twice.text());
        assert!((client.error)(&twice).1.contains("one name"), "{}", twice.text());

        let other = client.paths[0].replace("/m:", "/nobody:").replace("/m/", "/nobody/");
        let body = (client.question)(false).to_string().replace("\"m\"", "\"nobody\"");
        let unknown = send(gateway.address, "POST", &other, &[("x-api-key", ACME)], body.as_bytes());
        let due = match client.name {
            "messages" => "\"not_found_error\"",
            "converse" => "ResourceNotFoundException",
            _ => "\"NOT_FOUND\"",
        };
        assert_eq!((unknown.status, (client.error)(&unknown).0.as_str()), (404, due), "{}", client.name);

        let keyless = send(gateway.address, "POST", client.paths[0], &[], b"{}");
        let due = match client.name {
            "messages" => (401, "\"authentication_error\""),
            "converse" => (403, "UnrecognizedClientException"),
            _ => (401, "\"UNAUTHENTICATED\""),
        };
        let word = (client.error)(&keyless).0;
        assert_eq!((keyless.status, word.as_str()), due, "{}", client.name);
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn what_a_provider_says_against_a_request_is_said_in_the_clients_words_and_as_it_came_in_the_same_dialect() {
    for (client, wire) in CLIENTS.iter().flat_map(|client| providers().map(move |wire| (client, wire))) {
        if client.name == "responses" {
            continue;
        }
        let said = (wire.against)().to_string();
        let upstream = Upstream::fixed(status("400 Bad Request", "application/json", &said));
        let gateway = Gateway::start(&config_of(wire, upstream.address, "their-model", "retries = 0"));
        let pair = format!("{} at {}", client.name, wire.kind);
        for streaming in [false, true] {
            let reply = client.ask(gateway.address, streaming);
            assert_eq!(reply.status, 400, "{pair}");
            if client.kind == wire.kind {
                assert_eq!(reply.text(), said, "{pair}");
            } else {
                let (word, message) = (client.error)(&reply);
                assert_eq!(message, "\"too many cooks\"", "{pair}");
                assert!(
                    ["\"invalid_request_error\"", "ValidationException", "\"INVALID_ARGUMENT\""]
                        .contains(&word.as_str())
                );
            }
        }
    }
}

#[test]
fn a_key_is_taken_wherever_a_library_puts_it_and_is_in_no_log() {
    let upstream = WIRES[1].upstream();
    let gateway = Gateway::start_traced(&config_of(&WIRES[1], upstream.address, "their-model", "retries = 0"));
    let body = (CLIENTS[2].question)(false).to_string();
    let path = "/v1beta/models/m:generateContent";
    let bearer = format!("bearer {ACME}");
    for (name, value) in
        [("authorization", bearer.as_str()), ("x-api-key", ACME), ("x-goog-api-key", ACME), ("api-key", ACME)]
    {
        let reply = send(gateway.address, "POST", path, &[(name, value)], body.as_bytes());
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
    }
    let reply = send(gateway.address, "POST", &format!("{path}?alt=json&key={ACME}"), &[], body.as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text());
    for wrong in ["key=", "key=sk-weir-nobody", &format!("key={ACME}&key={ACME}"), &format!("Key={ACME}")] {
        let reply = send(gateway.address, "POST", &format!("{path}?{wrong}"), &[], body.as_bytes());
        assert_eq!(reply.status, 401, "{wrong}");
        assert!(!reply.text().contains(ACME));
    }
    for seen in upstream.seen() {
        assert!(!seen.head.contains(ACME), "{}", seen.head);
    }
    // What the start prints of demo keys is meant to be seen.
    let log = gateway.log();
    let said: Vec<&str> = log.lines().filter(|line| line.contains("key=") || line.contains("request=")).collect();
    assert!(!said.is_empty() && said.iter().all(|line| !line.contains(ACME)), "{log}");
}

#[test]
fn models_are_listed_and_shown_as_each_dialect_does() {
    let upstream = CHAT.upstream();
    let gateway = Gateway::start(&config_of(&CHAT, upstream.address, "their-model", "retries = 0"));
    let get = |path: &str, headers: &[(&str, &str)]| {
        let all: Vec<_> = [("x-api-key", ACME)].into_iter().chain(headers.iter().copied()).collect();
        send(gateway.address, "GET", path, &all, b"")
    };
    let anthropic = [("anthropic-version", "2023-06-01")];
    let list = get("/v1/models", &[]).json();
    assert_eq!((&list["object"], &list["data"][0]["id"]), (&json!("list"), &json!("m")));
    assert_eq!(get("/v1/models/m", &[]).json()["object"], "model");
    let list = get("/v1/models", &anthropic).json();
    assert_eq!(
        (&list["data"][0]["type"], &list["first_id"], &list["has_more"]),
        (&json!("model"), &json!("m"), &json!(false))
    );
    assert_eq!(get("/v1/models/m", &anthropic).json()["display_name"], "m");
    let list = get("/v1beta/models", &[]).json();
    assert_eq!(list["models"][0]["name"], "models/m");
    assert_eq!(get("/v1beta/models/m", &[]).json()["name"], "models/m");
    // Google's library for Python asks there for the list, and elsewhere for one.
    let google = send(gateway.address, "GET", "/v1/models", &[("x-goog-api-key", ACME)], b"");
    assert_eq!(google.json()["models"][0]["name"], "models/m", "{}", google.text());
    let unknown = get("/v1/models/nobody", &anthropic);
    assert_eq!((unknown.status, &unknown.json()["error"]["type"]), (404, &json!("not_found_error")));
    assert_eq!(get("/v1beta/models/nobody", &[]).json()["error"]["status"], "NOT_FOUND");
    assert_eq!(get("/v1/models/nobody", &[]).code(), "model_not_found");
    let post = send(gateway.address, "POST", "/v1/models/m", &[("x-api-key", ACME)], b"{}");
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn tokens_are_counted_without_asking_for_an_answer() {
    let upstream = CHAT.upstream();
    let gateway = Gateway::start(&config_of(&CHAT, upstream.address, "their-model", "retries = 0"));
    let body = (CLIENTS[0].question)(false).to_string();
    let key = [("x-api-key", ACME)];
    let counted = send(gateway.address, "POST", "/v1/messages/count_tokens", &key, body.as_bytes());
    assert_eq!((counted.status, counted.header("x-weir-estimated")), (200, Some("true")), "{}", counted.text());
    assert!(counted.json()["input_tokens"].as_u64().unwrap() > 5, "{}", counted.text());
    let body = (CLIENTS[2].question)(false).to_string();
    let counted = send(gateway.address, "POST", "/v1beta/models/m:countTokens", &key, body.as_bytes());
    assert!(counted.json()["totalTokens"].as_u64().unwrap() > 5, "{}", counted.text());
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_provider_that_takes_over_is_told_in_its_own_dialect() {
    let failing = Upstream::fixed(status("500 Internal Server Error", "", "{}"));
    for wire in providers() {
        let second = wire.upstream();
        let more = config_of(wire, second.address, "their-model", "retries = 0");
        let provider = &more[more.find("[providers.up]").unwrap()..more.find("[models.m]").unwrap()];
        let config = config_with(failing.address, "retries = 0", &provider.replace("providers.up", "providers.second"))
            .replace("\"up/m\"", "\"up/m\", \"second/their-model\"");
        let gateway = Gateway::start(&config);
        for client in CLIENTS.iter().filter(|client| client.name != "responses") {
            let reply = client.ask(gateway.address, true);
            assert_eq!(reply.header("x-weir-upstream"), Some("second/their-model"), "{}", reply.text());
            is_the_answer(&(client.streamed)(&reply), client, wire);
        }
    }
}

#[test]
fn an_answer_that_is_none_is_the_next_providers_to_give() {
    let broken = Upstream::fixed(ok("application/json", &json!({"type": "message"}).to_string()));
    let second = WIRES[0].upstream();
    let more = config_of(&WIRES[0], second.address, "their-model", "retries = 0");
    let provider = &more[more.find("[providers.up]").unwrap()..more.find("[models.m]").unwrap()];
    let config = config_of(&WIRES[0], broken.address, "m", "retries = 0")
        .replace("\"up/m\"", "\"up/m\", \"second/their-model\"")
        + &provider.replace("providers.up", "providers.second");
    let gateway = Gateway::start(&config);
    let reply = CLIENTS[0].ask(gateway.address, false);
    assert_eq!(reply.header("x-weir-upstream"), Some("second/their-model"), "{}", reply.text());
    let said: Value = reply.json();
    assert_eq!(said["stop_reason"], "tool_use");
}

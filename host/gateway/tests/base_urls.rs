//! Base URLs with a path before the provider's own, with and without a slash at their end, and with the version of the API or
//! not: whoever is asked, it is at the one path that there is.

use crate::support::upstream::{CHAT, Upstream, ok};
use crate::support::wires::WIRES;
use crate::support::{ACME, Gateway, chat, chat_stream, config_with, post};
use std::io::Write;
use weir_config::{AuthStyle, CatalogDialect, CatalogRow, Quirk, catalogue, not_asked_yet};

/// The path of a whole chat below a base URL, for `their-model`, and how the version of the API is given in the base.
fn below(row: &CatalogRow) -> (&'static str, &'static str) {
    match row.dialect {
        CatalogDialect::OpenAi if row.quirks.has(Quirk::ChatPathPrefix) => ("/v1/chat/completions", "/v1"),
        CatalogDialect::OpenAi if row.quirks.has(Quirk::DeploymentPath) => {
            ("/openai/deployments/their-model/chat/completions?api-version=2024-10-21", "")
        }
        CatalogDialect::OpenAi => ("/chat/completions", ""),
        CatalogDialect::Anthropic => ("/v1/messages", "/v1"),
        CatalogDialect::Gemini => ("/v1beta/models/their-model:generateContent", "/v1beta"),
        CatalogDialect::Bedrock => ("/model/their-model/converse", ""),
        CatalogDialect::Cohere => ("/v2/chat", "/v2"),
        CatalogDialect::Ollama => ("/api/chat", "/api"),
    }
}

/// A provider that answers in the dialect that the end of the path is of.
fn of_all_dialects() -> Upstream {
    let answers: Vec<(&str, String)> = WIRES.iter().map(|wire| (wire.paths[0], (wire.whole)().to_string())).collect();
    Upstream::start(move |_, seen, stream| {
        let target = seen.head.split(' ').nth(1).unwrap();
        let answer = answers.iter().find(|(path, _)| target.ends_with(path)).map_or(CHAT, |(_, answer)| answer);
        stream.write_all(&ok("application/json", answer)).is_ok()
    })
}

#[test]
fn every_kind_is_asked_below_the_path_that_a_proxy_has_for_it() {
    let upstream = of_all_dialects();
    let rows: Vec<(&CatalogRow, &str, &str)> = catalogue()
        .iter()
        // Vertex has a path for each project, which `clouds` tries.
        .filter(|row| not_asked_yet(row).is_none() && row.auth != AuthStyle::Gcp)
        .map(|row| {
            let (path, version) = below(row);
            (row, path, version)
        })
        .collect();
    for dialect in [CatalogDialect::OpenAi, CatalogDialect::Anthropic, CatalogDialect::Gemini, CatalogDialect::Bedrock]
    {
        assert!(rows.iter().any(|(row, ..)| row.dialect == dialect), "{dialect:?}");
    }
    let mut providers = String::new();
    let mut wanted = Vec::new();
    for (n, (row, path, version)) in rows.iter().enumerate() {
        let ends = ["", "/", version, &format!("{version}/")].map(str::to_owned);
        for (m, end) in ends.iter().enumerate() {
            let name = format!("p{n}-{m}");
            providers += &format!(
                "[providers.{name}]\nkind = \"{}\"\nbase_url = \"http://{}/proxy/llm{end}\"\napi_key = \"k\"\nretries = 0\n\
                 [models.{name}]\ntargets = [\"{name}/their-model\"]\n",
                row.name, upstream.address,
            );
            wanted.push((name, format!("/proxy/llm{path}"), format!("{} {end}", row.name)));
        }
    }
    let gateway = Gateway::start(&config_with(upstream.address, "", &providers));
    for (n, (model, path, what)) in wanted.iter().enumerate() {
        let body = chat("hi").replace("\"m\"", &format!("\"{model}\""));
        let reply = post(gateway.address, ACME, &body);
        assert_eq!(reply.status, 200, "{what}: {}", reply.text());
        assert_eq!(upstream.seen()[n].head.split(' ').nth(1), Some(&**path), "{what}");
    }
}

#[test]
fn streams_and_embeddings_are_asked_below_it_too() {
    for wire in &WIRES {
        let upstream = Upstream::fixed(wire.stream(&wire.events()));
        let config = config_with(upstream.address, "retries = 0", "")
            .replace("kind = \"openai\"", &format!("kind = \"{}\"", wire.kind))
            .replace("/v1\"", "/proxy/llm/\"")
            .replace("up/m", "up/their-model");
        let gateway = Gateway::start(&config);
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert_eq!((reply.status, reply.clean), (200, true), "{}: {}", wire.kind, reply.text());
        let wanted = format!("/proxy/llm{}", wire.paths[1]);
        assert_eq!(upstream.seen()[0].head.split(' ').nth(1), Some(&*wanted), "{}", wire.kind);
    }
    let upstream = Upstream::fixed(ok(
        "application/json",
        r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}"#,
    ));
    let config = config_with(upstream.address, "retries = 0", "").replace("/v1\"", "/proxy/llm/\"");
    let gateway = Gateway::start(&config);
    let bearer = format!("Bearer {ACME}");
    let body = br#"{"model":"m","input":"hi"}"#;
    let reply = crate::support::send(gateway.address, "POST", "/v1/embeddings", &[("authorization", &bearer)], body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(upstream.seen()[0].head.split(' ').nth(1), Some("/proxy/llm/embeddings"));
}

use bytes::Bytes;

use super::PathStyle;
use crate::{Dialect, WireFormat};

#[test]
fn azure_has_the_deployment_in_the_path_and_the_version_behind_it() {
    let style = PathStyle::Deployments { api_version: "2024-10-21".into() };
    for streaming in [false, true] {
        assert_eq!(
            style.chat(WireFormat::Chat, "my gpt/4", streaming),
            "/openai/deployments/my%20gpt%2F4/chat/completions?api-version=2024-10-21"
        );
    }
    assert_eq!(style.chat(WireFormat::Responses, "m", true), "/openai/v1/responses");
    assert_eq!(style.embed(Dialect::OpenAi, "e"), "/openai/deployments/e/embeddings?api-version=2024-10-21");
}

#[test]
fn everybody_else_has_the_paths_of_the_wire() {
    let own = PathStyle::default();
    assert_eq!(own.chat(WireFormat::Chat, "m", true), "/chat/completions");
    assert_eq!(own.chat(WireFormat::Converse, "a:0", true), "/model/a%3A0/converse-stream");
    assert_eq!(own.embed(Dialect::OpenAi, "m"), "/embeddings");
}

#[test]
fn vertex_has_project_location_vendor_and_method_in_the_path() {
    let style = PathStyle::Publishers { project: "p".into(), location: "europe-west4".into() };
    let of = |wire, model, streaming| style.chat(wire, model, streaming).into_owned();
    let place = "/v1/projects/p/locations/europe-west4/publishers";
    for (wire, model, streaming, end) in [
        (WireFormat::GenerateContent, "gemini-2.5-pro", false, "google/models/gemini-2.5-pro:generateContent"),
        (WireFormat::GenerateContent, "a/b", true, "google/models/a%2Fb:streamGenerateContent?alt=sse"),
        (
            WireFormat::Messages,
            "claude-sonnet-4-5@20250929",
            false,
            "anthropic/models/claude-sonnet-4-5@20250929:rawPredict",
        ),
        (WireFormat::Messages, "claude-opus-4", true, "anthropic/models/claude-opus-4:streamRawPredict"),
    ] {
        assert_eq!(of(wire, model, streaming), format!("{place}/{end}"));
    }
}

#[test]
fn messages_on_vertex_have_the_version_in_place_of_the_model_and_all_else_as_it_was() {
    let style = PathStyle::Publishers { project: "p".into(), location: "l".into() };
    let body = |style: &PathStyle, wire, body: &'static str| style.body(wire, Bytes::from_static(body.as_bytes()));
    for (before, after) in [
        (
            r#"{ "model": "m", "max_tokens": 1.0, "messages": [ {"a" : "model"} ], "stream":true}"#,
            r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":1.0,"messages":[ {"a" : "model"} ],"stream":true}"#,
        ),
        (r#"{"anthropic_version":"x","mod\u0065l":"m"}"#, r#"{"anthropic_version":"vertex-2023-10-16"}"#),
        ("{}", r#"{"anthropic_version":"vertex-2023-10-16"}"#),
        ("[]", "[]"),
    ] {
        assert_eq!(body(&style, WireFormat::Messages, before), after);
    }
    let same = r#"{"model":"m"}"#;
    assert_eq!(body(&style, WireFormat::GenerateContent, same), same);
    assert_eq!(body(&PathStyle::Own, WireFormat::Messages, same), same);
}

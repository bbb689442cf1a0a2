//! Errors as providers answered them, whatever their wires: what is read of them, and that each dialect tells it as its
//! specification wants (peculiarities 43 to 58).

use serde_json::{Value, json};
use weir_dialect::canon::ApiFailure;
use weir_dialect::errors::{event, kind_of, read, render};
use weir_dialect::{ApiErrorKind, WireFormat};
use weir_recorded::{Recording, Spec, SpecFault, all, recording};

use crate::support::hold;

fn errors() -> impl Iterator<Item = &'static Recording> {
    all().iter().filter(|recording| recording.status >= 400)
}

fn failure(recording: &Recording) -> ApiFailure {
    let named = recording.response_headers.iter().find(|(name, _)| name == "x-amzn-errortype");
    read(recording.status, named.map(|(_, value)| value.as_str()), &recording.response().into())
}

/// The message that is in a body somewhere, however deep.
fn messages(body: &Value) -> Vec<String> {
    match body {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(text) if ["message", "detail", "error"].contains(&name.as_str()) => vec![text.clone()],
                value => messages(value),
            })
            .collect(),
        Value::Array(elements) => elements.iter().flat_map(messages).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_error_is_read_word_for_word() {
    hold("error: read", errors(), |recording| {
        let said = failure(recording).message.text().into_owned();
        let body: Value = serde_json::from_slice(&recording.response()).unwrap();
        if messages(&body).contains(&said) { Ok(()) } else { Err(format!("{said:?} is not in {body}")) }
    });
}

fn faults(found: Option<Result<(), Vec<SpecFault>>>) -> Result<(), String> {
    let Some(Err(faults)) = found else { return Ok(()) };
    Err(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

#[test]
fn every_error_is_told_in_each_dialect_as_that_wants() {
    hold("error: told", errors(), |recording| {
        let failure = failure(recording);
        let kind = kind_of(recording.status, &failure);
        let told = |wire| {
            let parts = render(wire, recording.status, kind, &failure, Some("req_1"));
            let body: Value = serde_json::from_slice(&parts.body).unwrap();
            assert!(messages(&body).contains(&failure.message.text().into_owned()));
            body
        };
        faults(Spec::openai().map(|spec| spec.answer("error", &told(WireFormat::Chat))))?;
        faults(Spec::anthropic().map(|spec| spec.answer("error", &told(WireFormat::Messages))))?;
        faults(Spec::bedrock().map(|spec| spec.answer("error", &told(WireFormat::Converse))))?;
        let google = told(WireFormat::GenerateContent);
        assert_eq!(google["error"]["code"], json!(recording.status));
        for wire in [WireFormat::Chat, WireFormat::Responses, WireFormat::Messages, WireFormat::GenerateContent] {
            let event = event(wire, recording.status, kind, &failure, 0);
            assert!(
                messages(&serde_json::from_slice(&event.data).unwrap()).contains(&failure.message.text().into_owned())
            );
        }
        Ok(())
    });
}

#[test]
fn what_each_shape_says_is_known() {
    use ApiErrorKind::{Api, Auth, Invalid, NotFound, Rate};
    for (provider, name, kind, code) in [
        ("gemini", "rig.error_envelope.nonexistent_model_streaming_error_preserves_status_and_body", NotFound, None),
        ("mistral", "rig.capability_edges.one_request_over_mistrals_batch_cap_is_rejected", Invalid, Some("3210")),
        ("chatgpt-codex", "rig.http_errors.nonstreaming_unauthorized_preserves_status_and_body", Auth, None),
        ("venice", "rig.embedding_matrix.error_preserves_provider_body", NotFound, None),
        ("gemini", "rig.response_identity.auth_rejection_keeps_transport_shape", Auth, Some("API_KEY_INVALID")),
        ("groq", "pydantic.test_groq.test_tool_use_failed_error.1", Invalid, Some("tool_use_failed")),
        ("openrouter", "pydantic.test_openrouter.test_openrouter_errors_raised", Rate, None),
        (
            "openai",
            "mirascope.cassettes.test_authentication_error_stream.openai_gpt_4o_completions",
            Auth,
            Some("invalid_api_key"),
        ),
        ("gemini", "rig.cached_content_matrix.edge_below_minimum", Invalid, None),
        ("llama-cpp", "rig.multimodal_matrix.unfetchable_image_url", Api, None),
        ("openrouter", "rig.embedding_matrix.error_preserves_provider_body", Invalid, None),
        ("anthropic", "rig.error_identity_edge.auth_rejection_carries_identity", Auth, None),
        ("anthropic", "rig.error_envelope.nonexistent_model_error_preserves_status_and_body", NotFound, None),
        ("anthropic", "ddtrace.anthropic_v1_messages_beta_true_post_1913e018", Auth, None),
        ("cohere", "openllmetry.test_agents.test_agent_with_multiple_tools.2", NotFound, None),
        (
            "bedrock",
            "pydantic.test_multimodal_tool_returns.test_multimodal_tool_return_matrix_direct_uploaded_f.2",
            Invalid,
            None,
        ),
    ] {
        let recording = recording(provider, name).unwrap_or_else(|| panic!("{name} is not there"));
        let failure = failure(recording);
        let said = failure.code.as_ref().map(|code| code.text().into_owned());
        assert_eq!((kind_of(recording.status, &failure), said.as_deref()), (kind, code), "{name}");
    }
}

// AWS says in the answer's head what it is, and 403 for a key that is not one.
#[test]
fn what_amazon_names_in_the_head_is_what_it_is() {
    for name in [
        "rubyllm.chat_error_handling_with_bedrock_amazon_nova_2_lite_v1_0_raises_appropriate_auth_e",
        "ddtrace.meta_invoke_error",
    ] {
        let Some(recording) = recording("bedrock", name) else { continue };
        assert_eq!(kind_of(recording.status, &failure(recording)), ApiErrorKind::Auth, "{name}");
    }
}

use serde_json::{Value, json};

use super::*;

#[test]
fn a_refusal_has_openais_error_shape() {
    let error = |code, kind, message, param| ApiError { code, kind, message, param };
    let refusal = body(&error("model_not_found", ApiErrorKind::Invalid, "no \"x\"\nhere", Some("model")));
    let read: Value = serde_json::from_slice(&refusal).unwrap();
    let expected = json!({"error": {"message": "no \"x\"\nhere", "type": "invalid_request_error", "param": "model", "code": "model_not_found"}});
    assert_eq!(read, expected);
    for (kind, word) in [
        (ApiErrorKind::Invalid, "invalid_request_error"),
        (ApiErrorKind::Auth, "authentication_error"),
        (ApiErrorKind::Rate, "rate_limit_error"),
        (ApiErrorKind::Api, "api_error"),
    ] {
        let read: Value = serde_json::from_slice(&body(&error("c", kind, "m", None))).unwrap();
        assert_eq!(read["error"], json!({"message": "m", "type": word, "param": null, "code": "c"}));
    }
}

#[test]
fn a_refusal_in_a_stream_is_one_event_with_the_same_body() {
    let message = "a\r\n\r\ndata: [DONE]\n\n";
    let error = ApiError { code: "upstream_failed", kind: ApiErrorKind::Api, message, param: None };
    let (event, body) = (event(&error), body(&error));
    assert_eq!(event, [b"data: ", &body[..], b"\n\n"].concat());
}

#[test]
fn models_are_listed_in_order() {
    let list = crate::Dialect::OpenAi.models([("a", "openai"), ("b\"", "demo")].into_iter());
    let read: Value = serde_json::from_slice(&list).unwrap();
    assert_eq!(read["object"], "list");
    assert_eq!(read["data"][0], json!({"id": "a", "object": "model", "created": 0, "owned_by": "openai"}));
    assert_eq!(read["data"][1]["id"], "b\"");
    assert_eq!(crate::Dialect::OpenAi.models(std::iter::empty()), r#"{"object":"list","data":[]}"#);
}

#[test]
fn calls_have_their_names() {
    use crate::DialectCall;
    assert_eq!(DialectCall::ALL.map(|call| call.target("m")), ["/chat/completions", "/embeddings"]);
    assert_eq!(DialectCall::ALL.map(DialectCall::contract_name), ["openai.chat", "openai.embeddings"]);
}

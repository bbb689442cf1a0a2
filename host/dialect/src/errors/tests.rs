use serde_json::{Value, json};

use super::*;
use crate::refusal;

const KINDS: [(ApiErrorKind, u16); 13] = [
    (ApiErrorKind::Invalid, 400),
    (ApiErrorKind::Auth, 401),
    (ApiErrorKind::Quota, 402),
    (ApiErrorKind::Permission, 403),
    (ApiErrorKind::NotFound, 404),
    (ApiErrorKind::Conflict, 409),
    (ApiErrorKind::TooLarge, 413),
    (ApiErrorKind::Unprocessable, 422),
    (ApiErrorKind::Rate, 429),
    (ApiErrorKind::Api, 500),
    (ApiErrorKind::Overloaded, 503),
    (ApiErrorKind::Timeout, 504),
    (ApiErrorKind::Overloaded, 529),
];

/// Wires that clients speak.
const WIRES: [WireFormat; 5] =
    [WireFormat::Chat, WireFormat::Responses, WireFormat::Messages, WireFormat::GenerateContent, WireFormat::Converse];

fn failure(message: &str, kind: Option<&str>, code: Option<&str>) -> ApiFailure {
    ApiFailure {
        message: JsonText::of(message),
        kind: kind.map(JsonText::of),
        code: code.map(JsonText::of),
        param: None,
    }
}

fn body(body: &str) -> Bytes {
    Bytes::copy_from_slice(body.as_bytes())
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn a_status_alone_says_what_a_failure_is() {
    for (kind, status) in KINDS {
        assert_eq!(kind_of(status, &failure("m", None, None)), kind, "{status}");
    }
    assert_eq!(kind_of(418, &failure("m", None, None)), ApiErrorKind::Invalid);
    assert_eq!(kind_of(599, &failure("m", None, None)), ApiErrorKind::Api);
}

#[test]
fn words_say_more_where_one_status_means_several_things() {
    for (status, kind, code, due) in [
        (400, Some("INVALID_ARGUMENT"), Some("API_KEY_INVALID"), ApiErrorKind::Auth),
        (403, Some("UnrecognizedClientException"), None, ApiErrorKind::Auth),
        (403, Some("ExpiredTokenException"), None, ApiErrorKind::Auth),
        (400, Some("ThrottlingException"), None, ApiErrorKind::Rate),
        (400, Some("invalid_request_error"), Some("billing_hard_limit_reached"), ApiErrorKind::Quota),
        (429, Some("insufficient_quota"), Some("insufficient_quota"), ApiErrorKind::Quota),
        (429, Some("RESOURCE_EXHAUSTED"), None, ApiErrorKind::Rate),
        (401, Some("authentication_error"), Some("invalid_request_error"), ApiErrorKind::Auth),
        (404, Some("invalid_request_error"), Some("model_not_found"), ApiErrorKind::NotFound),
        (500, Some("overloaded_error"), None, ApiErrorKind::Overloaded),
        (500, Some("invalid_request_error"), None, ApiErrorKind::Api),
        (200, Some("overloaded_error"), None, ApiErrorKind::Overloaded),
        (200, Some("invalid_request_error"), Some("rate_limit_exceeded"), ApiErrorKind::Rate),
        (200, Some("odd"), None, ApiErrorKind::Api),
    ] {
        assert_eq!(kind_of(status, &failure("m", kind, code)), due, "{status} {kind:?} {code:?}");
    }
}

fn words(failure: &ApiFailure) -> [Option<String>; 4] {
    let own = |text: &Option<JsonText>| text.as_ref().map(|text| text.text().into_owned());
    [own(&Some(failure.message.clone())), own(&failure.kind), own(&failure.code), own(&failure.param)]
}

#[test]
fn a_body_of_whatever_shape_is_read() {
    for (text, due) in [
        (
            r#"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#,
            [Some("m"), Some("t"), Some("c"), Some("p")],
        ),
        (
            r#"{"type":"error","error":{"type":"t","message":"m"},"request_id":null}"#,
            [Some("m"), Some("t"), None, None],
        ),
        (r#"[{"error":{"code":429,"message":"m","status":"S"}}]"#, [Some("m"), Some("S"), None, None]),
        (
            r#"{"error":{"code":400,"message":"m","status":"S","details":[{"a":1},{"reason":"R"}]}}"#,
            [Some("m"), Some("S"), Some("R"), None],
        ),
        (r#"{"message":"m","__type":"com.amazon.coral.service#E"}"#, [Some("m"), Some("E"), None, None]),
        (r#"{"Message":"m"}"#, [Some("m"), None, None, None]),
        (r#"{"error":"m"}"#, [Some("m"), None, None, None]),
        (r#"{"detail":"m"}"#, [Some("m"), None, None, None]),
        (r#"{"detail":[{"loc":["body"],"msg":"m","type":"missing"}]}"#, [Some("m"), Some("missing"), None, None]),
        (
            r#"{"object":"error","message":"m","type":"t","param":null,"code":"3210"}"#,
            [Some("m"), Some("t"), Some("3210"), None],
        ),
        (
            r#"{"object":"error","message":{"detail":[{"msg":"m"}]},"type":"t","code":null}"#,
            [Some("m"), Some("t"), None, None],
        ),
        (r#"{"status":404,"error":"Not Found","message":"m"}"#, [Some("m"), None, None, None]),
        (r#"{"message":"o","error":{"message":"m"}}"#, [Some("m"), None, None, None]),
        (r#""m""#, [Some("m"), None, None, None]),
        ("event: error\ndata: {\"error\":{\"message\":\"m\"}}\n\n", [Some("m"), None, None, None]),
        ("\u{feff}{\"error\":\"m\"}", [Some("m"), None, None, None]),
        ("  upstream connect error \n", [Some("upstream connect error"), None, None, None]),
        (r#"{"odd":1}"#, [Some(r#"{"odd":1}"#), None, None, None]),
    ] {
        assert_eq!(words(&read(400, None, &body(text))), due.map(|text| text.map(str::to_owned)), "{text}");
    }
}

#[test]
fn a_body_that_says_nothing_is_told_by_its_status() {
    for text in ["", " \n", "<html><h1>502 Bad Gateway</h1></html>", "\u{0}\u{1}"] {
        assert!(read(502, None, &body(text)).message.text().ends_with("status 502"), "{text:?}");
    }
    let long = "x".repeat(5_000);
    assert_eq!(read(502, None, &body(&long)).message.text().len(), 2_000);
    let deep = format!("{}1{}", r#"{"error":"#.repeat(60), "}".repeat(60));
    assert!(!read(502, None, &body(&deep)).message.is_empty());
}

#[test]
fn the_heads_name_is_the_exceptions_alone() {
    let named = Some("ResourceNotFoundException:http://internal.amazon.com/coral/");
    let read = read(404, named, &body(r#"{"message":"m"}"#));
    assert!(read.kind.is_some_and(|kind| kind.is("ResourceNotFoundException")));
}

#[test]
fn what_the_gateway_refuses_is_in_openais_shape_byte_for_byte_what_it_was() {
    for kind in [ApiErrorKind::Invalid, ApiErrorKind::Auth, ApiErrorKind::Rate, ApiErrorKind::Api] {
        for param in [None, Some("model")] {
            let error = ApiError { code: "a_code", kind, message: "no \"x\"\n\u{1f600}here", param };
            let parts = render(WireFormat::Chat, 400, kind, &own(&error), None);
            assert_eq!(parts, ErrorParts { status: 400, body: refusal::body(&error), header: None });
        }
    }
}

/// Each kind, and its words in OpenAI's, Anthropic's, Google's and Amazon's dialects.
const WORDS: [(ApiErrorKind, [&str; 4]); 12] = {
    use ApiErrorKind::*;
    const INVALID: &str = "invalid_request_error";
    [
        (Invalid, [INVALID, INVALID, "INVALID_ARGUMENT", "ValidationException"]),
        (Unprocessable, [INVALID, INVALID, "INVALID_ARGUMENT", "ValidationException"]),
        (Conflict, [INVALID, INVALID, "ABORTED", "ConflictException"]),
        (Auth, ["authentication_error", "authentication_error", "UNAUTHENTICATED", "UnrecognizedClientException"]),
        (Permission, ["permission_error", "permission_error", "PERMISSION_DENIED", "AccessDeniedException"]),
        (NotFound, [INVALID, "not_found_error", "NOT_FOUND", "ResourceNotFoundException"]),
        (TooLarge, [INVALID, "request_too_large", "INVALID_ARGUMENT", "ValidationException"]),
        (Rate, ["rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED", "ThrottlingException"]),
        (Quota, ["insufficient_quota", "billing_error", "RESOURCE_EXHAUSTED", "ServiceQuotaExceededException"]),
        (Overloaded, ["api_error", "overloaded_error", "UNAVAILABLE", "ServiceUnavailableException"]),
        (Timeout, ["api_error", "timeout_error", "DEADLINE_EXCEEDED", "ModelTimeoutException"]),
        (Api, ["api_error", "api_error", "INTERNAL", "InternalServerException"]),
    ]
};

#[test]
fn each_dialect_has_its_word_for_each_kind() {
    let word = |wire, kind| {
        let parts = render(wire, 400, kind, &failure("m", None, None), None);
        let body = json(&parts.body);
        match wire {
            WireFormat::Converse => parts.header.unwrap().1.to_owned(),
            WireFormat::GenerateContent => body["error"]["status"].as_str().unwrap().to_owned(),
            _ => body["error"]["type"].as_str().unwrap().to_owned(),
        }
    };
    for (kind, [openai, anthropic, google, amazon]) in WORDS {
        assert_eq!(word(WireFormat::Chat, kind), openai);
        assert_eq!(word(WireFormat::Responses, kind), openai);
        assert_eq!(word(WireFormat::Messages, kind), anthropic);
        assert_eq!(word(WireFormat::GenerateContent, kind), google);
        assert_eq!(word(WireFormat::Converse, kind), amazon);
    }
}

#[test]
fn shapes_are_those_of_the_dialects() {
    let no = failure("m", Some("UNAVAILABLE"), Some("budget_spent"));
    let told = |wire| render(wire, 503, ApiErrorKind::Overloaded, &no, Some("req_1"));
    let openai = json!({"error": {"message": "m", "type": "api_error", "param": null, "code": "budget_spent"}});
    assert_eq!(json(&told(WireFormat::Chat).body), openai);
    let anthropic =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "m"}, "request_id": "req_1"});
    assert_eq!(json(&told(WireFormat::Messages).body), anthropic);
    let reason =
        json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "BUDGET_SPENT", "domain": "weir"});
    let google = json!({"error": {"code": 503, "message": "m", "status": "UNAVAILABLE", "details": [reason]}});
    assert_eq!(json(&told(WireFormat::GenerateContent).body), google);
    assert_eq!(json(&told(WireFormat::Converse).body), json!({"message": "m"}));
    let parts = render(WireFormat::Converse, 401, ApiErrorKind::Auth, &no, None);
    assert_eq!((parts.status, parts.header), (403, Some(("x-amzn-errortype", "UnrecognizedClientException"))));
    let code = |kind| {
        json(&render(WireFormat::Chat, 404, kind, &failure("m", None, None), None).body)["error"]["code"].clone()
    };
    assert_eq!(code(ApiErrorKind::NotFound), "model_not_found");
    assert_eq!(code(ApiErrorKind::Invalid), Value::Null);
}

#[test]
fn within_a_stream_each_dialect_has_an_event_for_it() {
    let no = failure("m", None, Some("c"));
    let told = |wire| {
        let event = event(wire, 500, ApiErrorKind::Api, &no, 7);
        (event.name, json(&event.data))
    };
    for wire in [WireFormat::Chat, WireFormat::GenerateContent] {
        let whole = render(wire, 500, ApiErrorKind::Api, &no, None);
        assert_eq!(told(wire), (None, json(&whole.body)));
    }
    let anthropic = json!({"type": "error", "error": {"type": "api_error", "message": "m"}, "request_id": null});
    assert_eq!(told(WireFormat::Messages), (Some("error"), anthropic));
    let responses = json!({"type": "error", "code": "c", "message": "m", "param": null, "sequence_number": 7});
    assert_eq!(told(WireFormat::Responses), (Some("error"), responses));
    assert_eq!(told(WireFormat::Converse), (Some("internalServerException"), json!({"message": "m"})));
}

#[test]
fn a_failure_is_of_the_same_kind_when_it_is_read_again() {
    for wire in WIRES {
        for (kind, status) in KINDS {
            let parts = render(wire, status, kind, &failure("m", None, None), None);
            let again = read(parts.status, parts.header.map(|(_, name)| name), &parts.body);
            assert!(again.message.is("m"));
            assert_eq!(kind_of(parts.status, &again), kind, "{wire:?} {status}");
        }
    }
}

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{DialectCall, Operation};
use bytes::Bytes;

fn chat(body: &str) -> Result<RequestFacts, ReadError> {
    read(Operation::Chat, &Bytes::copy_from_slice(body.as_bytes()))
}

fn embeddings(body: &str) -> Result<RequestFacts, ReadError> {
    read(Operation::Embed, &Bytes::copy_from_slice(body.as_bytes()))
}

/// A chat request with these further members.
fn with(members: &str) -> String {
    format!(r#"{{"model":"m","messages":[]{}{members}}}"#, if members.is_empty() { "" } else { "," })
}

fn out(body: &str, model: &str, ask_usage: bool) -> String {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let outgoing = read(Operation::Chat, &body).unwrap().outgoing(&body, model, ask_usage);
    String::from_utf8(outgoing.to_vec()).unwrap()
}

#[test]
fn a_chat_request_is_read_in_full() {
    let ask = chat(
        r#" {"stream":true,"model":"gpt\u002d4o","messages":[{"role":"system","content":"abc"},
        {"role":"user","content":[{"type":"text","text":"d\u00e9"},{"type":"image_url","image_url":{"url":"data:…"}}]},
        {"role":"assistant","content":null,"tool_calls":[{}]}],"stream_options":{"include_usage":true},"max_tokens":7,
        "tools":[{"a":1}],"future":{"model":1,"stream":[]}} "#,
    )
    .unwrap();
    assert_eq!(&*ask.model, "gpt-4o");
    assert!(ask.streaming && ask.include_usage);
    assert_eq!(ask.max_output_tokens, Some(7));
    assert_eq!(ask.text_bytes, 3 + 3);
    assert_eq!(ask.call, DialectCall::OPENAI_CHAT);
}

#[test]
fn defaults_and_nulls_count_as_absent() {
    for members in ["", r#""stream":null"#, r#""stream":false"#, r#""max_tokens":null,"stream_options":null"#] {
        let ask = chat(&with(members)).unwrap();
        assert!(!ask.streaming && !ask.include_usage && ask.max_output_tokens.is_none(), "{members}");
        assert_eq!(ask.text_bytes, 0);
    }
}

#[test]
fn the_bound_on_the_answer_is_the_newer_parameter_else_the_older() {
    for (members, expected) in [
        (r#""max_tokens":5"#, 5),
        (r#""max_completion_tokens":6"#, 6),
        (r#""max_tokens":5,"max_completion_tokens":6"#, 6),
        (r#""max_completion_tokens":6,"max_tokens":5"#, 6),
        (r#""max_completion_tokens":null,"max_tokens":5"#, 5),
        (r#""max_tokens":0"#, 0),
        (r#""max_tokens":100.0"#, 100),
        (r#""max_tokens":1e2"#, 100),
        (r#""max_tokens":18446744073709551615"#, u64::MAX),
    ] {
        assert_eq!(chat(&with(members)).unwrap().max_output_tokens, Some(expected), "{members}");
    }
}

#[test]
fn embeddings_take_text_and_token_numbers() {
    for (input, bytes) in [(r#""abc""#, 3), (r#"["a","bc"]"#, 3), ("[1,2,3]", 12), ("[[1,2],[3]]", 12), ("[]", 0)] {
        let ask = embeddings(&format!(r#"{{"input":{input},"model":"e"}}"#)).unwrap();
        assert_eq!((ask.text_bytes, &*ask.model, ask.streaming), (bytes, "e", false), "{input}");
    }
    for input in ["1", "null", "{}", "[null]", "[[\"a\"]]", "[[[1]]]", "true"] {
        let error = embeddings(&format!(r#"{{"input":{input},"model":"e"}}"#)).unwrap_err();
        assert_eq!((error.param(), error.code()), (Some("input"), "invalid_type"), "{input}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let cases = [
        (r#"{"messages":[]}"#, Some("model"), "missing_required_parameter"),
        (r#"{"model":"m"}"#, Some("messages"), "missing_required_parameter"),
        (r#"{"model":"m","input":"x"}"#, Some("messages"), "missing_required_parameter"),
        (r#"{"model":1,"messages":[]}"#, Some("model"), "invalid_type"),
        (r#"{"model":null,"messages":[]}"#, Some("model"), "invalid_type"),
        (r#"{"model":"","messages":[]}"#, Some("model"), "invalid_value"),
        (r#"{"model":"\ud83d","messages":[]}"#, Some("model"), "invalid_value"),
        (r#"{"model":"m","messages":"hi"}"#, Some("messages"), "invalid_type"),
        (r#"{"model":"m","messages":null}"#, Some("messages"), "invalid_type"),
        (r#"{"model":"m","messages":["hi"]}"#, Some("messages"), "invalid_type"),
        (r#"{"model":"m","messages":[{"content":1}]}"#, Some("messages"), "invalid_type"),
        (r#"{"model":"m","messages":[{"content":["hi"]}]}"#, Some("messages"), "invalid_type"),
        (r#"{"model":"m","messages":[],"stream":"true"}"#, Some("stream"), "invalid_type"),
        (r#"{"model":"m","messages":[],"stream":1}"#, Some("stream"), "invalid_type"),
        (r#"{"model":"m","messages":[],"stream_options":true}"#, Some("stream_options"), "invalid_type"),
        (
            r#"{"model":"m","messages":[],"stream_options":{"include_usage":"yes"}}"#,
            Some("stream_options.include_usage"),
            "invalid_type",
        ),
        (r#"{"model":"m","messages":[],"max_tokens":"5"}"#, Some("max_tokens"), "invalid_type"),
        (r#"{"model":"m","messages":[],"max_tokens":-1}"#, Some("max_tokens"), "invalid_type"),
        (r#"{"model":"m","messages":[],"max_completion_tokens":1.5}"#, Some("max_completion_tokens"), "invalid_type"),
        ("[]", None, "invalid_json"),
        ("", None, "invalid_json"),
        (r#"{"model":"m","messages":[]}x"#, None, "invalid_json"),
        (r#"{"model":"m","messages":[],}"#, None, "invalid_json"),
    ];
    for (body, param, code) in cases {
        let error = chat(body).unwrap_err();
        assert_eq!((error.param(), error.code()), (param, code), "{body}: {error}");
    }
    let deep = with(&format!("\"a\":{}{}", "[".repeat(200), "]".repeat(200)));
    assert!(matches!(chat(&deep), Err(ReadError::TooDeep { .. })));
    assert!(matches!(read(Operation::Chat, &Bytes::from_static(b"{\"\xff\"")), Err(ReadError::NotJson(_))));
}

#[test]
fn refusals_say_what_to_do() {
    let said = |body: &str| chat(body).unwrap_err().to_string();
    assert_eq!(said(r#"{"messages":[]}"#), "the parameter `model` is missing");
    assert_eq!(said(&with(r#""stream":"yes""#)), "`stream` must be true or false, not a string");
    assert_eq!(said("{\"model\":"), "the body is not valid JSON: expected a value, found the end at byte 9");
    assert_eq!(said("[]"), "the body must be a JSON object, not an array");
    assert_eq!(said(&with(r#""model":"n""#)), "the parameter `model` stands more than once; send it once");
    assert_eq!(said(&with(r#""Stream":true"#)), "`Stream` is not a parameter; write `stream`");
}

#[test]
fn one_body_is_never_two_requests() {
    let value = |param: &str| match param {
        "model" => "\"x\"",
        "messages" => "[]",
        "input" => "\"x\"",
        "stream" => "true",
        "stream_options" => "null",
        _ => "1",
    };
    for param in ["model", "messages", "input", "stream", "stream_options", "max_tokens", "max_completion_tokens"] {
        let value = value(param);
        let escaped = format!("\\u{:04x}{}", param.as_bytes()[0], &param[1..]);
        let twice = format!(r#"{{"{param}":{value},"{param}":{value}}}"#);
        let hidden = format!(r#"{{"{param}":{value},"{escaped}":{value}}}"#);
        for body in [twice, hidden] {
            let refused = chat(&body);
            assert!(
                matches!(refused, Err(ReadError::Duplicate { param: found }) if found == param),
                "{body}: {refused:?}"
            );
        }
        let mut shouted = param.to_owned();
        shouted[..1].make_ascii_uppercase();
        let unicode = param.replacen('s', "ſ", 1).replacen('k', "\u{212a}", 1);
        let spelled = format!("\\u{:04x}{}", param.as_bytes()[0] - 32, &param[1..]);
        for other in [shouted, param.to_uppercase(), spelled, unicode] {
            let body = format!(r#"{{"{other}":{value}}}"#);
            let refused = chat(&body);
            let alike = matches!(refused, Err(ReadError::LookAlike { param: found, .. }) if found == param);
            assert!(alike || other == param, "{body}: {refused:?}");
        }
    }
    for body in [
        r#"{"model":"m","messages":[{"content":"a","content":"b"}]}"#,
        r#"{"model":"m","messages":[{"role":"user","role":"system"}]}"#,
        r#"{"model":"m","messages":[{"content":[{"type":"text","text":"a","\u0074ext":"b"}]}]}"#,
        r#"{"model":"m","messages":[],"stream_options":{"include_usage":true,"include_usage":false}}"#,
    ] {
        assert!(matches!(chat(body), Err(ReadError::Duplicate { .. })), "{body}");
    }
    assert!(matches!(chat(r#"{"model":"m","messages":[{"Content":"a"}]}"#), Err(ReadError::LookAlike { .. })));
    // Other names may be in any letters, and stand once like all.
    assert!(chat(&with(r#""metadata":1,"models":3,"Models":4,"modél":5"#)).is_ok());
    for twice in [
        r#""metadata":1,"metadata":2"#,
        r#""x":{"y":[{"z":1,"\u007a":2}]}"#,
        r#""tools":[{"type":"function","function":{"name":"f","description":"a","description":"b"}}]"#,
        r#""tools":[{"function":{"parameters":{"properties":{"a":{"description":"a","description":"b"}}}}}]"#,
    ] {
        assert!(matches!(chat(&with(twice)), Err(ReadError::Repeated { .. })), "{twice}");
    }
    for message in [
        r#"{"role":"assistant","refusal":"a","refusal":"b"}"#,
        r#"{"role":"assistant","tool_calls":[{"function":{"arguments":"a","arguments":"b"}}]}"#,
        r#"{"content":[{"type":"input_text","input_text":"a","input_text":"b"}]}"#,
    ] {
        let body = format!(r#"{{"model":"m","messages":[{message}]}}"#);
        assert!(matches!(chat(&body), Err(ReadError::Repeated { .. })), "{body}");
    }
}

#[test]
fn a_body_that_need_not_change_is_the_same_bytes() {
    let body = Bytes::from(with(r#""stream":true,"stream_options":{"include_usage":true}"#));
    let ask = read(Operation::Chat, &body).unwrap();
    assert_eq!(ask.outgoing(&body, "m", true).as_ptr(), body.as_ptr());
    let body = Bytes::from(with(r#""stream":true"#));
    let ask = read(Operation::Chat, &body).unwrap();
    assert_eq!(ask.outgoing(&body, "m", false).as_ptr(), body.as_ptr());
    let body = Bytes::from(with(""));
    let ask = read(Operation::Chat, &body).unwrap();
    assert_eq!(ask.outgoing(&body, "m", true).as_ptr(), body.as_ptr(), "not a stream");
}

#[test]
fn usage_is_asked_for_with_the_smallest_change() {
    let head = r#"{"model":"m","messages":[],"stream":true"#;
    for (rest, expected) in [
        ("}", r#","stream_options":{"include_usage":true}}"#),
        (" } \n", r#" ,"stream_options":{"include_usage":true}} "#),
        (r#","stream_options":null}"#, r#","stream_options":{"include_usage":true}}"#),
        (r#","stream_options":{}}"#, r#","stream_options":{"include_usage":true}}"#),
        (r#","stream_options": { } ,"a":1}"#, r#","stream_options": { "include_usage":true} ,"a":1}"#),
        (r#","stream_options":{"b":[{}]}}"#, r#","stream_options":{"b":[{}],"include_usage":true}}"#),
        (r#","stream_options":{"include_usage":false,"b":1}}"#, r#","stream_options":{"include_usage":true,"b":1}}"#),
        (r#","stream_options":{"include_usage" : null}}"#, r#","stream_options":{"include_usage" : true}}"#),
    ] {
        assert_eq!(
            out(&format!("{head}{rest}"), "m", true).trim_end(),
            format!("{head}{expected}").trim_end(),
            "{rest}"
        );
    }
}

#[test]
fn the_model_is_renamed_wherever_it_stands_and_nothing_else_changes() {
    assert_eq!(
        out(r#"{ "messages" : [ ] , "n":1.0e+05, "model" : "m" , "x":"\u00e9" }"#, "provider/\"q\"\n", true),
        r#"{ "messages" : [ ] , "n":1.0e+05, "model" : "provider/\"q\"\n" , "x":"\u00e9" }"#
    );
    assert_eq!(
        out(r#"{"stream_options":{},"stream":true,"messages":[],"model":"m"}"#, "longer-name", true),
        r#"{"stream_options":{"include_usage":true},"stream":true,"messages":[],"model":"longer-name"}"#
    );
    assert_eq!(
        out(r#"{"stream":true,"messages":[],"model":"m"}"#, "x", true),
        r#"{"stream":true,"messages":[],"model":"x","stream_options":{"include_usage":true}}"#
    );
    let body = Bytes::from_static(br#"{"model":"e","input":"x","stream":true}"#);
    let ask = read(Operation::Embed, &body).unwrap();
    assert_eq!(ask.outgoing(&body, "e", true), body, "embeddings have no stream options");
}

#[test]
fn a_body_of_another_length_is_read_anew() {
    let ask = chat(&with("")).unwrap();
    let edited = Bytes::from_static(br#"{"messages":[],"temperature":1,"model":"m"}"#);
    assert_eq!(ask.outgoing(&edited, "x", false), &br#"{"messages":[],"temperature":1,"model":"x"}"#[..]);
    let broken = Bytes::from_static(b"{");
    assert_eq!(ask.outgoing(&broken, "x", true), broken);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z]{1,4}", inner), 0..4).prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

fn options() -> impl Strategy<Value = Option<Value>> {
    let include = prop_oneof![Just(None), Just(Some(Value::Null)), any::<bool>().prop_map(|b| Some(Value::from(b)))];
    let object = (prop::collection::vec(("[a-d]", value()), 0..3), include, any::<bool>()).prop_map(
        |(other, include, first)| {
            let mut all: Vec<(String, Value)> = other;
            if let Some(include) = include {
                let at = if first { 0 } else { all.len() };
                all.insert(at, ("include_usage".into(), include));
            }
            Value::Object(all.into_iter().collect())
        },
    );
    prop_oneof![Just(None), Just(Some(Value::Null)), object.prop_map(Some)]
}

fn request() -> impl Strategy<Value = (Value, bool, bool)> {
    let members = prop::collection::vec(("[b-l]{2,5}", value()), 0..5);
    (
        any::<String>(),
        members,
        prop::option::of(any::<bool>()),
        options(),
        any::<prop::sample::Index>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(model, members, stream, options, at, pretty, ask)| {
            let mut all: Vec<(String, Value)> = members;
            let mut put = |name: &str, value| all.insert(at.index(all.len() + 1), (name.to_owned(), value));
            put("model", format!("m{model}").into());
            put("messages", json!([{"role": "user", "content": model}]));
            if let Some(stream) = stream {
                put("stream", stream.into());
            }
            if let Some(options) = options {
                put("stream_options", options);
            }
            (Value::Object(all.into_iter().collect()), pretty, ask)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn outgoing_is_the_request_with_these_changes_only((value, pretty, ask_usage) in request(), upstream in any::<String>()) {
        let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
        let body = Bytes::from(text);
        let ask = read(Operation::Chat, &body).unwrap();
        prop_assert_eq!(value["model"].as_str(), Some(&*ask.model));
        prop_assert_eq!(ask.include_usage, value["stream_options"]["include_usage"] == json!(true));
        let outgoing: Value = serde_json::from_slice(&ask.outgoing(&body, &upstream, ask_usage)).unwrap();
        let mut expected = value.clone();
        expected["model"] = json!(upstream);
        if ask_usage && value["stream"] == json!(true) {
            if !expected["stream_options"].is_object() {
                expected["stream_options"] = json!({});
            }
            expected["stream_options"]["include_usage"] = json!(true);
        }
        prop_assert_eq!(serde_json::to_string(&outgoing).unwrap(), serde_json::to_string(&expected).unwrap());
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..48), text in "[{}\\[\\]\",:a-z0-9\\\\ ]{0,48}") {
        for body in [Bytes::from(bytes), Bytes::from(text.clone()), Bytes::from(format!("{{\"model\":\"m\",\"messages\":{text}}}"))] {
            for operation in [Operation::Chat, Operation::Embed] {
                if let Ok(ask) = read(operation, &body) {
                    prop_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&ask.outgoing(&body, "x", true)).is_ok());
                }
            }
        }
    }
}

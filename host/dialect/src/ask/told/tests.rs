use bytes::Bytes;
use proptest::prelude::*;
use serde_json::json;

use crate::ask::read;
use crate::{Operation, ReadError, RequestFacts};

fn chat(body: &str) -> Result<RequestFacts, ReadError> {
    read(Operation::Chat, &Bytes::copy_from_slice(body.as_bytes()))
}

/// A chat request with these further members.
fn with(members: &str) -> String {
    format!(r#"{{"model":"m","messages":[],{members}}}"#)
}

/// Bytes of text in a request with these further members.
fn text_of(members: &str) -> usize {
    chat(&with(members)).unwrap().text_bytes
}

#[test]
fn of_tools_and_of_the_form_of_the_answer_names_and_descriptions_are_text_and_what_wraps_them_is_not() {
    let cases = [
        (r#""tools":[]"#, 0),
        (r#""tools":null,"functions":null,"response_format":null"#, 0),
        (r#""tools":{"name":"x"},"functions":"x","response_format":["x"]"#, 0),
        (r#""tools":["x",1,null,[{"name":"x"}]]"#, 0),
        (r#""tools":[{"type":"function","function":{"name":"find","description":"a city","strict":true}}]"#, 10),
        (r#""tools":[{"type":"function","name":"find","description":"a city","parameters":{}}]"#, 10),
        (r#""functions":[{"name":"find","description":"a city"},{"name":"b"}]"#, 11),
        (r#""tools":[{"type":"function","function":{"name":"f","description":"\u00fc\n\"x\""}}]"#, 1 + 6),
        (
            r#""tools":[{"type":"custom","custom":{"name":"run","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: x"}}}}]"#,
            3 + 8,
        ),
        (r#""tools":[{"type":"web_search","user_location":{"city":"Ulm"}}]"#, 0),
        (r#""response_format":{"type":"json_object"}"#, 0),
        (
            r#""response_format":{"type":"json_schema","json_schema":{"name":"of","strict":true,"schema":{"type":"object","properties":{"a":{"type":"null"}}}}}"#,
            2 + 6 + 1 + 4,
        ),
    ];
    for (members, bytes) in cases {
        assert_eq!(text_of(members), bytes, "{members}");
    }
}

#[test]
fn of_a_schema_every_string_and_the_names_of_properties_are_text() {
    let of = |schema: &str| text_of(&format!(r#""functions":[{{"parameters":{schema}}}]"#));
    let cases = [
        (
            r#"{"type":"object","properties":{"city":{"type":"string","description":"of \u0055lm"}},"required":["city"]}"#,
            6 + 4 + 6 + 6 + 4,
        ),
        (r#"{"properties":{"properties":{"properties":{"b":{}}}}}"#, 10 + 1),
        (r#"{"properties":{"description":{"description":"x"}}}"#, 11 + 1),
        (r#"{"properties":{"\u00fc\ud83d\ude00":true}}"#, 6),
        (r#"{"properties":{"\ud83d":true}}"#, 6),
        (
            r#"{"patternProperties":{"^a$":{}},"$defs":{"x":{"enum":["on","off",1,null]}},"definitions":{"y":{}}}"#,
            3 + 1 + 5 + 1,
        ),
        (r##"{"anyOf":[{"$ref":"#/a"},{"const":"b"}],"items":{"format":"date"}}"##, 3 + 1 + 4),
        (r#"{"minimum":1,"additionalProperties":false,"default":null}"#, 0),
        (r#"{"properties":"abc"}"#, 3),
        ("true", 0),
        ("[]", 0),
        (r#""abc""#, 3),
    ];
    for (schema, bytes) in cases {
        assert_eq!(of(schema), bytes, "{schema}");
    }
    // What is too deep is refused as everywhere, whatever it is within.
    for (open, close) in [("[", "]"), (r#"{"properties":{"a":"#, "}}"), (r#"{"items":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(200), close.repeat(200));
        let error = chat(&with(&format!(r#""functions":[{{"parameters":{deep}}}]"#))).unwrap_err();
        assert!(matches!(error, ReadError::TooDeep { .. }), "{error}");
    }
    let nested = format!("{}1{}", r#"{"function":"#.repeat(200), "}".repeat(200));
    assert!(matches!(chat(&with(&format!(r#""tools":[{nested}]"#))), Err(ReadError::TooDeep { .. })));
}

#[test]
fn an_answer_that_is_sent_back_counts_as_much_as_it_did_when_it_came() {
    for members in [
        r#""content":"hello""#,
        r#""content":null,"refusal":"no""#,
        r#""content":"hi","reasoning_content":"hmm""#,
        r#""content":"hi","reasoning":"hmm","reasoning_content":"hmm!""#,
        r#""content":[{"type":"text","text":"one"},{"type":"refusal","refusal":"two"}]"#,
        r#""content":null,"tool_calls":[{"id":"x","type":"function","function":{"name":"get","arguments":"{\"a\":1}"}}]"#,
        r#""content":null,"tool_calls":[{"id":"x","type":"custom","custom":{"name":"run","input":"a\nb"}}, {}]"#,
        r#""content":null,"function_call":{"name":"get","arguments":"{}"},"audio":{"id":"x"}"#,
        r#""content":"","tool_calls":7"#,
    ] {
        let message = format!(r#"{{"role":"assistant",{members}}}"#);
        let answer = format!(r#"{{"choices":[{{"index":0,"message":{message}}}]}}"#);
        let asked = chat(&format!(r#"{{"model":"m","messages":[{message}]}}"#)).unwrap().text_bytes;
        assert_eq!(asked, crate::usage::text_bytes(answer.as_bytes()), "{members}");
    }
    let named = r#"{"model":"m","messages":[{"role":"user","name":"ada","content":"hi"},{"role":"tool","tool_call_id":"x","content":"42"}]}"#;
    assert_eq!(chat(named).unwrap().text_bytes, 3 + 2 + 2);
}

proptest! {
    /// However a library writes the same JSON, it comes to the same.
    #[test]
    fn white_space_and_escapes_change_no_count(name in "\\PC{0,8}", text in "\\PC{0,20}", key in "\\PC{0,8}") {
        let tool = json!({"type": "function", "function": {"name": name, "description": text,
            "parameters": {"type": "object", "properties": {&key: {"description": text}}, "required": [key]}}});
        let call = json!({"id": "x", "function": {"name": name, "arguments": text}});
        let body = json!({"model": "m", "tools": [tool],
            "messages": [{"role": "assistant", "content": null, "tool_calls": [call]}]});
        let plain = body.to_string();
        let wide = serde_json::to_string_pretty(&body).unwrap();
        let escaped: String = plain.encode_utf16().map(|unit| match unit {
            0..=0x7f => char::from(unit as u8).to_string(),
            _ => format!("\\u{unit:04x}"),
        }).collect();
        let counted = chat(&plain).unwrap().text_bytes;
        prop_assert_eq!(counted, 2 * name.len() + 3 * text.len() + 2 * key.len() + "object".len());
        prop_assert_eq!(chat(&wide).unwrap().text_bytes, counted);
        prop_assert_eq!(chat(&escaped).unwrap().text_bytes, counted);
    }
}

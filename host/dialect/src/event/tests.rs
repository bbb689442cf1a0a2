use proptest::prelude::*;
use serde_json::{Value, json};

use super::error::MOST_CHOICES;
use super::*;

const DELTA: &str = r#"{"id":"c","object":"chat.completion.chunk","choices":[{"index":2,"delta":{"role":"assistant","content":"Hel\"lo"},"finish_reason":null}],"usage":null}"#;

#[test]
fn events_are_told_apart() {
    let usage = Usage { input: Some(1), output: Some(2), ..Usage::default() };
    let counts = r#"{"prompt_tokens":1,"completion_tokens":2}"#;
    let cases = [
        ("[DONE]".to_owned(), EventKind::Done),
        (" [DONE] ".to_owned(), EventKind::Done),
        (DELTA.to_owned(), EventKind::Delta),
        (DELTA.replace(",\"usage\":null", ""), EventKind::Delta),
        (DELTA.replace("\"usage\":null", &format!("\"usage\":{counts}")), EventKind::Delta),
        (r#"{"choices" : [ {"delta":{}}]}"#.to_owned(), EventKind::Delta),
        (r#"{"choices":[{"delta":{"content":"the \"usage\" of \"error\""}}]}"#.to_owned(), EventKind::Delta),
        (r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#.to_owned(), EventKind::ChoiceFailed { all: true }),
        (r#"{"choices":[{"error":{"code":502}}]}"#.to_owned(), EventKind::ChoiceFailed { all: true }),
        (r#"{"choices":[{"error":"x"},{"delta":{}}]}"#.to_owned(), EventKind::ChoiceFailed { all: false }),
        (r#"{"choices":[{"error":null,"delta":{}}]}"#.to_owned(), EventKind::Delta),
        (r#"{"choices":[null],"usage":null}"#.to_owned(), EventKind::Other),
        (format!(r#"{{"choices":[],"usage":{counts}}}"#), EventKind::UsageOnly(usage)),
        (format!(r#"{{"choices": [ ] ,"usage":{counts},"error":null}}"#), EventKind::UsageOnly(usage)),
        (format!(r#"{{"usage":{counts}}}"#), EventKind::UsageOnly(usage)),
        (r#"{"choices":[],"usage":null}"#.to_owned(), EventKind::Other),
        (r#"{"choices":[],"prompt_filter_results":[]}"#.to_owned(), EventKind::Other),
        (r#"{"error":{"message":"overloaded"}}"#.to_owned(), EventKind::Error),
        (r#"{"error":"overloaded"}"#.to_owned(), EventKind::Error),
        (
            r#"{"error":{"code":502},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#.to_owned(),
            EventKind::Error,
        ),
        (r#"{"object":"error","message":"overloaded","code":503}"#.to_owned(), EventKind::Error),
        (r#"{"type":"error","message":"overloaded"}"#.to_owned(), EventKind::Error),
        (r#"{"\u0065rror":{"message":"x"},"choices":[{"delta":{}}]}"#.to_owned(), EventKind::Error),
        (r#"{"object":"err\u006fr","choices":[{"delta":{}}]}"#.to_owned(), EventKind::Error),
        (
            r#"{"choices":[{"delta":{},"finish_reason":"\u0065rror"}]}"#.to_owned(),
            EventKind::ChoiceFailed { all: true },
        ),
        (r#"{"choices":[{"delta":{"content":"\u0065rror \u00e9"}}]}"#.to_owned(), EventKind::Delta),
        (DELTA.replace("\"usage\":null", r#""error":{}"#), EventKind::Delta),
        (DELTA.replace("\"usage\":null", r#""error":{"message":"","code":null}"#), EventKind::Delta),
        ("{}".to_owned(), EventKind::Other),
        ("".to_owned(), EventKind::Other),
        ("not json \"usage\"".to_owned(), EventKind::Other),
        ("\"choices\"".to_owned(), EventKind::Other),
        ("[DONE] ]".to_owned(), EventKind::Other),
    ];
    for (data, expected) in cases {
        assert_eq!(classify(data.as_bytes()), expected, "{data}");
    }
}

#[test]
fn what_a_stream_begins_with_is_read_and_not_peeked_at() {
    let read = |data: &str| {
        let mut reader = sse::SseReader::new(1000);
        reader.push(Bytes::from(format!("data: {data}\n\n")));
        let event = reader.next().unwrap().unwrap();
        (kind(&event, &event.data()), read_kind(&event, &event.data()))
    };
    for data in [
        r#"{"detail":"failed","body":{"choices":[{"a":1}]}}"#,
        r#"<p>Bad "choices":[{ here"#,
        r#"{"choices":[{"index":0,"delta":{"content":"abc"#,
        r#"[{"choices":[{}]}]"#,
        r#"{"choices":[{}]} {"choices":[{}]}"#,
    ] {
        assert_eq!(read(data), (EventKind::Delta, EventKind::Other), "{data}");
    }
    for data in [DELTA, "[DONE]", " [DONE]", "{}", r#"{"error":"x"}"#, r#"{"choices":[{}]}"#, ""] {
        let (peeked, read) = read(data);
        assert_eq!(peeked, read, "{data}");
    }
}

#[test]
fn what_is_named_an_error_is_one_in_whatever_shape() {
    let named = |name: &str, data: &str| {
        let mut reader = sse::SseReader::new(1000);
        reader.push(Bytes::from(format!("event: {name}\ndata: {data}\n\n")));
        let event = reader.next().unwrap().unwrap();
        kind(&event, &event.data())
    };
    for data in [r#"{"message":"overloaded","code":503}"#, "overloaded", "", r#"{"error":"x"}"#, DELTA] {
        assert_eq!(named("error", data), EventKind::Error, "{data}");
    }
    assert_eq!(named("error", "[DONE]"), EventKind::Done);
    assert_eq!(named("message", DELTA), EventKind::Delta);
    assert_eq!(named("errors", "x"), EventKind::Other);
}

fn bytes(data: &str) -> Bytes {
    Bytes::copy_from_slice(data.as_bytes())
}

/// The choice and text of an event's one choice.
fn read(data: &str) -> Result<(u32, String), EventError> {
    delta(&bytes(data)).map(|delta| (delta.choice, delta.text))
}

#[test]
fn the_text_and_choice_of_an_event_are_read() {
    assert_eq!(read(DELTA), Ok((2, "Hel\"lo".into())));
    for (choice, text) in [
        (r#"{"delta":{"content":null}}"#, ""),
        (r#"{"delta":{"role":"assistant"}}"#, ""),
        (r#"{"delta":{},"index":0}"#, ""),
        (r#"{"delta":null}"#, ""),
        ("{}", ""),
        (r#"{"delta":{"content":"\ud83d"}}"#, "\u{fffd}"),
        (r#"{"delta":{"con\u0074ent":"x"}}"#, "x"),
        (r#"{"delta":7}"#, ""),
        (r#"{"delta":{"content":[]}}"#, ""),
        (
            r#"{"delta":{"content":["a",{"type":"text","text":"b"},{"type":"thinking","thinking":[{"type":"text","text":"c"}]},{"text":"d"},true,null]}}"#,
            "abd",
        ),
    ] {
        let data = format!(r#"{{"choices":[{choice}]}}"#);
        assert_eq!(read(&data), Ok((0, text.into())), "{data}");
    }
    for data in [r#"{"choices":[]}"#, "{}", r#"{"choices":[1]}"#, r#"{"choices":{}}"#] {
        assert_eq!(read(data), Err(EventError::NoChoice), "{data}");
    }
    for content in ["7", r#"["a",7]"#, r#"[{"type":"text","text":7}]"#] {
        let data = format!(r#"{{"choices":[{{"delta":{{"content":{content}}}}}]}}"#);
        assert!(matches!(read(&data), Err(EventError::Unshowable(_))), "{data}: a number is no text");
    }
    for data in ["[DONE]", "", "{", "[]", r#"{"choices":[{"delta":{"content":"x"},"logprobs":-Infinity}]}"#] {
        assert!(matches!(read(data), Err(EventError::NotJson(_))), "{data}");
    }
    assert_eq!(read(r#"{"choices":[{},{}]}"#), Err(EventError::SeveralChoices));
}

#[test]
fn an_event_of_several_choices_becomes_one_for_each_and_what_stands_beside_them_is_in_the_last() {
    let data = concat!(
        r#"{ "id":"c","object":"chat.completion.chunk","created":1,"model":"m","x":{"y":1.0},"#,
        r#""choices":[{"index":1,"delta":{"content":"a"}}, {"index":0,"delta":{"content":"b"},"finish_reason":"stop"},{"delta":{}}],"#,
        r#""usage":{"prompt_tokens":1}}"#
    );
    let Ok(Choices::Several(all)) = choices(&bytes(data)) else { panic!("several") };
    let head = r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","#;
    let expected = [
        (1, "a", format!(r#"{head}"choices":[{{"index":1,"delta":{{"content":"a"}}}}]}}"#)),
        (0, "b", format!(r#"{head}"choices":[{{"index":0,"delta":{{"content":"b"}},"finish_reason":"stop"}}]}}"#)),
        (
            2,
            "",
            format!(r#"{head}"x":{{"y":1.0}},"usage":{{"prompt_tokens":1}},"choices":[{{"index":2,"delta":{{}}}}]}}"#),
        ),
    ];
    let all: Vec<_> = all.iter().map(|(data, delta)| (delta.choice, delta.text.as_str(), data.to_vec())).collect();
    let expected: Vec<_> =
        expected.iter().map(|(choice, text, data)| (*choice, *text, data.clone().into_bytes())).collect();
    assert_eq!(all, expected);
    assert!(matches!(choices(&bytes(DELTA)), Ok(Choices::One(_))));
    assert_eq!(choices(&bytes(r#"{"choices":[]}"#)), Ok(Choices::None));
    assert_eq!(choices(&bytes(r#"{"choices":[{"delta":{}},7]}"#)), Err(EventError::NoChoice));
    // A reader that takes the first of two would see what nobody has looked at.
    let twice = r#"{"choices":[{"delta":{"content":"a"}}],"choices":[{"delta":{"content":"b"}}]}"#;
    assert!(matches!(choices(&bytes(twice)), Err(EventError::NotJson(_))));
    let many = format!(r#"{{"choices":[{}{{}}]}}"#, "{},".repeat(MOST_CHOICES));
    assert_eq!(choices(&bytes(&many)), Err(EventError::TooManyChoices { limit: MOST_CHOICES }));
    // What all of them say is said shortly.
    let long = format!(r#"{{"id":"{}","choices":[{{}},{{}}]}}"#, "x".repeat(10_000));
    let Ok(Choices::Several(all)) = choices(&bytes(&long)) else { panic!("several") };
    assert_eq!(all.iter().map(|(data, _)| data.len() > 10_000).collect::<Vec<_>>(), [false, true]);
}

/// What an event says whose choice has this beside its index.
fn says(choice: &str) -> Says {
    delta(&format!(r#"{{"choices":[{{"index":0,{choice}}}]}}"#).into()).unwrap().says
}

/// What the second event is to the text of the first.
fn behind(first: Says, second: &str) -> TextStep {
    let mut text = OpenText::default();
    assert_eq!(text.take(first), TextStep::More);
    text.take(says(second))
}

#[test]
fn a_text_goes_on_where_the_same_is_said_and_ends_where_something_else_is() {
    let content = says(r#""delta":{"content":"a"}"#);
    let call = |rest: &str| format!(r#""delta":{{"tool_calls":[{{{rest}}}]}}"#);
    let arguments = |index: u32| call(&format!(r#""index":{index},"function":{{"arguments":"a"}}"#));
    for more in [
        r#""delta":{"content":"b"},"finish_reason":null"#,
        r#""delta":{"role":"assistant","content":"b"},"finish_reason":"stop""#,
    ] {
        assert_eq!(behind(content, more), TextStep::More, "{more}");
    }
    assert_eq!(behind(says(&arguments(1)), &arguments(1)), TextStep::More);
    for other in [
        r#""delta":{},"finish_reason":"stop""#,
        r#""delta":{"content":"","reasoning":"b"}"#,
        r#""delta":{"reasoning_content":"b"}"#,
        r#""delta":{"refusal":"b"}"#,
        r#""delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]}"#,
        r#""delta":{"tool_calls":[{"index":0,"function":{"arguments":"b"}}]}"#,
        r#""delta":{"function_call":{"name":"f"}}"#,
    ] {
        assert_eq!(behind(content, other), TextStep::Other, "{other}");
    }
    assert_eq!(behind(says(&arguments(1)), &arguments(0)), TextStep::Other);
    assert_eq!(behind(says(&arguments(1)), &call(r#""index":0,"function":{"name":"f"}"#)), TextStep::Other);
    assert_eq!(
        behind(says(r#""delta":{"content":"a"},"finish_reason":"stop""#), r#""delta":{"content":"a"}"#),
        TextStep::Other
    );
    // The same call once more is no other one, and what stands beside a text does not end it.
    assert_eq!(behind(says(&arguments(1)), &call(r#""index":1,"id":"c","function":{"name":"f"}"#)), TextStep::Between);
    for beside in [r#""delta":{"x":"two words"}"#, r#""delta":{},"logprobs":{"content":[{"token":" "}]}"#] {
        assert_eq!(behind(content, beside), TextStep::Between, "{beside}");
    }
}

#[test]
fn what_adds_no_text_says_nothing_and_ends_nothing() {
    let content = says(r#""delta":{"content":"a"}"#);
    for quiet in [
        r#""delta":{"content":""}"#,
        r#""delta":{"content":null}"#,
        r#""delta":{"content":[]}"#,
        r#""delta":{"content":[{"type":"text","text":""}]}"#,
        r#""delta":{"content":true}"#,
        r#""delta":{}"#,
        r#""delta":null"#,
        r#""finish_reason":null"#,
        r#""delta":{},"finish_reason":"""#,
        r#""delta":{"role":"assistant"}"#,
        r#""delta":{"role":"assistant","content":""},"finish_reason":null"#,
        r#""delta":{"reasoning_content":""}"#,
        r#""delta":{"tool_calls":[]}"#,
        r#""delta":{"tool_calls":[{}]}"#,
        r#""delta":{"tool_calls":[{"index":0,"id":"","function":{"name":"","arguments":""}}]}"#,
        r#""delta":{"tool_calls":[{"index":0,"id":"c"}]}"#,
        r#""delta":{"tool_calls":[{"index":0,"function":{"arguments":""}}]}"#,
        r#""delta":{"function_call":{}}"#,
    ] {
        assert!(says(quiet).is_quiet(), "{quiet}");
        assert_eq!(behind(content, quiet), TextStep::Between, "{quiet}");
    }
    assert!(!says(r#""delta":{"content":""},"finish_reason":"stop""#).is_quiet());
    assert!(says(r#""delta":{"content":"a"}"#).is_plain() && !says(r#""delta":{"reasoning":"a"}"#).is_plain());
}

#[test]
fn an_index_that_readers_take_for_different_numbers_is_none() {
    for index in
        ["4294967296", "-1", "-0", "1.0", "2.5", "1e0", "\"1\"", "null", "true", "[1]", "{}", "18446744073709551616"]
    {
        let call = format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":{index},"function":{{}}}}]}}}}]}}"#);
        for data in [format!(r#"{{"choices":[{{"index":{index},"delta":{{"content":"a"}}}}]}}"#), call] {
            assert_eq!(read(&data), Err(EventError::Index), "{data}");
            let several = data.replace("\"choices\":[", "\"choices\":[{\"index\":0},");
            assert_eq!(choices(&bytes(&several)), Err(EventError::Index), "{data}");
        }
    }
    assert_eq!(read(r#"{"choices":[{"index":4294967295,"delta":{"content":"a"}}]}"#), Ok((u32::MAX, "a".into())));
}

#[test]
fn text_is_replaced_and_every_other_byte_stays() {
    let replaced = with_text(DELTA.as_bytes(), "a\"\n😀").unwrap();
    assert_eq!(replaced, DELTA.replace(r#"Hel\"lo"#, r#"a\"\n😀"#));
    for (before, after) in [
        (r#"{"delta":{"content":7}}"#, r#"{"delta":{"content":"new"}}"#),
        (
            r#"{"delta":{"content":[{"type":"text","text":"a"},"b"]}}"#,
            r#"{"delta":{"content":[{"type":"text","text":"new"},""]}}"#,
        ),
        (r#"{"delta":{"content":[ ]}}"#, r#"{"delta":{"content":[{"type":"text","text":"new"} ]}}"#),
        (r#"{"delta":{"content":[1]}}"#, r#"{"delta":{"content":[{"type":"text","text":"new"},1]}}"#),
        (r#"{ "delta" : { "content" : null , "x":1.0 } }"#, r#"{ "delta" : { "content" : "new" , "x":1.0 } }"#),
        (r#"{"delta":{"role":"assistant"}}"#, r#"{"delta":{"content":"new","role":"assistant"}}"#),
        (r#"{"delta":{}}"#, r#"{"delta":{"content":"new"}}"#),
        (r#"{"delta": null}"#, r#"{"delta": {"content":"new"}}"#),
    ] {
        let [before, after] = [before, after].map(|choice| format!(r#"{{"choices": [{choice}],"n":1e0}}"#));
        assert_eq!(with_text(before.as_bytes(), "new").unwrap(), after);
    }
    for (before, after) in [
        (
            r#"{"choices":[{"logprobs":{"content":[{"token":"old"}]},"delta":{"content":"old"}}]}"#,
            r#"{"choices":[{"logprobs":null,"delta":{"content":"new"}}]}"#,
        ),
        (
            r#"{"choices":[{"delta":{"content":"old"},"logprobs":{"content":[]}}]}"#,
            r#"{"choices":[{"delta":{"content":"new"},"logprobs":null}]}"#,
        ),
    ] {
        assert_eq!(with_text(before.as_bytes(), "new").unwrap(), after, "tokens that repeat the old text go");
    }
    assert_eq!(with_text(br#"{"choices":[{}]}"#, "x"), Err(EventError::NoDelta));
    assert_eq!(with_text(br#"{"choices":[{"delta":1}]}"#, "x"), Err(EventError::NoDelta));
    assert_eq!(with_text(br#"{"choices":[]}"#, "x"), Err(EventError::NoChoice));
}

#[test]
fn usage_is_hidden_and_nulls_left_alone() {
    for same in [DELTA, "{}", "[DONE]", r#"{"usage":{"#, r#"{"choices":[{"usage":{}}]}"#] {
        let data = Bytes::copy_from_slice(same.as_bytes());
        assert_eq!(without_usage(&data).as_ptr(), data.as_ptr(), "{same}");
    }
    let data = Bytes::from(r#"{"choices":[{"x": 1.0}], "usage" : {"prompt_tokens":1} ,"z":2}"#);
    assert_eq!(without_usage(&data), r#"{"choices":[{"x": 1.0}], "usage" : null ,"z":2}"#);
    let data = Bytes::from(r#"{"usage":{},"usage":1}"#);
    assert_eq!(without_usage(&data), r#"{"usage":null,"usage":null}"#);
}

fn chunk() -> impl Strategy<Value = Value> {
    let content = prop_oneof![Just(None), Just(Some(Value::Null)), any::<String>().prop_map(|text| Some(json!(text)))];
    let usage = prop_oneof![Just(None), Just(Some(Value::Null)), Just(Some(json!({"prompt_tokens": 3})))];
    (content, any::<u32>(), any::<bool>(), usage, any::<f64>()).prop_map(|(content, index, role, usage, number)| {
        let mut chunk = json!({"n": number, "choices": [{"index": index, "delta": {}, "finish_reason": null}]});
        if role {
            chunk["choices"][0]["delta"]["role"] = json!("assistant");
        }
        if let Some(content) = content {
            chunk["choices"][0]["delta"]["content"] = content;
        }
        if let Some(usage) = usage {
            chunk["usage"] = usage;
        }
        chunk
    })
}

proptest! {
    #[test]
    fn a_replaced_text_is_read_back_and_nothing_else_differs(chunk in chunk(), text in any::<String>(), pretty in any::<bool>()) {
        let data = if pretty { serde_json::to_vec_pretty(&chunk) } else { serde_json::to_vec(&chunk) }.unwrap();
        prop_assert_eq!(classify(&data), EventKind::Delta);
        let data = Bytes::from(data);
        let before = delta(&data).unwrap();
        prop_assert_eq!(before.text.as_str(), chunk["choices"][0]["delta"]["content"].as_str().unwrap_or(""));
        let replaced = with_text(&data, &text).unwrap();
        let after = delta(&replaced).unwrap();
        prop_assert_eq!((after.choice, &after.text), (before.choice, &text));
        let mut expected = chunk.clone();
        expected["choices"][0]["delta"]["content"] = json!(text);
        prop_assert_eq!(serde_json::from_slice::<Value>(&replaced).unwrap(), expected);
        let hidden: Value = serde_json::from_slice(&without_usage(&data)).unwrap();
        prop_assert!(hidden["usage"].is_null());
        prop_assert_eq!(&hidden["choices"], &chunk["choices"]);
    }

    #[test]
    fn no_data_makes_reading_panic(data in prop::collection::vec(any::<u8>(), 0..64), tail in "[{}\\[\\]\",:a-z0-9\\\\ ]{0,32}") {
        for data in [data, format!("{{\"choices\":[{{\"delta\":{{\"content\":{tail}").into_bytes(), format!("{{\"usage\":{tail}").into_bytes()] {
            let data = Bytes::from(data);
            classify(&data);
            let _ = delta(&data);
            let _ = with_text(&data, "x");
            let _ = choices(&data);
            without_usage(&data);
        }
    }
}

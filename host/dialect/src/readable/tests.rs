use super::*;

const GOOD: &str = r#"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"hi","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"#;

#[test]
fn what_everybody_reads_alike_can_be_shown() {
    for good in [
        GOOD.to_owned(),
        GOOD.replace("\"hi\"", "null"),
        GOOD.replace("\"hi\"", r#""\ud83d \u00e9 \n""#),
        GOOD.replace("\"hi\"", r#"[{"type":"text","text":"hi"}]"#),
        format!(" \n{GOOD}\t"),
        r#"{"data":[{"embedding":[0.25,-1e-3]}]}"#.to_owned(),
    ] {
        assert_eq!(whole(good.as_bytes()), Ok(()), "{good}");
    }
}

#[test]
fn what_two_readers_may_read_as_two_things_cannot() {
    let deep = format!("{}1{}", "[".repeat(128), "]".repeat(128));
    for (old, new) in [
        ("null,\"finish", "{\"content\":[{\"logprob\":-Infinity}]},\"finish"),
        ("null,\"finish", "[NaN],\"finish"),
        ("null,\"finish", "DEEP,\"finish"),
        ("\"hi\"", "\"a\u{1}b\""),
        ("\"hi\"", "\"a\nb\""),
        ("\"hi\"", "\"a\\xb\""),
        ("\"content\"", "\"content\":\"\",\"content\""),
        ("\"content\"", "\"content\":\"\",\"cont\\u0065nt\""),
        ("\"message\"", "\"message\":{},\"message\""),
        ("{\"id\"", "{\"choices\":[],\"id\""),
        ("{\"id\"", "\u{feff}{\"id\""),
        ("{\"id\"", "[{\"id\""),
    ] {
        let bad = GOOD.replacen(old, &new.replace("DEEP", &deep), 1);
        assert_ne!(bad, GOOD, "{old}");
        assert!(whole(bad.as_bytes()).is_err(), "{bad}");
    }
    for more in ["{}", "x", ",", "\0", GOOD] {
        assert!(whole(format!("{GOOD}{more}").as_bytes()).is_err(), "{more}");
    }
    for cut in 0..GOOD.len() {
        assert!(whole(&GOOD.as_bytes()[..cut]).is_err(), "{cut}");
    }
    let mut bytes = GOOD.as_bytes().to_vec();
    let at = GOOD.find("hi").unwrap();
    bytes[at] = 0xff;
    assert!(matches!(whole(&bytes), Err(Unreadable::NotJson(JsonSyntaxError::NotUtf8 { .. }))));
}

#[test]
fn an_event_without_a_part_of_an_answer_says_nothing_or_cannot_be_shown() {
    for nothing in [
        "",
        "{}",
        r#"{"type":"ping"}"#,
        r#"{"id":"c","object":"chat.completion.chunk","choices":null}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":1}}"#,
        r#"{"choices":[],"prompt_filter_results":[{"content_filter_results":{"hate":{"severity":"safe"}}}]}"#,
        r#"{"x_groq":{"id":"req_1"}}"#,
    ] {
        assert_eq!(says_nothing(nothing.as_bytes()), Ok(()), "{nothing}");
    }
    for something in [
        "hello",
        "\"hello\"",
        "[\"hello\"]",
        "{\"text\":\"hello\"",
        r#"{"text":"hello"}"#,
        r#"{"type":"text_delta","delta":{"text":"hello"}}"#,
        r#"{"choices":["hello"]}"#,
        r#"{"choices":[{"delta":{"content":"hello"}}],"choices":[]}"#,
        r#"{"choices":{"delta":{"content":"hello"}}}"#,
        r#"{"choices":[],"usage":{"x":NaN}}"#,
        r#"{"choices":[]}{"choices":[{"delta":{"content":"hello"}}]}"#,
    ] {
        assert!(says_nothing(something.as_bytes()).is_err(), "{something}");
    }
}

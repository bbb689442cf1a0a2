use super::*;

fn said(input: Option<u64>, output: Option<u64>, total: Option<u64>) -> Option<Usage> {
    Some(Usage { input, output, total, ..Usage::default() })
}

fn reported(input: u64, output: u64) -> Option<Usage> {
    said(Some(input), Some(output), None)
}

fn read(operation: Operation, body: &str) -> (Option<Usage>, usize) {
    let reading = crate::answer::AnswerReading::of(operation, body.as_bytes());
    (reading.usage, reading.text)
}

#[test]
fn what_is_no_json_beside_usage_does_not_lose_it() {
    let usage = r#""usage":{"prompt_tokens":5000,"completion_tokens":700}"#;
    let choices = r#""choices":[{"message":{"content":"twelve bytes"}}]"#;
    for (before, behind) in [
        ("", r#","timings":{"p":NaN}"#),
        ("", r#","x":Infinity"#),
        ("", ","),
        ("", ",\"tier\":\"a\u{1}b\""),
        (r#""x":-Infinity,"#, ""),
        (r#""x":[1,],"#, ""),
        (r#""x":01,"#, r#","y":'"#),
    ] {
        let body = format!("{{{choices},{before}{usage}{behind}}}");
        assert_eq!(read(Operation::Chat, &body).0, reported(5000, 700), "{body}");
        assert_eq!(of_event(body.as_bytes()), reported(5000, 700), "{body}");
    }
    let body = format!("\u{feff}{{{choices},{}}}", usage.replace("usage", "us\\u0061ge"));
    assert_eq!(read(Operation::Chat, &body).0, reported(5000, 700), "{body}");
    let body = format!("{{{choices},{}}}", usage.replace("700", "NaN"));
    assert_eq!(read(Operation::Chat, &body), (None, 12), "{body}");
}

#[test]
fn usage_is_read_as_providers_report_it() {
    let cases = [
        (
            r#"{"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}"#,
            said(Some(9), Some(12), Some(21)),
        ),
        (
            r#"{"id":"x","usage":{"completion_tokens":12,"prompt_tokens_details":{"audio_tokens":1,"cached_tokens":8},
            "completion_tokens_details":{"reasoning_tokens":4},"prompt_tokens":9},"z":[]}"#,
            reported(9, 12).map(|usage| Usage { cached_input: Some(8), reasoning: Some(4), ..usage }),
        ),
        (r#"{"usage":{"prompt_tokens":8,"total_tokens":8}}"#, said(Some(8), None, Some(8))),
        (r#"{"usage":{"total_tokens":8}}"#, said(None, None, Some(8))),
        (r#"{"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}"#, said(Some(0), Some(0), Some(0))),
        (
            r#"{"usage":{"prompt_tokens":5,"completion_tokens":null,"prompt_tokens_details":null}}"#,
            said(Some(5), None, None),
        ),
        (r#"{"usage":{"prompt_tokens":5.0,"completion_tokens":1e1}}"#, reported(5, 10)),
        (r#"{"usage":{"prompt_tokens":-5,"completion_tokens":1}}"#, said(None, Some(1), None)),
        (r#"{"usage":{"prompt_tokens":-5,"completion_tokens":-1}}"#, said(None, None, None)),
        (r#"{"usage":{"prompt_tokens":12.5,"completion_tokens":100000001}}"#, said(None, None, None)),
        (
            r#"{"usage":{"prompt_tokens":18446744073709551616,"completion_tokens":100000000}}"#,
            said(None, Some(Usage::MOST), None),
        ),
        (r#"{"usage":{"prompt_tokens":"9","completion_tokens":1}}"#, said(None, Some(1), None)),
        (r#"{"usage":null}"#, None),
        (r#"{"usage":{}}"#, None),
        (r#"{"usage":{"cost":1}}"#, None),
        (r#"{"usage":[1]}"#, None),
        (r#"{"usage":"9"}"#, None),
        (r#"{"choices":[{"usage":{"prompt_tokens":9}}]}"#, None),
        (r#"{"id":1}"#, None),
        (r#"{"usage":{"prompt_tokens":9}"#, None),
        ("<html>\"usage\"</html>", None),
        ("", None),
    ];
    for (body, expected) in cases {
        assert_eq!(of_event(body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn usage_of_some_other_object_is_not_the_answers() {
    let own = r#""usage":{"prompt_tokens":1,"completion_tokens":2}"#;
    let other = r#"{"usage":{"prompt_tokens":7}}"#;
    for (body, expected) in [
        (format!(r#"{{{own},"x":{other}}}"#), reported(1, 2)),
        (format!(r#"{{{own},"x":[{other}]}}"#), reported(1, 2)),
        (format!(r#"{{"x":{other},{own}}}"#), reported(1, 2)),
        (format!(r#"{{"x":[{{"y":{other}}}]}}"#), None),
        (format!("[{other}]"), None),
        (format!(r#"{{{own},"us\u0061ge":{{"prompt_tokens":3}}}}"#), said(Some(3), None, None)),
        (format!(r#"{{"us\u0061ge":{{"prompt_tokens":3}},{own}}}"#), reported(1, 2)),
        (format!(r#"{{{own},"usage":null}}"#), None),
        (format!(r#"{{{own},"x":"\"usage\":{{\"prompt_tokens\":5}}}}"}}"#), reported(1, 2)),
        (format!(r#"{{{own},"x":"usage"}}"#), reported(1, 2)),
        (format!(" \n{{{own} }} \n"), reported(1, 2)),
    ] {
        assert_eq!(of_event(body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn whole_numbers_are_taken_in_any_spelling_and_no_others() {
    let all = ["12", "12.0", "1.2e1", "0", "0.0", "-0.0", "12.5", "-1", "1e300", "9007199254740993.0", "x", ""];
    let values = all.map(|token| whole(token.as_bytes()));
    let zero = Some(0);
    let twelve = Some(12);
    assert_eq!(values[..6], [twelve, twelve, twelve, zero, zero, zero]);
    assert_eq!(values[6..9], [None; 3]);
    assert_eq!(values[10..], [None; 2]);
}

#[test]
fn an_answer_is_estimated_by_its_text_unless_its_provider_said_all() {
    let text = r#""choices":[{"index":0,"message":{"role":"assistant","content":"twelve bytes"}}]"#;
    let of = |usage: &str| read(Operation::Chat, &format!("{{{text}{usage}}}"));
    assert_eq!(of(""), (None, 12));
    assert_eq!(of(r#","usage":{"prompt_tokens":3}"#), (said(Some(3), None, None), 12));
    assert_eq!(of(r#","usage":{"prompt_tokens":3,"completion_tokens":-1}"#), (said(Some(3), None, None), 12));
    assert_eq!(of(r#","usage":{"prompt_tokens":3,"completion_tokens":4}"#), (reported(3, 4), 0));
    assert_eq!(of(r#","usage":{"prompt_tokens":3,"total_tokens":4}"#), (said(Some(3), None, Some(4)), 0));
    // A total that its part is more than tells nothing.
    assert_eq!(of(r#","usage":{"prompt_tokens":30,"total_tokens":4}"#), (said(Some(30), None, Some(4)), 12));
    assert_eq!(of(r#","usage":{"completion_tokens":30,"total_tokens":4}"#), (said(None, Some(30), Some(4)), 12));
    assert_eq!(read(Operation::Chat, "<html>not an answer</html>"), (None, 0));
}

#[test]
fn nothing_is_written_by_an_embedding_however_many_numbers_it_has() {
    let vector = vec!["-0.0123456"; 1_536].join(",");
    let of = |usage: &str| {
        let body = format!(r#"{{"data":[{{"embedding":[{vector}]}}]{usage}}}"#);
        read(Operation::Embed, &body)
    };
    assert_eq!(of(""), (said(None, Some(0), None), 0));
    assert_eq!(of(r#","usage":{"prompt_tokens":8,"total_tokens":8}"#), (said(Some(8), Some(0), Some(8)), 0));
    assert_eq!(of(r#","usage":{"total_tokens":8}"#), (said(Some(8), Some(0), Some(8)), 0));
    assert_eq!(of(r#","usage":{"prompt_tokens":-8,"completion_tokens":9}"#), (said(None, Some(0), None), 0));
}

fn message(members: &str) -> String {
    format!(r#"{{"id":"c","choices":[{{"index":0,"message":{{"role":"assistant",{members}}}}}],"model":"m"}}"#)
}

fn event(members: &str) -> String {
    format!(r#"{{"id":"c","choices":[{{"index":0,"delta":{{{members}}},"finish_reason":null}}]}}"#)
}

#[test]
fn text_is_what_a_model_says_in_whichever_member_and_nothing_else_is() {
    for (members, bytes) in [
        (r#""content":"hello""#, 5),
        (r#""content": "hello""#, 5),
        (r#""content":"a\"b\\c\u00e4\ud83d\ude00\n""#, 12),
        (r#""content":"ä""#, 2),
        (r#""content":"""#, 0),
        (r#""content":null,"refusal":"no""#, 2),
        (r#""content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]"#, 6),
        (r#""content":"hi","reasoning_content":"hmm""#, 5),
        (r#""content":"hi","reasoning":"hmm","reasoning_content":"hmm""#, 5),
        (
            r#""content":null,"tool_calls":[{"id":"x","function":{"name":"get","arguments":"{\"a\":1}"}},{"function":{"name":"b"}}]"#,
            11,
        ),
        (r#""function_call":{"name":"get","arguments":"{}"}"#, 5),
        (r#""content":7,"audio":{"data":"AAAA"},"tool_calls":7,"name":"x""#, 0),
        (r#""content":"\"delta\":{\"content\":\"""#, 20),
    ] {
        assert_eq!(text_bytes(message(members).as_bytes()), bytes, "{members}");
        assert_eq!(text_bytes(event(members).as_bytes()), bytes, "{members}");
    }
    let two = r#"{"choices":[{"delta":{"content":"one"}},{"index":1,"delta":{"content":"three"}}]}"#;
    assert_eq!(text_bytes(two.as_bytes()), 8);
    for nothing in [
        "",
        "[DONE]",
        "{}",
        r#"{"choices":[]}"#,
        r#"{"choices":7}"#,
        r#"{"choices":[7]}"#,
        "\"choices\"",
        "{\"choices\":[{",
    ] {
        assert_eq!(text_bytes(nothing.as_bytes()), 0, "{nothing}");
    }
}

#[test]
fn a_stream_comes_to_as_much_text_as_the_same_answer_whole_however_it_is_cut() {
    let text = "Grüße, \"Welt\"\n😀 und noch mehr";
    let quoted = |text: &str| {
        let mut out = Vec::new();
        json::escape_into(&mut out, text);
        String::from_utf8(out).unwrap()
    };
    let whole = text_bytes(message(&format!("\"content\":{}", quoted(text))).as_bytes());
    assert_eq!(whole, text.len());
    let pieces = text.chars().map(|c| event(&format!("\"content\":{}", quoted(&c.to_string()))));
    assert_eq!(pieces.map(|piece| text_bytes(piece.as_bytes())).sum::<usize>(), whole);
    // A character that is cut in two.
    let halves = [r#""content":"\ud83d""#, r#""content":"\ude00""#].map(|half| text_bytes(event(half).as_bytes()));
    assert_eq!(halves.iter().sum::<usize>(), 4);
}

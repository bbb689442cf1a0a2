use super::*;

fn reported(input: u64, output: u64, cached_input: u64, reasoning: u64) -> Option<Usage> {
    Some(Usage { input, output, cached_input, reasoning, provenance: Provenance::Reported })
}

#[test]
fn usage_is_read_as_providers_report_it() {
    let cases = [
        (r#"{"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}"#, reported(9, 12, 0, 0)),
        (
            r#"{"id":"x","usage":{"completion_tokens":12,"prompt_tokens_details":{"audio_tokens":1,"cached_tokens":8},
            "completion_tokens_details":{"reasoning_tokens":4},"prompt_tokens":9},"z":[]}"#,
            reported(9, 12, 8, 4),
        ),
        (r#"{"usage":{"prompt_tokens":8,"total_tokens":8}}"#, reported(8, 0, 0, 0)),
        (r#"{"usage":{"total_tokens":8}}"#, reported(8, 0, 0, 0)),
        (r#"{"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}"#, reported(0, 0, 0, 0)),
        (
            r#"{"usage":{"prompt_tokens":5,"completion_tokens":null,"prompt_tokens_details":null}}"#,
            reported(5, 0, 0, 0),
        ),
        (r#"{"usage":{"prompt_tokens":5.0,"completion_tokens":1e1}}"#, reported(5, 10, 0, 0)),
        (r#"{"usage":{"prompt_tokens":-5,"completion_tokens":1}}"#, reported(0, 1, 0, 0)),
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
        assert_eq!(of_response(body.as_bytes()), expected, "{body}");
        assert_eq!(of_event(body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn usage_of_some_other_object_is_not_the_answers() {
    let own = r#""usage":{"prompt_tokens":1,"completion_tokens":2}"#;
    let other = r#"{"usage":{"prompt_tokens":7}}"#;
    for (body, expected) in [
        (format!(r#"{{{own},"x":{other}}}"#), reported(1, 2, 0, 0)),
        (format!(r#"{{{own},"x":[{other}]}}"#), reported(1, 2, 0, 0)),
        (format!(r#"{{"x":{other},{own}}}"#), reported(1, 2, 0, 0)),
        (format!(r#"{{"x":[{{"y":{other}}}]}}"#), None),
        (format!("[{other}]"), None),
        (format!(r#"{{{own},"us\u0061ge":{{"prompt_tokens":3}}}}"#), reported(3, 0, 0, 0)),
        (format!(r#"{{"us\u0061ge":{{"prompt_tokens":3}},{own}}}"#), reported(1, 2, 0, 0)),
        (format!(r#"{{{own},"usage":null}}"#), None),
        (format!(r#"{{{own},"x":"\"usage\":{{\"prompt_tokens\":5}}}}"}}"#), reported(1, 2, 0, 0)),
        (format!(r#"{{{own},"x":"usage"}}"#), reported(1, 2, 0, 0)),
        (format!(" \n{{{own} }} \n"), reported(1, 2, 0, 0)),
    ] {
        assert_eq!(of_response(body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn estimates_round_up() {
    assert_eq!([0, 1, 4, 5, 8].map(estimate_tokens), [0, 1, 1, 2, 2]);
    assert_eq!(estimate_tokens(usize::MAX), 1 << 62);
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

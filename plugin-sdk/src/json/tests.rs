use proptest::prelude::*;

use super::{Value, any_string, parse, quote, replace_strings};

#[test]
fn every_kind_of_value_is_read() {
    let value = parse(" {\"a\":[1,-2.5e+3,true,false,null],\t\"b\":{\"c\":\"d\"}}\r\n").unwrap();
    let numbers = vec![
        Value::Number("1".into()),
        Value::Number("-2.5e+3".into()),
        Value::Bool(true),
        Value::Bool(false),
        Value::Null,
    ];
    assert_eq!(value.get("a"), Some(&Value::Array(numbers)));
    assert_eq!(value.get("b").and_then(|b| b.get("c")).and_then(Value::as_text), Some("d"));
}

#[test]
fn escapes_are_resolved_and_half_pairs_refused() {
    assert_eq!(parse(r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#).unwrap().as_text(), Some("\"\\/\u{8}\u{c}\n\r\té😀"));
    for bad in [r#""\ud83d""#, r#""\ud83dx""#, r#""\ude00""#, r#""\ud83d\u0041""#, r#""\u12""#, r#""\x""#, "\"a\nb\""] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    for bad in ["", "{", "[1,]", "{\"a\"}", "{a:1}", "01", "1.", "-", "1e", "tru", "1 2", "\"", "[1 2]", "{\"a\":1,}"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
    let error = parse("{\"a\": nope}").unwrap_err();
    assert_eq!(error.to_string(), "not JSON at byte 6: no value starts like this");
    assert_eq!(parse("{\"a\":1,\"a\":2}").unwrap_err().to_string(), "not JSON at byte 7: the key `a` stands twice");
}

#[test]
fn depth_is_bounded() {
    assert!(parse(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
    assert!(parse(&format!("{}{}", "[".repeat(65), "]".repeat(65))).is_err());
    assert!(parse(&"[".repeat(1_000_000)).is_err());
}

proptest! {
    #[test]
    fn a_quoted_text_reads_back_as_itself(text in any::<String>()) {
        prop_assert_eq!(parse(&quote(&text)).unwrap(), Value::Text(text));
    }

    #[test]
    fn no_text_makes_the_reader_fail_otherwise_than_by_an_error(text in "[\\[\\]{}:,\"\\\\a-f0-9eE+. -]{0,40}") {
        let ours = parse(&text).is_ok();
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        // serde_json lets a key stand twice and refuses numbers beyond f64; all else is the same.
        if ours {
            prop_assert!(theirs.is_ok() || theirs.is_err_and(|e| e.to_string().contains("out of range")));
        }
    }
}

/// Puts `[X]` in the place of each `a@b.c`, and of the number 4111.
fn masked(text: &str) -> String {
    let mut change = |string: &str| {
        (string.contains("a@b.c") || string == "4111").then(|| string.replace("a@b.c", "[X]").replace("4111", "\"n\""))
    };
    replace_strings(text, &mut change).unwrap_or_else(|| text.to_owned())
}

#[test]
fn strings_are_replaced_where_they_stand_and_json_stays_json() {
    for (text, expected) in [
        (r#"{"to": "a@b.c","n":[1.0e5,"x"]}"#, r#"{"to": "[X]","n":[1.0e5,"x"]}"#),
        (r#"{"to":"a\u0040b.c"}"#, r#"{"to":"[X]"}"#),
        (r#"{"a@b.c":true}"#, r#"{"[X]":true}"#),
        (r#"{"card":4111,"other":41110}"#, r#"{"card":"\"n\"","other":41110}"#),
        (r#"{"body":"{\"to\":\"a\\u0040b.c\"}"}"#, r#"{"body":"{\"to\":\"[X]\"}"}"#),
        (r#""a@b.c""#, r#""[X]""#),
        ("  [ \"\\\"a@b.c\" ]\n", "  [ \"\\\"[X]\" ]\n"),
    ] {
        let new = masked(text);
        assert_eq!(new, expected);
        parse(&new).unwrap();
    }
}

#[test]
fn what_is_no_json_is_shown_as_a_whole() {
    for (text, expected) in [
        ("write to a@b.c", "write to [X]"),
        (r#"{"to":"a@b.c"#, r#"{"to":"[X]"#),
        (r#"{"to":"a\u0040b.c","#, r#"{"to":"[X]","#),
        ("{a@b.c}", "{[X]}"),
        ("[see a@b.c]", "[see [X]]"),
        (r#"{"x":"y"} a@b.c"#, r#"{"x":"y"} [X]"#),
        (r#""a" or a@b.c "b""#, r#""a" or [X] "b""#),
        ("", ""),
        ("{", "{"),
    ] {
        assert_eq!(masked(text), expected);
    }
    let mut whole = false;
    replace_strings("[4111 1111 1111 1111]", &mut |text| {
        whole |= text == "[4111 1111 1111 1111]";
        None
    });
    assert!(whole, "numbers without commas between them are no JSON");
}

#[test]
fn a_string_is_found_behind_its_escapes() {
    let there = |text: &str| any_string(text, |string| string.contains("a@b"));
    assert!(there("a@b") && there(r#"{"x":"a\u0040b"}"#) && there(r#"["{\"x\":\"a\\u0040b\"}"]"#));
    assert!(!there(r#"{"x":"a\u0041b"}"#) && !there("a\\u0040b"));
}

proptest! {
    #[test]
    fn replacing_never_breaks_what_is_json(text in "[a-z@.0-9\\\\\"\\[\\]{},: u-]{0,40}") {
        let new = masked(&text);
        if parse(&text).is_ok() {
            prop_assert!(parse(&new).is_ok(), "{} became {}", text, new);
        }
    }

    #[test]
    fn nothing_is_changed_where_nothing_is_to_be(text in "\\PC{0,60}") {
        prop_assert_eq!(replace_strings(&text, &mut |_| None), None);
    }
}

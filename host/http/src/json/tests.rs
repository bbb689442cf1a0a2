use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// What the walker says, as a comparable list; serde_json parses each member's span.
fn walk(bytes: &[u8]) -> Result<Vec<(Option<String>, Value)>, JsonSyntaxError> {
    let mut found = Vec::new();
    members(bytes, |key, span, kind| {
        let value: Value = serde_json::from_slice(span.of(bytes)).unwrap_or(Value::Null);
        let agrees = match &value {
            Value::Null => true, // a lone surrogate, or null
            Value::Bool(_) => kind == JsonKind::Bool,
            Value::Number(_) => kind == JsonKind::Number,
            Value::String(_) => kind == JsonKind::String,
            Value::Array(_) => kind == JsonKind::Array,
            Value::Object(_) => kind == JsonKind::Object,
        };
        assert!(agrees, "{kind:?} for {value:?}");
        found.push((key.name().map(Cow::into_owned), value));
    })?;
    Ok(found)
}

/// serde_json as the oracle: whatever it takes we take, with the same members; what it refuses we refuse, but for lone
/// surrogates, of which its grammar-only parser (`IgnoredAny`) knows nothing.
fn agrees_with_serde(bytes: &[u8]) {
    let ours = walk(bytes);
    match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(theirs)) => {
            // Later members win there and all are shown here.
            let ours = ours.unwrap_or_else(|error| panic!("{error} in {:?}", String::from_utf8_lossy(bytes)));
            let mut last = serde_json::Map::new();
            for (name, value) in ours {
                last.insert(name.unwrap(), value);
            }
            assert_eq!(last, theirs);
        }
        Ok(_) => assert!(matches!(ours, Err(JsonSyntaxError::NotObject { .. })), "{ours:?}"),
        Err(theirs) => {
            let grammatical = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
            if ours.is_ok() {
                let text = theirs.to_string();
                assert!(grammatical && (text.contains("surrogate") || text.contains("hex escape")), "{text}");
            }
        }
    }
}

#[test]
fn members_are_shown_in_order_with_their_kinds_and_spans() {
    let text = br#" { "model" : "gpt" , "n": -1.5e+3,"a":[1,{"b":[]}],"t":true,"f":false,"z":null,"o":{} } "#;
    let mut seen = Vec::new();
    members(text, |key, span, kind| seen.push((key.name().unwrap().into_owned(), span.of(text).to_vec(), kind)))
        .unwrap();
    let seen: Vec<_> = seen.iter().map(|(k, v, kind)| (k.as_str(), std::str::from_utf8(v).unwrap(), *kind)).collect();
    assert_eq!(
        seen,
        [
            ("model", "\"gpt\"", JsonKind::String),
            ("n", "-1.5e+3", JsonKind::Number),
            ("a", r#"[1,{"b":[]}]"#, JsonKind::Array),
            ("t", "true", JsonKind::Bool),
            ("f", "false", JsonKind::Bool),
            ("z", "null", JsonKind::Null),
            ("o", "{}", JsonKind::Object),
        ]
    );
}

#[test]
fn names_compare_after_their_escapes_are_decoded_and_duplicates_are_shown() {
    let text = br#"{"model":1,"mod\u0065l":2,"\ud83d\ude00":3,"\ud83d":4}"#;
    let mut hits = Vec::new();
    members(text, |key, _, _| hits.push((key == "model", key == "😀", key.is_escaped()))).unwrap();
    assert_eq!(hits, [(true, false, false), (true, false, true), (false, true, true), (false, false, true)]);
}

#[test]
fn what_is_not_json_is_refused_where_it_goes_wrong() {
    let cases: &[(&[u8], usize)] = &[
        (b"", 0),
        (b"   ", 3),
        (b"{", 1),
        (b"{\"a\"", 4),
        (b"{\"a\":", 5),
        (b"{\"a\":1", 6),
        (b"{\"a\":1,", 7),
        (b"{\"a\":1,}", 7),
        (b"{,}", 1),
        (b"{\"a\" 1}", 5),
        (b"{a:1}", 1),
        (b"{\"a\":01}", 6),
        (b"{\"a\":1.}", 7),
        (b"{\"a\":.5}", 5),
        (b"{\"a\":+1}", 5),
        (b"{\"a\":1e}", 7),
        (b"{\"a\":-}", 6),
        (b"{\"a\":nul}", 5),
        (b"{\"a\":True}", 5),
        (b"{\"a\":NaN}", 5),
        (b"{\"a\":\"\\x\"}", 6),
        (b"{\"a\":\"\\u12g4\"}", 6),
        (b"{\"a\":\"\\u12", 6),
        (b"{\"a\":\"\x01\"}", 6),
        (b"{\"a\":\"\n\"}", 6),
        (b"{\"a\":\"", 6),
        (b"{\"a\":[1,]}", 8),
        (b"{\"a\":[1 2]}", 8),
        (b"{\"a\":[}", 6),
        (b"{\"a\":{]}", 6),
        (b"{\"a\":1}x", 7),
        (b"{\"a\":1}{}", 7),
        (b"\xef\xbb\xbf{}", 0),
        (b"{\"a\":'b'}", 5),
        (b"{}//", 2),
        (b"[]", 0),
        (b"\"s\"", 0),
        (b"{\"a\":\"\xff\"}", 6),
        (b"{\"a\":\"\xed\xa0\x80\"}", 6),
        (b"{\"a\":\"\xc0\x80\"}", 6),
    ];
    for (text, at) in cases {
        let error = members(text, |_, _, _| ()).unwrap_err();
        assert_eq!(error.at(), *at, "{error} in {:?}", String::from_utf8_lossy(text));
        agrees_with_serde(text);
    }
}

#[test]
fn nesting_is_bounded_at_the_same_depth_as_serde_json_and_never_overflows() {
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{{\"a\":{}1{}}}", open.repeat(depth), close.repeat(depth)).into_bytes()
    };
    for (open, close) in [("[", "]"), ("{\"b\":", "}")] {
        assert!(members(&nested(open, close, 126), |_, _, _| ()).is_ok());
        let refused = members(&nested(open, close, 127), |_, _, _| ());
        assert!(matches!(refused, Err(JsonSyntaxError::TooDeep { .. })), "{refused:?}");
        for depth in [1, 125, 126, 127, 128, 10_000] {
            agrees_with_serde(&nested(open, close, depth));
        }
        let unclosed = open.repeat(1_000_000);
        assert!(matches!(
            members(format!("{{\"a\":{unclosed}").as_bytes(), |_, _, _| ()),
            Err(JsonSyntaxError::TooDeep { .. })
        ));
    }
}

#[test]
fn nested_values_are_walked_by_span() {
    let text = br#"{"a":[1,"x",{"k":[2]}],"b":0}"#;
    let mut inner = Vec::new();
    let mut array = Span { start: 0, end: 0 };
    members(text, |key, span, _| {
        if key == "a" {
            array = span;
        }
    })
    .unwrap();
    elements(text, array, |span, kind| inner.push((span, kind))).unwrap();
    let shown: Vec<_> = inner.iter().map(|(span, _)| std::str::from_utf8(span.of(text)).unwrap()).collect();
    assert_eq!(shown, ["1", "\"x\"", r#"{"k":[2]}"#]);
    members_of(text, inner[2].0, |key, span, kind| {
        assert!(key == "k" && kind == JsonKind::Array);
        assert_eq!(span.of(text), b"[2]");
    })
    .unwrap();
    assert!(matches!(members_of(text, array, |_, _, _| ()), Err(JsonSyntaxError::NotObject { .. })));
    assert!(matches!(elements(text, inner[2].0, |_, _| ()), Err(JsonSyntaxError::NotArray { .. })));
    assert_eq!(Span { start: 5, end: 500 }.of(text), b"");
}

#[test]
fn a_cursor_whose_value_was_not_taken_says_so() {
    let mut cursor = Cursor::new(br#"{"a":1,"b":2}"#).unwrap();
    cursor.enter_object().unwrap();
    assert!(cursor.next_key().unwrap().is_some());
    assert!(cursor.next_key().is_err());
    let mut cursor = Cursor::new(b"1").unwrap();
    assert!(cursor.next_key().is_err());
    assert!(cursor.clone().next_element().is_err());
    assert!(cursor.text().is_err());
    assert!(Cursor::new(b"]").unwrap().next_element().is_err());
}

#[test]
fn the_length_of_a_string_counts_decoded_bytes() {
    for text in ["", "abc", "é\n\"\\", "😀 \u{1} \u{7f}\u{80}\u{7ff}\u{800}"] {
        let ascii = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect::<String>();
        for token in [serde_json::to_string(text).unwrap(), format!("\"{ascii}\"")] {
            let scanned = Cursor::new(token.as_bytes()).unwrap().text().unwrap();
            assert_eq!((scanned.len, scanned.span.end), (text.len(), token.len()), "{token}");
            assert_eq!(string(token.as_bytes()).as_deref(), Some(text));
        }
    }
}

#[test]
fn lone_surrogates_pass_the_walker_but_have_no_exact_string() {
    for (token, lossy) in [
        (r#""a\ud83d""#, "a\u{fffd}"),
        (r#""\ude00b""#, "\u{fffd}b"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
        (r#""\ud83d\n""#, "\u{fffd}\n"),
    ] {
        let text = format!("{{\"a\":{token}}}");
        assert_eq!(members(text.as_bytes(), |_, _, _| ()), Ok(()), "{token}");
        assert_eq!(string(token.as_bytes()), None);
        assert_eq!(string_lossy(token.as_bytes()).as_deref(), Some(lossy));
        agrees_with_serde(text.as_bytes());
    }
}

#[test]
fn strings_without_escapes_are_borrowed() {
    assert!(matches!(string(b"\"plain\""), Some(Cow::Borrowed("plain"))));
    assert!(matches!(string(b"\"pl\\u0061in\""), Some(Cow::Owned(text)) if text == "plain"));
    for not_a_token in [&b"plain"[..], b"\"", b"", b"\"\\", b"\"\\q\"", b"\"\\u00\"", b"\"\xff\""] {
        assert_eq!(string(not_a_token), None);
    }
}

#[test]
fn unsigned_numbers_are_whole_and_in_range() {
    let cases = [
        ("0", Some(0)),
        ("42", Some(42)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("-1", None),
        ("-0", None),
        ("+1", None),
        ("1.0", None),
        ("1e3", None),
        ("", None),
        ("\"1\"", None),
    ];
    for (token, value) in cases {
        assert_eq!(unsigned(token.as_bytes()), value, "{token}");
    }
    assert_eq!([boolean(b"true"), boolean(b"false"), boolean(b"null")], [Some(true), Some(false), None]);
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn json_object() -> impl Strategy<Value = Value> {
    prop::collection::vec(("[a-z\\PC\"\\\\]{0,4}", json_value()), 0..6)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// Bytes that are nearly JSON: pieces of its grammar in any order.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"a\":", "\\", "\\u", "\\ud83d", "\\ude00", "00e9", "1", "-",
        "0", ".", "e", "+", "true", "false", "null", "n", " ", "\n", "\t", "\u{1}", "é", "😀", "\u{feff}", "{\"a\":",
        "{}", "[]",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| format!("{{\"a\":{}", pieces.concat()).into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn valid_documents_are_read_as_serde_json_reads_them(value in json_object(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
        prop_assert!(walk(&text).is_ok());
        agrees_with_serde(&text);
    }

    #[test]
    fn arbitrary_bytes_are_judged_as_serde_json_judges_them(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        agrees_with_serde(&bytes);
    }

    #[test]
    fn near_misses_are_judged_as_serde_json_judges_them(mut bytes in nearly_json(), close in any::<bool>()) {
        if close {
            bytes.push(b'}');
        }
        agrees_with_serde(&bytes);
    }

    #[test]
    fn mutated_documents_are_judged_as_serde_json_judges_them(
        value in json_object(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..4),
    ) {
        let mut text = serde_json::to_vec(&value).unwrap();
        for (index, byte, what) in edits {
            let at = index.index(text.len().max(1)).min(text.len().saturating_sub(1));
            match what {
                _ if text.is_empty() => text.push(byte),
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                2 => { text.remove(at); }
                _ => text.truncate(at),
            }
        }
        agrees_with_serde(&text);
    }

    #[test]
    fn what_is_escaped_is_read_back_and_its_length_was_known(text in any::<String>(), control in "[\\x00-\\x1f\"\\\\a]{0,8}") {
        for text in [text, control] {
            let mut out = Vec::new();
            escape_into(&mut out, &text);
            prop_assert_eq!(out.len(), escaped_len(&text));
            prop_assert_eq!(&out, &serde_json::to_vec(&text).unwrap());
            let back = string(&out);
            prop_assert_eq!(back.as_deref(), Some(text.as_str()));
        }
    }

    #[test]
    fn unescaping_agrees_with_serde_json(content in "([ -!#-\\[\\]-~é😀]|\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-fA-F]{4}|\\\\ud83d\\\\ude00){0,8}") {
        let token = format!("\"{content}\"");
        prop_assert_eq!(string(token.as_bytes()).map(Cow::into_owned), serde_json::from_str::<String>(&token).ok());
        prop_assert!(string_lossy(token.as_bytes()).is_some());
    }
}

/// What a cursor says that takes no name twice.
fn unique(text: &str) -> Result<(), JsonSyntaxError> {
    let mut cursor = Cursor::new(text.as_bytes())?.unique();
    cursor.skip()?;
    cursor.finish()
}

#[test]
fn a_name_that_comes_twice_in_one_object_is_told_however_it_is_written_and_wherever_it_stands() {
    for (text, at) in [
        (r#"{"a":1,"a":2}"#, 8),
        (r#"{ "a" : 1 , "b":2, "a" : 2 }"#, 20),
        (r#"{"a":1,"\u0061":2}"#, 8),
        (r#"{"\u0061":1,"\u0061":2}"#, 13),
        (r#"{"\ud800":1,"\ud800":2}"#, 13),
        (r#"[[{"x":{"content":"","content":""}}]]"#, 22),
        (r#"{"a":{"b":1},"c":[{"d":1}],"a":{}}"#, 28),
        (r#"{"":1,"":2}"#, 7),
        (r#"{"longer than eight":1,"longer than nine":1,"longer than eight":1}"#, 45),
    ] {
        assert_eq!(unique(text), Err(JsonSyntaxError::Duplicate { at }), "{text}");
    }
    for text in [
        r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}],"A":1,"a ":1,"\u0062a":1}"#,
        r#"{"12345678a":1,"12345678b":1,"12345678":1}"#,
        "[]",
        "1",
    ] {
        assert_eq!(unique(text), Ok(()), "{text}");
    }
}

#[test]
fn an_object_of_many_members_is_looked_through_and_one_of_too_many_is_refused() {
    let object = |count: usize, more: &str| {
        let members: Vec<String> = (0..count).map(|n| format!("\"name {n}\":{{\"a\":1}}")).collect();
        format!("{{{}{more}}}", members.join(","))
    };
    for count in [31, 32, 33, 5_000] {
        assert_eq!(unique(&object(count, "")), Ok(()), "{count}");
        for twice in ["name 0", "n\\u0061me 17", &format!("name {}", count - 1)] {
            let text = object(count, &format!(",\"{twice}\":1"));
            assert_eq!(
                unique(&text),
                Err(JsonSyntaxError::Duplicate { at: text.len() - 4 - twice.len() }),
                "{count} {twice}"
            );
        }
    }
    assert_eq!(unique(&object(MAX_MEMBERS - 1, "")), Ok(()));
    assert!(matches!(unique(&object(MAX_MEMBERS, "")), Err(JsonSyntaxError::TooManyMembers { .. })));
    // What was kept of one text is nothing to the next.
    assert_eq!(unique(r#"{"name 0":1}"#), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn names_come_twice_where_a_parser_that_keeps_the_last_has_fewer_of_them(names in prop::collection::vec("[ab\\u{e9}]{0,3}", 0..40), inside in any::<bool>()) {
        let members: Vec<String> = names.iter().map(|name| format!("{}:0", Value::from(name.as_str()))).collect();
        let object = format!("{{{}}}", members.join(","));
        let text = if inside { format!("{{\"x\":[{object}],\"y\":1}}") } else { object };
        let kept: std::collections::HashSet<&String> = names.iter().collect();
        prop_assert_eq!(unique(&text).is_ok(), kept.len() == names.len());
    }

    #[test]
    fn strings_are_valid_where_a_reader_takes_them(text in "[a\"\\\\u0é/]{0,8}", cut in any::<prop::sample::Index>()) {
        let mut bytes = format!("[\"{text}\"]").into_bytes();
        // Only what is one string is the question.
        if string_length(&bytes[1..]) == Some(bytes.len() - 2) {
            let read = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
            prop_assert_eq!(strings_are_valid(&bytes), read);
            let at = 2 + cut.index(bytes.len() - 3);
            bytes[at] = 0xff;
            prop_assert!(!strings_are_valid(&bytes));
        }
    }
}

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::members;
use super::*;

type Members = Vec<(String, String)>;

fn outlined(text: &[u8]) -> Result<Members, OutlineError> {
    let mut seen = Members::new();
    outline(text, |key, span| {
        seen.push((key.name().unwrap().into_owned(), String::from_utf8_lossy(span.of(text)).into_owned()));
    })?;
    Ok(seen)
}

fn pairs(pairs: &[(&str, &str)]) -> Members {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_outermost_members_are_shown_with_their_values() {
    let text = br#" { "a" : [1,{"b":"}]"}] ,"\u0063":"x\"y","d":null, "e":-1.5e3 ,"f":{}} "#;
    let wanted = [("a", r#"[1,{"b":"}]"}]"#), ("c", r#""x\"y""#), ("d", "null"), ("e", "-1.5e3"), ("f", "{}")];
    assert_eq!(outlined(text), Ok(pairs(&wanted)));
    assert_eq!(outlined(b"{}"), Ok(vec![]));
    assert_eq!(outlined(b"\xef\xbb\xbf{\"a\":1}"), Ok(pairs(&[("a", "1")])));
}

#[test]
fn what_is_no_object_or_has_more_behind_it_is_none() {
    for text in ["", " ", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":[{\"b\":1}]", "{\"a\":\"\\\"}"] {
        let wanted = if text.trim().is_empty() { OutlineError::NotObject } else { OutlineError::Open };
        assert_eq!(outlined(text.as_bytes()), Err(wanted), "{text:?}");
    }
    for text in [
        "<html>",
        "[{}]",
        "\"x\"",
        "null",
        "data: {}",
        "{}{}",
        "{} x",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":1}}",
        "\u{fffe}{}",
    ] {
        assert_eq!(outlined(text.as_bytes()), Err(OutlineError::NotObject), "{text:?}");
    }
}

#[test]
fn long_runs_of_numbers_are_passed_over_whole() {
    for length in 0..200 {
        let numbers = vec![0.25; length];
        let text = json!({"data": [{"embedding": numbers}], "usage": {"n": 1}}).to_string();
        let seen = outlined(text.as_bytes()).unwrap();
        assert_eq!((seen.len(), seen[1].1.as_str()), (2, "{\"n\":1}"), "{length}");
        let cut = &text.as_bytes()[..text.len() - 20];
        assert_eq!(outlined(cut), Err(OutlineError::Open), "{length}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~é\n\"\\\\\\[\\]{}]{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map("[a-z\"\\\\{}]{0,4}", inner, 0..5).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn an_outline_is_that_of_a_whole_walk_and_every_cut_shows(
        values in prop::collection::hash_map("[a-z\"]{0,4}", value(), 0..5),
        pretty in any::<bool>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let whole: Value = values.into_iter().collect();
        let text = if pretty { serde_json::to_vec_pretty(&whole) } else { serde_json::to_vec(&whole) }.unwrap();
        let mut wanted = Members::new();
        members(&text, |key, span, _| {
            wanted.push((key.name().unwrap().into_owned(), String::from_utf8_lossy(span.of(&text)).into_owned()));
        }).unwrap();
        prop_assert_eq!(outlined(&text), Ok(wanted));
        let cut = cut.index(text.len());
        prop_assert!(outlined(&text[..cut]).is_err(), "{:?}", String::from_utf8_lossy(&text[..cut]));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), tail in "[{}\\[\\]\",:a-z0-9\\\\ ]{0,64}") {
        let _ = outline(&bytes, |_, _| {});
        let _ = outline(format!("{{\"a\":[{tail}").as_bytes(), |_, _| {});
        let _ = outline(format!("{{\"a\":{tail}}}").as_bytes(), |_, _| {});
    }
}

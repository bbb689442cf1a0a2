//! JSON by spans, against `serde_json`.

use serde_json::Value;
use weir_http::json::{self, Cursor, JsonKind, JsonSyntaxError, Span};

use crate::oracle;

/// An object is taken where `serde_json` takes it, but for half a surrogate pair; and every member's span is its value there.
pub fn json(data: &[u8]) {
    if oracle::is_reserved(data) {
        return;
    }
    let mut shown = Vec::new();
    let read = json::members(data, |name, span, kind| shown.push((name, span, kind)));
    let theirs = oracle::value(data);
    match (&read, &theirs) {
        (Ok(()), Some(Value::Object(_))) => {}
        (Ok(()), _) => return assert!(oracle::may_have_half_a_pair(data), "taken, and serde_json does not"),
        (Err(JsonSyntaxError::NotObject { .. }), _) => return,
        (Err(error), theirs) => return assert!(theirs.is_none(), "serde_json takes it: {error}"),
    }
    let Some(Value::Object(theirs)) = theirs else { return };
    let names: std::collections::HashSet<_> = shown.iter().map(|(name, ..)| name.name().unwrap()).collect();
    assert_eq!(names.len(), theirs.len());
    for (name, value) in &theirs {
        let (_, span, kind) = *shown.iter().rfind(|(shown, ..)| *shown == *name.as_str()).unwrap();
        assert_eq!(oracle::value(span.of(data)).as_ref(), Some(value));
        is_the_value(data, span, kind, value);
    }
    outline_is_the_same(data, &shown.iter().map(|(name, span, _)| (name.raw(), *span)).collect::<Vec<_>>());
    assert!(data.contains(&b'\n') || data.contains(&b'\r') || data.contains(&b'\t') || json::strings_are_valid(data));
    names_stand_once(data);
}

/// What is read of a value by its span is what it is, however deep.
fn is_the_value(bytes: &[u8], span: Span, kind: JsonKind, value: &Value) {
    let token = span.of(bytes);
    match value {
        Value::Null => assert_eq!((kind, token), (JsonKind::Null, &b"null"[..])),
        Value::Bool(is) => assert_eq!((kind, json::boolean(token)), (JsonKind::Bool, Some(*is))),
        Value::Number(number) => {
            assert_eq!(kind, JsonKind::Number);
            assert_eq!(json::number_length(token), Some(token.len()));
            // A whole number keeps its text.
            let digits = number.as_u64().filter(|_| token.iter().all(u8::is_ascii_digit));
            assert_eq!(json::unsigned(token), digits);
        }
        Value::String(text) => is_the_text(token, kind, text),
        Value::Array(elements) => {
            assert_eq!(kind, JsonKind::Array);
            let mut shown = Vec::new();
            json::elements(bytes, span, |span, kind| shown.push((span, kind))).unwrap();
            assert_eq!(shown.len(), elements.len());
            for ((span, kind), value) in shown.into_iter().zip(elements) {
                is_the_value(bytes, span, kind, value);
            }
        }
        Value::Object(members) => {
            assert_eq!(kind, JsonKind::Object);
            let mut shown = Vec::new();
            json::members_of(bytes, span, |name, span, kind| shown.push((name, span, kind))).unwrap();
            for (name, value) in members {
                let (_, span, kind) = *shown.iter().rfind(|(shown, ..)| *shown == *name.as_str()).unwrap();
                is_the_value(bytes, span, kind, value);
            }
        }
    }
}

fn is_the_text(token: &[u8], kind: JsonKind, text: &str) {
    assert_eq!(kind, JsonKind::String);
    assert_eq!(json::string_length(token), Some(token.len()));
    assert_eq!(json::string(token).as_deref(), Some(text));
    assert_eq!(json::string_lossy(token).as_deref(), Some(text));
    let whole = Span { start: 0, end: token.len() };
    assert_eq!(Cursor::within(token, whole).text().unwrap().len, text.len());
    let mut written = Vec::new();
    json::escape_into(&mut written, text);
    assert_eq!(written.len(), json::escaped_len(text));
    assert_eq!(oracle::value(&written), Some(Value::String(text.to_owned())));
}

/// Of what is JSON the outline shows the same members; what was cut off has none.
fn outline_is_the_same(data: &[u8], shown: &[(&[u8], Span)]) {
    let mut outlined = Vec::new();
    json::outline(data, |name, span| outlined.push((name.raw(), span))).unwrap();
    assert_eq!(outlined, shown);
    let end = data.trim_ascii_end().len();
    // Every prefix would take the square of the time.
    for cut in [end - 1, end / 2, end / 3] {
        assert!(json::outline(&data[..cut], |_, _| {}).is_err(), "what was cut at {cut} looks whole");
    }
}

/// A cursor that takes no name twice takes what has none.
fn names_stand_once(data: &[u8]) {
    let mut cursor = Cursor::new(data).unwrap().unique();
    let read = cursor.skip().map(|_| ());
    match read {
        Ok(()) => assert!(oracle::is_unique(data), "a name stands twice"),
        Err(JsonSyntaxError::Duplicate { .. }) => assert!(!oracle::is_unique(data), "no name stands twice"),
        Err(JsonSyntaxError::TooManyMembers { .. }) => {}
        Err(other) => panic!("{other}"),
    }
}

//! Whether what plugins took out is out: the last look at what goes on, whatever the way on which their changes were carried there.

use std::collections::HashSet;

use bytes::Bytes;
use weir_http::json;

use crate::canon::RawJson;

/// What the view puts in front of names.
const PREFIXES: [&str; 4] = ["anthropic.", "gemini.", "bedrock.", "responses."];

/// Whether a string or a name that plugins took out of the view, which is `before` and was `after` them, stands in what was written
/// of it all the same. Words of a dialect's own (small letters and `_`) are none of these, and what is no JSON has none.
#[must_use]
pub fn is_left(before: &Bytes, after: &Bytes, written: &Bytes) -> bool {
    let mut gone: HashSet<String> = HashSet::new();
    each(before, &mut |shown| {
        for text in names_of(shown).filter(|text| !is_word(text)) {
            gone.insert(text.to_owned());
        }
    });
    // Which model is asked is not theirs to hide.
    if let Some(model) = RawJson::parse(before.clone()).ok().and_then(|raw| raw.members().take_text("model")) {
        gone.remove(&*model.text());
    }
    each(after, &mut |shown| {
        for text in names_of(shown) {
            gone.remove(text);
        }
    });
    let mut left = false;
    if !gone.is_empty() {
        each(written, &mut |text| left |= gone.contains(text));
    }
    left
}

/// What a string of the view may be in the body: itself, a name without the dialect that the view puts in front of it, the last
/// step of a place.
fn names_of(shown: &str) -> impl Iterator<Item = &str> {
    let bare = PREFIXES.iter().find_map(|prefix| shown.strip_prefix(prefix));
    let last = shown.strip_prefix('/').and_then(|place| place.rsplit('/').next());
    [Some(shown), bare, last].into_iter().flatten()
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Every string and every name of a body.
fn each(body: &Bytes, see: &mut impl FnMut(&str)) {
    if let Ok(raw) = RawJson::parse(body.clone()) {
        walk(&raw, see);
    }
}

/// As deep as what was parsed goes, which is bounded.
fn walk(raw: &RawJson, see: &mut impl FnMut(&str)) {
    match raw.kind() {
        json::JsonKind::Object => {
            for (name, value) in raw.members().iter() {
                if let Some(name) = json::decode_key(name) {
                    see(&name);
                }
                walk(value, see);
            }
        }
        json::JsonKind::Array => raw.elements().iter().for_each(|element| walk(element, see)),
        json::JsonKind::String => {
            if let Some(text) = raw.text() {
                see(&text.text());
            }
        }
        json::JsonKind::Number | json::JsonKind::Bool | json::JsonKind::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(before: &'static str, after: &'static str, written: &'static str) -> bool {
        let of = |text: &'static str| Bytes::from_static(text.as_bytes());
        is_left(&of(before), &of(after), &of(written))
    }

    #[test]
    fn what_was_taken_out_is_found_as_a_text_and_as_a_name() {
        let (before, after) =
            (r#"{"a":["x y","bob@a.example"],"model":"m-1"}"#, r#"{"a":["x y","[EMAIL]"],"model":"m-2"}"#);
        assert!(left(before, after, r#"{"b":{"bob@a.example":1}}"#));
        assert!(left(before, after, r#"{"b":["bob\u0040a.example"]}"#));
        assert!(!left(before, after, r#"{"b":["x y","[EMAIL]","m-1"]}"#));
        let (before, after) = (r#"{"bob@a.example":"v"}"#, r#"{"[EMAIL]":"v"}"#);
        assert!(left(before, after, r#"{"r":{"bob@a.example":"v"},"r":{"[EMAIL]":"v"}}"#));
        assert!(!left(before, after, r#"{"r":{"[EMAIL]":"v"}}"#));
        let (before, after) = (r#"{"gemini.bob@a.example":1}"#, r#"{"gemini.[EMAIL]":1}"#);
        assert!(left(before, after, r#"{"bob@a.example":1}"#));
        let (before, after) = (r#"{"gemini.rest":{"/a/bob@a.example":1}}"#, r#"{"gemini.rest":{"/a/[EMAIL]":1}}"#);
        assert!(left(before, after, r#"{"a":{"bob@a.example":1}}"#));
    }

    #[test]
    fn what_stands_in_the_view_still_or_is_a_word_of_the_dialect_is_not_looked_for() {
        assert!(!left(r#"{"a":"x y","b":"x y"}"#, r#"{"a":"x y"}"#, r#"{"c":"x y"}"#));
        assert!(!left(r#"{"a":"tool_use"}"#, "{}", r#"{"c":"tool_use"}"#));
        assert!(!left("no json", "{}", r#"{"c":"no json"}"#));
    }
}

//! The texts in a list of `logprobs`.

use super::super::document::Value;
use super::words::is_word;
use serde_json::Map;

/// The tokens that were chosen, one behind the other; and every other text, one a line, with those that are there already.
pub(super) fn texts(list: &Value, mut others: Vec<String>) -> [String; 2] {
    let (mut chosen, mut spelled) = (String::new(), Vec::new());
    let mut one = |item: &Value| match item {
        Value::String(token) => {
            chosen.push_str(token);
            spelled.extend_from_slice(token.as_bytes());
        }
        Value::Object(members) => {
            chosen.push_str(token(members));
            members.iter().filter(|(name, _)| *name != "token").for_each(|(_, value)| strings(value, &mut others));
            spelled.extend(bytes(members).unwrap_or_else(|| token(members).as_bytes().to_vec()));
        }
        other => strings(other, &mut others),
    };
    match list {
        Value::Array(items) => items.iter().for_each(one),
        Value::String(_) => strings(list, &mut others),
        other => one(other),
    }
    let spelled = String::from_utf8_lossy(&spelled);
    if spelled != chosen {
        others.push(spelled.into_owned());
    }
    [chosen, others.join("\n")]
}

fn token(members: &Map<String, Value>) -> &str {
    members.get("token").and_then(Value::as_str).unwrap_or_default()
}

/// The bytes of a token, if it has any.
fn bytes(members: &Map<String, Value>) -> Option<Vec<u8>> {
    let bytes = members.get("bytes")?.as_array().filter(|bytes| !bytes.is_empty())?;
    Some(bytes.iter().filter_map(|byte| u8::try_from(byte.as_u64()?).ok()).collect())
}

/// All texts that are no chosen tokens: names that are none of the dialect's, strings, and what `bytes` say otherwise.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                if !is_word(name) {
                    found.push(name.clone());
                }
                strings(value, found);
            }
            let said = bytes(members).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            found.extend(said.filter(|said| said != token(members)));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

//! Bodies as JSON documents: RFC 6901 pointers and the texts in them.

pub(super) use serde_json::Value;

pub(super) fn read(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

/// A body that is to be changed: a JSON object.
pub(super) fn open(body: &[u8]) -> Result<Value, String> {
    match read(body) {
        Some(value @ Value::Object(_)) => Ok(value),
        _ => Err("the body is not a JSON object".to_owned()),
    }
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

fn split(pointer: &str) -> Result<(&str, String), String> {
    match pointer.rsplit_once('/') {
        Some((parent, last)) => Ok((parent, unescape(last))),
        None => Err(format!("`{pointer}` is not a pointer to something inside the body")),
    }
}

pub(super) fn set(document: &mut Value, pointer: &str, json: &str) -> Result<(), String> {
    let value: Value = serde_json::from_str(json).map_err(|error| format!("the value is not JSON: {error}"))?;
    let (parent, last) = split(pointer)?;
    match document.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.insert(last, value);
            Ok(())
        }
        Some(Value::Array(items)) if last == "-" => {
            items.push(value);
            Ok(())
        }
        Some(Value::Array(items)) => match last.parse().ok().and_then(|index: usize| items.get_mut(index)) {
            Some(item) => {
                *item = value;
                Ok(())
            }
            None => Err(format!("there is no item `{last}` at `{parent}`")),
        },
        _ => Err(format!("there is nothing at `{parent}` to put a value into")),
    }
}

pub(super) fn remove(document: &mut Value, pointer: &str) -> Result<bool, String> {
    let (parent, last) = split(pointer)?;
    Ok(match document.pointer_mut(parent) {
        Some(Value::Object(members)) => members.remove(&last).is_some(),
        Some(Value::Array(items)) => match last.parse() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    })
}

/// Where each text of a request is, with its role and itself.
pub(super) fn request_texts(document: &Value) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (index, message) in document.get("messages").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        text_or_parts(&mut found, role, &format!("/messages/{index}/content"), message.get("content"));
    }
    match document.get("input") {
        Some(Value::String(text)) => found.push(("input".into(), "/input".into(), text.clone())),
        Some(Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(text) = item.as_str() {
                    found.push(("input".into(), format!("/input/{index}"), text.to_owned()));
                }
            }
        }
        _ => {}
    }
    found
}

/// Where the text of each choice of a response is, and itself.
pub(super) fn reply_texts(document: &Value) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (index, choice) in document.get("choices").and_then(Value::as_array).into_iter().flatten().enumerate() {
        if let Some(text) = choice.pointer("/message/content").and_then(Value::as_str) {
            found.push((String::new(), format!("/choices/{index}/message/content"), text.to_owned()));
        }
    }
    found
}

fn text_or_parts(found: &mut Vec<(String, String, String)>, role: &str, at: &str, content: Option<&Value>) {
    match content {
        Some(Value::String(text)) => found.push((role.into(), at.into(), text.clone())),
        Some(Value::Array(parts)) => {
            for (index, part) in parts.iter().enumerate() {
                if let Some(text) = part.get("text").and_then(Value::as_str) {
                    found.push((role.into(), format!("{at}/{index}/text"), text.to_owned()));
                }
            }
        }
        _ => {}
    }
}

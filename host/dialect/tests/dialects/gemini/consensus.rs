//! What two other translators agree that Google's answers say.

use serde_json::{Value, json};
use weir_dialect::canon::FieldLosses;
use weir_dialect::chat;
use weir_recorded::{Consensus, consensus};

use super::{answer_of, context, json as parsed};
use crate::support::hold;

fn ours() -> impl Iterator<Item = &'static Consensus> {
    consensus().iter().filter(|one| one.from == "gemini" && one.to == "completions")
}

/// The same of ours, by the name of the field.
fn said(one: &Consensus) -> Value {
    let answer = parsed(&chat::encode_answer(&answer_of(one.recording), &context(), &mut FieldLosses::default()));
    let choice = &answer["choices"][0];
    let message = &choice["message"];
    let tools: Vec<Value> = message["tool_calls"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|call| {
            let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
            json!([call["function"]["name"], serde_json::from_str::<Value>(arguments).unwrap_or_default()])
        })
        .collect();
    let cached = &answer["usage"]["prompt_tokens_details"]["cached_tokens"];
    json!({
        "text": message["content"].as_str().unwrap_or_default(),
        "thinking": message["reasoning_content"].as_str().unwrap_or_default(),
        "tools": tools,
        "finish": choice["finish_reason"],
        "input": answer["usage"]["prompt_tokens"],
        "output": answer["usage"]["completion_tokens"],
        "cached": cached.as_u64().unwrap_or_default(),
    })
}

/// The two are alike, where nothing is as good as an empty text, none and no count.
fn is_alike(one: &Value, other: &Value) -> bool {
    let is_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Number(number) => number.as_u64() == Some(0),
        _ => false,
    };
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.trim() == other.trim(),
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_alike(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| is_alike(value, other)))
        }
        (one, other) => one == other || (is_nothing(one) && is_nothing(other)),
    }
}

#[test]
fn what_others_agree_on_is_said_by_ours() {
    if consensus().is_empty() {
        return;
    }
    for field in ["text", "thinking", "tools", "finish", "input", "output", "cached"] {
        hold(&format!("gemini consensus {field}"), ours().map(|one| one.recording), |recording| {
            for one in ours().filter(|one| one.recording.name == recording.name) {
                let Some(due) = one.agreed.get(field) else { continue };
                let is = &said(one)[field];
                if !is_alike(is, due) {
                    return Err(format!("{field} is {is}\n  and they say {due}"));
                }
            }
            Ok(())
        });
    }
}

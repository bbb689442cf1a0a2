//! What a model signed goes to a client of this wire, comes back with the client's next request, and reaches the model again, word
//! for word, whole and of a stream.

use serde_json::{Value, json};
use weir_dialect::WireFormat;
use weir_dialect::canon::{EventCollector, FieldLosses, TargetQuirks, TargetRules};
use weir_dialect::messages::{decode_request, encode_answer};
use weir_dialect::{converse, gemini, responses};
use weir_recorded::Recording;

use super::elsewhere::{answered, of_others, streamed, vendor, wire};
use super::{context, json, raw, read, written};
use crate::support::hold;

/// The answer of this wire that a client gets.
fn given(recording: &Recording) -> Option<Value> {
    if !recording.is_streamed {
        return Some(json(&encode_answer(&answered(recording)?, &context(), &mut FieldLosses::default())));
    }
    let (events, _) = streamed(recording);
    let mut collector = EventCollector::new(WireFormat::Messages);
    read(&written(&events)).into_iter().for_each(|event| collector.put(event));
    Some(json(&encode_answer(&collector.finish().ok()?, &context(), &mut FieldLosses::default())))
}

/// The next request as it goes to the provider, after a client has played the answer back.
fn asked_again(recording: &Recording, answer: &Value) -> Value {
    let model = recording.model.as_deref().unwrap_or_default();
    let mut turns = vec![json!({"role": "user", "content": "hi"})];
    turns.push(json!({"role": "assistant", "content": answer["content"]}));
    turns.push(json!({"role": "user", "content": "go on"}));
    let request = decode_request(&raw(&json!({"model": "m", "max_tokens": 9000, "messages": turns}))).unwrap();
    let rules = |vendor| TargetRules {
        model: model.into(),
        max_output: None,
        vendor,
        ask_usage: false,
        quirks: TargetQuirks::default(),
    };
    let wire = wire(recording).unwrap();
    let losses = &mut FieldLosses::default();
    json(&match wire {
        WireFormat::Responses => responses::encode_request(&request, &rules(wire.vendor()), losses),
        WireFormat::GenerateContent => gemini::encode_request(&request, &rules(wire.vendor()), losses),
        _ => converse::encode_request(&request, &rules(vendor(recording)), losses),
    })
}

/// What was signed, by the names that the wires have for it.
fn signatures(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            // Of tools that run at the provider, and of what was searched, nothing comes back.
            let is_foreign = members.get("type").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("_call"));
            for (name, value) in members {
                let slot =
                    ["thoughtSignature", "thought_signature", "signature", "redactedContent", "encrypted_content"];
                match value {
                    Value::String(text) if slot.contains(&name.as_str()) && !text.is_empty() && !is_foreign => {
                        found.push(text.clone());
                    }
                    value => signatures(value, found),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| signatures(element, found)),
        _ => {}
    }
}

#[test]
fn what_was_signed_reaches_the_model_again() {
    let signed = of_others().filter(|recording| wire(recording) != Some(WireFormat::Chat));
    let seen = std::cell::Cell::new(0);
    hold("messages played back", signed, |recording| {
        let Some(answer) = given(recording) else { return Ok(()) };
        let mut due = Vec::new();
        if recording.is_streamed {
            // OpenAI encrypts an item anew each time that it is said: what its end says is what counts.
            let events = recording.events().into_iter().filter_map(|event| event.json());
            let events = events.filter(|event| match event["type"].as_str() {
                Some(kind) => !kind.starts_with("response.") || kind == "response.output_item.done",
                None => true,
            });
            events.for_each(|event| signatures(&event, &mut due));
        } else {
            signatures(&recording.response_json().unwrap(), &mut due);
        }
        due.sort();
        due.dedup();
        seen.set(seen.get() + due.len());
        let mut found = Vec::new();
        let again = asked_again(recording, &answer);
        signatures(&again, &mut found);
        match due.iter().find(|signature| !found.contains(signature)) {
            None => Ok(()),
            Some(lost) => Err(format!("lost {lost}\nof {answer}\nin {again}")),
        }
    });
    assert!(!weir_recorded::is_complete() || seen.get() > 30, "{} signatures", seen.get());
}

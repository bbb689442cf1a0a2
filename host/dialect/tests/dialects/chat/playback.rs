//! What a client of OpenAI's wire is told of another vendor's answer it plays back with the next question: thoughts with their
//! signatures and calls come back to the model as they were.

use serde_json::{Value, json};
use weir_dialect::canon::{ChatAnswer, ChatEvent, EventReplay, FieldLosses, TargetQuirks, TargetRules};
use weir_dialect::chat::{decode_request, encode_answer};
use weir_dialect::{Vendor, converse, messages};
use weir_recorded::{Recording, of_endpoint};

use super::{context, json as parsed, raw, rules, written};
use crate::support::hold;

/// The message that a client makes of a stream, as OpenAI's libraries do: texts and arguments behind one another, lists by their
/// entries' numbers.
fn accumulated(events: &[ChatEvent]) -> Value {
    let mut message = json!({"role": "assistant", "content": "", "tool_calls": [], "reasoning_details": []});
    for event in written(events).iter().filter(|event| event.data.as_ref() != b"[DONE]") {
        let event = parsed(&event.data);
        let delta = &event["choices"][0]["delta"];
        for name in ["content", "reasoning_content"] {
            if let Some(text) = delta[name].as_str() {
                message[name] = format!("{}{text}", message[name].as_str().unwrap_or_default()).into();
            }
        }
        for entry in delta["reasoning_details"].as_array().into_iter().flatten() {
            message["reasoning_details"].as_array_mut().unwrap().push(entry.clone());
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let calls = message["tool_calls"].as_array_mut().unwrap();
            match calls.iter_mut().find(|known| known["index"] == call["index"]) {
                None => calls.push(call.clone()),
                Some(known) => {
                    if let Some(more) = call["function"]["arguments"].as_str() {
                        let so_far = known["function"]["arguments"].as_str().unwrap_or_default();
                        known["function"]["arguments"] = format!("{so_far}{more}").into();
                    }
                    if let Some(extra) = call.get("extra_content") {
                        known["extra_content"] = extra.clone();
                    }
                }
            }
        }
    }
    message
}

/// What a model must see again: thoughts with their signatures, and calls, as Anthropic's wire has them.
fn due(content: &Value) -> Vec<Value> {
    let kept = |block: &&Value| matches!(block["type"].as_str(), Some("thinking" | "redacted_thinking" | "tool_use"));
    let mut blocks: Vec<Value> = content.as_array().into_iter().flatten().filter(kept).cloned().collect();
    for block in &mut blocks {
        // Who calls is told of server's tools, and not played back by clients of another wire.
        block.as_object_mut().unwrap().remove("caller");
    }
    // This wire says thoughts before all else.
    blocks.sort_by_key(|block| block["type"] == "tool_use");
    blocks
}

/// What Anthropic's model is asked with the message in the conversation.
fn played(message: &Value) -> Value {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "?"}, message]});
    let request = decode_request(&raw(&body)).unwrap();
    let rules = TargetRules { vendor: Vendor::Anthropic, quirks: TargetQuirks::default(), ..rules("claude") };
    let asked = parsed(&messages::encode_request(&request, &rules, &mut FieldLosses::default()));
    asked["messages"][1]["content"].clone()
}

fn comes_back(answer: ChatAnswer, due: &[Value]) -> Result<(), String> {
    let whole = parsed(&encode_answer(&answer, &context(), &mut FieldLosses::default()));
    let events: Vec<ChatEvent> = EventReplay::of(answer).collect();
    for (how, message) in [("whole", whole["choices"][0]["message"].clone()), ("streamed", accumulated(&events))] {
        let is = self::due(&played(&message));
        if is != due {
            return Err(format!("{how} it comes back as {is:?}\nand was {due:?}"));
        }
    }
    Ok(())
}

fn wholes(endpoint: &'static str) -> impl Iterator<Item = &'static Recording> {
    of_endpoint(endpoint).filter(|one| one.status == 200 && !one.is_streamed && one.response_json().is_some())
}

#[test]
fn what_anthropic_thought_and_called_comes_back_through_a_client_of_this_wire() {
    hold("chat playback of messages", wholes("messages"), |one| {
        let body = one.response_json().unwrap();
        let answer = messages::decode_answer(&raw(&body)).map_err(|fault| fault.to_string())?;
        comes_back(answer, &due(&body["content"]))
    });
}

#[test]
fn what_claude_thought_and_called_at_bedrock_comes_back_through_a_client_of_this_wire() {
    let claude = |one: &&Recording| one.model.as_ref().is_some_and(|model| model.contains("anthropic"));
    hold("chat playback of converse", wholes("converse").filter(claude), |one| {
        let answer = converse::decode_answer(&raw(&one.response_json().unwrap()), Vendor::Anthropic)
            .map_err(|fault| fault.to_string())?;
        let own = parsed(&messages::encode_answer(&answer, &context(), &mut FieldLosses::default()));
        comes_back(answer, &due(&own["content"]))
    });
}

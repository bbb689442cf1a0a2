//! An event as a plugin is shown it, and what it says.

use serde_json::Value;

use crate::StreamEvent;
use crate::fake::state::Message;

/// One event.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) event: StreamEvent,
    pub(super) message: Message,
    /// The texts that it goes on with, by name.
    says: Vec<String>,
    /// It has an empty text, and nothing begins in it.
    empty: bool,
    finishes: bool,
}

impl Shown {
    pub(super) fn of(data: &str) -> Self {
        let message = Message { body: data.as_bytes().to_vec(), ..Message::default() };
        let document = message.document().unwrap_or_default();
        let choice = document.pointer("/choices/0").cloned().unwrap_or_default();
        let delta = choice.get("delta").cloned().unwrap_or_default();
        let number = choice.get("index").and_then(Value::as_u64).and_then(|index| u32::try_from(index).ok());
        let event = StreamEvent { choice: number.unwrap_or(0), text: content(&delta) };
        let says = says(&delta);
        let finishes = choice.get("finish_reason").is_some_and(Value::is_string);
        let calls = delta.get("tool_calls").and_then(Value::as_array).cloned().unwrap_or_default();
        let begins = calls.iter().any(|call| call.get("id").or(call.pointer("/function/name")).is_some());
        let empty = !begins && (!calls.is_empty() || delta.get("content") == Some(&Value::from("")));
        Self { event, message, says, empty, finishes }
    }

    /// Takes what was set in it.
    pub(super) fn renew(&mut self, message: Message) {
        let document = message.document().unwrap_or_default();
        self.event.text = content(document.pointer("/choices/0/delta").unwrap_or(&Value::Null));
        self.message = message;
    }

    pub(super) fn set_text(&mut self, text: String) {
        let mut document = self.message.document().unwrap_or_default();
        if let Some(Value::Object(delta)) = document.pointer_mut("/choices/0/delta") {
            delta.insert("content".to_owned(), Value::from(text.as_str()));
        }
        self.message.body = document.to_string().into_bytes();
        self.event.text = text;
    }

    pub(super) fn set_data(&mut self, data: String) {
        self.message.body = data.clone().into_bytes();
        self.event.text = data;
    }

    pub(super) fn data(&self) -> String {
        String::from_utf8_lossy(&self.message.body).into_owned()
    }

    pub(super) fn is_of(&self, choice: u32) -> bool {
        self.event.choice == choice
    }

    /// Whether it says nothing: it neither waits nor ends a text.
    pub(super) fn is_quiet(&self) -> bool {
        self.empty && self.says.is_empty() && !self.finishes
    }

    fn goes_on_in(&self, next: &Self) -> bool {
        !self.finishes && self.says.iter().any(|name| next.says.contains(name))
    }
}

/// The choices of which something is held that does not go on in what comes.
pub(super) fn ended_by(held: &[Shown], batch: &[Shown]) -> Vec<u32> {
    let mut ended: Vec<u32> = Vec::new();
    for one in held {
        let choice = one.event.choice;
        let last = held.iter().rfind(|held| held.is_of(choice));
        let next = batch.iter().find(|next| next.is_of(choice) && !next.is_quiet());
        let over = last.zip(next).is_some_and(|(last, next)| !last.goes_on_in(next));
        if over && !ended.contains(&choice) {
            ended.push(choice);
        }
    }
    ended
}

/// How many of these events may be shown in one call: up to one that ends a text of its choice.
pub(super) fn turns(held: &[Shown], batch: &[Shown]) -> usize {
    for (at, one) in batch.iter().enumerate().filter(|(_, one)| !one.is_quiet()) {
        let mut before = batch.iter().take(at).rev().chain(held.iter().rev());
        let last = before.find(|last| last.is_of(one.event.choice) && !last.is_quiet());
        if at > 0 && last.is_some_and(|last| !last.goes_on_in(one)) {
            return at;
        }
    }
    batch.len()
}

/// The content of a delta: a text, or the text parts of a list in one.
fn content(delta: &Value) -> String {
    match delta.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => String::new(),
    }
}

fn says(delta: &Value) -> Vec<String> {
    let mut says = Vec::new();
    for (name, value) in delta.as_object().into_iter().flatten() {
        match value {
            Value::Array(calls) if name == "tool_calls" => {
                for (at, call) in calls.iter().enumerate() {
                    let index = call.get("index").and_then(Value::as_u64).unwrap_or(at as u64);
                    let arguments = call.pointer("/function/arguments").and_then(Value::as_str).unwrap_or_default();
                    if !arguments.is_empty() {
                        says.push(format!("call {index}"));
                    }
                    // A name stands beside what is said, as what no one knows does, and goes on in the next.
                    let name = call.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
                    if !name.is_empty() {
                        says.push("name".to_owned());
                    }
                }
            }
            Value::String(text) if name != "role" && !text.is_empty() => says.push(name.clone()),
            Value::Array(parts) if !parts.is_empty() => says.push(name.clone()),
            _ => {}
        }
    }
    says
}

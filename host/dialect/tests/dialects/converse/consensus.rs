//! What two other translators agree on of Bedrock's answers is what is read of them.

use serde_json::{Value, json};
use weir_dialect::WireFormat;
use weir_dialect::canon::{ChatAnswer, ContentBlock, EventCollector, StopKind};
use weir_recorded::{Consensus, consensus};

use super::{answer, events};

/// A field of an answer, as a client of chat completions or of messages would see it.
fn field(answer: &ChatAnswer, name: &str, is_chat: bool) -> Value {
    let choice = &answer.choices[0];
    let used = answer.usage.unwrap_or_default();
    let cached = used.cached_input.unwrap_or(0);
    match name {
        "text" => json!(joined(choice.blocks.iter().filter_map(|block| match block {
            ContentBlock::Text(text) => Some(text.text.text().into_owned()),
            _ => None,
        }))),
        "thinking" => json!(joined(choice.blocks.iter().filter_map(|block| match block {
            ContentBlock::Reasoning(thought) => Some(joined(thought.text.iter().map(|text| text.text().into_owned()))),
            _ => None,
        }))),
        "tools" => Value::Array(choice.blocks.iter().filter_map(tool).collect()),
        "finish" => json!(finish(choice.stop.as_ref().unwrap().kind, is_chat)),
        "input" if is_chat => json!(used.input),
        "input" => json!(used.input.map(|input| input - cached - used.cache_written.unwrap_or(0))),
        "output" => json!(used.output),
        "cached" => json!(cached),
        other => panic!("no such field: {other}"),
    }
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect()
}

fn tool(block: &ContentBlock) -> Option<Value> {
    let ContentBlock::ToolUse(call) = block else { return None };
    let input: Value = serde_json::from_slice(call.input.to_object().0.bytes()).unwrap();
    Some(json!([call.name.text(), input]))
}

fn finish(kind: StopKind, is_chat: bool) -> &'static str {
    match (kind, is_chat) {
        (StopKind::ToolUse, true) => "tool_calls",
        (StopKind::Length, true) => "length",
        (StopKind::Guardrail | StopKind::Filtered, true) => "content_filter",
        (_, true) => "stop",
        (StopKind::ToolUse, false) => "tool_use",
        (StopKind::Length, false) => "max_tokens",
        (StopKind::Sequence, false) => "stop_sequence",
        (StopKind::Guardrail | StopKind::Filtered, false) => "refusal",
        (_, false) => "end_turn",
    }
}

fn read(row: &Consensus) -> ChatAnswer {
    if !row.recording.is_streamed {
        return answer(row.recording);
    }
    let mut collector = EventCollector::new(WireFormat::Converse);
    events(row.recording).into_iter().for_each(|event| collector.put(event));
    collector.finish().unwrap()
}

#[test]
fn what_others_agree_on_is_what_is_read() {
    let rows = consensus().iter().filter(|row| row.recording.endpoint == "converse" && row.recording.status == 200);
    let mut wrong = Vec::new();
    for row in rows {
        let answer = read(row);
        // They take a tool that runs at Amazon for one of the client's, who could not answer for it.
        let at_amazon = row.recording.events().iter().any(|event| {
            event.json().is_some_and(|event| event.pointer("/start/toolUse/type") == Some(&json!("server_tool_use")))
        });
        for (name, due) in row.agreed.iter().filter(|(name, _)| !at_amazon || *name != "tools") {
            let found = field(&answer, name, row.to == "completions");
            if &found != due {
                wrong.push(format!("{} {}: {name} is {found} and not {due}", row.recording, row.to));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! Frames for what a provider did not say: text that was put behind all of its own.

use super::index::NextIndex;
use crate::canon::{
    AnswerContext, BlockDelta, BlockStart, ChatEvent, EventEncoder, FieldLosses, JsonText, JsonWriter, NewEvent,
    RawJson,
};
use crate::responses::ResponsesEncoder;
use crate::wire::WireFormat;

/// The events of a wire that tell of `events`: blocks of their own, or what an open block grows by, whose number on the wire is
/// `open`.
pub(super) fn events(wire: WireFormat, events: &[ChatEvent], open: Option<u64>, next: &mut NextIndex) -> Vec<NewEvent> {
    let mut out = Vec::new();
    let mut index = open.unwrap_or_default();
    for event in events {
        match event {
            ChatEvent::Open(_, start) => {
                index = next.take();
                out.extend(opened(wire, index, start));
            }
            ChatEvent::Delta(place, delta) => out.extend(grown(wire, place.choice, index, delta)),
            ChatEvent::Close(_) => out.extend(closed(wire, index)),
            _ => {}
        }
    }
    out
}

fn opened(wire: WireFormat, index: u64, start: &BlockStart) -> Option<NewEvent> {
    // Elsewhere a text begins with its first words.
    (wire == WireFormat::Messages).then(|| {
        written("content_block_start", |out| {
            out.name("type").string("content_block_start").name("index").number(index).name("content_block").open();
            match start {
                BlockStart::Reasoning { .. } => {
                    out.name("type").string("thinking").name("thinking").string("").name("signature").string("")
                }
                _ => out.name("type").string("text").name("text").string(""),
            };
            out.close();
        })
    })
}

fn grown(wire: WireFormat, choice: u32, index: u64, delta: &BlockDelta) -> Option<NewEvent> {
    match wire {
        WireFormat::Messages => {
            let (kind, member, text) = match delta {
                BlockDelta::Text(text) | BlockDelta::Refusal(text) => ("text_delta", "text", text),
                BlockDelta::Reasoning(text) | BlockDelta::Summary(text, _) => ("thinking_delta", "thinking", text),
                BlockDelta::Input(text) => ("input_json_delta", "partial_json", text),
                _ => return None,
            };
            Some(written("content_block_delta", |out| {
                out.name("type").string("content_block_delta").name("index").number(index).name("delta").open();
                out.name("type").string(kind).name(member).text(text).close();
            }))
        }
        WireFormat::Converse => {
            let (around, member, text) = match delta {
                BlockDelta::Text(text) | BlockDelta::Refusal(text) => (None, "text", text),
                BlockDelta::Reasoning(text) | BlockDelta::Summary(text, _) => (Some("reasoningContent"), "text", text),
                BlockDelta::Input(text) => (Some("toolUse"), "input", text),
                _ => return None,
            };
            Some(written("contentBlockDelta", |out| {
                out.name("contentBlockIndex").number(index).name("delta").open();
                match around {
                    Some(around) => out.name(around).open().name(member).text(text).close(),
                    None => out.name(member).text(text),
                };
                out.close();
            }))
        }
        WireFormat::GenerateContent => {
            let (text, thinks) = match delta {
                BlockDelta::Text(text) | BlockDelta::Refusal(text) => (text, None),
                BlockDelta::Reasoning(text) | BlockDelta::Summary(text, _) => (text, Some(true)),
                _ => return None,
            };
            Some(part(choice, text, thinks))
        }
        WireFormat::Chat | WireFormat::Responses | WireFormat::CohereChat | WireFormat::OllamaChat => None,
    }
}

fn part(choice: u32, text: &JsonText, thinks: Option<bool>) -> NewEvent {
    let event = written("", |out| {
        out.name("candidates").open_array().open().name("content").open().name("parts").open_array().open();
        out.name("text").text(text).bool_member("thought", thinks).close().close_array();
        out.name("role").string("model").close().name("index").number(choice.into()).close().close_array();
    });
    NewEvent { name: None, ..event }
}

fn closed(wire: WireFormat, index: u64) -> Option<NewEvent> {
    match wire {
        WireFormat::Messages => Some(written("content_block_stop", |out| {
            out.name("type").string("content_block_stop").name("index").number(index);
        })),
        WireFormat::Converse => Some(written("contentBlockStop", |out| {
            out.name("contentBlockIndex").number(index);
        })),
        // Of the last two there are no clients.
        WireFormat::Chat
        | WireFormat::Responses
        | WireFormat::GenerateContent
        | WireFormat::CohereChat
        | WireFormat::OllamaChat => None,
    }
}

fn written(name: &'static str, write: impl FnOnce(&mut JsonWriter)) -> NewEvent {
    let mut out = JsonWriter::with_capacity(192);
    out.open();
    write(&mut out);
    out.close();
    NewEvent { name: Some(name), data: out.finish() }
}

/// The same for OpenAI's responses, where each block is an item: its events, whose first has the number `sequence`, and the items.
pub(super) fn items(
    context: AnswerContext,
    events: Vec<ChatEvent>,
    sequence: u64,
    next: &mut NextIndex,
) -> (Vec<NewEvent>, Vec<RawJson>) {
    let first = usize::try_from(next.peek()).unwrap_or(usize::MAX);
    let mut encoder = ResponsesEncoder::behind(context, sequence, first);
    let (mut out, mut losses) = (Vec::new(), FieldLosses::default());
    events.into_iter().for_each(|event| encoder.put(event, &mut out, &mut losses));
    encoder.finish_items(&mut out);
    let items: Vec<RawJson> = encoder.items().cloned().collect();
    items.iter().for_each(|_| {
        next.take();
    });
    (out, items)
}

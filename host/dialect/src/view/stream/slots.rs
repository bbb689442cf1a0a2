//! Where the texts of events stand, and events with other texts.

use super::says::SaidPlace;
use crate::canon::{BlockDelta, BlockPlace, BlockStart, ChatEvent, CitationNote, FieldLosses, JsonText, ToolInput};

/// What stands between two summaries in a chat completion.
pub(super) const BREAK: &str = "\n\n";

/// Where the text of an event stands, and what it was.
#[derive(Debug)]
pub(super) struct TextSlot {
    pub(super) choice: u32,
    pub(super) place: SaidPlace,
    pub(super) was: JsonText,
}

impl TextSlot {
    pub(super) fn of(block: BlockPlace, place: SaidPlace, was: JsonText) -> Self {
        Self { choice: block.choice, place, was }
    }
}

/// Whether two strings say the same, however they are escaped.
pub(super) fn is_same(one: &JsonText, other: &JsonText) -> bool {
    one == other || one.text() == other.text()
}

/// The event with another address and title.
pub(super) fn citing(event: ChatEvent, url: JsonText, title: JsonText) -> Option<ChatEvent> {
    let ChatEvent::Delta(place, BlockDelta::Citation(note)) = event else { return None };
    let note = CitationNote { url: Some(url), title: Some(title), ..note };
    Some(ChatEvent::Delta(place, BlockDelta::Citation(note)))
}

/// The event with another text; none if it says nothing then.
pub(super) fn saying(event: ChatEvent, text: JsonText, losses: &mut FieldLosses) -> Option<ChatEvent> {
    let (place, delta) = match event {
        ChatEvent::Open(place, BlockStart::ToolUse { id, item, custom, .. }) => {
            return Some(ChatEvent::Open(place, BlockStart::ToolUse { id, item, name: text, custom }));
        }
        ChatEvent::Delta(place, delta) => (place, delta),
        other => return Some(other),
    };
    let delta = match delta {
        BlockDelta::WholeInput(_) => {
            let (object, wrapped) = ToolInput::Text(text).to_object();
            if wrapped {
                losses.lose("content.tool_use.input");
            }
            BlockDelta::WholeInput(object)
        }
        // A summary begins though it says nothing.
        BlockDelta::Summary(_, begins) => BlockDelta::Summary(text, begins),
        _ if text.is_empty() => return None,
        BlockDelta::Text(_) => BlockDelta::Text(text),
        BlockDelta::Refusal(_) => BlockDelta::Refusal(text),
        BlockDelta::Reasoning(_) => BlockDelta::Reasoning(text),
        BlockDelta::Input(_) => BlockDelta::Input(text),
        other => other,
    };
    Some(ChatEvent::Delta(place, delta))
}

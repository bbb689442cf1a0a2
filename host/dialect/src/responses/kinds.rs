//! Kinds of items.

use crate::canon::{JsonText, RawJson, ServerToolKind};
use crate::translate::ids;

/// What an item of this kind tells of a tool that runs at the provider or that only this wire knows; none if it tells of no
/// tool, or of a function or custom tool of the client's. By how OpenAI names items, so that new ones are known.
pub(crate) fn server_tool(kind: &str) -> Option<ServerToolKind> {
    match kind {
        "function_call" | "function_call_output" | "custom_tool_call" | "custom_tool_call_output" => None,
        "mcp_approval_request" => Some(ServerToolKind::Call),
        "mcp_list_tools" | "mcp_approval_response" => Some(ServerToolKind::Result),
        _ if kind.ends_with("_call") => Some(ServerToolKind::Call),
        _ if kind.ends_with("_output") => Some(ServerToolKind::Result),
        _ => None,
    }
}

/// The `type` of an item, a part or a tool.
pub(crate) fn kind_of(object: &RawJson) -> Option<JsonText> {
    object.members().take_text("type")
}

/// Whether a value of an unknown wire is an item of this one.
pub(crate) fn is_item(raw: &RawJson) -> bool {
    kind_of(raw).is_some_and(|kind| {
        let kind = kind.text();
        server_tool(&kind).is_some() || matches!(kind.as_ref(), "message" | "compaction" | "item_reference")
    })
}

/// Identifiers of items that nobody gives, each once in an answer.
#[derive(Debug)]
pub(crate) struct NewItemIds {
    answer: String,
    next: usize,
}

impl NewItemIds {
    /// Those of an answer with this number.
    pub(crate) fn of(answer: u128) -> Self {
        Self { answer: ids::base62(answer, 22), next: 0 }
    }

    /// The next one, with OpenAI's prefix of its kind, such as `msg_`.
    pub(crate) fn make(&mut self, prefix: &str) -> JsonText {
        let number = self.next;
        self.next += 1;
        JsonText::of(&format!("{prefix}{}{number}", self.answer))
    }

    /// The answer's own: what its provider calls it, as OpenAI would.
    pub(crate) fn answer(&self, given: Option<&JsonText>) -> JsonText {
        let plain =
            |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        match given.map(JsonText::text) {
            Some(id) if id.starts_with("resp_") => JsonText::of(&id),
            Some(id) if plain(&id) => JsonText::of(&format!("resp_{id}")),
            _ => JsonText::of(&format!("resp_{}", self.answer)),
        }
    }
}

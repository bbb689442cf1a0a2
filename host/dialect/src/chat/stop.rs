//! Why a choice ends: `finish_reason`.

use crate::canon::{ChatStop, JsonText, StopKind};

/// What a `finish_reason` says. Calls of tools with the reason `stop` are waited for all the same.
pub(super) fn read(word: JsonText, calls: bool) -> ChatStop {
    let kind = match word.text().as_ref() {
        "stop" | "eos" | "end_turn" | "COMPLETE" if calls => StopKind::ToolUse,
        "stop" | "eos" | "end_turn" | "COMPLETE" => StopKind::End,
        "stop_sequence" => StopKind::Sequence,
        "length" | "max_tokens" => StopKind::Length,
        "tool_calls" | "function_call" | "tool_use" => StopKind::ToolUse,
        "content_filter" => StopKind::Filtered,
        "refusal" => StopKind::Refusal,
        // Mistral: the model's window is full.
        "model_length" => StopKind::ContextFull,
        _ => StopKind::Other,
    };
    ChatStop { kind, word, sequence: None, details: None }
}

/// The word for it. A refusal that is told as one ends like any answer.
pub(crate) fn word(kind: StopKind, refused: bool) -> &'static str {
    match kind {
        StopKind::Length | StopKind::ContextFull => "length",
        StopKind::ToolUse => "tool_calls",
        StopKind::Refusal if refused => "stop",
        StopKind::Refusal | StopKind::Filtered | StopKind::Guardrail => "content_filter",
        StopKind::End | StopKind::Sequence | StopKind::Paused | StopKind::Malformed | StopKind::Other => "stop",
    }
}

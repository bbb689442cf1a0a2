//! Why an answer ends: its status, and what is missing of it.

use crate::canon::{ChatStop, JsonText, RawJson, StopKind};

/// What blocks of an answer say of its end, for the status does not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SaidOfEnd {
    /// It calls a tool of the client's.
    pub(crate) calls: bool,
    /// It refuses.
    pub(crate) refuses: bool,
}

/// The end that a status and `incomplete_details` tell.
pub(crate) fn read(status: Option<&JsonText>, details: Option<&RawJson>, said: SaidOfEnd) -> ChatStop {
    let details = details.filter(|details| !details.is_null());
    let word = status.cloned().unwrap_or_else(|| JsonText::of("completed"));
    let reason = details.and_then(|details| details.members().take_text("reason"));
    let (kind, word) = match (word.text().as_ref(), reason) {
        ("completed", _) if said.calls => (StopKind::ToolUse, word),
        ("completed", _) if said.refuses => (StopKind::Refusal, word),
        ("completed", _) => (StopKind::End, word),
        ("incomplete", Some(reason)) if reason.is("max_output_tokens") => (StopKind::Length, reason),
        ("incomplete", Some(reason)) if reason.is("content_filter") => (StopKind::Filtered, reason),
        ("incomplete", Some(reason)) => (StopKind::Other, reason),
        _ => (StopKind::Other, word),
    };
    ChatStop { kind, word, sequence: None, details: details.cloned() }
}

/// Why an answer is incomplete in this wire's words; none where it is complete.
pub(crate) fn incomplete(stop: Option<&ChatStop>) -> Option<&'static str> {
    match stop?.kind {
        StopKind::Length | StopKind::ContextFull => Some("max_output_tokens"),
        StopKind::Filtered | StopKind::Guardrail => Some("content_filter"),
        StopKind::End
        | StopKind::Sequence
        | StopKind::ToolUse
        | StopKind::Refusal
        | StopKind::Paused
        | StopKind::Malformed
        | StopKind::Other => None,
    }
}

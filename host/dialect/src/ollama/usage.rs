//! What was used, and why an answer ends: members of its last object.

use weir_usage::Usage;

use crate::canon::{ChatStop, JsonText, RawMembers, StopKind};

/// Members that say what was used; all but the counts are times.
pub(super) const TOLD: [&str; 8] = [
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
    "created_at",
    "done",
];

/// What was used; none if nothing is counted. What came out of the cache is not told, and may not be counted either.
pub(super) fn read(members: &RawMembers) -> Option<Usage> {
    let count = |name: &str| members.get(name)?.unsigned().filter(|count| *count <= Usage::MOST);
    let (input, output) = (count("prompt_eval_count"), count("eval_count"));
    input.or(output)?;
    Some(Usage { input, output, ..Usage::default() })
}

/// Why it ends (`done_reason`, which older versions do not say). Calls of tools are waited for whatever it says.
pub(super) fn stop(word: Option<JsonText>, calls: bool) -> ChatStop {
    let word = word.unwrap_or_else(|| JsonText::of("stop"));
    let kind = match word.text().as_ref() {
        "stop" if calls => StopKind::ToolUse,
        // A model that was loaded or let go because nothing was asked has said all.
        "stop" | "load" | "unload" => StopKind::End,
        "length" => StopKind::Length,
        _ => StopKind::Other,
    };
    ChatStop { kind, word, sequence: None, details: None }
}

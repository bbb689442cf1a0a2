//! Why an answer ends (`finish_reason`).

use crate::canon::{ApiFailure, ChatStop, JsonText, StopKind};

/// Cohere's words.
const WORDS: [(&str, StopKind); 4] = [
    ("COMPLETE", StopKind::End),
    ("STOP_SEQUENCE", StopKind::Sequence),
    ("MAX_TOKENS", StopKind::Length),
    ("TOOL_CALL", StopKind::ToolUse),
];

/// Words that say that there is no whole answer.
const FAILURES: [&str; 2] = ["ERROR", "TIMEOUT"];

/// Reads the word. None where it says that the model failed.
pub(super) fn read(word: JsonText) -> Option<ChatStop> {
    if FAILURES.iter().any(|failure| word.is(failure)) {
        return None;
    }
    let kind = WORDS.iter().find(|(known, _)| word.is(known)).map_or(StopKind::Other, |(_, kind)| *kind);
    Some(ChatStop { kind, word, sequence: None, details: None })
}

/// What a word that says so is as a failure, with what Cohere says beside it.
pub(super) fn failure(word: JsonText, said: Option<JsonText>) -> ApiFailure {
    let plain = || JsonText::of("the model failed before its answer was whole");
    ApiFailure { message: said.unwrap_or_else(plain), kind: Some(word), code: None, param: None }
}

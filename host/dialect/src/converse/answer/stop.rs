//! Why an answer ends (`StopReason` in the service's description of itself).

use crate::canon::{ChatStop, JsonText, RawJson, StopKind};

/// Bedrock's words. Of a kind with several words the first is written.
const WORDS: [(&str, StopKind); 9] = [
    ("end_turn", StopKind::End),
    ("tool_use", StopKind::ToolUse),
    ("max_tokens", StopKind::Length),
    ("stop_sequence", StopKind::Sequence),
    ("guardrail_intervened", StopKind::Guardrail),
    ("content_filtered", StopKind::Filtered),
    ("malformed_model_output", StopKind::Malformed),
    ("malformed_tool_use", StopKind::Malformed),
    ("model_context_window_exceeded", StopKind::ContextFull),
];

/// The member of what a model says beside its answer that names the words at which it stopped.
const SEQUENCE: &str = "stop_sequence";

/// Reads the word, and what the model says beside its answer (`additionalModelResponseFields`).
pub(crate) fn read(word: JsonText, beside: Option<&RawJson>) -> ChatStop {
    let kind = WORDS.iter().find(|(known, _)| word.is(known)).map_or(StopKind::Other, |(_, kind)| *kind);
    let sequence = beside.and_then(|beside| beside.members().take_text(SEQUENCE));
    ChatStop { kind, word, sequence, details: None }
}

/// The word for why an answer ends: as it was, if it is one of Bedrock's for that.
pub(crate) fn word(stop: &ChatStop) -> &'static str {
    let as_it_was = WORDS.iter().find(|(word, kind)| *kind == stop.kind && stop.word.is(word));
    if let Some((word, _)) = as_it_was {
        return word;
    }
    match stop.kind {
        StopKind::Refusal => "content_filtered",
        StopKind::Paused | StopKind::Other => "end_turn",
        kind => WORDS.iter().find(|(_, known)| *known == kind).map_or("end_turn", |(word, _)| word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word_and_every_word_comes_back() {
        let stop = |kind, word: &str| ChatStop { kind, word: JsonText::of(word), sequence: None, details: None };
        for (own, kind) in WORDS {
            assert_eq!(word(&read(JsonText::of(own), None)), own);
            assert_eq!(read(JsonText::of(own), None).kind, kind);
        }
        for (kind, foreign, due) in [
            (StopKind::End, "stop", "end_turn"),
            (StopKind::Sequence, "stop", "stop_sequence"),
            (StopKind::Length, "length", "max_tokens"),
            (StopKind::ToolUse, "tool_calls", "tool_use"),
            (StopKind::Refusal, "refusal", "content_filtered"),
            (StopKind::Filtered, "SAFETY", "content_filtered"),
            (StopKind::Guardrail, "content_filter", "guardrail_intervened"),
            (StopKind::Paused, "pause_turn", "end_turn"),
            (StopKind::ContextFull, "length", "model_context_window_exceeded"),
            (StopKind::Malformed, "MALFORMED_FUNCTION_CALL", "malformed_model_output"),
            (StopKind::Other, "tool_use", "end_turn"),
        ] {
            assert_eq!(word(&stop(kind, foreign)), due);
        }
    }
}

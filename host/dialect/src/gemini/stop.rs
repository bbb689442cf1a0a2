//! Why an answer ends, in Google's words.
//!
//! Sources: Gemini API reference, `Candidate.FinishReason`; Vertex AI's `FinishReason`, which has more.

use crate::canon::{JsonText, RawJson, StopKind};

/// The reasons, with what each is. What has no row is [`StopKind::Other`].
const REASONS: [(&str, StopKind); 20] = [
    ("STOP", StopKind::End),
    ("MAX_TOKENS", StopKind::Length),
    ("SAFETY", StopKind::Filtered),
    ("RECITATION", StopKind::Filtered),
    ("BLOCKLIST", StopKind::Filtered),
    ("PROHIBITED_CONTENT", StopKind::Filtered),
    ("SPII", StopKind::Filtered),
    ("IMAGE_SAFETY", StopKind::Filtered),
    ("IMAGE_PROHIBITED_CONTENT", StopKind::Filtered),
    ("IMAGE_RECITATION", StopKind::Filtered),
    ("IMAGE_OTHER", StopKind::Filtered),
    ("MODEL_ARMOR", StopKind::Filtered),
    ("JAILBREAK", StopKind::Filtered),
    ("MALFORMED_FUNCTION_CALL", StopKind::Malformed),
    ("MALFORMED_RESPONSE", StopKind::Malformed),
    ("UNEXPECTED_TOOL_CALL", StopKind::Malformed),
    ("TOO_MANY_TOOL_CALLS", StopKind::Malformed),
    ("MISSING_THOUGHT_SIGNATURE", StopKind::Malformed),
    ("CONTINUATION", StopKind::Paused),
    ("OTHER", StopKind::Other),
];

/// The numbers of reasons in which the enums of both APIs agree (quirk 63).
const NUMBERED: [&str; 6] = ["FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER"];

/// A reason's word, of its name or its number; none for what is neither.
pub(super) fn word(reason: &RawJson) -> Option<JsonText> {
    if let Some(text) = reason.text() {
        return Some(text).filter(|text| !text.is_empty());
    }
    let number = reason.unsigned()?;
    let known = usize::try_from(number).ok().and_then(|number| NUMBERED.get(number));
    Some(known.map_or_else(|| JsonText::of(&number.to_string()), |word| JsonText::of(word)))
}

/// What a reason is, of an answer that calls a tool or not.
pub(super) fn kind(word: &JsonText, calls: bool) -> StopKind {
    let kind = REASONS.iter().find(|(reason, _)| word.is(reason)).map_or(StopKind::Other, |(_, kind)| *kind);
    // Quirk 65: there is no reason of its own for a call.
    if kind == StopKind::End && calls { StopKind::ToolUse } else { kind }
}

/// The reason for an answer of another wire.
pub(super) fn reason(kind: StopKind) -> &'static str {
    match kind {
        StopKind::End | StopKind::Sequence | StopKind::ToolUse | StopKind::Paused => "STOP",
        StopKind::Length | StopKind::ContextFull => "MAX_TOKENS",
        StopKind::Refusal | StopKind::Filtered | StopKind::Guardrail => "SAFETY",
        StopKind::Malformed => "MALFORMED_FUNCTION_CALL",
        StopKind::Other => "OTHER",
    }
}

/// A word of Google's for an end, be it of Google's own or of another wire.
pub(super) fn written(word: &JsonText, of: StopKind, calls: bool) -> JsonText {
    let is_own = REASONS.iter().any(|(reason, _)| word.is(reason)) && kind(word, calls) == of;
    if is_own { word.clone() } else { JsonText::of(reason(of)) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn word_of(json: &'static str) -> Option<JsonText> {
        word(&RawJson::parse(Bytes::from_static(json.as_bytes())).unwrap())
    }

    // Quirks 63, 65, 66 and 67.
    #[test]
    fn reasons_are_read_by_name_and_by_number() {
        assert_eq!(word_of("1"), Some(JsonText::of("STOP")));
        assert_eq!(word_of("2"), Some(JsonText::of("MAX_TOKENS")));
        assert_eq!(word_of("9"), Some(JsonText::of("9")), "both APIs have another one there");
        assert_eq!((word_of("\"\""), word_of("null")), (None, None));
        let kinds = [
            ("STOP", false, StopKind::End),
            ("STOP", true, StopKind::ToolUse),
            ("MAX_TOKENS", true, StopKind::Length),
            ("SAFETY", false, StopKind::Filtered),
            ("UNEXPECTED_TOOL_CALL", true, StopKind::Malformed),
            ("MODEL_ARMOR", false, StopKind::Filtered),
            ("LANGUAGE", false, StopKind::Other),
        ];
        for (word, calls, due) in kinds {
            assert_eq!(kind(&JsonText::of(word), calls), due, "{word}");
        }
    }

    #[test]
    fn every_end_has_a_reason_that_is_read_as_the_same_or_its_nearest() {
        for (of, due, back) in [
            (StopKind::End, "STOP", StopKind::End),
            (StopKind::Sequence, "STOP", StopKind::End),
            (StopKind::ToolUse, "STOP", StopKind::ToolUse),
            (StopKind::Paused, "STOP", StopKind::End),
            (StopKind::Length, "MAX_TOKENS", StopKind::Length),
            (StopKind::ContextFull, "MAX_TOKENS", StopKind::Length),
            (StopKind::Refusal, "SAFETY", StopKind::Filtered),
            (StopKind::Filtered, "SAFETY", StopKind::Filtered),
            (StopKind::Guardrail, "SAFETY", StopKind::Filtered),
            (StopKind::Malformed, "MALFORMED_FUNCTION_CALL", StopKind::Malformed),
            (StopKind::Other, "OTHER", StopKind::Other),
        ] {
            let calls = of == StopKind::ToolUse;
            let word = written(&JsonText::of("stop"), of, calls);
            assert_eq!((word.text().as_ref(), kind(&word, calls)), (due, back));
            assert_eq!(written(&word, back, calls), word, "what is Google's own stays");
        }
    }
}

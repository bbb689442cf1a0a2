//! Why an answer ends (`stop_reason` in Anthropic's specification).

use crate::canon::{ChatStop, FieldLosses, JsonText, RawMembers, StopKind};

const WORDS: [(&str, StopKind); 7] = [
    ("end_turn", StopKind::End),
    ("stop_sequence", StopKind::Sequence),
    ("max_tokens", StopKind::Length),
    ("tool_use", StopKind::ToolUse),
    ("refusal", StopKind::Refusal),
    ("pause_turn", StopKind::Paused),
    ("model_context_window_exceeded", StopKind::ContextFull),
];

/// Takes out why it ends, and what is said beside it; none where nobody said.
pub(super) fn take(members: &mut RawMembers) -> Option<ChatStop> {
    let word = members.take_text("stop_reason")?;
    let kind = WORDS.iter().find(|(own, _)| word.is(own)).map_or(StopKind::Other, |(_, kind)| *kind);
    Some(ChatStop { kind, word, sequence: members.take_text("stop_sequence"), details: members.take("stop_details") })
}

/// What an answer held, by which a reason that says less is made plain.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StopSigns {
    /// Tools were called.
    pub(super) calls: bool,
    /// The model said that it will not.
    pub(super) refusal: bool,
}

/// The word of this wire for why an answer of another one ends. What has no word here is an end like others, and a loss.
pub(super) fn word(stop: Option<&ChatStop>, signs: StopSigns, losses: &mut FieldLosses) -> &'static str {
    let end = if signs.calls {
        "tool_use"
    } else if signs.refusal {
        "refusal"
    } else {
        "end_turn"
    };
    match stop.map(|stop| stop.kind) {
        None | Some(StopKind::End | StopKind::Malformed) => end,
        Some(StopKind::Filtered | StopKind::Guardrail) => "refusal",
        Some(StopKind::Other) => {
            if let Some(stop) = stop {
                losses.lose_extra("stop_reason", stop.word.escaped());
            }
            end
        }
        Some(kind) => WORDS.iter().find(|(_, own)| *own == kind).map_or("end_turn", |(word, _)| word),
    }
}

/// The words at which it stopped, where the reason is that one.
pub(super) fn sequence(stop: Option<&ChatStop>) -> Option<&JsonText> {
    stop.filter(|stop| stop.kind == StopKind::Sequence)?.sequence.as_ref()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::canon::RawJson;

    #[test]
    fn every_word_is_read_and_written_and_others_end_like_any() {
        let mut losses = FieldLosses::default();
        for (own, kind) in WORDS {
            let body = format!(r#"{{"stop_reason":"{own}","stop_sequence":null,"stop_details":null}}"#);
            let mut members = RawJson::parse(body.into()).unwrap().members();
            let stop = take(&mut members).unwrap();
            assert_eq!((stop.kind, members.len()), (kind, 2));
            assert_eq!(word(Some(&stop), StopSigns::default(), &mut losses), own);
        }
        assert!(losses.is_empty());
        let of = |kind| ChatStop { kind, word: JsonText::of("odd"), sequence: None, details: None };
        let calls = StopSigns { calls: true, refusal: false };
        for (kind, due) in [
            (StopKind::Filtered, "refusal"),
            (StopKind::Guardrail, "refusal"),
            (StopKind::Malformed, "end_turn"),
            (StopKind::Other, "end_turn"),
        ] {
            assert_eq!(word(Some(&of(kind)), StopSigns::default(), &mut losses), due);
        }
        assert_eq!(losses.iter().collect::<Vec<_>>(), ["stop_reason.odd"]);
        assert_eq!(word(Some(&of(StopKind::End)), calls, &mut losses), "tool_use");
        assert_eq!(word(None, StopSigns { calls: false, refusal: true }, &mut losses), "refusal");
    }
}

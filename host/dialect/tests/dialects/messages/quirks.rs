//! The peculiarities 80 to 115, each on the first recording that shows it.

use serde_json::{Value, json};
use weir_dialect::WireFormat;
use weir_dialect::canon::{BlockDelta, ChatAnswer, ChatEvent, ContentBlock, FieldLosses, ReasoningBlock};
use weir_dialect::messages::{decode_answer, decode_request, encode_request};
use weir_recorded::{Quirk, RecordedEvent, Recording, quirks};

use super::{collected, events, raw, read_all, rules};

/// The numbers of those that concern this wire.
const OURS: std::ops::RangeInclusive<usize> = 80..=115;

fn ours() -> impl Iterator<Item = &'static Quirk> {
    quirks().iter().filter(|quirk| OURS.contains(&quirk.number))
}

fn quirk(number: usize) -> &'static Recording {
    quirks().iter().find(|quirk| quirk.number == number).unwrap().recording()
}

/// The answers that a stream has, which are several where its source has joined them.
fn answers(recording: &Recording) -> Vec<Vec<RecordedEvent>> {
    let is_end = |event: &RecordedEvent| event.json().unwrap()["type"] == "message_stop";
    recording.events().split_inclusive(is_end).map(<[_]>::to_vec).collect()
}

/// The blocks of this type that a stream begins.
fn begun(events: &[RecordedEvent], kind: &str) -> Vec<Value> {
    let blocks = events.iter().map(|event| event.json().unwrap()["content_block"].clone());
    blocks.filter(|block| block["type"] == kind).collect()
}

/// The blocks of this type that are told of a stream.
fn told(events: &[RecordedEvent], kind: &str) -> Vec<Value> {
    of_type(&collected(&read_all(events).0)["content"], kind).into_iter().cloned().collect()
}

fn of_type<'a>(content: &'a Value, kind: &str) -> Vec<&'a Value> {
    content.as_array().unwrap().iter().filter(|block| block["type"] == kind).collect()
}

fn answer(recording: &Recording) -> (ChatAnswer, Value) {
    let body = recording.response_json().unwrap();
    (decode_answer(&raw(&body)).unwrap(), body)
}

fn count(recording: &Recording, is: fn(&ChatEvent) -> bool) -> usize {
    events(recording).0.iter().filter(|event| is(event)).count()
}

#[test]
fn blocks_of_streams_are_told_with_all_that_their_starts_say() {
    let mut seen = 0;
    for quirk in ours() {
        let Some(text) = quirk.text.strip_prefix("messages stream: block ") else { continue };
        let kind = text.strip_prefix("without deltas (").map_or(text, |kind| kind.trim_end_matches(')'));
        let mut blocks = 0;
        for events in answers(quirk.recording()) {
            // Those that stand in the message's own start come before.
            let (begun, told) = (begun(&events, kind), told(&events, kind));
            let told = &told[told.len() - begun.len()..];
            blocks += begun.len();
            for (start, block) in begun.iter().zip(told) {
                let (mut start, mut block) = (start.clone(), block.clone());
                if kind.ends_with("tool_use") {
                    assert!(block["input"].is_object(), "{block}");
                    // It came later; who calls is not told in streams.
                    for member in ["input", "caller"] {
                        start.as_object_mut().unwrap().remove(member);
                        block.as_object_mut().unwrap().remove(member);
                    }
                }
                assert_eq!(block, start, "{}", quirk.text);
            }
        }
        assert!(blocks > 0, "{}", quirk.text);
        seen += 1;
    }
    assert_eq!(seen, 17, "quirks 80 to 96");
}

#[test]
fn tools_of_the_provider_are_no_calls_of_the_clients() {
    for quirk in ours() {
        let Some(kind) = quirk.text.strip_prefix("messages: block ") else { continue };
        let (answer, body) = answer(quirk.recording());
        let blocks = &answer.choices[0].blocks;
        let calls = blocks.iter().filter(|block| matches!(block, ContentBlock::ToolUse(_))).count();
        assert_eq!(calls, of_type(&body["content"], "tool_use").len(), "{}", quirk.text);
        let of_kind = blocks.iter().filter(|block| match block {
            ContentBlock::ServerTool(tool) => tool.raw.members().get("type").unwrap().text().unwrap().is(kind),
            ContentBlock::Reasoning(thought) => kind == "redacted_thinking" && thought.text.is_empty(),
            _ => false,
        });
        assert_eq!(of_kind.count(), of_type(&body["content"], kind).len(), "{}", quirk.text);
    }
}

#[test]
fn citations_that_come_in_pieces_are_those_of_their_text() {
    let content = collected(&events(quirk(97)).0)["content"].clone();
    let cited = of_type(&content, "text").into_iter().find(|block| block["citations"].is_array()).unwrap();
    assert!(cited["citations"][0]["cited_text"].is_string(), "{cited}");
}

#[test]
fn empty_pieces_of_arguments_are_no_events_and_blanks_around_data_are_nothing() {
    for number in [98, 102] {
        let (events, _) = events(quirk(number));
        let empty = events.iter().any(|event| match event {
            ChatEvent::Delta(_, BlockDelta::Input(piece) | BlockDelta::Text(piece)) => piece.is_empty(),
            _ => false,
        });
        assert!(!empty && !events.is_empty(), "quirk {number}");
    }
}

#[test]
fn what_stands_beside_the_end_is_told_and_input_is_counted_once() {
    let (told, _) = events(quirk(99));
    assert!(
        told.iter().any(|event| matches!(event, ChatEvent::Beside(kind, _) if kind.as_ref() == "context_management"))
    );
    let recording = quirk(100);
    let last =
        recording.events().iter().filter_map(|event| event.json()).rfind(|event| event["type"] == "message_delta");
    let (due, usage) = (last.unwrap()["usage"].clone(), collected(&events(recording).0)["usage"].clone());
    for member in ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"] {
        assert_eq!(usage[member], due[member], "{member}");
    }
}

#[test]
fn of_several_answers_that_a_source_has_joined_the_first_is_told() {
    for number in [101, 103] {
        let recording = quirk(number);
        let starts = recording.events().iter().filter(|event| event.json().unwrap()["type"] == "message_start").count();
        assert!(starts > 1);
        assert_eq!(count(recording, |event| matches!(event, ChatEvent::Start(_))), 1);
        assert_eq!(count(recording, |event| matches!(event, ChatEvent::Stop { .. })), 1);
        assert!(matches!(events(recording).0.last(), Some(ChatEvent::End)));
    }
}

#[test]
fn arguments_that_stand_in_the_start_are_told_whole() {
    let whole =
        |events: &[RecordedEvent]| begun(events, "tool_use").into_iter().find(|block| block["input"] != json!({}));
    let all = answers(quirk(104));
    let (events, whole) = all.iter().find_map(|events| Some((events, whole(events)?))).unwrap();
    let told = told(events, "tool_use");
    assert!(told.iter().any(|block| block["id"] == whole["id"] && block["input"] == whole["input"]), "{told:?}");
}

#[test]
fn what_only_this_wire_says_of_an_answer_is_kept_with_it() {
    let (with_container, _) = answer(quirk(112));
    assert!(with_container.extra.get("container").is_some());
    let (called, _) = answer(quirk(114));
    let callers = called.choices[0].blocks.iter().filter(|block| match block {
        ContentBlock::ToolUse(call) => call.extra.get("caller").is_some(),
        ContentBlock::ServerTool(tool) => tool.raw.members().get("caller").is_some(),
        _ => false,
    });
    assert!(callers.count() > 0);
    let (counted, body) = answer(quirk(115));
    let thinking = body["usage"]["output_tokens_details"]["thinking_tokens"].as_u64();
    assert_eq!(counted.usage.unwrap().reasoning, thinking);
    assert!(counted.usage_extra.get("inference_geo").is_some() || counted.usage_extra.get("server_tool_use").is_some());
}

#[test]
fn a_thought_that_is_a_signature_alone_is_played_back_word_for_word() {
    let recording = quirk(113);
    let (answer, body) = answer(recording);
    let bare = |block: &&ContentBlock| matches!(block, ContentBlock::Reasoning(ReasoningBlock { text, .. }) if text.is_empty());
    let thought = answer.choices[0].blocks.iter().find(bare).unwrap();
    // As a client of another wire would play it back.
    let mut request = decode_request(&raw(&recording.request_json().unwrap())).unwrap();
    request.wire = WireFormat::Converse;
    let mut turn = request.turns.last().unwrap().clone();
    (turn.role, turn.blocks) = (weir_dialect::canon::TurnRole::Assistant, vec![thought.clone()]);
    request.turns = vec![turn];
    let written = encode_request(&request, &rules("claude-opus-4-8"), &mut FieldLosses::default());
    let written: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(&written["messages"][0]["content"][0], of_type(&body["content"], "thinking")[0]);
}

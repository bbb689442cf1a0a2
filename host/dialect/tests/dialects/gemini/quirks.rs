//! The peculiarities 59 to 79, and 153, on every recording that shows them.

use serde_json::{Value, json};
use weir_dialect::canon::{
    BlockDelta, BlockStart, ChatAnswer, ChatEvent, ContentBlock, ServerToolKind, StopKind, ToolUseBlock,
};
use weir_recorded::{Quirk, Recording, quirks, recording};

use super::{answer_of, events_of, recorded_events};
use crate::support::key;

fn quirk(number: usize) -> &'static Quirk {
    quirks().iter().find(|quirk| quirk.number == number).unwrap()
}

/// The recordings that show it, of those that are here: the first one is everywhere.
fn shown(number: usize) -> Vec<&'static Recording> {
    let quirk = quirk(number);
    assert!(quirk.text.starts_with(if number == 153 { "sse" } else { "gemini" }), "{}", quirk.text);
    let first = quirk.recording();
    let others = quirk.shown_by.iter().skip(1).filter_map(|by| recording(&by.provider, &by.name));
    [first].into_iter().chain(others).filter(|one| one.endpoint == "generate-content").collect()
}

/// What came, event by event; a whole answer is one.
fn chunks(one: &Recording) -> Vec<Value> {
    if one.is_streamed {
        one.events().iter().filter_map(|event| event.json()).collect()
    } else {
        vec![one.response_json().unwrap()]
    }
}

/// The members of this name that its parts have.
fn parts(one: &Recording, name: &str) -> Vec<Value> {
    let candidates =
        chunks(one).into_iter().flat_map(|chunk| chunk["candidates"].as_array().cloned().unwrap_or_default());
    let parts = candidates.flat_map(|candidate| candidate["content"]["parts"].as_array().cloned().unwrap_or_default());
    parts.filter(|part| part.get(name).is_some()).collect()
}

fn calls(answer: &ChatAnswer) -> Vec<&ToolUseBlock> {
    let blocks = answer.choices.iter().flat_map(|choice| &choice.blocks);
    blocks
        .filter_map(|block| match block {
            ContentBlock::ToolUse(call) => Some(call),
            _ => None,
        })
        .collect()
}

fn stop(one: &Recording) -> (StopKind, String) {
    let answer = answer_of(one);
    let stop = answer.choices[0].stop.as_ref().unwrap();
    (stop.kind, stop.word.text().into_owned())
}

fn events(one: &Recording) -> Vec<ChatEvent> {
    events_of(recorded_events(one), true).0
}

#[test]
fn quirk_59_the_mean_probability_is_nothing_that_is_lost() {
    for one in shown(59) {
        let answer = answer_of(one);
        let mut losses = weir_dialect::canon::FieldLosses::default();
        losses.lose_extras("choices", &answer.choices[0].extra);
        let named: Vec<_> = losses.iter().filter(|name| !name.contains("rounding")).collect();
        assert!(named.is_empty(), "{}: {named:?}", key(one));
    }
}

#[test]
fn quirks_60_63_to_67_each_reason_is_what_it_means() {
    for one in shown(60) {
        assert!(answer_of(one).choices[0].blocks.is_empty(), "{}", key(one));
    }
    let of = |number: usize, kinds: &[StopKind], due: &str| {
        for one in shown(number) {
            let (kind, word) = stop(one);
            assert!(kinds.contains(&kind) && word == due, "{}: {kind:?} {word}", key(one));
        }
    };
    of(63, &[StopKind::End, StopKind::ToolUse], "STOP");
    of(64, &[StopKind::Length], "MAX_TOKENS");
    of(65, &[StopKind::Filtered], "SAFETY");
    of(66, &[StopKind::ToolUse], "STOP");
    of(67, &[StopKind::Malformed], "UNEXPECTED_TOOL_CALL");
}

#[test]
fn quirk_61_an_empty_text_opens_nothing() {
    for one in shown(61).into_iter().filter(|one| one.is_streamed) {
        let texts = parts(one, "text").into_iter().filter(|part| part["text"] != "" && part["thought"] != true).count();
        let deltas =
            events(one).iter().filter(|event| matches!(event, ChatEvent::Delta(_, BlockDelta::Text(_)))).count();
        assert_eq!(deltas, texts, "{}", key(one));
    }
}

#[test]
fn quirk_62_what_is_said_of_the_end_is_kept_with_it() {
    for one in shown(62) {
        assert!(answer_of(one).choices[0].stop.as_ref().unwrap().details.is_some(), "{}", key(one));
    }
}

// 68 and 70.
#[test]
fn quirk_68_arguments_in_pieces_are_one_object() {
    for one in shown(68) {
        let answer = answer_of(one);
        let named = parts(one, "functionCall").iter().filter(|part| part["functionCall"].get("name").is_some()).count();
        assert_eq!(calls(&answer).len(), named, "{}", key(one));
        for call in calls(&answer) {
            assert!(!call.input.to_object().1, "{}", key(one));
        }
        // Each text that the pieces have is in the arguments, whole.
        let all: String =
            calls(&answer).iter().map(|call| call.input.to_object().0.to_text().text().into_owned()).collect();
        let pieces = parts(one, "functionCall")
            .into_iter()
            .filter_map(|part| part["functionCall"]["partialArgs"].as_array().cloned());
        for piece in pieces.flatten() {
            let text = serde_json::to_string(&piece["stringValue"]).unwrap();
            assert!(all.contains(text.trim_matches('"')), "{}: {text}", key(one));
        }
    }
    let nested = shown(68).into_iter().find(|one| one.provider == "vertex").unwrap();
    let arguments: Value = serde_json::from_slice(calls(&answer_of(nested))[0].input.to_object().0.bytes()).unwrap();
    assert_eq!(arguments["recipe"]["steps"].as_array().unwrap().len(), 10);
    assert!(arguments["recipe"]["steps"].as_array().unwrap().iter().all(Value::is_string));
}

#[test]
fn quirk_69_a_calls_identifier_is_kept() {
    for one in shown(69) {
        let due: Vec<_> = parts(one, "functionCall")
            .iter()
            .map(|part| part["functionCall"]["id"].as_str().map(str::to_owned))
            .collect();
        let answer = answer_of(one);
        let ids: Vec<_> = calls(&answer).iter().map(|call| call.id.as_ref().map(|id| id.text().into_owned())).collect();
        assert_eq!(ids, due, "{}", key(one));
    }
}

#[test]
fn quirk_70_no_arguments_are_an_empty_object() {
    for one in shown(70) {
        assert!(
            calls(&answer_of(one)).iter().all(|call| call.input.to_object().0.bytes().starts_with(b"{")),
            "{}",
            key(one)
        );
    }
    let Some(one) = recording("gemini", "vercel.google_stream_no_args_tool_call") else { return };
    assert_eq!(calls(&answer_of(one))[0].input.to_object().0.bytes(), "{}");
}

#[test]
fn quirk_71_grounding_stays_beside_the_answer() {
    for one in shown(71) {
        let is_beside =
            |event: &ChatEvent| matches!(event, ChatEvent::Beside(kind, _) if kind.as_ref() == "groundingMetadata");
        let kept = if one.is_streamed {
            events(one).iter().any(is_beside)
        } else {
            answer_of(one).choices.iter().any(|choice| choice.extra.get("groundingMetadata").is_some())
        };
        assert!(kept, "{}", key(one));
    }
}

#[test]
fn quirks_72_and_76_a_refused_question_has_its_reason() {
    for one in shown(72).into_iter().chain(shown(76)) {
        let answer = answer_of(one);
        assert_eq!((answer.choices.len(), answer.blocked.unwrap().text().as_ref()), (0, "MODEL_ARMOR"), "{}", key(one));
    }
}

#[test]
fn quirks_73_and_79_all_tokens_are_counted_once() {
    for one in shown(73).into_iter().chain(shown(79)) {
        let Some(last) = chunks(one).into_iter().rev().find(|chunk| chunk["usageMetadata"]["totalTokenCount"].is_u64())
        else {
            continue;
        };
        let usage = answer_of(one).usage.unwrap();
        let sum = usage.input.unwrap() + usage.output.unwrap();
        assert_eq!(json!(sum), last["usageMetadata"]["totalTokenCount"], "{}", key(one));
        assert_eq!(usage.total, Some(sum), "{}", key(one));
    }
}

#[test]
fn quirks_74_and_75_code_that_runs_at_google_is_no_call_of_the_clients() {
    for (number, name, due) in
        [(74, "codeExecutionResult", ServerToolKind::Result), (75, "executableCode", ServerToolKind::Call)]
    {
        for one in shown(number) {
            let is = |event: &&ChatEvent| matches!(event, ChatEvent::Open(_, BlockStart::ServerTool(block)) if block.kind == due);
            assert_eq!(events(one).iter().filter(is).count(), parts(one, name).len(), "{}", key(one));
            assert_eq!(calls(&answer_of(one)).len(), 0);
        }
    }
}

#[test]
fn quirks_77_and_78_every_signature_is_kept_as_it_stood() {
    for one in shown(77).into_iter().chain(shown(78)) {
        let due: Vec<_> = parts(one, "thoughtSignature")
            .iter()
            .map(|part| part["thoughtSignature"].as_str().unwrap().to_owned())
            .collect();
        let answer = answer_of(one);
        let kept = answer.choices.iter().flat_map(|choice| &choice.blocks).filter_map(|block| match block {
            ContentBlock::ToolUse(call) => call.signature.as_ref(),
            ContentBlock::Reasoning(thought) => thought.signature.as_ref(),
            _ => None,
        });
        let kept: Vec<_> = kept.map(|signature| signature.value.text().into_owned()).collect();
        assert_eq!(kept, due, "{}", key(one));
    }
}

// The framing takes the line ends away; what is between them is the same whatever they are.
#[test]
fn quirk_153_lines_that_end_by_two_characters_say_the_same() {
    for one in shown(153).into_iter().filter(|one| one.is_streamed && one.status == 200) {
        let said = events(one);
        assert!(matches!(said.last(), Some(ChatEvent::End)), "{}", key(one));
        let with_returns: Vec<_> =
            recorded_events(one).into_iter().map(|data| [&b"\r\n"[..], &data, b"\r"].concat()).collect();
        assert_eq!(events_of(with_returns, true).0, said, "{}", key(one));
    }
}

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{read, take};
use crate::canon::{
    ApiFailure, BlockDelta, BlockPlace, BlockStart, ChatEvent, DecodeFault, EventDecoder, JsonText, StopKind,
    StreamState,
};
use crate::responses::ResponsesDecoder;
use crate::responses::events::open::MOST_OPEN;

fn created() -> Value {
    json!({"type": "response.created", "response": {"id": "resp_1", "model": "m", "created_at": 5, "status": "in_progress"}})
}

fn completed(output: Value) -> Value {
    json!({"type": "response.completed", "response": {"status": "completed", "output": output, "usage": {"input_tokens": 1}}})
}

fn added(index: u64, item: Value) -> Value {
    json!({"type": "response.output_item.added", "output_index": index, "item": item})
}

fn done(index: u64, item: Value) -> Value {
    json!({"type": "response.output_item.done", "output_index": index, "item": item})
}

fn message(text: &str) -> Value {
    json!({"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": text}]})
}

fn call(arguments: &str) -> Value {
    json!({"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": arguments})
}

/// What was said, a line for each event: `+text`, `text a`, `-`.
fn lines(events: &[ChatEvent]) -> Vec<String> {
    let line = |event: &ChatEvent| match event {
        ChatEvent::Open(_, start) => match start {
            BlockStart::Text => "+text".to_owned(),
            BlockStart::Refusal => "+refusal".to_owned(),
            BlockStart::Reasoning { .. } => "+reasoning".to_owned(),
            BlockStart::ToolUse { name, .. } => format!("+{}", name.text()),
            BlockStart::ServerTool(tool) => format!("+{}", tool.name.as_ref().unwrap().text()),
            BlockStart::Other(other) => format!("+other {}", other.kind),
        },
        ChatEvent::Delta(place, delta) => {
            let said = match delta {
                BlockDelta::Text(text) | BlockDelta::Refusal(text) | BlockDelta::Input(text) => {
                    text.text().into_owned()
                }
                BlockDelta::Reasoning(text) => format!("thought {}", text.text()),
                BlockDelta::Summary(text, new) => format!("{} {}", if *new { "summary" } else { "more" }, text.text()),
                BlockDelta::Signature(signature) => format!("signed {}", signature.value.text()),
                BlockDelta::Citation(note) => format!("cites {}", note.url.as_ref().unwrap().text()),
                BlockDelta::Logprobs(_) => "probable".to_owned(),
                BlockDelta::WholeInput(_) | BlockDelta::Other(_) => "other".to_owned(),
            };
            format!("{} {said}", place.block)
        }
        ChatEvent::Close(place) => format!("-{}", place.block),
        ChatEvent::Stop { stop, .. } => format!("stop {:?}", stop.kind),
        ChatEvent::Start(_) => "start".to_owned(),
        ChatEvent::Usage(_) => "usage".to_owned(),
        ChatEvent::Failed(_) => "failed".to_owned(),
        ChatEvent::End => "end".to_owned(),
        ChatEvent::Beside(kind, _) => format!("beside {kind}"),
        ChatEvent::Alive => "alive".to_owned(),
    };
    events.iter().map(line).collect()
}

fn said(events: &[Value]) -> String {
    lines(&read(events).0).join("|")
}

#[test]
fn text_comes_in_pieces_and_is_not_said_again() {
    let place = |kind: &str, more: Value| {
        let mut event = json!({"type": kind, "output_index": 0, "content_index": 0});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    // Quirk 138: obfuscation says nothing; 127: annotations.
    let note = json!({"type": "url_citation", "url": "u"});
    let events = [
        created(),
        json!({"type": "response.in_progress", "response": {}}),
        added(0, json!({"type": "message", "id": "msg_1", "content": []})),
        place("response.content_part.added", json!({"part": {"type": "output_text", "text": ""}})),
        place("response.output_text.delta", json!({"delta": "a", "logprobs": [{"token": "a"}], "obfuscation": "zzz"})),
        place("response.output_text.delta", json!({"delta": "b", "logprobs": []})),
        place("response.output_text.annotation.added", json!({"annotation_index": 0, "annotation": note})),
        place("response.output_text.done", json!({"text": "ab", "logprobs": [{"token": "a"}]})),
        place(
            "response.content_part.done",
            json!({"part": {"type": "output_text", "text": "ab", "annotations": [note]}}),
        ),
        done(
            0,
            json!({"type": "message", "content": [{"type": "output_text", "text": "ab", "annotations": [note], "logprobs": [{"token": "a"}]}]}),
        ),
        completed(json!([message("ab")])),
        json!("[DONE]"),
        added(0, message("late")),
    ];
    assert_eq!(said(&events[..11]), "start|+text|0 a|0 probable|0 b|0 cites u|-0|usage|stop End|end");
    assert_eq!(said(&events), said(&events[..11]), "nothing is read behind the end");
    assert_eq!(read(&events).1, StreamState::Whole);
}

#[test]
fn what_only_done_or_completed_brought_is_said_all_the_same() {
    // Quirk 116 and its reverse, at each depth.
    let done_text = json!({"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "a"});
    let due = "start|+text|0 a|-0|usage|stop End|end";
    let bare = completed(json!([]));
    assert_eq!(said(&[done_text, bare.clone()]), due);
    assert_eq!(said(&[done(0, message("a")), bare.clone()]), due);
    assert_eq!(said(&[completed(json!([message("a")]))]), due);
    assert_eq!(said(&[added(0, message("")), completed(json!([message("a")]))]), due);
    let cited = json!({"type": "message", "content": [{"type": "output_text", "text": "a", "annotations": [{"url": "u"}], "logprobs": [{}]}]});
    assert_eq!(said(&[done(0, cited), bare.clone()]), "start|+text|0 a|0 cites u|0 probable|-0|usage|stop End|end");
    let due = "start|+f|0 {}|-0|usage|stop ToolUse|end";
    let arguments = json!({"type": "response.function_call_arguments.done", "output_index": 0, "arguments": "{}"});
    assert_eq!(said(&[added(0, call("")), arguments, bare.clone()]), due);
    assert_eq!(said(&[done(0, call("{}")), bare.clone()]), due);
    assert_eq!(said(&[completed(json!([call("{}")]))]), due);
    let thought = json!({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "s"}],
        "content": [{"type": "reasoning_text", "text": "t"}], "encrypted_content": "e"});
    let due = "start|+reasoning|0 summary s|0 thought t|0 signed e|-0|usage|stop End|end";
    assert_eq!(said(&[added(0, json!({"type": "reasoning", "id": "rs_1"})), done(0, thought.clone()), bare]), due);
    assert_eq!(said(&[completed(json!([thought]))]), due);
}

#[test]
fn summaries_are_told_apart_and_thoughts_are_no_summaries() {
    let summary = |index: u64, text: &str| json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": index, "delta": text});
    let whole = |index: u64, text: &str| json!({"type": "response.reasoning_summary_text.done", "output_index": 0, "summary_index": index, "text": text});
    // Quirk 128.
    let thought = json!({"type": "response.reasoning_text.delta", "output_index": 0, "content_index": 0, "delta": "t"});
    let events = [
        created(),
        added(0, json!({"type": "reasoning", "id": "rs_1", "encrypted_content": "early"})),
        summary(0, "a"),
        summary(0, "b"),
        whole(0, "ab"),
        whole(1, "c"),
        thought,
        done(0, json!({"type": "reasoning", "encrypted_content": "late"})),
        completed(json!([])),
    ];
    let due = "start|+reasoning|0 summary a|0 more b|0 summary c|0 thought t|0 signed late|-0|usage|stop End|end";
    assert_eq!(said(&events), due);
}

#[test]
fn parallel_calls_keep_to_their_places_whatever_their_identifiers_are() {
    // Quirk 137: the identifier of an item changes within it.
    let delta = |index: u64, id: &str, text: &str| json!({"type": "response.function_call_arguments.delta", "output_index": index, "item_id": id, "delta": text});
    let other = json!({"type": "custom_tool_call", "call_id": "call_2", "name": "g", "input": "free"});
    let free = json!({"type": "response.custom_tool_call_input.delta", "output_index": 1, "delta": "free"});
    let events = [
        added(0, call("")),
        added(1, other.clone()),
        delta(0, "fc_1", "{"),
        free,
        delta(0, "fc_9", "}"),
        done(1, other),
        done(0, call("{}")),
        completed(json!([])),
    ];
    assert_eq!(said(&events), "start|+f|+g|0 {|1 free|0 }|-1|-0|usage|stop ToolUse|end");
    let (events, _) = read(&events);
    let starts = events.iter().filter_map(|event| match event {
        ChatEvent::Open(_, BlockStart::ToolUse { id, item, custom, .. }) => Some((id.clone(), item.clone(), *custom)),
        _ => None,
    });
    let text = |text: &str| Some(JsonText::of(text));
    let due = [(text("call_1"), text("fc_1"), false), (text("call_2"), None, true)];
    assert_eq!(starts.collect::<Vec<_>>(), due);
}

#[test]
fn what_is_cut_off_is_so_by_its_length_and_its_arguments_stay_cut() {
    // Quirk 120.
    let end = json!({"type": "response.incomplete", "response": {"status": "incomplete", "output": [call("{\"x\":4")], "incomplete_details": {"reason": "max_output_tokens"}}});
    assert_eq!(said(&[added(0, call("")), done(0, call("{\"x\":4")), end]), "start|+f|0 {\"x\":4|-0|stop Length|end");
}

#[test]
fn items_that_run_at_the_provider_come_whole_and_their_steps_beside() {
    // Quirks 117 to 119, 121 to 126, 132 to 136.
    let search = json!({"type": "file_search_call", "id": "fs_1", "status": "completed"});
    let step = json!({"type": "response.file_search_call.searching", "output_index": 0});
    let events = [added(0, search.clone()), step, done(0, search), json!({"type": "keepalive"}), completed(json!([]))];
    let due = "start|beside response.file_search_call.searching|+file_search_call|-0|alive|usage|stop End|end";
    assert_eq!(said(&events), due);
    // Those that the last event completes.
    let list = |id: &str| json!({"type": "mcp_list_tools", "id": id});
    let events =
        [added(0, list("a")), added(1, list("b")), done(0, list("a")), completed(json!([list("a"), list("b")]))];
    assert_eq!(said(&events), "start|+mcp_list_tools|-0|+mcp_list_tools|-1|usage|stop End|end");
}

#[test]
fn a_refusal_is_one_to_the_end() {
    // Quirks 130, 131.
    let delta = json!({"type": "response.refusal.delta", "output_index": 0, "content_index": 0, "delta": "no"});
    assert_eq!(said(&[delta, completed(json!([]))]), "start|+refusal|0 no|-0|usage|stop Refusal|end");
}

#[test]
fn a_failure_is_told_in_whatever_shape_and_ends_the_stream() {
    let failure = |events: &[Value]| -> (ApiFailure, StreamState) {
        let (events, state) = read(events);
        match events.into_iter().next_back() {
            Some(ChatEvent::Failed(failure)) => (*failure, state),
            other => panic!("{other:?}"),
        }
    };
    let text = |text: &str| Some(JsonText::of(text));
    for event in [
        json!({"type": "error", "code": "server_error", "message": "oh", "param": null}),
        json!({"type": "error", "error": {"type": "x", "code": "server_error", "message": "oh"}}),
        json!({"error": {"code": "server_error", "message": "oh"}}),
        json!({"type": "response.failed", "response": {"status": "failed", "error": {"code": "server_error", "message": "oh"}}}),
    ] {
        let (failure, state) = failure(&[added(0, call("")), event]);
        assert_eq!(
            (failure.message, failure.code, state),
            (JsonText::of("oh"), text("server_error"), StreamState::Failed)
        );
    }
    assert!(!failure(&[json!({"type": "response.cancelled"})]).0.message.is_empty());
}

#[test]
fn without_its_last_event_a_stream_is_broken_and_what_is_open_is_closed() {
    let (events, state) =
        read(&[created(), added(0, call("")), done(1, call("{}")), added(2, json!({"type": "reasoning"}))]);
    assert_eq!(state, StreamState::Broken);
    assert_eq!(lines(&events).join("|"), "start|+f|+f|1 {}|-1|-0|+reasoning|-2");
}

#[test]
fn what_is_no_event_is_a_fault_and_no_more_is_open_than_is_kept() {
    let (mut decoder, mut out) = (ResponsesDecoder::new(), Vec::new());
    for event in [json!([1]), json!({"delta": "a"})] {
        assert!(matches!(take(&mut decoder, &event, &mut out), Err(DecodeFault::Field { .. })));
    }
    let begin = |decoder: &mut ResponsesDecoder, index: u64| take(decoder, &added(index, call("")), &mut Vec::new());
    for index in 0..MOST_OPEN as u64 {
        begin(&mut decoder, index).unwrap();
    }
    let fault = begin(&mut decoder, u64::MAX).unwrap_err();
    assert!(matches!(fault, DecodeFault::TooMany { most: MOST_OPEN, .. }), "{fault}");
    let part = |index: u64| json!({"type": "response.output_text.delta", "output_index": 0, "content_index": index, "delta": "a"});
    let mut decoder = ResponsesDecoder::new();
    let fault = (0..).find_map(|index| take(&mut decoder, &part(index), &mut Vec::new()).err()).unwrap();
    assert!(matches!(fault, DecodeFault::TooMany { .. }), "{fault}");
}

fn event() -> impl Strategy<Value = Value> {
    let pieces = ["output_text", "refusal", "reasoning_text", "reasoning_summary_text", "function_call_arguments"];
    let pieces: Vec<String> =
        pieces.iter().flat_map(|piece| [format!("{piece}.delta"), format!("{piece}.done")]).collect();
    let frames = ["output_item.added", "output_item.done", "content_part.added", "output_text.annotation.added"];
    let ends = ["created", "completed", "incomplete", "failed", "else"];
    let kinds: Vec<String> =
        pieces.into_iter().chain(frames.iter().chain(&ends).map(|kind| (*kind).to_owned())).collect();
    let item = prop::sample::select(vec![
        message("a"),
        message(""),
        call("{}"),
        json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "s"}], "encrypted_content": "e"}),
        json!({"type": "web_search_call"}),
        json!({"type": "function_call"}),
        json!(1),
    ]);
    let part = prop::sample::select(vec![
        json!({"type": "output_text"}),
        json!({"type": "refusal"}),
        json!({"type": "reasoning_text"}),
    ]);
    (prop::sample::select(kinds), 0..3_u64, 0..3_u64, item, part, prop::sample::select(vec!["", "a"])).prop_map(
        |(kind, output, content, item, part, text)| {
            json!({"type": format!("response.{kind}"), "output_index": output, "content_index": content,
                "summary_index": content, "item": item, "part": part, "delta": text, "text": text, "refusal": text,
                "arguments": text, "annotation": {"url": "u"}, "response": {"output": [item, item], "status": kind}})
        },
    )
}

proptest! {
    #[test]
    fn whatever_comes_blocks_open_and_close_in_order(events in prop::collection::vec(event(), 0..20)) {
        let (mut decoder, mut out) = (ResponsesDecoder::new(), Vec::new());
        for event in &events {
            if take(&mut decoder, event, &mut out).is_err() {
                break;
            }
        }
        let state = decoder.finish(true, &mut out);
        // A sign of life may come before all else.
        out.retain(|event| *event != ChatEvent::Alive);
        let (mut open, mut next) = (Vec::<(BlockPlace, bool)>::new(), 0);
        for (at, event) in out.iter().enumerate() {
            match event {
                ChatEvent::Start(_) => prop_assert_eq!(at, 0),
                ChatEvent::Open(place, start) => {
                    let is_call = matches!(start, BlockStart::ToolUse { .. });
                    prop_assert!(open.iter().all(|(_, other)| is_call && *other), "{:?}", lines(&out));
                    prop_assert_eq!(place.block, next);
                    next += 1;
                    open.push((*place, is_call));
                }
                ChatEvent::Delta(place, _) => prop_assert!(open.iter().any(|(other, _)| other == place), "{:?}", lines(&out)),
                ChatEvent::Close(place) => {
                    prop_assert!(open.iter().any(|(other, _)| other == place), "{:?}", lines(&out));
                    open.retain(|(other, _)| other != place);
                }
                ChatEvent::Stop { stop, .. } => prop_assert!(open.is_empty() && stop.kind != StopKind::Sequence),
                ChatEvent::End | ChatEvent::Failed(_) => prop_assert_eq!(at + 1, out.len()),
                ChatEvent::Usage(_) | ChatEvent::Beside(..) | ChatEvent::Alive => {}
            }
        }
        prop_assert!(open.is_empty());
        let ended = matches!(out.last(), Some(ChatEvent::End));
        prop_assert_eq!(ended, state == StreamState::Whole);
    }
}

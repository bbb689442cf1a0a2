use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use weir_usage::Usage;

use super::{read, written};
use crate::canon::{
    AnswerContext, AnswerStart, ApiFailure, BlockDelta, BlockPlace, BlockStart, ChatEvent, ChatStop, CitationKind,
    CitationNote, EventEncoder, FieldLosses, JsonText, OtherBlock, RawJson, ServerToolBlock, ServerToolKind,
    SignatureKind, StopKind, StreamState, ThoughtSignature,
};
use crate::responses::ResponsesEncoder;
use crate::wire::{Vendor, WireFormat};

fn at(block: u32) -> BlockPlace {
    BlockPlace { choice: 0, block }
}

fn start() -> ChatEvent {
    let start = AnswerStart { id: Some(JsonText::of("msg_1")), created: Some(5), ..AnswerStart::default() };
    ChatEvent::Start(Box::new(start))
}

fn says(block: u32, text: &str) -> ChatEvent {
    ChatEvent::Delta(at(block), BlockDelta::Text(JsonText::of(text)))
}

fn input(block: u32, text: &str) -> ChatEvent {
    ChatEvent::Delta(at(block), BlockDelta::Input(JsonText::of(text)))
}

fn tool(block: u32, id: Option<&str>, name: &str, custom: bool) -> ChatEvent {
    let id = id.map(JsonText::of);
    ChatEvent::Open(at(block), BlockStart::ToolUse { id, item: None, name: JsonText::of(name), custom })
}

fn signed(block: u32, vendor: Vendor) -> ChatEvent {
    let signature = ThoughtSignature { vendor, kind: SignatureKind::Signature, value: JsonText::of("sig") };
    ChatEvent::Delta(at(block), BlockDelta::Signature(signature))
}

fn stop(kind: StopKind) -> ChatEvent {
    ChatEvent::Stop { choice: 0, stop: ChatStop { kind, word: JsonText::of("x"), sequence: None, details: None } }
}

fn open(block: u32) -> ChatEvent {
    ChatEvent::Open(at(block), BlockStart::Text)
}

fn close(block: u32) -> ChatEvent {
    ChatEvent::Close(at(block))
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap().strip_prefix("response.").unwrap()).collect()
}

#[test]
fn texts_are_numbered_said_in_pieces_and_whole_and_are_one_message() {
    let used = |input, output| ChatEvent::Usage(Usage { input, output, ..Usage::default() });
    let events = vec![
        start(),
        used(Some(3), None),
        open(0),
        says(0, "a"),
        says(0, ""),
        says(0, "\u{e9}\""),
        close(0),
        open(1),
        says(1, "c"),
        close(1),
        stop(StopKind::End),
        used(None, Some(2)),
        ChatEvent::Alive,
        ChatEvent::End,
        says(1, "late"),
    ];
    let (events, losses) = written(events, r#"{"temperature":0.5,"tools":[],"user":"u"}"#);
    let part =
        ["content_part.added", "output_text.delta", "output_text.delta", "output_text.done", "content_part.done"];
    let due = [
        &["created", "in_progress", "output_item.added"][..],
        &part,
        &[part[0], part[1], part[3], part[4], "output_item.done", "completed"],
    ];
    assert_eq!((kinds(&events), losses), (due.concat(), vec![]));
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number);
    }
    let id = events[2]["item"]["id"].clone();
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    assert_eq!(
        events[4],
        json!({"type": "response.output_text.delta", "sequence_number": 4, "item_id": id, "output_index": 0,
            "content_index": 0, "delta": "a", "logprobs": []})
    );
    assert_eq!((&events[6]["text"], &events[7]["part"]), (&json!("a\u{e9}\""), &part("a\u{e9}\"")));
    assert_eq!((&events[8]["content_index"], &events[8]["part"]), (&json!(1), &part("")));
    let item = json!({"id": id, "type": "message", "status": "completed", "role": "assistant",
        "content": [part("a\u{e9}\""), part("c")]});
    assert_eq!(events[12]["item"], item);
    let last = &events[13]["response"];
    assert_eq!(
        (&last["output"], &last["status"], &last["id"]),
        (&json!([item]), &json!("completed"), &json!("resp_msg_1"))
    );
    assert_eq!((&last["created_at"], &last["usage"]["total_tokens"]), (&json!(5), &json!(5)));
    for event in [&events[0], &events[1], &events[13]] {
        let response = &event["response"];
        assert_eq!(
            (&response["temperature"], &response["user"], &response["model"]),
            (&json!(0.5), &json!("u"), &json!("asked"))
        );
    }
    assert_eq!((&events[0]["response"]["output"], &events[0]["response"]["usage"]), (&json!([]), &Value::Null));
}

#[test]
fn parallel_calls_grow_beside_one_another_and_each_is_an_item() {
    let whole = RawJson::parse(Bytes::from_static(b"{\"b\": 2}")).unwrap();
    let events = vec![
        start(),
        tool(0, Some("call_a"), "f", false),
        tool(1, None, "g", false),
        input(0, "{\"a\""),
        ChatEvent::Delta(at(1), BlockDelta::WholeInput(whole)),
        input(0, ":1}"),
        close(1),
        close(0),
        tool(2, Some("call_c"), "sql", true),
        input(2, "free"),
        close(2),
        tool(3, Some("call_d"), "none", false),
        close(3),
        stop(StopKind::ToolUse),
        ChatEvent::End,
    ];
    let (events, losses) = written(events, "{}");
    let output = events.last().unwrap()["response"]["output"].clone();
    let said = |item: &Value| {
        let input = item.get("arguments").or(item.get("input")).unwrap();
        (item["type"].clone(), item["name"].clone(), input.clone())
    };
    let due = [
        ("function_call", "f", "{\"a\":1}"),
        ("function_call", "g", "{\"b\": 2}"),
        ("custom_tool_call", "sql", "free"),
        ("function_call", "none", "{}"),
    ];
    let due = due.map(|(kind, name, input)| (json!(kind), json!(name), json!(input)));
    assert_eq!(output.as_array().unwrap().iter().map(said).collect::<Vec<_>>(), due);
    assert!(output[1]["call_id"].as_str().unwrap().starts_with("call_"), "one is made");
    assert!(output[2].get("status").is_none() && output[0]["status"] == "completed");
    assert!(losses.is_empty());
    // What was said in pieces is what is said whole.
    for (index, item) in output.as_array().unwrap().iter().enumerate() {
        let of_item = |event: &&Value| event["output_index"] == index && event.get("delta").is_some();
        let pieces: String = events.iter().filter(of_item).map(|event| event["delta"].as_str().unwrap()).collect();
        assert_eq!(json!(pieces), said(item).2);
        assert!(events.iter().filter(of_item).all(|event| event["item_id"] == item["id"]));
    }
}

#[test]
fn thoughts_are_items_and_what_others_have_signed_comes_back_from_there() {
    let thought = |block, delta| ChatEvent::Delta(at(block), delta);
    let summary = |text: &str, new| BlockDelta::Summary(JsonText::of(text), new);
    let events = vec![
        start(),
        ChatEvent::Open(at(0), BlockStart::Reasoning { id: None }),
        thought(0, summary("a", true)),
        thought(0, summary("b", false)),
        thought(0, summary("c", true)),
        thought(0, BlockDelta::Reasoning(JsonText::of("t"))),
        signed(0, Vendor::Anthropic),
        close(0),
        tool(1, Some("call_a"), "f", false),
        signed(1, Vendor::Google),
        input(1, "{}"),
        signed(1, Vendor::Google),
        close(1),
        stop(StopKind::ToolUse),
        ChatEvent::End,
    ];
    let (events, losses) = written(events, "{}");
    let output = &events.last().unwrap()["response"]["output"];
    let texts = |kind: &str, texts: &[&str]| -> Value {
        texts.iter().map(|text| json!({"type": kind, "text": text})).collect()
    };
    assert_eq!(output[0]["summary"], texts("summary_text", &["ab", "c"]));
    assert_eq!(output[0]["content"], texts("reasoning_text", &["t"]));
    assert!(output[0]["encrypted_content"].as_str().unwrap().starts_with("weir1.anthropic.signature."));
    assert!(output[1]["encrypted_content"].as_str().unwrap().starts_with("weir1.google.signature."));
    assert_eq!((&output[1]["type"], &output[2]["type"]), (&json!("reasoning"), &json!("function_call")));
    assert_eq!(losses, ["content.signature"], "one that comes when its call was told of");
    let steps = ["reasoning_summary_part.added", "reasoning_summary_text.delta", "reasoning_summary_text.done"];
    for step in steps.iter().chain(&["reasoning_summary_part.done", "reasoning_text.delta", "reasoning_text.done"]) {
        assert!(kinds(&events).contains(step), "{step}");
    }
}

#[test]
fn an_answer_that_is_cut_off_is_incomplete_and_one_that_fails_has_failed() {
    let cut = |kind| written(vec![start(), open(0), says(0, "a"), close(0), stop(kind), ChatEvent::End], "{}").0;
    for (kind, reason) in [(StopKind::Length, "max_output_tokens"), (StopKind::Guardrail, "content_filter")] {
        let events = cut(kind);
        let response = &events.last().unwrap()["response"];
        assert_eq!(kinds(&events).last(), Some(&"incomplete"));
        assert_eq!(response["incomplete_details"], json!({"reason": reason}));
        assert_eq!((&response["output"][0]["status"], &response["completed_at"]), (&json!("incomplete"), &Value::Null));
    }
    // Quirk 120: a call that is cut off is incomplete, and one before it is not.
    let events = vec![
        start(),
        tool(0, Some("call_a"), "f", false),
        input(0, "{}"),
        close(0),
        tool(1, Some("call_b"), "f", false),
        input(1, "{\"x\":4"),
        close(1),
        stop(StopKind::Length),
        ChatEvent::End,
    ];
    let output = written(events, "{}").0.last().unwrap()["response"]["output"].clone();
    assert_eq!((&output[0]["status"], &output[1]["status"]), (&json!("completed"), &json!("incomplete")));
    assert_eq!(output[1]["arguments"], "{\"x\":4");
    let fails = |kind: Option<&str>, code: Option<&str>| {
        let (kind, code) = (kind.map(JsonText::of), code.map(JsonText::of));
        let failure = ApiFailure { message: JsonText::of("oh"), kind, code, param: None };
        let failed = ChatEvent::Failed(Box::new(failure));
        let (events, _) = written(vec![start(), open(0), says(0, "a"), failed, ChatEvent::End], "{}");
        assert_eq!((kinds(&events).last(), events.len()), (Some(&"failed"), 6));
        let response = events.last().unwrap()["response"].clone();
        assert_eq!((&response["status"], &response["error"]["message"]), (&json!("failed"), &json!("oh")));
        response["error"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(fails(Some("overloaded_error"), None), "server_error");
    assert_eq!(fails(Some("rate_limit_error"), None), "rate_limit_exceeded");
    assert_eq!(fails(Some("RESOURCE_EXHAUSTED"), Some("429")), "rate_limit_exceeded");
    assert_eq!(fails(None, Some("invalid_prompt")), "invalid_prompt");
    let (events, _) = written(vec![ChatEvent::End], "no JSON");
    assert_eq!(kinds(&events), ["created", "in_progress", "completed"], "whatever comes, and does not");
}

#[test]
fn what_has_no_place_in_this_stream_is_named_and_items_of_this_wire_are_there() {
    let raw = |text: &'static str| RawJson::parse(Bytes::from_static(text.as_bytes())).unwrap();
    let server = |raw, name: &str| {
        let (name, kind) = (Some(JsonText::of(name)), ServerToolKind::Call);
        BlockStart::ServerTool(ServerToolBlock { kind, name, id: None, raw })
    };
    let note = |url: Option<&str>| CitationNote {
        kind: CitationKind::Url,
        title: Some(JsonText::of("t")),
        url: url.map(JsonText::of),
        quote: None,
        start: None,
        end: None,
        wire: WireFormat::Messages,
        raw: RawJson::NULL,
    };
    let probable = |text| ChatEvent::Delta(at(3), BlockDelta::Logprobs(raw(text)));
    let other = OtherBlock { kind: "image".into(), raw: RawJson::NULL };
    let events = vec![
        start(),
        ChatEvent::Open(at(0), server(raw(r#"{"type":"server_tool_use"}"#), "web_search")),
        close(0),
        ChatEvent::Open(at(1), server(raw(r#"{"type":"web_search_call","id":"ws_1"}"#), "web_search_call")),
        close(1),
        ChatEvent::Open(at(2), BlockStart::Other(other)),
        close(2),
        open(3),
        says(3, "a\u{e9}"),
        ChatEvent::Delta(at(3), BlockDelta::Citation(note(Some("u")))),
        ChatEvent::Delta(at(3), BlockDelta::Citation(note(None))),
        probable(r#"{"content":[{"token":"a"}],"refusal":null}"#),
        probable(r#"{"topCandidates":[]}"#),
        ChatEvent::Open(BlockPlace { choice: 1, block: 0 }, BlockStart::Text),
        ChatEvent::Beside("grounding".into(), RawJson::NULL),
        close(3),
        stop(StopKind::End),
        ChatEvent::End,
    ];
    let (events, losses) = written(events, "{}");
    let output = &events.last().unwrap()["response"]["output"];
    assert_eq!(output[0], json!({"type": "web_search_call", "id": "ws_1"}));
    let annotation = json!({"type": "url_citation", "start_index": 0, "end_index": 2, "url": "u", "title": "t"});
    let part = &output[1]["content"][0];
    assert_eq!((&part["annotations"], &part["logprobs"]), (&json!([annotation]), &json!([{"token": "a"}])));
    let due =
        ["content.web_search", "content.image", "content.citations", "content.logprobs", "choices", "events.grounding"];
    assert_eq!(losses, due);
}

#[test]
fn what_is_kept_for_the_end_is_counted() {
    let context = AnswerContext { model: "m".into(), id: 7, now: 5, include_usage: true, request: Bytes::new() };
    let (mut encoder, mut out, mut losses) = (ResponsesEncoder::new(context), Vec::new(), FieldLosses::default());
    for event in [start(), open(0), says(0, &"x".repeat(1_000))] {
        encoder.put(event, &mut out, &mut losses);
    }
    assert!((1_000..1_100).contains(&encoder.held()), "{}", encoder.held());
    for event in [close(0), tool(1, None, "f", false), input(1, &"x".repeat(1_000))] {
        encoder.put(event, &mut out, &mut losses);
    }
    assert!((2_000..2_500).contains(&encoder.held()), "{}", encoder.held());
    assert!(!format!("{encoder:?}").contains("xxx"), "what is said is nothing for logs");
}

/// A block that opens, grows and closes.
fn block(number: u32) -> impl Strategy<Value = Vec<ChatEvent>> {
    let text = prop::collection::vec("[a-z\u{e9}\"]{0,3}", 0..4);
    (0..5_u8, text).prop_map(move |(kind, texts)| {
        let id = JsonText::of(&format!("call_{number}"));
        let start = match kind {
            0 => BlockStart::Text,
            1 => BlockStart::Refusal,
            2 => BlockStart::Reasoning { id: None },
            _ => BlockStart::ToolUse { id: Some(id), item: None, name: JsonText::of("f"), custom: kind == 4 },
        };
        let delta = |text: &String| {
            let text = JsonText::of(text);
            match kind {
                0 => BlockDelta::Text(text),
                1 => BlockDelta::Refusal(text),
                2 => BlockDelta::Reasoning(text),
                _ => BlockDelta::Input(text),
            }
        };
        let mut events = vec![ChatEvent::Open(at(number), start)];
        events.extend(texts.iter().map(|text| ChatEvent::Delta(at(number), delta(text))));
        events.push(close(number));
        events
    })
}

fn said(events: &[ChatEvent]) -> Vec<(u32, String)> {
    let mut said = Vec::new();
    for event in events {
        match event {
            ChatEvent::Open(place, _) => said.push((place.block, String::new())),
            ChatEvent::Delta(_, delta) => match delta {
                BlockDelta::Text(text)
                | BlockDelta::Refusal(text)
                | BlockDelta::Reasoning(text)
                | BlockDelta::Input(text) => {
                    said.last_mut().unwrap().1.push_str(&text.text());
                }
                other => panic!("{other:?}"),
            },
            _ => {}
        }
    }
    said
}

proptest! {
    #[test]
    fn whatever_is_said_is_read_as_it_was(blocks in (0..6_u32).prop_flat_map(|most| (0..most).map(block).collect::<Vec<_>>())) {
        let mut events = vec![start()];
        events.extend(blocks.into_iter().flatten());
        let mut due = said(&events);
        let custom = |block: u32| events.iter().any(|event| {
            matches!(event, ChatEvent::Open(place, BlockStart::ToolUse { custom, .. }) if place.block == block && !custom)
        });
        // A call without arguments has none of them.
        due.iter_mut().filter(|(block, text)| text.is_empty() && custom(*block)).for_each(|(_, text)| text.push_str("{}"));
        events.extend([stop(StopKind::End), ChatEvent::End]);
        let (events, losses) = written(events, "{}");
        let (again, state) = read(&events);
        prop_assert!(losses.is_empty() && state == StreamState::Whole);
        prop_assert_eq!(said(&again), due);
        // And without the pieces, which the last event says again.
        let last = [events.last().unwrap().clone()];
        let whole: Vec<_> = said(&read(&last).0);
        prop_assert_eq!(whole, said(&again));
    }
}

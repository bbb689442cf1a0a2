//! Whole answers.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json as value};
use weir_dialect::answer::AnswerKind;
use weir_dialect::canon::{AnswerContext, ChatAnswer, ContentBlock, FieldLosses, SignatureKind};
use weir_dialect::translate::WirePair;
use weir_dialect::view::AnswerView;
use weir_dialect::{DialectCall, Document, WireFormat, chat, converse, gemini, messages, responses};
use weir_recorded::Recording;

use super::{WIRES, json, plant, recorded};
use crate::support::hold;

/// Members whose values say what the object is or how the answer stands.
const KINDS: [&str; 9] =
    ["type", "role", "model", "mode", "object", "status", "stopReason", "stop_reason", "finishReason"];
/// What is made anew for clients of other wires, or is wrapped for them, or is a word that each wire has its own for.
const TOLD: [&str; 14] = [
    "signature",
    "thoughtSignature",
    "encrypted_content",
    "id",
    "call_id",
    "toolUseId",
    "responseId",
    "createTime",
    "service_tier",
    "modelVersion",
    "blockReason",
    "reason",
    "error",
    "item_id",
];

fn context() -> AnswerContext {
    AnswerContext { model: Arc::from("m"), id: 7, now: 0, include_usage: true, request: Bytes::from_static(b"{}") }
}

fn encode(wire: WireFormat, answer: &ChatAnswer) -> Value {
    let losses = &mut FieldLosses::default();
    json(&match wire {
        WireFormat::Chat => chat::encode_answer(answer, &context(), losses),
        WireFormat::Responses => responses::encode_answer(answer, &context(), losses),
        WireFormat::Messages => messages::encode_answer(answer, &context(), losses),
        WireFormat::GenerateContent => gemini::encode_answer(answer, &context(), losses),
        WireFormat::Converse => converse::encode_answer(answer, &context(), losses),
        WireFormat::CohereChat | WireFormat::OllamaChat => panic!("no client's"),
    })
}

/// Whole answers of a wire, but for what is none.
fn whole(recording: &Recording) -> Option<Value> {
    let is_whole = recording.status == 200 && !recording.is_streamed;
    let body = if is_whole { recording.response_json()? } else { return None };
    let is_answer = ["output", "content", "candidates"].iter().any(|name| body.get(*name).is_some());
    is_answer.then_some(body)
}

fn pair(client: WireFormat, provider: WireFormat) -> WirePair {
    WirePair { client, provider, vendor: provider.vendor_of("anthropic.claude") }
}

fn view(client: WireFormat, provider: WireFormat, body: &Bytes) -> Result<AnswerView, String> {
    AnswerView::of(pair(client, provider), body, &context()).map_err(|fault| fault.to_string())
}

#[test]
fn an_answer_that_nobody_changed_comes_as_it_came_and_every_text_of_it_is_shown() {
    for (name, wire) in WIRES {
        hold(&format!("{name} answer view"), recorded(wire), |recording| {
            let Some(mut body) = whole(recording) else { return Ok(()) };
            let as_it_came = Bytes::from(serde_json::to_string_pretty(&body).unwrap());
            let same = view(wire, wire, &as_it_came)?;
            let again = Bytes::from(json(same.shown()).to_string());
            for shown in [same.shown(), &again] {
                let merged = same.merged(shown, &mut FieldLosses::default()).map_err(|fault| fault.to_string())?;
                assert_eq!(merged, as_it_came);
            }
            for name in ["usage", "usageMetadata", "metrics"] {
                body.as_object_mut().unwrap().remove(name);
            }
            let markers = plant(&mut body, &KINDS);
            let view = view(wire, wire, &Bytes::from(body.to_string()))?;
            let kind = DialectCall::OPENAI_CHAT.judge_answer(view.shown());
            if kind != AnswerKind::Complete {
                return Err(format!("{kind:?}: {}", String::from_utf8_lossy(view.shown())));
            }
            let mut shown = Document::response(DialectCall::OPENAI_CHAT, view.shown().clone());
            shown.readable().map_err(|error| error.to_string())?;
            let pieces = shown.pieces().map_err(|error| error.to_string())?;
            let missing: Vec<_> =
                markers.iter().filter(|(marker, _)| !pieces.text().contains(marker.as_str())).collect();
            if missing.is_empty() {
                return Ok(());
            }
            Err(format!("{missing:?}\n{body}\n{}", String::from_utf8_lossy(view.shown())))
        });
    }
}

/// The answer with these markers in capitals, for a client of this wire. What was thought and says something else is signed no more,
/// and tokens that repeat what was said are gone.
fn due(answer: &ChatAnswer, wire: WireFormat, markers: &[&str]) -> Value {
    let mut answer = answer.clone();
    for choice in &mut answer.choices {
        choice.logprobs = None;
        for block in &mut choice.blocks {
            match block {
                ContentBlock::Text(text) => text.logprobs = None,
                ContentBlock::Reasoning(thought) => {
                    let all = || thought.text.iter().chain(&thought.summary);
                    if markers.iter().any(|marker| all().any(|text| text.text().contains(*marker))) {
                        thought.signature.take_if(|signature| signature.kind == SignatureKind::Signature);
                    }
                }
                _ => {}
            }
        }
    }
    let text = markers
        .iter()
        .fold(encode(wire, &answer).to_string(), |text, marker| text.replace(marker, &marker.to_uppercase()));
    serde_json::from_str(&text).unwrap()
}

fn without_tokens(mut value: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Array(all) => all.iter_mut().for_each(walk),
            Value::Object(all) => {
                all.remove("logprobs");
                all.remove("logprobsResult");
                all.values_mut().for_each(walk);
            }
            _ => {}
        }
    }
    walk(&mut value);
    value
}

#[test]
fn what_is_changed_in_an_answer_reaches_clients_of_every_wire_and_nothing_else_is_changed() {
    for (name, wire) in WIRES {
        hold(&format!("{name} answer changed"), recorded(wire), |recording| {
            let Some(mut body) = whole(recording) else { return Ok(()) };
            let markers = plant(&mut body, &[&KINDS[..], &TOLD].concat());
            let body = Bytes::from(body.to_string());
            for client in
                [WireFormat::Messages, WireFormat::Responses, WireFormat::GenerateContent, WireFormat::Converse]
            {
                let view = view(client, wire, &body)?;
                let mut all = Document::response(DialectCall::OPENAI_CHAT, view.shown().clone());
                let pieces = all.pieces().map_err(|error| error.to_string())?;
                let mut tried = Vec::new();
                let merged = |changed: &Bytes| {
                    view.merged(changed, &mut FieldLosses::default()).map_err(|fault| fault.to_string())
                };
                for (index, piece) in pieces.iter().enumerate() {
                    let found: Vec<&str> = markers
                        .iter()
                        .map(|(marker, _)| marker.as_str())
                        .filter(|marker| piece.text.contains(*marker))
                        .collect();
                    if found.is_empty() || piece.pointer.contains("/logprobs/") {
                        continue;
                    }
                    let text =
                        found.iter().fold(piece.text.to_owned(), |text, one| text.replace(one, &one.to_uppercase()));
                    all.set_piece(index, &text).unwrap();
                    tried.extend(found.iter().copied());
                    let mut one = Document::response(DialectCall::OPENAI_CHAT, view.shown().clone());
                    one.pieces().unwrap();
                    one.set_piece(index, &text).unwrap();
                    let is = without_tokens(json(&merged(&one.bytes().unwrap())?));
                    differs(&is, &without_tokens(due(view.answer(), client, &found))).map_err(|why| {
                        format!("{client:?} {}: {why}\n{}", piece.pointer, String::from_utf8_lossy(&body))
                    })?;
                }
                let is = without_tokens(json(&merged(&all.bytes().unwrap())?));
                differs(&is, &without_tokens(due(view.answer(), client, &tried)))
                    .map_err(|why| format!("{client:?} all: {why}\n{}", String::from_utf8_lossy(&body)))?;
            }
            Ok(())
        });
    }
}

fn differs(is: &Value, due: &Value) -> Result<(), String> {
    if is == due { Ok(()) } else { Err(format!("{:?}", weir_recorded::differences(due, is))) }
}

/// The same answer in each wire: a thought that is signed, a text, a call.
fn said(wire: WireFormat) -> Value {
    match wire {
        WireFormat::Messages => {
            value!({"id": "m", "type": "message", "role": "assistant", "model": "claude", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "c2ln"}, {"type": "text", "text": "I look"},
            {"type": "tool_use", "id": "t1", "name": "find", "input": {"what": "it"}}],
            "stop_reason": "tool_use", "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 2}})
        }
        WireFormat::Responses => {
            value!({"id": "r", "object": "response", "created_at": 1, "status": "completed", "model": "gpt", "output": [
            {"type": "message", "id": "i", "role": "assistant", "status": "completed", "content": [
                {"type": "output_text", "text": "I look", "annotations": []}]},
            {"type": "function_call", "id": "f", "call_id": "t1", "name": "find", "arguments": "{\"what\":\"it\"}"}],
            "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}})
        }
        WireFormat::GenerateContent => value!({"candidates": [{"index": 0, "content": {"role": "model", "parts": [
            {"text": "I look"}, {"functionCall": {"name": "find", "args": {"what": "it"}}}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}}),
        WireFormat::Converse | WireFormat::Chat | WireFormat::CohereChat | WireFormat::OllamaChat => {
            value!({"output": {"message": {"role": "assistant", "content": [
            {"text": "I look"}, {"toolUse": {"toolUseId": "t1", "name": "find", "input": {"what": "it"}}}]}},
            "stopReason": "tool_use", "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}})
        }
    }
}

fn after(wire: WireFormat, change: impl FnOnce(&mut Document)) -> Value {
    let view = view(wire, wire, &Bytes::from(said(wire).to_string())).unwrap();
    let mut shown = Document::response(DialectCall::OPENAI_CHAT, view.shown().clone());
    change(&mut shown);
    json(&view.merged(&shown.bytes().unwrap(), &mut FieldLosses::default()).unwrap())
}

#[test]
fn calls_that_are_taken_away_are_gone_and_nobody_waits_for_them() {
    for (_, wire) in WIRES {
        let is = after(wire, |shown| assert!(shown.remove("/choices/0/message/tool_calls").unwrap()));
        let text = is.to_string();
        assert!(!text.contains("find") && text.contains("I look"), "{wire:?}: {is}");
        assert!(!text.contains("tool_use"), "{wire:?}: {is}");
    }
    let is = after(WireFormat::Messages, |shown| drop(shown.remove("/choices/0/message/tool_calls")));
    assert_eq!(is["content"][0]["signature"], "c2ln");
    assert_eq!((&is["stop_reason"], &is["usage"]), (&value!("end_turn"), &said(WireFormat::Messages)["usage"]));
}

#[test]
fn a_text_that_is_put_in_and_a_reason_to_end_reach_the_client() {
    for (_, wire) in WIRES {
        let is = after(wire, |shown| {
            shown
                .set(
                    "/choices/0/message/content",
                    r#"[{"type":"text","text":"I look"},{"type":"text","text":"and see"}]"#,
                )
                .unwrap();
        });
        assert!(is.to_string().contains("and see") && is.to_string().contains("I look"), "{wire:?}: {is}");
    }
    let filtered = |shown: &mut Document| shown.set("/choices/0/finish_reason", "\"content_filter\"").unwrap();
    assert_eq!(after(WireFormat::Messages, filtered)["stop_reason"], "refusal");
    assert_eq!(after(WireFormat::Converse, filtered)["stopReason"], "content_filtered");
    assert_eq!(after(WireFormat::GenerateContent, filtered)["candidates"][0]["finishReason"], "SAFETY");
}

#[test]
fn an_answer_of_a_provider_of_chats_is_shown_as_it_came_and_told_in_the_clients_wire() {
    let body = Bytes::from_static(br#"{"id":"c","object":"chat.completion","created":1,"model":"gpt","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}]}"#);
    for (_, client) in WIRES {
        let view = view(client, WireFormat::Chat, &body).unwrap();
        assert_eq!(view.shown(), &body);
        let mut shown = Document::response(DialectCall::OPENAI_CHAT, view.shown().clone());
        let merged = |shown: &Bytes| view.merged(shown, &mut FieldLosses::default()).unwrap();
        let was = json(&merged(&body)).to_string();
        shown.set("/choices/0/message/content", "\"no\"").unwrap();
        assert_eq!(json(&merged(&shown.bytes().unwrap())).to_string(), was.replace("yes", "no"));
    }
}

//! Changes of a request that are more than other words in the same place.

use bytes::Bytes;
use serde_json::{Value, json as value};
use weir_dialect::canon::FieldLosses;
use weir_dialect::translate::WirePair;
use weir_dialect::view::{MergedRequest, RequestView};
use weir_dialect::{Document, WireFormat};

use super::{WIRES, document, json, path, recorded, rules};
use crate::support::hold;

fn view(wire: WireFormat, body: &Value) -> RequestView {
    RequestView::of(wire, &Bytes::from(body.to_string()), path(wire)).unwrap()
}

/// The request as its own wire has it after a change of the view.
fn after(view: &RequestView, change: impl FnOnce(&mut Document)) -> Value {
    let mut shown = document(view.shown());
    change(&mut shown);
    let wire = view.original().wire;
    let merged = match view.merged(&shown.bytes().unwrap()).unwrap() {
        MergedRequest::Same => view.original().clone(),
        MergedRequest::Changed(request) => *request,
    };
    let model = merged.model.clone();
    let pair = WirePair { client: wire, provider: wire, vendor: wire.vendor_of("anthropic.") };
    json(&pair.encode(&merged, &rules(&model, pair.vendor), &mut FieldLosses::default()))
}

fn set(pointer: &'static str, json: &str) -> impl FnOnce(&mut Document) {
    let json = json.to_owned();
    move |document| document.set(pointer, &json).unwrap()
}

/// The same request in each wire: an instruction, a question, a call with its result, a thought that is signed, a tool.
pub(super) fn conversation(wire: WireFormat) -> Value {
    match wire {
        WireFormat::Messages => value!({
            "model": "claude", "max_tokens": 9, "temperature": 0.5, "stop_sequences": ["a", "b"],
            "system": [{"type": "text", "text": "be kind", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
            "messages": [
                {"role": "user", "content": "how warm is it?"},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "I look it up", "signature": "c2ln"},
                    {"type": "tool_use", "id": "t1", "name": "warmth", "input": {"at": "here"}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": "12", "is_error": false},
                    {"type": "text", "text": "well?"}]}],
            "tools": [{"name": "warmth", "description": "how warm it is", "input_schema": {"type": "object"}}]
        }),
        WireFormat::Responses => value!({
            "model": "gpt", "max_output_tokens": 9, "temperature": 0.5, "instructions": "be kind",
            "input": [
                {"role": "user", "content": "how warm is it?"},
                {"type": "reasoning", "id": "r1", "summary": [], "content": [{"type": "reasoning_text", "text": "I look it up"}]},
                {"type": "function_call", "call_id": "t1", "name": "warmth", "arguments": "{\"at\":\"here\"}"},
                {"type": "function_call_output", "call_id": "t1", "output": "12"},
                {"role": "user", "content": "well?"}],
            "tools": [{"type": "function", "name": "warmth", "description": "how warm it is", "parameters": {"type": "object"}}]
        }),
        WireFormat::GenerateContent => value!({
            "generationConfig": {"maxOutputTokens": 9, "temperature": 0.5, "stopSequences": ["a", "b"]},
            "systemInstruction": {"parts": [{"text": "be kind"}]},
            "contents": [
                {"role": "user", "parts": [{"text": "how warm is it?"}]},
                {"role": "model", "parts": [
                    {"text": "I look it up", "thought": true},
                    {"functionCall": {"name": "warmth", "args": {"at": "here"}}, "thoughtSignature": "c2ln"}]},
                {"role": "user", "parts": [
                    {"functionResponse": {"name": "warmth", "response": {"result": "12"}}}, {"text": "well?"}]}],
            "tools": [{"functionDeclarations": [{"name": "warmth", "description": "how warm it is", "parametersJsonSchema": {"type": "object"}}]}]
        }),
        _ => value!({
            "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "stopSequences": ["a", "b"]},
            "system": [{"text": "be kind"}, {"cachePoint": {"type": "default"}}],
            "messages": [
                {"role": "user", "content": [{"text": "how warm is it?"}]},
                {"role": "assistant", "content": [
                    {"reasoningContent": {"reasoningText": {"text": "I look it up", "signature": "c2ln"}}},
                    {"toolUse": {"toolUseId": "t1", "name": "warmth", "input": {"at": "here"}}}]},
                {"role": "user", "content": [
                    {"toolResult": {"toolUseId": "t1", "content": [{"text": "12"}], "status": "success"}}, {"text": "well?"}]}],
            "toolConfig": {"tools": [{"toolSpec": {"name": "warmth", "description": "how warm it is", "inputSchema": {"json": {"type": "object"}}}}]}
        }),
    }
}

/// The parts of these names, where the wire has them.
fn texts(body: &Value) -> Vec<String> {
    fn walk(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::String(text) => out.push(text.clone()),
            Value::Array(all) => all.iter().for_each(|value| walk(value, out)),
            Value::Object(all) => all.values().for_each(|value| walk(value, out)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(body, &mut out);
    out
}

/// Where a wire has what the application says before all else.
fn system(wire: WireFormat, body: &Value) -> &Value {
    &body[match wire {
        WireFormat::Responses => "instructions",
        WireFormat::GenerateContent => "systemInstruction",
        _ => "system",
    }]
}

fn turns(wire: WireFormat, body: &Value) -> &Vec<Value> {
    let name = match wire {
        WireFormat::Responses => "input",
        WireFormat::GenerateContent => "contents",
        _ => "messages",
    };
    body[name].as_array().unwrap()
}

#[test]
fn an_instruction_that_is_put_first_stands_where_the_wire_has_instructions() {
    let put_first = |shown: &mut Document| {
        let mut body = json(&shown.bytes().unwrap());
        body["messages"].as_array_mut().unwrap().insert(0, value!({"role": "system", "content": "be brief"}));
        shown.replace(Bytes::from(body.to_string())).unwrap();
    };
    for (_, wire) in WIRES {
        let body = conversation(wire);
        let is = after(&view(wire, &body), put_first);
        let said = texts(system(wire, &is)).join(" ");
        let at = |what: &str| said.find(what).unwrap_or_else(|| panic!("{wire:?}: {said}"));
        assert!(at("be brief") < at("be kind"), "{wire:?}: {said}");
        assert_eq!(turns(wire, &is), turns(wire, &body), "{wire:?}");
        // Where there was none before.
        let mut none = body.clone();
        let name = if wire == WireFormat::Responses { "instructions" } else { "system" };
        none.as_object_mut().unwrap().remove(name);
        none.as_object_mut().unwrap().remove("systemInstruction");
        let is = after(&view(wire, &none), put_first);
        assert_eq!(texts(system(wire, &is)).last().map(String::as_str), Some("be brief"), "{wire:?}");
        assert_eq!(turns(wire, &is), turns(wire, &none), "{wire:?}");
    }
}

#[test]
fn a_message_that_is_taken_away_is_gone_and_nothing_else() {
    for (_, wire) in WIRES {
        let mut body = conversation(wire);
        let view = view(wire, &body);
        let count = json(view.shown())["messages"].as_array().unwrap().len();
        assert_eq!(count, if wire == WireFormat::Responses { 6 } else { 5 }, "{wire:?}");
        let last = format!("/messages/{}", count - 1);
        let is = after(&view, |shown| assert!(shown.remove(&last).unwrap()));
        match wire {
            WireFormat::Responses => drop(body["input"].as_array_mut().unwrap().pop()),
            WireFormat::GenerateContent => drop(body["contents"][2]["parts"].as_array_mut().unwrap().pop()),
            _ => drop(body["messages"][2]["content"].as_array_mut().unwrap().pop()),
        }
        assert_eq!(is, body, "{wire:?}");
        let is = after(&view, |shown| assert!(shown.remove("/messages/1").unwrap()));
        assert!(!is.to_string().contains("how warm is it?"), "{wire:?}");
        assert_eq!(
            turns(wire, &is).len(),
            turns(wire, &body).len() - usize::from(wire != WireFormat::Responses),
            "{wire:?}"
        );
    }
}

#[test]
fn a_message_that_is_put_behind_all_others_is_the_last_turn() {
    let added = r#"{"role":"user","content":[{"type":"text","text":"be quick"}]}"#;
    for (_, wire) in WIRES {
        let body = conversation(wire);
        let is = after(&view(wire, &body), set("/messages/-", added));
        let (last, before) = turns(wire, &is).split_last().unwrap();
        assert!(texts(last).contains(&"be quick".to_owned()), "{wire:?}: {last}");
        assert_eq!(before, turns(wire, &body), "{wire:?}");
    }
}

#[test]
fn numbers_and_words_that_are_put_in_or_taken_away_are_so_in_the_wire() {
    for (_, wire) in WIRES {
        let body = conversation(wire);
        let of = |is: &Value, name: &str, inner: &str| match wire {
            WireFormat::Converse => is["inferenceConfig"][inner].clone(),
            WireFormat::GenerateContent => is["generationConfig"][inner].clone(),
            _ => is[name].clone(),
        };
        let view = view(wire, &body);
        let is = after(&view, set("/temperature", "0.25"));
        assert_eq!(of(&is, "temperature", "temperature"), value!(0.25), "{wire:?}");
        let is = after(&view, |shown| assert!(shown.remove("/temperature").unwrap()));
        assert_eq!(of(&is, "temperature", "temperature"), Value::Null, "{wire:?}");
        let most = match wire {
            WireFormat::Responses => ("max_output_tokens", ""),
            WireFormat::Messages => ("max_tokens", ""),
            WireFormat::Converse => ("", "maxTokens"),
            _ => ("", "maxOutputTokens"),
        };
        for member in ["/max_tokens", "/max_completion_tokens"] {
            let is = after(&view, set(member, "7"));
            assert_eq!(of(&is, most.0, most.1), value!(7), "{wire:?} {member}");
        }
        let mut shown = document(view.shown());
        set("/model", "\"other\"")(&mut shown);
        assert!(matches!(view.merged(&shown.bytes().unwrap()), Ok(MergedRequest::Same)), "{wire:?}");
        let mut renamed = body.clone();
        if wire.names_model() {
            renamed["model"] = value!("other");
        }
        assert_eq!(json(&view.renamed("other")), renamed, "{wire:?}");
        if wire != WireFormat::Responses {
            let is = after(&view, set("/stop", r#"["c"]"#));
            assert_eq!(of(&is, "stop_sequences", "stopSequences"), value!(["c"]), "{wire:?}");
        }
    }
}

#[test]
fn tools_that_are_put_in_or_taken_away_are_so_in_the_wire() {
    let added =
        r#"{"type":"function","function":{"name":"wind","description":"how windy","parameters":{"type":"object"}}}"#;
    for (_, wire) in WIRES {
        let body = conversation(wire);
        let is = after(&view(wire, &body), set("/tools/-", added));
        assert!(is.to_string().contains("how windy") && is.to_string().contains("how warm it is"), "{wire:?}: {is}");
        let is = after(&view(wire, &body), |shown| assert!(shown.remove("/tools").unwrap()));
        assert!(!is.to_string().contains("how warm it is"), "{wire:?}: {is}");
        let is = after(&view(wire, &body), set("/tool_choice", r#""required""#));
        assert_ne!(is, body, "{wire:?}");
        let is = after(&view(wire, &body), set("/tools", &format!("[{added}]")));
        assert!(is.to_string().contains("how windy") && !is.to_string().contains("how warm it is"), "{wire:?}: {is}");
    }
}

#[test]
fn a_mark_for_the_cache_goes_where_the_view_has_none_any_more_and_stays_where_the_text_is_changed() {
    let body = conversation(WireFormat::Messages);
    let view = view(WireFormat::Messages, &body);
    let is = after(&view, set("/messages/0/content/0/text", "\"be rude\""));
    assert_eq!(is["system"][0]["cache_control"]["ttl"], "1h");
    assert_eq!(is["system"][0]["text"], "be rude");
    let is = after(&view, |shown| {
        assert!(shown.remove("/messages/0/content/0/anthropic.cache_control").unwrap());
        shown.set("/messages/0/content/0/text", "\"be rude\"").unwrap();
    });
    assert_eq!(is["system"], value!([{"type": "text", "text": "be rude"}]));
}

#[test]
fn a_part_that_is_taken_away_or_put_in_is_so_in_the_turn() {
    for (_, wire) in WIRES {
        let body = conversation(wire);
        let view = view(wire, &body);
        // A string becomes a list.
        let is = after(
            &view,
            set("/messages/1/content", r#"[{"type":"text","text":"look:"},{"type":"text","text":"how warm is it?"}]"#),
        );
        let first = texts(&turns(wire, &is)[0]);
        assert!(first.contains(&"look:".to_owned()) && first.contains(&"how warm is it?".to_owned()), "{wire:?}: {is}");
        // The call is gone, and the thought beside it stays.
        let calls =
            json(view.shown())["messages"].as_array().unwrap().iter().position(|one| one.get("tool_calls").is_some());
        let pointer = format!("/messages/{}/tool_calls", calls.unwrap());
        let is = after(&view, |shown| assert!(shown.remove(&pointer).unwrap()));
        assert!(!is.to_string().contains("here") && is.to_string().contains("I look it up"), "{wire:?}: {is}");
    }
}

#[test]
fn changes_of_every_recording_that_cancel_out_are_none() {
    for (name, wire) in WIRES {
        hold(&format!("{name} view back"), recorded(wire), |recording| {
            let Some(body) = recording.request_json() else { return Ok(()) };
            let view = view(wire, &body);
            let mut shown = document(view.shown());
            shown.set("/messages/-", r#"{"role":"user","content":"x"}"#).unwrap();
            let last = json(&shown.bytes().unwrap())["messages"].as_array().unwrap().len() - 1;
            shown.remove(&format!("/messages/{last}")).unwrap();
            match view.merged(&shown.bytes().unwrap()) {
                Ok(MergedRequest::Same) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
    }
}

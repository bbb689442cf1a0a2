//! What other providers were asked and said, written for clients and models of this wire: Anthropic's specification allows it, a
//! stream says the same as the whole of it, and what two other translators agree on holds.

use bytes::Bytes;
use serde_json::{Value, json};
use weir_dialect::canon::{
    ChatAnswer, ChatEvent, ChatRequest, EventCollector, EventDecoder, FieldLosses, StreamState, WireEvent,
};
use weir_dialect::chat::{self, ChatWireDecoder};
use weir_dialect::converse::{self, ConverseDecoder};
use weir_dialect::gemini::{self, GeminiDecoder};
use weir_dialect::messages::{decode_answer, encode_answer, encode_request};
use weir_dialect::responses::{self, ResponsesDecoder};
use weir_dialect::{Vendor, WireFormat};
use weir_recorded::{Consensus, Recording, all, consensus};

use super::{allowed, context, json, read, rules, written};
use crate::support::hold;

const WIRES: [(&str, WireFormat); 4] = [
    ("chat-completions", WireFormat::Chat),
    ("responses", WireFormat::Responses),
    ("generate-content", WireFormat::GenerateContent),
    ("converse", WireFormat::Converse),
];

pub(super) fn wire(recording: &Recording) -> Option<WireFormat> {
    WIRES.iter().find(|(endpoint, _)| *endpoint == recording.endpoint).map(|(_, wire)| *wire)
}

pub(super) fn of_others() -> impl Iterator<Item = &'static Recording> {
    all().iter().filter(|recording| recording.status == 200 && wire(recording).is_some())
}

pub(super) fn vendor(recording: &Recording) -> Vendor {
    converse::vendor_of_model(recording.model.as_deref().unwrap_or_default())
}

fn asked(recording: &Recording, body: Vec<u8>) -> ChatRequest {
    let body = weir_dialect::canon::RawJson::parse(Bytes::from(body)).unwrap();
    let model = recording.model.as_deref().unwrap_or_default();
    let read = match wire(recording).unwrap() {
        WireFormat::Responses => responses::decode_request(&body),
        WireFormat::GenerateContent => gemini::decode_request(&body, model, recording.is_streamed),
        WireFormat::Converse => converse::decode_request(&body, model, recording.is_streamed),
        _ => chat::decode_request(&body),
    };
    read.unwrap()
}

pub(super) fn answered(recording: &Recording) -> Option<ChatAnswer> {
    let body = weir_dialect::canon::RawJson::parse(Bytes::from(recording.response())).unwrap();
    let read = match wire(recording).unwrap() {
        WireFormat::Responses => responses::decode_answer(&body),
        WireFormat::GenerateContent => gemini::decode_answer(&body),
        WireFormat::Converse => converse::decode_answer(&body, vendor(recording)),
        _ => chat::decode_answer(&body),
    };
    // Answers of another endpoint lie among them.
    read.ok()
}

pub(super) fn streamed(recording: &Recording) -> (Vec<ChatEvent>, StreamState) {
    let mut decoder: Box<dyn EventDecoder> = match wire(recording).unwrap() {
        WireFormat::Responses => Box::new(ResponsesDecoder::new()),
        WireFormat::GenerateContent => Box::new(GeminiDecoder::new()),
        WireFormat::Converse => Box::new(ConverseDecoder::new(vendor(recording))),
        _ => Box::new(ChatWireDecoder::new()),
    };
    let mut out = Vec::new();
    for event in recording.events() {
        let event = WireEvent { name: event.name.as_deref(), data: Bytes::from(event.data.clone()), exception: false };
        decoder.take(&event, &mut out).unwrap();
    }
    let state = decoder.finish(true, &mut out);
    (out, state)
}

#[test]
fn requests_of_other_wires_are_written_as_the_specification_allows() {
    hold("messages from elsewhere: request", of_others(), |recording| {
        let Some(body) = recording.request().filter(|body| !body.is_empty()) else { return Ok(()) };
        let request = asked(recording, body);
        for model in ["claude-sonnet-4-5", "claude-opus-4-6"] {
            let written = json(&encode_request(&request, &rules(model), &mut FieldLosses::default()));
            allowed(&written.to_string(), |spec| spec.request("/v1/messages", &written))?;
            let budget = written["thinking"]["budget_tokens"].as_u64().unwrap_or(0);
            assert!(budget < written["max_tokens"].as_u64().unwrap(), "{written}");
        }
        Ok(())
    });
}

#[test]
fn answers_of_other_wires_are_written_as_the_specification_allows_and_are_read_again() {
    let whole = of_others().filter(|recording| !recording.is_streamed);
    hold("messages from elsewhere: answer", whole, |recording| {
        let Some(answer) = answered(recording) else { return Ok(()) };
        let body = encode_answer(&answer, &context(), &mut FieldLosses::default());
        let written = json(&body);
        allowed(&written.to_string(), |spec| spec.answer("/v1/messages", &written))?;
        let read = decode_answer(&super::raw(&written)).map_err(|fault| fault.to_string())?;
        super::differs("read again", &json(&encode_answer(&read, &context(), &mut FieldLosses::default())), &written)
    });
}

/// What an answer of this wire means, without what names it.
fn meant(mut answer: Value) -> Value {
    for name in ["id", "model"] {
        answer.as_object_mut().unwrap().remove(name);
    }
    // A stream does not say it.
    answer["usage"].as_object_mut().unwrap().remove("service_tier");
    answer["stop_sequence"] = answer.get("stop_sequence").cloned().unwrap_or(Value::Null);
    for block in answer["content"].as_array_mut().unwrap().iter_mut().filter(|block| block["type"] == "thinking") {
        block["signature"] = block.get("signature").cloned().unwrap_or("".into());
    }
    answer
}

#[test]
fn streams_of_other_wires_say_the_same_as_the_whole_of_them() {
    let streams = of_others().filter(|recording| recording.is_streamed);
    hold("messages from elsewhere: stream", streams, |recording| {
        let (events, state) = streamed(recording);
        let written = written(&events);
        for event in written.iter().map(|event| json(&event.data)).filter(|event| event["type"] != "ping") {
            if event["type"] != "error" {
                allowed(&event.to_string(), |spec| spec.event("/v1/messages", &event))?;
            }
        }
        if state != StreamState::Whole {
            return Ok(());
        }
        let collected = |events: &[ChatEvent], wire| {
            let mut collector = EventCollector::new(wire);
            events.iter().cloned().for_each(|event| collector.put(event));
            let mut answer = collector.finish().unwrap();
            answer.extra = Default::default();
            meant(json(&encode_answer(&answer, &context(), &mut FieldLosses::default())))
        };
        let whole = collected(&events, wire(recording).unwrap());
        let again = collected(&read(&written), WireFormat::Messages);
        super::differs("the stream", &again, &whole)
    });
}

fn joined(content: &Value, kind: &str, member: &str) -> String {
    let blocks = content.as_array().unwrap().iter().filter(|block| block["type"] == kind);
    blocks.filter_map(|block| block[member].as_str()).collect()
}

/// A field of an answer of this wire, by its name in the agreements.
fn field(answer: &Value, name: &str) -> Value {
    let content = &answer["content"];
    match name {
        "text" => joined(content, "text", "text").into(),
        "thinking" => joined(content, "thinking", "thinking").into(),
        "tools" => {
            let calls = content.as_array().unwrap().iter().filter(|block| block["type"] == "tool_use");
            calls.map(|call| json!([call["name"], call["input"]])).collect()
        }
        "finish" => answer["stop_reason"].clone(),
        "input" => answer["usage"]["input_tokens"].clone(),
        "output" => answer["usage"]["output_tokens"].clone(),
        "cached" => answer["usage"].get("cache_read_input_tokens").cloned().unwrap_or(json!(0)),
        other => panic!("{other}"),
    }
}

/// What is decided otherwise than both translators do, and why.
fn is_decided(one: &Consensus, name: &str, answer: &Value, due: &Value) -> bool {
    let has_calls = field(answer, "tools").as_array().is_some_and(|calls| !calls.is_empty());
    match name {
        // Both pass over thoughts that are in `reasoning`, which is as much a thought as `reasoning_content`.
        "thinking" => due == "",
        // Both pass over some names of what came from the cache.
        "input" | "cached" => {
            let all = field(answer, "input").as_u64().unwrap() + field(answer, "cached").as_u64().unwrap();
            one.agreed["cached"] == 0 && one.agreed["input"] == all
        }
        // Where thoughts are not among the output they are counted into it.
        "output" => answer["usage"]["output_tokens_details"]["thinking_tokens"].as_u64() > due.as_u64(),
        // A call is one by what it is and not by what the reason says; a function's is one, too.
        "finish" => has_calls && due == "end_turn",
        // Arguments are an object: `null` is none, and what is cut is wrapped, where nothing tells it from a whole.
        "tools" => {
            has_calls && (due == &json!([]) || due.to_string().contains("null") || due.to_string().contains("The"))
        }
        // Of several choices the first is told, and they are not mixed.
        "text" => one.recording.name.contains("multiple_choices"),
        _ => false,
    }
}

#[test]
fn what_two_translators_agree_on_holds_for_clients_of_this_wire() {
    let (mut wrong, mut decided) = (Vec::new(), 0);
    for one in consensus().iter().filter(|one| one.to == "messages") {
        let recording = one.recording;
        let answer = if recording.is_streamed {
            let (events, state) = streamed(recording);
            if state == StreamState::Failed {
                continue;
            }
            let mut collector = EventCollector::new(WireFormat::Messages);
            read(&written(&events)).into_iter().for_each(|event| collector.put(event));
            collector.finish().unwrap()
        } else {
            answered(recording).unwrap()
        };
        let answer = json(&encode_answer(&answer, &context(), &mut FieldLosses::default()));
        for (name, due) in &one.agreed {
            let found = field(&answer, name);
            if found == *due {
                continue;
            }
            if is_decided(one, name, &answer, due) {
                decided += 1;
            } else {
                wrong.push(format!("{recording}: {name} is {found}, agreed {due}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(decided <= 33, "{decided} are decided otherwise");
}

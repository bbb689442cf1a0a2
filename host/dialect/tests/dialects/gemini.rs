//! Gemini's and Vertex AI's contents.

mod across;
mod consensus;
mod embed;
mod quirks;

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Map, Value};
use weir_dialect::canon::{
    AnswerContext, AnswerStart, BlockDelta, ChatAnswer, ChatEvent, ChatRequest, ContentBlock, EventCollector,
    EventDecoder as _, EventEncoder as _, FieldLosses, JsonText, RawJson, StreamState, TargetQuirks, TargetRules,
    WireEvent,
};
use weir_dialect::gemini::{
    GeminiDecoder, GeminiEncoder, decode_answer, decode_request, encode_answer, encode_request,
};
use weir_dialect::{Vendor, WireFormat};
use weir_recorded::{Recording, Spec, of_endpoint};
use weir_usage::Usage;

use crate::support::hold;

fn recordings() -> impl Iterator<Item = &'static Recording> {
    of_endpoint("generate-content")
}

fn raw(bytes: Vec<u8>) -> RawJson {
    RawJson::parse(Bytes::from(bytes)).unwrap()
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn rules() -> TargetRules {
    TargetRules {
        model: "gemini-2.5-flash".into(),
        max_output: None,
        vendor: Vendor::Google,
        ask_usage: false,
        quirks: TargetQuirks::default(),
    }
}

fn context() -> AnswerContext {
    AnswerContext { model: "ours".into(), id: 7, now: 1_700_000_000, include_usage: true, request: Bytes::new() }
}

/// JSON as Google reads it: names of fields in one spelling, `null` as good as nothing.
fn meant(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let said = members.iter().filter(|(_, value)| !value.is_null());
            Value::Object(said.map(|(name, value)| (camel(name), meant(value))).collect::<Map<_, _>>())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(meant).collect()),
        other => other.clone(),
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_').filter(|_| !name.starts_with('_'));
    let first = words.next().unwrap_or(name).to_owned();
    words.fold(first, |all, word| {
        let (head, rest) = word.split_at(usize::from(!word.is_empty()));
        all + &head.to_uppercase() + rest
    })
}

fn same(before: &Value, after: &Value) -> Result<(), String> {
    let (before, after) = (meant(before), meant(after));
    if before == after { Ok(()) } else { Err(format!("\n  before {before}\n  after  {after}")) }
}

fn request_of(recording: &Recording) -> Option<ChatRequest> {
    let body = raw(recording.request()?);
    Some(decode_request(&body, recording.model.as_deref().unwrap_or_default(), recording.is_streamed).unwrap())
}

#[test]
fn a_request_is_read_and_written_as_it_was() {
    hold("request", recordings().filter(|one| one.request().is_some()), |one| {
        let mut losses = FieldLosses::default();
        let request = request_of(one).unwrap();
        let written = encode_request(&request, &rules(), &mut losses);
        assert!(losses.is_empty(), "{losses:?}");
        same(&one.request_json().unwrap(), &json(&written))
    });
}

#[test]
fn an_answer_is_read_and_written_as_it_was() {
    hold("answer", recordings().filter(|one| one.status == 200 && !one.is_streamed), |one| {
        let mut losses = FieldLosses::default();
        let answer = decode_answer(&raw(one.response())).map_err(|fault| fault.to_string())?;
        let written = encode_answer(&answer, &context(), &mut losses);
        assert!(losses.is_empty(), "{losses:?}");
        same(&one.response_json().unwrap(), &json(&written))
    });
}

/// What a stream says, whatever its pieces.
fn events_of(recorded: impl IntoIterator<Item = Vec<u8>>, clean: bool) -> (Vec<ChatEvent>, StreamState) {
    let (mut decoder, mut out) = (GeminiDecoder::new(), Vec::new());
    for data in recorded {
        let event = WireEvent { name: None, data: Bytes::from(data), exception: false };
        decoder.take(&event, &mut out).unwrap();
    }
    let state = decoder.finish(clean, &mut out);
    (out, state)
}

fn streams() -> impl Iterator<Item = &'static Recording> {
    recordings().filter(|one| one.status == 200 && one.is_streamed)
}

fn recorded_events(one: &Recording) -> Vec<Vec<u8>> {
    one.events().into_iter().map(|event| event.data).collect()
}

/// The same with neighbouring texts as one, and what was used at the end.
fn told(events: &[ChatEvent]) -> Vec<ChatEvent> {
    let mut all: Vec<ChatEvent> = Vec::new();
    let mut used = Usage::default();
    for event in events {
        match (event, all.last_mut()) {
            (ChatEvent::Usage(usage), _) => used = used.then(*usage),
            (
                ChatEvent::Delta(place, BlockDelta::Text(more)),
                Some(ChatEvent::Delta(before, BlockDelta::Text(text))),
            ) if place == before => *text = JsonText::concat([&text.clone(), more]),
            (
                ChatEvent::Delta(place, BlockDelta::Reasoning(more)),
                Some(ChatEvent::Delta(before, BlockDelta::Reasoning(text))),
            ) if place == before => *text = JsonText::concat([&text.clone(), more]),
            (ChatEvent::Start(start), _) => {
                let start = AnswerStart { model: None, created: None, ..(**start).clone() };
                all.push(ChatEvent::Start(Box::new(start)));
            }
            _ => all.push(event.clone()),
        }
    }
    all.push(ChatEvent::Usage(used));
    all
}

#[test]
fn a_stream_ends_each_choice_once_and_then_itself() {
    hold("stream", streams(), |one| {
        let (events, state) = events_of(recorded_events(one), true);
        assert_eq!(state, StreamState::Whole);
        let choices: BTreeSet<u32> = events.iter().filter_map(choice_of).collect();
        let stops: Vec<u32> = events.iter().filter_map(stop_of).collect();
        assert_eq!(stops.iter().copied().collect::<BTreeSet<_>>(), choices);
        assert_eq!(stops.len(), choices.len());
        assert!(matches!(events.first(), Some(ChatEvent::Start(_))) && events.last() == Some(&ChatEvent::End));
        assert!(events.iter().any(|event| matches!(event, ChatEvent::Usage(_))));
        let (_, cut) = events_of(recorded_events(one), false);
        assert_eq!(cut, StreamState::Broken, "without the transport's good end");
        Ok(())
    });
}

fn choice_of(event: &ChatEvent) -> Option<u32> {
    match event {
        ChatEvent::Open(place, _) | ChatEvent::Delta(place, _) | ChatEvent::Close(place) => Some(place.choice),
        ChatEvent::Stop { choice, .. } => Some(*choice),
        _ => None,
    }
}

fn stop_of(event: &ChatEvent) -> Option<u32> {
    match event {
        ChatEvent::Stop { choice, .. } => Some(*choice),
        _ => None,
    }
}

#[test]
fn a_stream_that_is_written_tells_the_same() {
    hold("stream again", streams(), |one| {
        let (events, _) = events_of(recorded_events(one), true);
        let (mut encoder, mut out) = (GeminiEncoder::new(context()), Vec::new());
        let mut losses = FieldLosses::default();
        for event in events.clone() {
            encoder.put(event, &mut out, &mut losses);
        }
        assert!(losses.is_empty(), "{losses:?}");
        assert_eq!(encoder.held(), 0);
        let written: Vec<Vec<u8>> = out.into_iter().map(|event| event.data.to_vec()).collect();
        for event in &written {
            if let Some(Err(faults)) = Spec::gemini().map(|spec| spec.event("generateContent", &json(event))) {
                return Err(format!("{faults:?}\n{}", String::from_utf8_lossy(event)));
            }
        }
        let (again, state) = events_of(written, true);
        assert_eq!(state, StreamState::Whole);
        let (events, again) = (told(&events), told(&again));
        if events == again { Ok(()) } else { Err(format!("\n  {events:?}\n  {again:?}")) }
    });
}

// Quirk 153: the same events whatever ends their lines, which is the framing's business; here it is that none is lost.
#[test]
fn a_stream_makes_the_answer_that_it_tells() {
    hold("collected", streams(), |one| {
        let answer = answer_of(one);
        let parts = |name: &str| {
            let parts = one.events().into_iter().filter_map(|event| event.json());
            let parts = parts.flat_map(|event| event["candidates"].as_array().cloned().unwrap_or_default());
            let parts =
                parts.flat_map(|candidate| candidate["content"]["parts"].as_array().cloned().unwrap_or_default());
            parts.filter(|part| part.get(name).is_some()).collect::<Vec<_>>()
        };
        let spoken = parts("text")
            .iter()
            .filter(|part| part["thought"] != true)
            .fold(String::new(), |all, part| all + part["text"].as_str().unwrap());
        let told: String = blocks(&answer).filter_map(text_of).collect();
        assert_eq!(told, spoken);
        let named = parts("functionCall").iter().filter(|part| part["functionCall"].get("name").is_some()).count();
        let calls: Vec<_> = blocks(&answer).filter(|block| matches!(block, ContentBlock::ToolUse(_))).collect();
        assert_eq!(calls.len(), named);
        let signed = |block: &&ContentBlock| match block {
            ContentBlock::ToolUse(call) => call.signature.is_some(),
            ContentBlock::Reasoning(thought) => thought.signature.is_some(),
            _ => false,
        };
        assert_eq!(blocks(&answer).filter(signed).count(), parts("thoughtSignature").len());
        Ok(())
    });
}

fn blocks(answer: &ChatAnswer) -> impl Iterator<Item = &ContentBlock> {
    answer.choices.iter().flat_map(|choice| &choice.blocks)
}

fn text_of(block: &ContentBlock) -> Option<String> {
    match block {
        ContentBlock::Text(block) => Some(block.text.text().into_owned()),
        _ => None,
    }
}

/// What a recording answers, whole.
fn answer_of(one: &Recording) -> ChatAnswer {
    if !one.is_streamed {
        return decode_answer(&raw(one.response())).unwrap();
    }
    let mut collector = EventCollector::new(WireFormat::GenerateContent);
    events_of(recorded_events(one), true).0.into_iter().for_each(|event| collector.put(event));
    collector.finish().unwrap()
}

//! OpenAI's responses: what 81 exchanges with twelve providers say, through the canonical form and back.

mod across;
mod played;

use bytes::Bytes;
use serde_json::Value;
use weir_dialect::Vendor;
use weir_dialect::canon::{
    AnswerContext, BlockDelta, BlockPlace, BlockStart, ChatEvent, ContentBlock, EventDecoder, EventEncoder,
    FieldLosses, RawJson, StreamState, TargetQuirks, TargetRules, WireEvent,
};
use weir_dialect::responses::{self, ResponsesDecoder, ResponsesEncoder};
use weir_recorded::{RecordedEvent, Recording, of_endpoint};
use weir_usage::Usage;

use crate::support;

fn recordings() -> impl Iterator<Item = &'static Recording> {
    of_endpoint("responses")
}

fn same(what: &str, left: &Value, right: &Value) -> Result<(), String> {
    let apart = apart("", left, right);
    if apart.is_empty() { Ok(()) } else { Err(format!("{what}: {}", apart.join("; "))) }
}

/// Where two values differ.
fn apart(at: &str, left: &Value, right: &Value) -> Vec<String> {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let of = |name: &String| {
                let null = &Value::Null;
                let (one, other) = (left.get(name).unwrap_or(null), right.get(name).unwrap_or(null));
                let missing = left.contains_key(name) != right.contains_key(name);
                if missing {
                    vec![format!("{at}/{name} is on one side")]
                } else {
                    apart(&format!("{at}/{name}"), one, other)
                }
            };
            let names = left.keys().chain(right.keys().filter(|name| !left.contains_key(*name)));
            names.flat_map(of).collect()
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let of = |(number, (one, other))| apart(&format!("{at}/{number}"), one, other);
            left.iter().zip(right).enumerate().flat_map(of).collect()
        }
        _ if left == right => Vec::new(),
        _ => vec![format!("{at}: {left} and {right}")],
    }
}

#[test]
fn every_request_is_written_as_it_was_read_and_loses_nothing() {
    support::hold("responses request", recordings().filter(|one| one.request().is_some()), |recording| {
        let body = recording.request_json().unwrap();
        let raw = RawJson::parse(Bytes::from(recording.request().unwrap())).unwrap();
        let request = responses::decode_request(&raw).map_err(|fault| fault.to_string())?;
        let rules = rules(&request.model);
        let mut losses = FieldLosses::default();
        let again: Value = serde_json::from_slice(&responses::encode_request(&request, &rules, &mut losses)).unwrap();
        assert!(losses.is_empty(), "{:?}", losses.iter().collect::<Vec<_>>());
        same("written anew", &again, &body)
    });
}

#[test]
fn every_whole_answer_is_written_as_it_was_read() {
    let whole = |one: &&Recording| !one.is_streamed && one.status == 200;
    support::hold("responses answer", recordings().filter(whole), |recording| {
        let body = recording.response_json().unwrap();
        let raw = RawJson::parse(Bytes::from(recording.response())).unwrap();
        let answer = responses::decode_answer(&raw).map_err(|fault| fault.to_string())?;
        let mut losses = FieldLosses::default();
        let again = responses::encode_answer(&answer, &context(b""), &mut losses);
        assert!(losses.is_empty(), "{:?}", losses.iter().collect::<Vec<_>>());
        same("written anew", &serde_json::from_slice(&again).unwrap(), &body)
    });
}

fn rules(model: &str) -> TargetRules {
    TargetRules {
        model: model.into(),
        max_output: None,
        vendor: Vendor::OpenAi,
        ask_usage: false,
        quirks: TargetQuirks::default(),
    }
}

fn context(request: &'static [u8]) -> AnswerContext {
    let request = Bytes::from_static(request);
    AnswerContext { model: "asked".into(), id: 7, now: 1_700_000_000, include_usage: true, request }
}

fn streams() -> impl Iterator<Item = &'static Recording> {
    recordings().filter(|one| one.is_streamed && one.status == 200)
}

fn read<'a>(events: impl Iterator<Item = (Option<&'a str>, Bytes)>) -> Result<Vec<ChatEvent>, String> {
    let mut decoder = ResponsesDecoder::new();
    let mut out = Vec::new();
    for (name, data) in events {
        decoder.take(&WireEvent { name, data, exception: false }, &mut out).map_err(|fault| fault.to_string())?;
    }
    match decoder.finish(true, &mut out) {
        StreamState::Whole => Ok(out),
        other => Err(format!("it is {other:?}")),
    }
}

fn of_recording(recording: &Recording) -> Result<Vec<ChatEvent>, String> {
    let events: Vec<RecordedEvent> = recording.events();
    read(events.iter().map(|event| (event.name.as_deref(), Bytes::from(event.data.clone()))))
}

/// What may follow what: as [`ChatEvent`] promises.
fn in_order(events: &[ChatEvent]) -> Result<(), String> {
    let (mut open, mut next, mut stops) = (Vec::<(BlockPlace, bool)>::new(), 0, 0);
    for (at, event) in events.iter().enumerate() {
        let good = match event {
            ChatEvent::Start(_) => at == 0,
            ChatEvent::Open(place, start) => {
                let is_call = matches!(start, BlockStart::ToolUse { .. });
                let alone = open.iter().all(|(_, other)| is_call && *other);
                open.push((*place, is_call));
                next += 1;
                alone && place.block == next - 1
            }
            ChatEvent::Delta(place, _) => open.iter().any(|(other, _)| other == place),
            ChatEvent::Close(place) => {
                let before = open.len();
                open.retain(|(other, _)| other != place);
                before == open.len() + 1
            }
            ChatEvent::Stop { choice, .. } => {
                stops += 1;
                *choice == 0 && open.is_empty()
            }
            ChatEvent::End => at + 1 == events.len() && stops == 1,
            ChatEvent::Usage(_) | ChatEvent::Beside(..) | ChatEvent::Alive => true,
            ChatEvent::Failed(_) => false,
        };
        if !good || (at == 0) != matches!(event, ChatEvent::Start(_)) {
            return Err(format!("event {at} is out of order: {event:?}"));
        }
    }
    if matches!(events.last(), Some(ChatEvent::End)) { Ok(()) } else { Err("it does not end".to_owned()) }
}

#[test]
fn every_stream_is_in_order_and_stops_and_ends_once() {
    support::hold("responses stream", streams(), |recording| in_order(&of_recording(recording)?));
}

/// Stands for what is encrypted anew each time that it is told.
const SIGNED: &str = " (signed)";

/// The blocks of events, each by its kind and all that it says.
fn blocks_of_events(events: &[ChatEvent]) -> Vec<(&'static str, String)> {
    let mut blocks = Vec::new();
    for event in events {
        match event {
            ChatEvent::Open(_, start) => blocks.push(match start {
                BlockStart::Text => ("text", String::new()),
                BlockStart::Refusal => ("refusal", String::new()),
                BlockStart::Reasoning { .. } => ("reasoning", String::new()),
                BlockStart::ToolUse { name, id, .. } => {
                    ("tool", format!("{} {} ", name.text(), id.as_ref().unwrap().text()))
                }
                BlockStart::ServerTool(tool) => ("server", tool.name.as_ref().unwrap().text().into_owned()),
                BlockStart::Other(other) => ("other", other.kind.to_string()),
            }),
            ChatEvent::Delta(place, delta) => {
                let said = match delta {
                    BlockDelta::Text(text) | BlockDelta::Refusal(text) | BlockDelta::Input(text) => text.text(),
                    BlockDelta::Reasoning(text) | BlockDelta::Summary(text, _) => text.text(),
                    BlockDelta::Signature(_) => SIGNED.into(),
                    _ => continue,
                };
                blocks[place.block as usize].1.push_str(&said);
            }
            _ => {}
        }
    }
    blocks
}

fn blocks_of_answer(blocks: &[ContentBlock]) -> Vec<(&'static str, String)> {
    let block = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => ("text", text.text.text().into_owned()),
        ContentBlock::Refusal(text) => ("refusal", text.text.text().into_owned()),
        ContentBlock::Reasoning(block) => {
            let texts = block.summary.iter().chain(&block.text).map(|text| text.text().into_owned());
            ("reasoning", texts.chain(block.signature.iter().map(|_| SIGNED.to_owned())).collect())
        }
        ContentBlock::ToolUse(call) => {
            let id = call.id.as_ref().unwrap().text();
            ("tool", format!("{} {id} {}", call.name.text(), call.input.to_text().text()))
        }
        ContentBlock::ServerTool(tool) => ("server", tool.name.as_ref().unwrap().text().into_owned()),
        ContentBlock::Other(other) => ("other", other.kind.to_string()),
        other => panic!("{other:?}"),
    };
    blocks.iter().map(block).collect()
}

#[test]
fn what_a_stream_says_in_pieces_is_what_it_says_whole_at_its_end() {
    support::hold("responses whole", streams(), |recording| {
        let events = of_recording(recording)?;
        let ends = |event: &RecordedEvent| {
            let json = event.json()?;
            let is_end = ["response.completed", "response.incomplete"].contains(&json["type"].as_str()?);
            is_end.then(|| json["response"].clone())
        };
        let whole = recording.events().iter().find_map(ends).unwrap();
        let answer = responses::decode_answer(&RawJson::parse(Bytes::from(whole.to_string())).unwrap()).unwrap();
        let choice = &answer.choices[0];
        let used = events.iter().find_map(|event| if let ChatEvent::Usage(used) = event { Some(*used) } else { None });
        assert_eq!(used, answer.usage);
        let (mut said, mut again) = (blocks_of_events(&events), blocks_of_answer(&choice.blocks));
        // Some items are complete with the last event only.
        said.sort();
        again.sort();
        // The source may have left events out: their numbers say so.
        let numbers = recording.events();
        let numbers = numbers.iter().filter_map(|event| event.json()?["sequence_number"].as_u64());
        let left_out = numbers.zip(0_u64..).take(events.len()).any(|(number, due)| number > due);
        // Quirk 116: the last event may say nothing again.
        if !choice.blocks.is_empty() && !left_out {
            assert_eq!(said, again);
        }
        assert!(!said.is_empty());
        Ok(())
    });
}

/// OpenAI's libraries demand all counts: those that nobody said are zeros.
fn counted(event: ChatEvent) -> ChatEvent {
    match event {
        ChatEvent::Usage(used) => ChatEvent::Usage(Usage {
            cached_input: used.cached_input.or(Some(0)),
            cache_written: used.cache_written.or(Some(0)),
            reasoning: used.reasoning.or(Some(0)),
            ..used
        }),
        other => other,
    }
}

#[test]
fn every_stream_that_is_written_is_read_as_it_was() {
    support::hold("responses again", streams(), |recording| {
        let events = of_recording(recording)?;
        let (mut encoder, mut written) = (ResponsesEncoder::new(context(b"{}")), Vec::new());
        let mut losses = FieldLosses::default();
        for event in events.clone() {
            encoder.put(event, &mut written, &mut losses);
        }
        for (number, event) in written.iter().enumerate() {
            let json: Value = serde_json::from_slice(&event.data).unwrap();
            assert_eq!(json["sequence_number"], number);
            assert_eq!(json["type"].as_str(), event.name);
        }
        let again = read(written.into_iter().map(|event| (event.name, event.data)))?;
        let said = |events: Vec<ChatEvent>| -> Vec<ChatEvent> {
            let kept =
                |event: &ChatEvent| !matches!(event, ChatEvent::Start(_) | ChatEvent::Beside(..) | ChatEvent::Alive);
            events.into_iter().filter(kept).map(counted).collect()
        };
        let (one, other) = (said(events), said(again));
        if let Some((one, other)) = one.iter().zip(&other).find(|(one, other)| one != other) {
            return Err(format!("{one:?} is {other:?}"));
        }
        assert_eq!(one.len(), other.len());
        Ok(())
    });
}

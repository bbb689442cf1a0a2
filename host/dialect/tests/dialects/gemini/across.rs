//! From other wires into Google's and back.

use bytes::Bytes;
use serde_json::{Value, json};
use weir_dialect::canon::{
    ChatAnswer, ChatEvent, ChatRequest, ContentBlock, DecodeFault, EventCollector, EventDecoder, EventEncoder,
    FieldLosses, RawJson, StreamState, TargetRules, ToolUseBlock, WireEvent,
};
use weir_dialect::gemini::GeminiEncoder;
use weir_dialect::translate::ids;
use weir_dialect::{Vendor, WireFormat, chat, converse, gemini, messages, responses};
use weir_recorded::{Recording, Spec, is_complete, of_endpoint, recording};

use super::{answer_of, context, events_of, raw, recorded_events, rules};
use crate::support::hold;

/// Another wire.
#[derive(Debug, Clone, Copy)]
pub(super) enum Other {
    Chat,
    Responses,
    Messages,
    Converse,
}

pub(super) const OTHERS: [Other; 4] = [Other::Chat, Other::Responses, Other::Messages, Other::Converse];

impl Other {
    fn endpoint(self) -> &'static str {
        match self {
            Self::Chat => "chat-completions",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Converse => "converse",
        }
    }

    fn wire(self) -> WireFormat {
        match self {
            Self::Chat => WireFormat::Chat,
            Self::Responses => WireFormat::Responses,
            Self::Messages => WireFormat::Messages,
            Self::Converse => WireFormat::Converse,
        }
    }

    fn request(self, body: &RawJson) -> Result<ChatRequest, DecodeFault> {
        match self {
            Self::Chat => chat::decode_request(body),
            Self::Responses => responses::decode_request(body),
            Self::Messages => messages::decode_request(body),
            Self::Converse => converse::decode_request(body, "anthropic.claude", false),
        }
    }

    fn answer(self, body: &RawJson) -> Result<ChatAnswer, DecodeFault> {
        match self {
            Self::Chat => chat::decode_answer(body),
            Self::Responses => responses::decode_answer(body),
            Self::Messages => messages::decode_answer(body),
            Self::Converse => converse::decode_answer(body, Vendor::Anthropic),
        }
    }

    fn write_answer(self, answer: &ChatAnswer) -> Bytes {
        let losses = &mut FieldLosses::default();
        match self {
            Self::Chat => chat::encode_answer(answer, &context(), losses),
            Self::Responses => responses::encode_answer(answer, &context(), losses),
            Self::Messages => messages::encode_answer(answer, &context(), losses),
            Self::Converse => converse::encode_answer(answer, &context(), losses),
        }
    }

    fn decoder(self) -> Box<dyn EventDecoder> {
        match self {
            Self::Chat => Box::new(chat::ChatWireDecoder::new()),
            Self::Responses => Box::new(responses::ResponsesDecoder::new()),
            Self::Messages => Box::new(messages::MessagesDecoder::new()),
            Self::Converse => Box::new(converse::ConverseDecoder::new(Vendor::Anthropic)),
        }
    }

    fn encoder(self) -> Box<dyn EventEncoder> {
        match self {
            Self::Chat => Box::new(chat::ChatWireEncoder::new(context())),
            Self::Responses => Box::new(responses::ResponsesEncoder::new(context())),
            Self::Messages => Box::new(messages::MessagesEncoder::new(context())),
            Self::Converse => Box::new(converse::ConverseEncoder::new(context())),
        }
    }

    fn recordings(self) -> impl Iterator<Item = &'static Recording> {
        of_endpoint(self.endpoint())
    }

    fn streams(self) -> impl Iterator<Item = &'static Recording> {
        self.recordings().filter(|one| one.status == 200 && one.is_streamed)
    }

    fn wholes(self) -> impl Iterator<Item = &'static Recording> {
        self.recordings().filter(|one| one.status == 200 && !one.is_streamed && one.response_json().is_some())
    }
}

fn parsed(bytes: &[u8]) -> Value {
    super::json(bytes)
}

/// What a specification says of it, in words.
fn valid(checked: Option<Result<(), Vec<weir_recorded::SpecFault>>>, what: &Value) -> Result<(), String> {
    match checked {
        Some(Err(faults)) => Err(format!("{faults:?}\n{what}")),
        Some(Ok(())) | None => Ok(()),
    }
}

/// The events of another wire's stream; none if it breaks off, as some recordings do.
fn told(other: Other, one: &Recording) -> Option<Vec<ChatEvent>> {
    let (mut decoder, mut out) = (other.decoder(), Vec::new());
    for event in one.events() {
        let event = WireEvent { name: event.name.as_deref(), data: Bytes::from(event.data.clone()), exception: false };
        decoder.take(&event, &mut out).ok()?;
    }
    (decoder.finish(true, &mut out) == StreamState::Whole).then_some(out)
}

fn collected(events: impl IntoIterator<Item = ChatEvent>, wire: WireFormat) -> ChatAnswer {
    let mut collector = EventCollector::new(wire);
    events.into_iter().for_each(|event| collector.put(event));
    collector.finish().unwrap()
}

#[test]
fn requests_of_other_wires_are_valid_ones_of_googles() {
    for other in OTHERS {
        hold(
            &format!("gemini of {}", other.endpoint()),
            other.recordings().filter(|one| one.request().is_some()),
            |one| {
                let body = raw(one.request().unwrap());
                // Some were refused for what is wrong with them.
                let Ok(mut request) = other.request(&body) else { return Ok(()) };
                ids::give(&mut request);
                for (model, subset) in [("gemini-2.5-flash", false), ("gemini-3-pro-preview", true)] {
                    let mut rules = TargetRules { model: model.into(), ..rules() };
                    rules.quirks.parameters_schema = subset;
                    let written = parsed(&gemini::encode_request(&request, &rules, &mut FieldLosses::default()));
                    valid(Spec::gemini().map(|spec| spec.request("generateContent", &written)), &written)?;
                    valid(Spec::vertex().map(|spec| spec.request("generateContent", &written)), &written)?;
                    let again = gemini::decode_request(&raw(written.to_string().into_bytes()), model, false).unwrap();
                    assert_eq!(calls(&request), calls(&again));
                }
                Ok(())
            },
        );
    }
}

/// The tools that are called in a conversation.
fn calls(request: &ChatRequest) -> Vec<String> {
    let blocks = request.turns.iter().flat_map(|turn| &turn.blocks);
    blocks.filter_map(call).map(|call| call.name.text().into_owned()).collect()
}

fn call(block: &ContentBlock) -> Option<&ToolUseBlock> {
    match block {
        ContentBlock::ToolUse(call) => Some(call),
        _ => None,
    }
}

/// What an answer says: its texts, its calls, why each choice ends, and what was used.
fn said(answer: &ChatAnswer) -> Vec<Value> {
    let choices = answer.choices.iter().map(|choice| {
        let texts: String = choice
            .blocks
            .iter()
            .filter_map(|block| match block {
                ContentBlock::Text(block) | ContentBlock::Refusal(block) => Some(block.text.text().into_owned()),
                _ => None,
            })
            .collect();
        let calls: Vec<Value> = choice
            .blocks
            .iter()
            .filter_map(call)
            .map(|call| json!([call.name.text(), parsed(call.input.to_object().0.bytes())]))
            .collect();
        json!([texts, calls])
    });
    let count = |count: Option<u64>| count.unwrap_or_default();
    let used = answer.usage.map(|usage| json!([count(usage.input), count(usage.output), count(usage.reasoning)]));
    choices.chain(used).collect()
}

#[test]
fn answers_of_other_wires_say_the_same_in_googles() {
    for other in OTHERS {
        hold(&format!("gemini of {}", other.endpoint()), other.wholes(), |one| {
            let Ok(answer) = other.answer(&raw(one.response())) else { return Ok(()) };
            let written = parsed(&gemini::encode_answer(&answer, &context(), &mut FieldLosses::default()));
            valid(Spec::gemini().map(|spec| spec.answer("generateContent", &written)), &written)?;
            let again = gemini::decode_answer(&raw(written.to_string().into_bytes())).unwrap();
            assert_eq!(said(&again), said(&answer), "{written}");
            Ok(())
        });
        hold(&format!("gemini of {}", other.endpoint()), other.streams(), |one| {
            let Some(events) = told(other, one) else { return Ok(()) };
            let (mut encoder, mut out) = (GeminiEncoder::new(context()), Vec::new());
            for event in events.clone() {
                encoder.put(event, &mut out, &mut FieldLosses::default());
            }
            let written: Vec<_> = out.into_iter().map(|event| event.data.to_vec()).collect();
            for event in &written {
                let event = parsed(event);
                valid(Spec::gemini().map(|spec| spec.event("generateContent", &event)), &event)?;
            }
            let (again, state) = events_of(written, true);
            assert_eq!(state, StreamState::Whole);
            let again = collected(again, WireFormat::GenerateContent);
            assert_eq!(said(&again), said(&collected(events, other.wire())));
            Ok(())
        });
    }
}

#[test]
fn answers_of_googles_say_the_same_in_other_wires() {
    for other in OTHERS {
        hold(&format!("gemini to {}", other.endpoint()), super::recordings().filter(|one| one.status == 200), |one| {
            let answer = answer_of(one);
            let mut again =
                other.answer(&raw(other.write_answer(&answer).to_vec())).map_err(|fault| fault.to_string())?;
            let mut due = said(&answer);
            if !matches!(other, Other::Chat) {
                due.drain(1.min(answer.choices.len())..answer.choices.len());
            }
            if answer.choices.is_empty() {
                again.choices.clear();
            }
            if matches!(other, Other::Converse) {
                again.usage = again
                    .usage
                    .map(|usage| weir_usage::Usage { reasoning: answer.usage.unwrap_or_default().reasoning, ..usage });
            }
            if answer.usage.is_none() {
                again.usage = None;
            }
            assert_eq!(said(&again), due);
            Ok(())
        });
    }
}

/// The parts of an answer as the second request of a conversation must have them again: name, arguments and signature of
/// each call, in order, with signatures in one alphabet.
fn signed_calls(parts: &[Value]) -> Vec<(String, Value, Option<String>)> {
    let signature = |part: &Value| {
        let value = part.get("thoughtSignature").or_else(|| part.get("thought_signature"))?.as_str()?;
        Some(value.replace('-', "+").replace('_', "/"))
    };
    let call = |part: &Value| {
        let call = part.get("functionCall").or_else(|| part.get("function_call"))?;
        Some((call["name"].as_str()?.to_owned(), call.get("args").cloned().unwrap_or_default(), signature(part)))
    };
    parts.iter().filter_map(call).collect()
}

/// Answers that a second request plays back.
fn conversations() -> impl Iterator<Item = (&'static Recording, &'static Recording)> {
    super::recordings().filter(|one| one.status == 200).filter_map(|one| {
        let name = one.name.strip_suffix(".1")?;
        let next = recording(&one.provider, &format!("{name}.2"))?;
        next.request().map(|_| (one, next))
    })
}

// Quirks 77 and 78: the recorded second request is what must come of the first answer, whatever wire the client speaks.
#[test]
fn a_call_that_a_client_of_any_wire_plays_back_has_its_signature_again() {
    let mut tried = 0;
    for (one, next) in conversations() {
        let answer = answer_of(one);
        let second = next.request_json().unwrap();
        let contents = second["contents"].as_array().unwrap();
        let parts = contents.iter().filter(|turn| turn["role"] == "model").filter_map(|turn| turn["parts"].as_array());
        let due: Vec<_> = parts.take(1).flat_map(|parts| signed_calls(parts)).collect();
        if due.is_empty() || !answer.choices[0].blocks.iter().any(|block| call(block).is_some()) {
            continue;
        }
        for other in OTHERS {
            for streamed in [false, true] {
                let seen = if streamed { streamed_to(other, &answer) } else { whole_to(other, &answer) };
                let parts = played_back(other, &seen);
                assert_eq!(signed_calls(&parts), due, "{other:?}, streamed: {streamed}, {}", one.name);
                tried += 1;
            }
        }
    }
    assert!(tried > 0 || !is_complete());
}

/// What a client of another wire sees of an answer.
fn whole_to(other: Other, answer: &ChatAnswer) -> ChatAnswer {
    other.answer(&raw(other.write_answer(answer).to_vec())).unwrap()
}

/// The same of a stream.
fn streamed_to(other: Other, answer: &ChatAnswer) -> ChatAnswer {
    let (mut encoder, mut out) = (other.encoder(), Vec::new());
    for event in weir_dialect::canon::EventReplay::of(answer.clone()) {
        encoder.put(event, &mut out, &mut FieldLosses::default());
    }
    let (mut decoder, mut events) = (other.decoder(), Vec::new());
    for event in &out {
        decoder.take(&WireEvent { name: event.name, data: event.data.clone(), exception: false }, &mut events).unwrap();
    }
    assert_eq!(decoder.finish(true, &mut events), StreamState::Whole);
    collected(events, other.wire())
}

/// The parts that Google is asked with when the client plays back what it has seen, as clients of that wire do.
fn played_back(other: Other, seen: &ChatAnswer) -> Vec<Value> {
    // A client keeps all that it saw, and not what a provider of its wire would take.
    let seen = ChatAnswer { wire: WireFormat::GenerateContent, ..seen.clone() };
    let seen = parsed(&other.write_answer(&seen));
    let body = match other {
        Other::Chat => {
            json!({"model": "m", "messages": [{"role": "user", "content": "q"}, seen["choices"][0]["message"]]})
        }
        Other::Responses => {
            let items = seen["output"].as_array().unwrap().iter().cloned();
            let input: Vec<_> = [json!({"role": "user", "content": "q"})].into_iter().chain(items).collect();
            json!({"model": "m", "input": input})
        }
        Other::Messages => json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "q"},
            {"role": "assistant", "content": seen["content"]}]}),
        Other::Converse => {
            json!({"messages": [{"role": "user", "content": [{"text": "q"}]}, seen["output"]["message"]]})
        }
    };
    let request = other.request(&raw(body.to_string().into_bytes())).unwrap();
    let written = parsed(&gemini::encode_request(&request, &rules(), &mut FieldLosses::default()));
    written["contents"][1]["parts"].as_array().cloned().unwrap_or_else(|| panic!("{other:?} {body} {written}"))
}

#[test]
fn a_stream_of_googles_is_a_stream_of_every_other_wire() {
    for other in OTHERS {
        hold(&format!("gemini to {}", other.endpoint()), super::streams(), |one| {
            let (events, _) = events_of(recorded_events(one), true);
            let (mut encoder, mut out) = (other.encoder(), Vec::new());
            for event in events.clone() {
                encoder.put(event, &mut out, &mut FieldLosses::default());
            }
            let (mut decoder, mut again) = (other.decoder(), Vec::new());
            for event in &out {
                let event = WireEvent { name: event.name, data: event.data.clone(), exception: false };
                decoder.take(&event, &mut again).unwrap();
            }
            assert_eq!(decoder.finish(true, &mut again), StreamState::Whole);
            let (before, after) = (collected(events, WireFormat::GenerateContent), collected(again, other.wire()));
            assert_eq!(said(&after)[0], said(&before)[0]);
            Ok(())
        });
    }
}

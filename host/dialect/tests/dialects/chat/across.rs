//! From other wires into OpenAI's chat completions: what was asked, answered and streamed there is valid here, and says the same.

use bytes::Bytes;
use serde_json::Value;
use weir_dialect::canon::{
    ChatAnswer, ChatEvent, ChatRequest, ContentBlock, DecodeFault, EventCollector, EventDecoder, EventReplay,
    FieldLosses, JsonText, RawJson, StreamState, TargetQuirks, TargetRules, WireEvent,
};
use weir_dialect::chat::{decode_answer, decode_request, encode_answer, encode_request};
use weir_dialect::{Vendor, WireFormat, converse, gemini, messages, responses};
use weir_recorded::{Recording, Spec, of_endpoint};

use super::{context, json, raw, read, rules, written};
use crate::support::hold;

/// Another wire.
#[derive(Debug, Clone, Copy)]
struct Source {
    endpoint: &'static str,
    wire: WireFormat,
}

const SOURCES: [Source; 4] = [
    Source { endpoint: "responses", wire: WireFormat::Responses },
    Source { endpoint: "messages", wire: WireFormat::Messages },
    Source { endpoint: "generate-content", wire: WireFormat::GenerateContent },
    Source { endpoint: "converse", wire: WireFormat::Converse },
];

impl Source {
    fn request(self, body: &RawJson) -> Result<ChatRequest, DecodeFault> {
        match self.wire {
            WireFormat::Responses => responses::decode_request(body),
            WireFormat::Messages => messages::decode_request(body),
            WireFormat::GenerateContent => gemini::decode_request(body, "gemini", false),
            _ => converse::decode_request(body, "anthropic.claude", false),
        }
    }

    fn answer(self, body: &RawJson) -> Result<ChatAnswer, DecodeFault> {
        match self.wire {
            WireFormat::Responses => responses::decode_answer(body),
            WireFormat::Messages => messages::decode_answer(body),
            WireFormat::GenerateContent => gemini::decode_answer(body),
            _ => converse::decode_answer(body, Vendor::Anthropic),
        }
    }

    fn decoder(self) -> Box<dyn EventDecoder> {
        match self.wire {
            WireFormat::Responses => Box::new(responses::ResponsesDecoder::new()),
            WireFormat::Messages => Box::new(messages::MessagesDecoder::new()),
            WireFormat::GenerateContent => Box::new(gemini::GeminiDecoder::new()),
            _ => Box::new(converse::ConverseDecoder::new(Vendor::Anthropic)),
        }
    }

    /// What a stream tells; none if it breaks off or fails, as some recordings do.
    fn told(self, one: &Recording) -> Option<Vec<ChatEvent>> {
        let (mut decoder, mut out) = (self.decoder(), Vec::new());
        for event in one.events() {
            let data = Bytes::from(event.data.clone());
            decoder.take(&WireEvent { name: event.name.as_deref(), data, exception: false }, &mut out).ok()?;
        }
        (decoder.finish(true, &mut out) == StreamState::Whole).then_some(out)
    }
}

/// What an answer says, whatever its wire: for each choice its text, a refusal's as well, its thoughts, and its calls.
fn says(answer: &ChatAnswer) -> Vec<(String, String, Vec<(String, String)>)> {
    let choice = |blocks: &[ContentBlock]| {
        let (mut text, mut thoughts, mut calls) = (String::new(), String::new(), Vec::new());
        for block in blocks {
            match block {
                ContentBlock::Text(block) | ContentBlock::Refusal(block) => text.push_str(&block.text.text()),
                ContentBlock::Reasoning(block) => {
                    let own = if block.text.is_empty() { &block.summary } else { &block.text };
                    let gap = if block.text.is_empty() { "\n\n" } else { "" };
                    let all: Vec<String> = own.iter().map(|text: &JsonText| text.text().into_owned()).collect();
                    thoughts.push_str(&all.join(gap));
                }
                ContentBlock::ToolUse(call) if call.custom => {
                    calls.push((call.name.text().into_owned(), call.input.to_text().text().into_owned()));
                }
                ContentBlock::ToolUse(call) => {
                    let input = json(call.input.to_object().0.bytes());
                    calls.push((call.name.text().into_owned(), input.to_string()));
                }
                _ => {}
            }
        }
        (text, thoughts, calls)
    };
    answer.choices.iter().map(|one| choice(&one.blocks)).collect()
}

pub(super) fn valid(checked: Option<Result<(), Vec<weir_recorded::SpecFault>>>, what: &Value) -> Result<(), String> {
    match checked {
        Some(Err(faults)) => Err(format!("{faults:?}\n{what}")),
        Some(Ok(())) | None => Ok(()),
    }
}

fn collected(events: impl IntoIterator<Item = ChatEvent>, wire: WireFormat) -> ChatAnswer {
    let mut collector = EventCollector::new(wire);
    events.into_iter().for_each(|event| collector.put(event));
    collector.finish().unwrap()
}

pub(super) fn same(is: &ChatAnswer, due: &ChatAnswer) -> Result<(), String> {
    // What nobody reported is 0 here.
    let zero = Option::unwrap_or_default;
    let tokens = |answer: &ChatAnswer| {
        let (input, output) = answer.usage.unwrap_or_default().halves();
        (zero(input), zero(output))
    };
    if says(is) != says(due) {
        return Err(format!("it says {:?}\nand said {:?}", says(is), says(due)));
    }
    let stops = |answer: &ChatAnswer| answer.choices.len();
    if (tokens(is), stops(is)) == (tokens(due), stops(due)) {
        Ok(())
    } else {
        Err(format!("{:?} are {:?}", tokens(is), tokens(due)))
    }
}

/// What a client reads of a stream of Anthropic's; none if that breaks off.
pub(super) fn through(one: &Recording) -> Option<ChatAnswer> {
    let source = SOURCES.into_iter().find(|source| source.endpoint == one.endpoint)?;
    let (events, _) = read(&written(&source.told(one)?));
    Some(collected(events, WireFormat::Chat))
}

#[test]
fn requests_of_other_wires_are_valid_ones_of_openais() {
    for source in SOURCES {
        let asked = |one: &&Recording| one.status == 200 && one.request_json().is_some();
        hold(&format!("chat of {}", source.endpoint), of_endpoint(source.endpoint).filter(asked), |one| {
            let body = one.request_json().unwrap();
            // What a conversation that is stored elsewhere goes on from is not here.
            let Ok(request) = source.request(&raw(&body)) else { return Err("it is not read".to_owned()) };
            let all = TargetQuirks { reasoning_content: true, tool_ids_9: true, ..TargetQuirks::default() };
            for (vendor, quirks) in [(Vendor::OpenAi, TargetQuirks::default()), (Vendor::Other, all)] {
                let rules = TargetRules { vendor, quirks, ..rules("gpt") };
                let written = json(&encode_request(&request, &rules, &mut FieldLosses::default()));
                valid(Spec::openai().map(|spec| spec.request("/chat/completions", &written)), &written)?;
                let again = decode_request(&raw(&written)).map_err(|fault| fault.to_string())?;
                let calls = |request: &ChatRequest| {
                    let blocks = request.turns.iter().flat_map(|turn| &turn.blocks);
                    let is =
                        |block: &&ContentBlock| matches!(block, ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_));
                    blocks.filter(is).count()
                };
                assert_eq!(calls(&again), calls(&request), "calls and results: {written}");
            }
            Ok(())
        });
    }
}

#[test]
fn answers_of_other_wires_are_valid_ones_of_openais_and_say_the_same() {
    for source in SOURCES {
        let whole = |one: &&Recording| one.status == 200 && !one.is_streamed && one.response_json().is_some();
        hold(&format!("chat answer of {}", source.endpoint), of_endpoint(source.endpoint).filter(whole), |one| {
            let Ok(answer) = source.answer(&raw(&one.response_json().unwrap())) else { return Ok(()) };
            let written = json(&encode_answer(&answer, &context(), &mut FieldLosses::default()));
            valid(Spec::openai().map(|spec| spec.answer("/chat/completions", &written)), &written)?;
            if !answer.choices.is_empty() {
                same(&decode_answer(&raw(&written)).unwrap(), &answer)?;
            }
            // The same for a client that wanted a stream.
            streamed(EventReplay::of(answer).collect(), source.wire)
        });
    }
}

#[test]
fn streams_of_other_wires_are_valid_ones_of_openais_and_say_the_same() {
    for source in SOURCES {
        let streams = |one: &&Recording| one.status == 200 && one.is_streamed;
        hold(&format!("chat stream of {}", source.endpoint), of_endpoint(source.endpoint).filter(streams), |one| {
            source.told(one).map_or(Ok(()), |events| streamed(events, source.wire))
        });
    }
}

/// Events of another wire as a stream of this one.
fn streamed(events: Vec<ChatEvent>, wire: WireFormat) -> Result<(), String> {
    let told = written(&events);
    for event in told.iter().filter(|event| event.data.as_ref() != b"[DONE]") {
        let event = json(&event.data);
        valid(Spec::openai().map(|spec| spec.event("/chat/completions", &event)), &event)?;
    }
    let (again, state) = read(&told);
    if state != StreamState::Whole {
        return Err(format!("it ends {state:?}"));
    }
    same(&collected(again, WireFormat::Chat), &collected(events, wire))
}

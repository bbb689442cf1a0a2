//! From other wires into responses: what OpenAI's specification allows, and what it was.

use bytes::Bytes;
use serde_json::{Value, json};
use weir_dialect::canon::{
    ChatAnswer, ChatEvent, ChatRequest, ContentBlock, DecodeFault, EventCollector, EventDecoder, EventEncoder,
    FieldLosses, RawJson, StreamState, WireEvent,
};
use weir_dialect::responses::{self, ResponsesDecoder, ResponsesEncoder};
use weir_dialect::{Vendor, WireFormat, chat, converse, gemini, messages};
use weir_recorded::{Recording, Spec, of_endpoint};

use super::{context, rules};
use crate::support::hold;

/// Another wire.
#[derive(Debug, Clone, Copy)]
enum From {
    Chat,
    Messages,
    Gemini,
    Converse,
}

const ALL: [From; 4] = [From::Chat, From::Messages, From::Gemini, From::Converse];

impl From {
    fn recordings(self) -> impl Iterator<Item = &'static Recording> {
        of_endpoint(match self {
            Self::Chat => "chat-completions",
            Self::Messages => "messages",
            Self::Gemini => "generate-content",
            Self::Converse => "converse",
        })
    }

    fn wire(self) -> WireFormat {
        match self {
            Self::Chat => WireFormat::Chat,
            Self::Messages => WireFormat::Messages,
            Self::Gemini => WireFormat::GenerateContent,
            Self::Converse => WireFormat::Converse,
        }
    }

    fn request(self, body: &RawJson) -> Result<ChatRequest, DecodeFault> {
        match self {
            Self::Chat => chat::decode_request(body),
            Self::Messages => messages::decode_request(body),
            Self::Gemini => gemini::decode_request(body, "gemini-2.5-flash", false),
            Self::Converse => converse::decode_request(body, "anthropic.claude", false),
        }
    }

    fn answer(self, body: &RawJson) -> Result<ChatAnswer, DecodeFault> {
        match self {
            Self::Chat => chat::decode_answer(body),
            Self::Messages => messages::decode_answer(body),
            Self::Gemini => gemini::decode_answer(body),
            Self::Converse => converse::decode_answer(body, Vendor::Anthropic),
        }
    }

    fn decoder(self) -> Box<dyn EventDecoder> {
        match self {
            Self::Chat => Box::new(chat::ChatWireDecoder::new()),
            Self::Messages => Box::new(messages::MessagesDecoder::new()),
            Self::Gemini => Box::new(gemini::GeminiDecoder::new()),
            Self::Converse => Box::new(converse::ConverseDecoder::new(Vendor::Anthropic)),
        }
    }
}

fn raw(bytes: impl Into<Bytes>) -> RawJson {
    RawJson::parse(bytes.into()).unwrap()
}

/// What a request leaves to its answers.
const ASKED: &[u8] = br#"{"model":"asked","input":"hi","temperature":0.5,"tools":[{"type":"function","name":"f"}]}"#;

fn checked(side: Result<(), Vec<weir_recorded::SpecFault>>) -> Result<(), String> {
    side.map_err(|faults| format!("{faults:?}"))
}

/// What is said of blocks that every wire has.
fn said(blocks: &[ContentBlock]) -> Vec<(&'static str, String)> {
    let one = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => Some(("text", text.text.text().into_owned())),
        ContentBlock::Refusal(text) => Some(("refusal", text.text.text().into_owned())),
        ContentBlock::ToolUse(call) => Some(("tool", call.name.text().into_owned())),
        _ => None,
    };
    blocks.iter().filter_map(one).collect()
}

#[test]
fn requests_of_other_wires_are_valid_here_and_are_read_as_they_were_written() {
    for from in ALL {
        let asks = from.recordings().filter(|one| one.request().is_some() && one.status == 200);
        hold("responses request across", asks, |recording| {
            let request = from.request(&raw(recording.request().unwrap())).map_err(|fault| fault.to_string())?;
            let body = responses::encode_request(&request, &rules("gpt-5"), &mut FieldLosses::default());
            let json: Value = serde_json::from_slice(&body).unwrap();
            if let Some(spec) = Spec::openai() {
                checked(spec.request("/responses", &json))?;
            }
            let again = responses::decode_request(&raw(body)).map_err(|fault| fault.to_string())?;
            let mut losses = FieldLosses::default();
            let written: Value =
                serde_json::from_slice(&responses::encode_request(&again, &rules("gpt-5"), &mut losses)).unwrap();
            assert!(losses.is_empty(), "{losses:?}");
            super::same("written again", &written, &json)
        });
    }
}

#[test]
fn answers_of_other_wires_are_valid_here_and_say_what_they_said() {
    for from in ALL {
        let whole = from.recordings().filter(|one| !one.is_streamed && one.status == 200);
        hold("responses answer across", whole, |recording| {
            let answer = from.answer(&raw(recording.response())).map_err(|fault| fault.to_string())?;
            let body = responses::encode_answer(&answer, &context(ASKED), &mut FieldLosses::default());
            let json: Value = serde_json::from_slice(&body).unwrap();
            if let Some(spec) = Spec::openai() {
                checked(spec.answer("/responses", &json))?;
            }
            let again = responses::decode_answer(&raw(body)).map_err(|fault| fault.to_string())?;
            let due = answer.choices.first().map(|choice| said(&choice.blocks)).unwrap_or_default();
            assert_eq!(said(&again.choices[0].blocks), due);
            let halves = |answer: &ChatAnswer| answer.usage.map(|used| used.halves());
            let due = halves(&answer).map(|(input, output)| (input.or(Some(0)), output.or(Some(0))));
            assert_eq!(halves(&again), due);
            Ok(())
        });
    }
}

#[test]
fn streams_of_other_wires_are_valid_here_and_say_what_they_said() {
    for from in ALL {
        let streams = from.recordings().filter(|one| one.is_streamed && one.status == 200);
        hold("responses stream across", streams, |recording| {
            let (mut decoder, mut events) = (from.decoder(), Vec::new());
            for event in recording.events() {
                let data = Bytes::from(event.data.clone());
                let event = WireEvent { name: event.name.as_deref(), data, exception: false };
                decoder.take(&event, &mut events).map_err(|fault| fault.to_string())?;
            }
            let state = decoder.finish(true, &mut events);
            let (mut encoder, mut written) = (ResponsesEncoder::new(context(ASKED)), Vec::new());
            for event in events.clone() {
                encoder.put(event, &mut written, &mut FieldLosses::default());
            }
            let (mut decoder, mut again) = (ResponsesDecoder::new(), Vec::new());
            for event in &written {
                let json: Value = serde_json::from_slice(&event.data).unwrap();
                if let Some(spec) = Spec::openai() {
                    checked(spec.event("/responses", &json)).map_err(|faults| format!("{json}: {faults}"))?;
                }
                let event = WireEvent { name: event.name, data: event.data.clone(), exception: false };
                decoder.take(&event, &mut again).map_err(|fault| fault.to_string())?;
            }
            assert_eq!(decoder.finish(true, &mut again), state);
            super::in_order(&again).or_else(|fault| if state == StreamState::Whole { Err(fault) } else { Ok(()) })?;
            let (one, other) = (collected(from.wire(), events), collected(WireFormat::Responses, again));
            assert_eq!(other, one);
            Ok(())
        });
    }
}

/// What the first choice of a stream says.
fn collected(wire: WireFormat, events: Vec<ChatEvent>) -> Option<Vec<(&'static str, String)>> {
    let mut collector = EventCollector::new(wire);
    events.into_iter().for_each(|event| collector.put(event));
    let answer = collector.finish().ok()?;
    let choice = answer.choices.into_iter().find(|choice| choice.index == 0);
    Some(choice.map(|choice| said(&choice.blocks)).unwrap_or_default())
}

#[test]
fn what_responses_say_is_told_in_every_other_wire() {
    let write_request = |request: &ChatRequest| {
        let losses = &mut FieldLosses::default();
        let rules = rules("m");
        [
            chat::encode_request(request, &rules, losses),
            messages::encode_request(request, &rules, losses),
            gemini::encode_request(request, &rules, losses),
            converse::encode_request(request, &rules, losses),
        ]
    };
    let asks = super::recordings().filter(|one| one.request().is_some());
    hold("responses request elsewhere", asks, |recording| {
        let request = responses::decode_request(&raw(recording.request().unwrap())).unwrap();
        write_request(&request).iter().for_each(|body| drop(serde_json::from_slice::<Value>(body).unwrap()));
        Ok(())
    });
    let whole = super::recordings().filter(|one| !one.is_streamed && one.status == 200);
    let whole = whole.filter(|one| one.name != "vercel.azure_deepseek_reasoning.1");
    hold("responses answer elsewhere", whole, |recording| {
        let answer = responses::decode_answer(&raw(recording.response())).unwrap();
        let (context, losses) = (context(ASKED), &mut FieldLosses::default());
        let text: String = said(&answer.choices[0].blocks)
            .into_iter()
            .filter(|(kind, _)| *kind == "text")
            .map(|(_, text)| text)
            .collect();
        let chat: Value = serde_json::from_slice(&chat::encode_answer(&answer, &context, losses)).unwrap();
        assert_eq!(chat["choices"][0]["message"]["content"].as_str().unwrap_or_default(), text);
        let others = [
            messages::encode_answer(&answer, &context, losses),
            gemini::encode_answer(&answer, &context, losses),
            converse::encode_answer(&answer, &context, losses),
        ];
        for body in others {
            let json: Value = serde_json::from_slice(&body).unwrap();
            assert_ne!(json, json!({}));
        }
        Ok(())
    });
}

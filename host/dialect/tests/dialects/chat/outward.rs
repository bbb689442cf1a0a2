//! From OpenAI's chat completions into other wires: what was asked, answered and streamed here is valid there, and says the same.

use bytes::Bytes;
use weir_dialect::canon::{
    ChatEvent, EventCollector, EventDecoder, EventEncoder, FieldLosses, NewEvent, StreamState, WireEvent,
};
use weir_dialect::chat::{decode_answer, decode_request};
use weir_dialect::{WireFormat, messages, responses};
use weir_recorded::{Recording, Spec, of_endpoint};

use super::across::{same, valid};
use super::{context, events, json, raw, rules, streams, wholes};
use crate::support::hold;

#[test]
fn requests_of_openais_are_valid_ones_of_others() {
    let asked = |one: &&Recording| one.status == 200 && one.request_json().is_some();
    hold("others of chat", of_endpoint("chat-completions").filter(asked), |one| {
        let request = decode_request(&raw(&one.request_json().unwrap())).unwrap();
        let losses = &mut FieldLosses::default();
        let written = json(&messages::encode_request(&request, &rules("claude"), losses));
        valid(Spec::anthropic().map(|spec| spec.request("/v1/messages", &written)), &written)?;
        let written = json(&responses::encode_request(&request, &rules("gpt"), losses));
        if written.to_string().contains("\"input_audio\"") {
            // OpenAI's libraries know it, its specification does not.
            return Ok(());
        }
        valid(Spec::openai().map(|spec| spec.request("/responses", &written)), &written)
    });
}

#[test]
fn answers_of_openais_are_valid_ones_of_others_and_say_the_same() {
    hold("others of chat answer", wholes().filter(|one| one.status == 200), |one| {
        let mut answer = decode_answer(&raw(&one.response_json().unwrap())).unwrap();
        // Theirs is one choice.
        answer.choices.truncate(1);
        let losses = &mut FieldLosses::default();
        let written = json(&messages::encode_answer(&answer, &context(), losses));
        valid(Spec::anthropic().map(|spec| spec.answer("/v1/messages", &written)), &written)?;
        same(&messages::decode_answer(&raw(&written)).unwrap(), &answer)?;
        let written = json(&responses::encode_answer(&answer, &context(), losses));
        valid(Spec::openai().map(|spec| spec.answer("/responses", &written)), &written)?;
        same(&responses::decode_answer(&raw(&written)).unwrap(), &answer)
    });
}

#[test]
fn streams_of_openais_are_valid_ones_of_others_and_say_the_same() {
    hold("others of chat stream", streams(), |one| {
        let (events, state) = events(one);
        if state != StreamState::Whole {
            return Ok(());
        }
        let due = collected(events.clone());
        if due.choices.len() != 1 {
            return Ok(());
        }
        let told = written(Box::new(messages::MessagesEncoder::new(context())), &events);
        for event in &told {
            let event = json(&event.data);
            if event["type"] != "ping" {
                valid(Spec::anthropic().map(|spec| spec.event("/v1/messages", &event)), &event)?;
            }
        }
        same(&collected(read(Box::new(messages::MessagesDecoder::new()), &told)), &due)?;
        let told = written(Box::new(responses::ResponsesEncoder::new(context())), &events);
        for event in &told {
            let event = json(&event.data);
            valid(Spec::openai().map(|spec| spec.event("/responses", &event)), &event)?;
        }
        same(&collected(read(Box::new(responses::ResponsesDecoder::new()), &told)), &due)
    });
}

fn collected(events: Vec<ChatEvent>) -> weir_dialect::canon::ChatAnswer {
    let mut collector = EventCollector::new(WireFormat::Chat);
    events.into_iter().for_each(|event| collector.put(event));
    collector.finish().unwrap()
}

fn written(mut encoder: Box<dyn EventEncoder>, events: &[ChatEvent]) -> Vec<NewEvent> {
    let (mut out, mut losses) = (Vec::new(), FieldLosses::default());
    events.iter().for_each(|event| encoder.put(event.clone(), &mut out, &mut losses));
    out
}

fn read(mut decoder: Box<dyn EventDecoder>, told: &[NewEvent]) -> Vec<ChatEvent> {
    let mut out = Vec::new();
    for event in told {
        let event = WireEvent { name: event.name, data: Bytes::clone(&event.data), exception: false };
        decoder.take(&event, &mut out).unwrap();
    }
    assert_eq!(decoder.finish(true, &mut out), StreamState::Whole);
    out
}

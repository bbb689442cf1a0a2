//! What Anthropic's messages become on Bedrock, held against Bedrock's description of itself and against what they said.

use serde_json::{Value, json};
use weir_dialect::canon::{
    ChatAnswer, ContentBlock, EventCollector, EventDecoder, EventEncoder, FieldLosses, StreamState, WireEvent,
};
use weir_dialect::converse::{
    ConverseDecoder, ConverseEncoder, decode_answer, decode_request, encode_answer, encode_request,
};
use weir_dialect::messages::{self, MessagesDecoder};
use weir_dialect::{Vendor, WireFormat};
use weir_recorded::{Fidelity, Recording, Spec, of_endpoint};

use super::{context, raw, rules};
use crate::support::hold;

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

fn anthropic() -> impl Iterator<Item = &'static Recording> {
    of_endpoint("messages").filter(|recording| recording.status == 200)
}

fn faults(found: Result<(), Vec<weir_recorded::SpecFault>>) -> Result<(), String> {
    found.map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// What an answer says, for whoever reads it: texts, thoughts with their signatures, calls, why it ends, what was used.
fn said(answer: &ChatAnswer) -> Value {
    let choice = &answer.choices[0];
    let blocks: Vec<Value> = choice
        .blocks
        .iter()
        .filter_map(|block| match block {
            ContentBlock::Text(text) if text.text.text().trim().is_empty() => None,
            ContentBlock::Text(text) | ContentBlock::Refusal(text) => Some(json!({"text": text.text.text()})),
            ContentBlock::Reasoning(thought) => {
                let text: String = thought.text.iter().map(|text| text.text().into_owned()).collect();
                let signature = thought.signature.as_ref().map(|signature| signature.value.text().into_owned());
                Some(json!({"thought": text, "signature": signature}))
            }
            ContentBlock::ToolUse(call) => {
                let input: Value = serde_json::from_slice(call.input.to_object().0.bytes()).unwrap();
                Some(json!({"call": call.id.as_ref().map(|id| id.text()), "name": call.name.text(), "input": input}))
            }
            _ => None,
        })
        .collect();
    let used = answer.usage.unwrap_or_default();
    let stop = choice.stop.as_ref().map(|stop| format!("{:?}", stop.kind));
    json!({"blocks": blocks, "stop": stop, "used": [used.input, used.output, used.cached_input.unwrap_or(0)]})
}

/// The same, as far as Bedrock has words for it.
fn due(answer: &ChatAnswer) -> Value {
    let mut due = said(answer);
    let stop = due["stop"].as_str().map(|stop| match stop {
        "Refusal" => "Filtered",
        "Paused" | "Other" => "End",
        other => other,
    });
    due["stop"] = json!(stop);
    due
}

#[test]
fn requests_of_messages_are_requests_of_bedrocks() {
    let with_request = of_endpoint("messages")
        .filter(|recording| recording.request_fidelity != Fidelity::Absent && recording.status == 200);
    hold("converse: request of messages", with_request, |recording| {
        let request = messages::decode_request(&raw(recording.request().unwrap())).unwrap();
        for model in
            [CLAUDE, "global.anthropic.claude-opus-4-6-v1", "us.amazon.nova-2-lite-v1:0", "openai.gpt-oss-120b-1:0"]
        {
            let mut losses = FieldLosses::default();
            let written = encode_request(&request, &rules(model), &mut losses);
            let body: Value = serde_json::from_slice(&written).unwrap();
            if let Some(spec) = Spec::bedrock() {
                let checked = faults(spec.request("Converse", &body));
                checked.map_err(|faults| format!("{model}: {faults}\n{body}"))?;
            }
            let again = decode_request(&raw(written), model, false).unwrap();
            let calls = |turns: &[weir_dialect::canon::ChatTurn]| {
                let blocks = turns.iter().flat_map(|turn| &turn.blocks);
                blocks.filter(|block| matches!(block, ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_))).count()
            };
            if calls(&again.turns) != calls(&request.turns) {
                return Err("calls and results are missing".to_owned());
            }
        }
        Ok(())
    });
}

#[test]
fn answers_of_messages_say_the_same_to_a_client_of_bedrocks() {
    let whole = anthropic().filter(|recording| !recording.is_streamed);
    hold("converse: answer of messages", whole, |recording| {
        let answer = messages::decode_answer(&raw(recording.response())).unwrap();
        let written = encode_answer(&answer, &context(CLAUDE), &mut FieldLosses::default());
        let body: Value = serde_json::from_slice(&written).unwrap();
        if let Some(spec) = Spec::bedrock() {
            faults(spec.answer("Converse", &body))?;
        }
        let again = decode_answer(&raw(written), Vendor::Anthropic).unwrap();
        super::same(&said(&again), &due(&answer))?;
        played_back(&body, &answer)
    });
}

/// A client of Bedrock's says the answer again: it is read as it was.
fn played_back(body: &Value, answer: &ChatAnswer) -> Result<(), String> {
    let next = json!({"messages": [{"role": "user", "content": [{"text": "?"}]}, body["output"]["message"]]});
    let request = decode_request(&raw(next.to_string()), CLAUDE, false).unwrap();
    let mut again = answer.clone();
    again.choices[0].blocks.clone_from(&request.turns[1].blocks);
    super::same(&said(&again)["blocks"], &said(answer)["blocks"])
}

/// The answer of a stream of messages, and of the events of Bedrock's that are made of it.
fn crossed(recording: &Recording, model: &str) -> Result<(ChatAnswer, ChatAnswer), String> {
    let (mut decoder, mut encoder) = (MessagesDecoder::new(), ConverseEncoder::new(context(model)));
    let mut again = ConverseDecoder::new(Vendor::Anthropic);
    let (mut there, mut back) = (EventCollector::new(WireFormat::Messages), EventCollector::new(WireFormat::Converse));
    let (mut events, mut read) = (Vec::new(), Vec::new());
    for event in recording.events() {
        let event = WireEvent { name: event.name.as_deref(), data: event.data.clone().into(), exception: false };
        decoder.take(&event, &mut events).unwrap();
    }
    assert_eq!(decoder.finish(true, &mut events), StreamState::Whole);
    for event in events {
        there.put(event.clone());
        let mut written = Vec::new();
        encoder.put(event, &mut written, &mut FieldLosses::default());
        for event in written {
            if let Some(spec) = Spec::bedrock() {
                let payload: Value = serde_json::from_slice(&event.data).unwrap();
                faults(spec.event("Converse", &json!({event.name.unwrap(): payload})))?;
            }
            again.take(&WireEvent { name: event.name, data: event.data, exception: false }, &mut read).unwrap();
        }
    }
    assert_eq!(again.finish(true, &mut read), StreamState::Whole);
    read.into_iter().for_each(|event| back.put(event));
    Ok((there.finish().unwrap(), back.finish().unwrap()))
}

#[test]
fn streams_of_messages_say_the_same_to_a_client_of_bedrocks() {
    hold("converse: stream of messages", anthropic().filter(|recording| recording.is_streamed), |recording| {
        let (there, back) = crossed(recording, CLAUDE)?;
        super::same(&said(&back), &due(&there))
    });
}

// A client that asks for a model whose name says Amazon keeps Anthropic's signatures wrapped.
#[test]
fn signatures_come_back_whatever_the_client_calls_the_model() {
    let thinking = anthropic().filter(|recording| {
        !recording.is_streamed && recording.features.iter().any(|feature| feature.starts_with("reasoning"))
    });
    hold("converse: signature of messages", thinking, |recording| {
        let answer = messages::decode_answer(&raw(recording.response())).unwrap();
        let written = encode_answer(&answer, &context("nova-fast"), &mut FieldLosses::default());
        let body: Value = serde_json::from_slice(&written).unwrap();
        let next = json!({"messages": [body["output"]["message"]]});
        let request = decode_request(&raw(next.to_string()), "nova-fast", false).unwrap();
        let signatures = |blocks: &[ContentBlock]| -> Vec<_> {
            let thoughts = blocks.iter().filter_map(|block| match block {
                ContentBlock::Reasoning(thought) => thought.signature.clone(),
                _ => None,
            });
            thoughts.collect()
        };
        assert_eq!(signatures(&request.turns[0].blocks), signatures(&answer.choices[0].blocks));
        Ok(())
    });
}

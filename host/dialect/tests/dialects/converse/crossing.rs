//! What other wires become on Bedrock, held against Bedrock's description of itself and against what they said.

use serde_json::{Value, json};
use weir_dialect::canon::{
    ChatAnswer, ChatRequest, ChatTurn, ContentBlock, EventCollector, EventDecoder, EventEncoder, FieldLosses, JsonText,
    StreamState, ThoughtSignature, WireEvent,
};
use weir_dialect::chat::{self, ChatWireDecoder};
use weir_dialect::converse::{
    ConverseDecoder, ConverseEncoder, decode_answer, decode_request, encode_answer, encode_count, encode_request,
};
use weir_dialect::gemini::{self, GeminiDecoder};
use weir_dialect::messages::{self, MessagesDecoder};
use weir_dialect::responses::{self, ResponsesDecoder};
use weir_dialect::translate::ids;
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

/// What a block says, for whoever reads it. A signed call has a thought in front that has nothing but the signature.
fn block_says(block: &ContentBlock) -> Vec<Value> {
    let thought = |text: String, signature: Option<&ThoughtSignature>| {
        // One that says nothing and is not signed is none.
        let is_one = !text.is_empty() || signature.is_some();
        is_one.then(|| json!({"thought": text, "signature": signature.map(|signature| signature.value.text())}))
    };
    match block {
        ContentBlock::Text(text) if text.text.text().trim().is_empty() => Vec::new(),
        ContentBlock::Text(text) | ContentBlock::Refusal(text) => vec![json!({"text": text.text.text()})],
        ContentBlock::Reasoning(own) => {
            let parts = if own.text.is_empty() { &own.summary } else { &own.text };
            let parts: Vec<_> = parts.iter().map(|text| text.text()).collect();
            thought(parts.join("\n\n"), own.signature.as_ref()).into_iter().collect()
        }
        ContentBlock::ToolUse(call) => {
            let input: Value = serde_json::from_slice(call.input.to_object().0.bytes()).unwrap();
            let id = call.id.as_ref().map(JsonText::text);
            let call_says = json!({"call": id, "name": call.name.text(), "input": input});
            thought(String::new(), call.signature.as_ref()).into_iter().chain([call_says]).collect()
        }
        _ => Vec::new(),
    }
}

/// What an answer says: texts, thoughts with their signatures, calls, why it ends, what was used.
fn said(answer: &ChatAnswer) -> Value {
    let choice = answer.choices.first().cloned().unwrap_or_default();
    let blocks: Vec<Value> = choice.blocks.iter().flat_map(block_says).collect();
    let used = answer.usage.unwrap_or_default();
    let stop = choice.stop.as_ref().map(|stop| format!("{:?}", stop.kind));
    let stop = stop.or_else(|| answer.blocked.as_ref().map(|_| "Guardrail".to_owned()));
    let input = used.input.unwrap_or(0);
    // Some count more from the cache than there was.
    let cached = used.cached_input.unwrap_or(0).min(input);
    json!({"blocks": blocks, "stop": stop, "used": [input, used.output.unwrap_or(0), cached]})
}

/// Calls of wires that have no identifiers for them get those that the encoder gives.
fn with_ids(mut answer: ChatAnswer) -> ChatAnswer {
    let blocks = answer.choices.first_mut().into_iter().flat_map(|choice| &mut choice.blocks);
    let calls = blocks.filter_map(|block| match block {
        ContentBlock::ToolUse(call) => Some(call),
        _ => None,
    });
    for (number, call) in calls.enumerate() {
        call.id.get_or_insert_with(|| ids::made(context(CLAUDE).id, number));
    }
    answer
}

/// The same, as far as Bedrock has words for it.
fn due(answer: &ChatAnswer) -> Value {
    let mut due = said(answer);
    let calls = due["blocks"].as_array().unwrap().iter().any(|block| block.get("call").is_some());
    due["stop"] = json!(match due["stop"].as_str() {
        Some("Refusal") => "Filtered",
        Some("Paused" | "Other") => "End",
        Some(other) => other,
        None if calls => "ToolUse",
        None => "End",
    });
    due
}

/// The models that a request is written for.
const MODELS: [&str; 4] =
    [CLAUDE, "global.anthropic.claude-opus-4-6-v1", "us.amazon.nova-2-lite-v1:0", "openai.gpt-oss-120b-1:0"];

/// Recordings of an endpoint that have a request and went well.
fn with_request(endpoint: &'static str) -> impl Iterator<Item = &'static Recording> {
    of_endpoint(endpoint)
        .filter(|recording| recording.request_fidelity != Fidelity::Absent && recording.status == 200)
        .filter(|recording| recording.request().is_some())
}

/// Writes a request for each of the models, and holds it against what Bedrock takes.
fn asked(request: &ChatRequest) -> Result<(), String> {
    for model in MODELS {
        let mut losses = FieldLosses::default();
        let written = encode_request(request, &rules(model), &mut losses);
        let body: Value = serde_json::from_slice(&written).unwrap();
        if let Some(spec) = Spec::bedrock() {
            let checked = faults(spec.request("Converse", &body));
            checked.map_err(|faults| format!("{model}: {faults}\n{body}"))?;
        }
        let again = decode_request(&raw(written), model, false).unwrap();
        let calls = |turns: &[ChatTurn]| {
            let blocks = turns.iter().flat_map(|turn| &turn.blocks);
            blocks.filter(|block| matches!(block, ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_))).count()
        };
        if calls(&again.turns) != calls(&request.turns) {
            return Err("calls and results are missing".to_owned());
        }
    }
    Ok(())
}

#[test]
fn requests_of_other_wires_are_requests_of_bedrocks() {
    hold("converse: request of messages", with_request("messages"), |recording| {
        asked(&messages::decode_request(&raw(recording.request().unwrap())).unwrap())
    });
    hold("converse: request of chat", with_request("chat-completions"), |recording| {
        asked(&chat::decode_request(&raw(recording.request().unwrap())).unwrap())
    });
    hold("converse: request of responses", with_request("responses"), |recording| {
        asked(&responses::decode_request(&raw(recording.request().unwrap())).unwrap())
    });
    hold("converse: request of gemini", with_request("generate-content"), |recording| {
        asked(&gemini::decode_request(&raw(recording.request().unwrap()), "gemini", false).unwrap())
    });
}

/// Tells an answer to a client of Bedrock's, and reads it again.
fn told(answer: ChatAnswer) -> Result<(), String> {
    let answer = &with_ids(answer);
    let written = encode_answer(answer, &context(CLAUDE), &mut FieldLosses::default());
    let body: Value = serde_json::from_slice(&written).unwrap();
    if let Some(spec) = Spec::bedrock() {
        faults(spec.answer("Converse", &body))?;
    }
    let again = decode_answer(&raw(written), Vendor::Anthropic).unwrap();
    super::same(&said(&again), &due(answer))?;
    played_back(&body, answer)
}

/// Recordings of whole answers.
fn whole(endpoint: &'static str) -> impl Iterator<Item = &'static Recording> {
    of_endpoint(endpoint).filter(|recording| !recording.is_streamed && recording.status == 200)
}

#[test]
fn answers_of_other_wires_say_the_same_to_a_client_of_bedrocks() {
    hold("converse: answer of messages", whole("messages"), |recording| {
        told(messages::decode_answer(&raw(recording.response())).unwrap())
    });
    hold("converse: answer of chat", whole("chat-completions"), |recording| {
        told(chat::decode_answer(&raw(recording.response())).unwrap())
    });
    hold("converse: answer of responses", whole("responses"), |recording| {
        match responses::decode_answer(&raw(recording.response())) {
            Ok(answer) => told(answer),
            // Peculiarity 151: a chat completion among responses.
            Err(_) => Ok(()),
        }
    });
    hold("converse: answer of gemini", whole("generate-content"), |recording| {
        told(gemini::decode_answer(&raw(recording.response())).unwrap())
    });
}

/// A client of Bedrock's says the answer again: it is read as it was.
fn played_back(body: &Value, answer: &ChatAnswer) -> Result<(), String> {
    let next = json!({"messages": [{"role": "user", "content": [{"text": "?"}]}, body["output"]["message"]]});
    let request = decode_request(&raw(next.to_string()), CLAUDE, false).unwrap();
    let again: Vec<Value> = request.turns[1].blocks.iter().flat_map(block_says).collect();
    super::same(&json!(again), &said(answer)["blocks"])
}

/// The answer of a stream, and of the events of Bedrock's that are made of it.
fn crossed(recording: &Recording, decoder: &mut dyn EventDecoder) -> Result<(ChatAnswer, ChatAnswer), String> {
    let mut encoder = ConverseEncoder::new(context(CLAUDE));
    let mut again = ConverseDecoder::new(Vendor::Anthropic);
    let (mut there, mut back) = (EventCollector::new(WireFormat::Messages), EventCollector::new(WireFormat::Converse));
    let (mut events, mut read) = (Vec::new(), Vec::new());
    for event in recording.events() {
        let event = WireEvent { name: event.name.as_deref(), data: event.data.clone().into(), exception: false };
        decoder.take(&event, &mut events).unwrap();
    }
    let whole = decoder.finish(true, &mut events) == StreamState::Whole;
    for event in events {
        there.put(event.clone());
        let mut written = Vec::new();
        encoder.put(event, &mut written, &mut FieldLosses::default());
        for event in written {
            let name = event.name.unwrap();
            if let Some(spec) = Spec::bedrock() {
                let payload: Value = serde_json::from_slice(&event.data).unwrap();
                faults(spec.event("Converse", &json!({name: payload})))?;
            }
            let exception = name.ends_with("Exception");
            again.take(&WireEvent { name: event.name, data: event.data, exception }, &mut read).unwrap();
        }
    }
    assert_eq!(again.finish(whole, &mut read) == StreamState::Whole, whole);
    read.into_iter().for_each(|event| back.put(event));
    match (there.finish(), back.finish()) {
        (Ok(there), Ok(back)) => Ok((there, back)),
        (Err(there), Err(back)) if there.message == back.message => Err("failed".to_owned()),
        other => panic!("{other:?}"),
    }
}

fn streamed(endpoint: &'static str) -> impl Iterator<Item = &'static Recording> {
    of_endpoint(endpoint).filter(|recording| recording.is_streamed && recording.status == 200)
}

/// Tells a stream to a client of Bedrock's, and reads it again.
fn streams(recording: &Recording, decoder: &mut dyn EventDecoder) -> Result<(), String> {
    match crossed(recording, decoder) {
        // Both say that the provider failed.
        Err(failed) if failed == "failed" => Ok(()),
        Err(fault) => Err(fault),
        Ok((there, back)) => super::same(&said(&back), &due(&with_ids(there))),
    }
}

#[test]
fn streams_of_other_wires_say_the_same_to_a_client_of_bedrocks() {
    hold("converse: stream of messages", streamed("messages"), |recording| {
        streams(recording, &mut MessagesDecoder::new())
    });
    hold("converse: stream of chat", streamed("chat-completions"), |recording| {
        streams(recording, &mut ChatWireDecoder::new())
    });
    hold("converse: stream of responses", streamed("responses"), |recording| {
        streams(recording, &mut ResponsesDecoder::new())
    });
    hold("converse: stream of gemini", streamed("generate-content"), |recording| {
        streams(recording, &mut GeminiDecoder::new())
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

#[test]
fn what_is_counted_is_what_bedrock_counts() {
    hold("converse: count", with_request("messages"), |recording| {
        let request = messages::decode_request(&raw(recording.request().unwrap())).unwrap();
        let body = encode_count(&request, &rules(CLAUDE), &mut FieldLosses::default());
        let body: Value = serde_json::from_slice(&body).unwrap();
        match Spec::bedrock() {
            Some(spec) => faults(spec.request("CountTokens", &body)),
            None => Ok(()),
        }
    });
}

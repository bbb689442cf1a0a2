//! What a client of responses gives back of an answer of another wire: the model sees what it has said, its signatures included.

use bytes::Bytes;
use serde_json::{Value, json};
use weir_dialect::canon::{ChatAnswer, ContentBlock, DecodeFault, FieldLosses, RawJson, TargetRules, TurnRole};
use weir_dialect::{Vendor, converse, messages, responses};
use weir_recorded::{Recording, of_endpoint};

use super::{context, rules};
use crate::support::hold;

/// The next request of a client that plays an answer back, as it reaches the provider again.
fn next(answer: &ChatAnswer, target: &TargetRules) -> weir_dialect::canon::ChatRequest {
    let body = responses::encode_answer(answer, &context(b"{}"), &mut FieldLosses::default());
    let body: Value = serde_json::from_slice(&body).unwrap();
    let mut input = vec![json!({"role": "user", "content": "hi"})];
    input.extend(body["output"].as_array().unwrap().iter().cloned());
    for item in body["output"].as_array().unwrap() {
        if item["type"] == "function_call" {
            input.push(json!({"type": "function_call_output", "call_id": item["call_id"], "output": "done"}));
        }
    }
    let request = json!({"model": &*target.model, "input": input, "max_output_tokens": 1_000});
    responses::decode_request(&RawJson::parse(Bytes::from(request.to_string())).unwrap()).unwrap()
}

/// What the model says in blocks that a client can give back.
fn said<'a>(blocks: impl Iterator<Item = &'a ContentBlock>) -> Vec<String> {
    let one = |block: &ContentBlock| match block {
        ContentBlock::Text(text) if text.text.is_empty() => None,
        ContentBlock::Text(text) => Some(format!("text {}", text.text.text())),
        ContentBlock::ToolUse(call) => {
            let id = call.id.as_ref().unwrap();
            let input: Value = serde_json::from_slice(call.input.to_object().0.bytes()).unwrap();
            Some(format!("call {} {} {input}", id.text(), call.name.text()))
        }
        ContentBlock::Reasoning(block) => {
            let texts: String = block.text.iter().map(|text| text.text().into_owned()).collect();
            let signature = block.signature.as_ref()?;
            Some(format!("thought {texts} {:?} {}", signature.kind, signature.value.text()))
        }
        _ => None,
    };
    blocks.filter_map(one).collect()
}

fn plays_back(
    answer: Result<ChatAnswer, DecodeFault>,
    target: &TargetRules,
    again: impl Fn(&weir_dialect::canon::ChatRequest) -> weir_dialect::canon::ChatRequest,
) -> Result<(), String> {
    let answer = answer.map_err(|fault| fault.to_string())?;
    let due = said(answer.choices[0].blocks.iter());
    if due.is_empty() {
        return Ok(());
    }
    let request = again(&next(&answer, target));
    let turns = request.turns.iter().filter(|turn| turn.role == TurnRole::Assistant);
    assert_eq!(said(turns.flat_map(|turn| &turn.blocks)), due);
    Ok(())
}

fn whole(endpoint: &'static str) -> impl Iterator<Item = &'static Recording> {
    of_endpoint(endpoint).filter(|one| !one.is_streamed && one.status == 200)
}

fn raw(bytes: impl Into<Bytes>) -> RawJson {
    RawJson::parse(bytes.into()).unwrap()
}

#[test]
fn claude_sees_its_thoughts_signed_and_its_calls_again() {
    let target = TargetRules { vendor: Vendor::Anthropic, ..rules("claude-sonnet-4-5") };
    hold("responses played back to messages", whole("messages"), |recording| {
        plays_back(messages::decode_answer(&raw(recording.response())), &target, |request| {
            let body = messages::encode_request(request, &target, &mut FieldLosses::default());
            messages::decode_request(&raw(body)).unwrap()
        })
    });
}

#[test]
fn models_on_bedrock_see_theirs() {
    hold("responses played back to converse", whole("converse"), |recording| {
        let model = recording.model.clone().unwrap_or_default();
        let vendor = converse::vendor_of_model(&model);
        let target = TargetRules { vendor, ..rules(&model) };
        plays_back(converse::decode_answer(&raw(recording.response()), vendor), &target, |request| {
            let body = converse::encode_request(request, &target, &mut FieldLosses::default());
            converse::decode_request(&raw(body), &model, false).unwrap()
        })
    });
}

//! The rows of the mapping tables that concern requests, from other wires and into the canonical form.

mod back;
mod content;
mod foreign;

use bytes::Bytes;
use serde_json::Value;

use super::{decode_request, encode_request};
use crate::canon::{
    ChatRequest, ChatTurn, ContentBlock, FieldLosses, JsonText, RawJson, TargetQuirks, TargetRules, TextBlock, TurnRole,
};
use crate::wire::{Vendor, WireFormat};

fn raw(text: &str) -> RawJson {
    RawJson::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn words(text: &str) -> JsonText {
    JsonText::of(text)
}

fn said(text: &str) -> ContentBlock {
    ContentBlock::Text(TextBlock::of(words(text)))
}

fn rules() -> TargetRules {
    TargetRules {
        model: "claude-sonnet-4-5".into(),
        max_output: None,
        vendor: Vendor::Anthropic,
        ask_usage: true,
        quirks: TargetQuirks::default(),
    }
}

/// A request of OpenAI's chat with these turns.
fn asked(turns: Vec<(TurnRole, Vec<ContentBlock>)>) -> ChatRequest {
    let mut request = ChatRequest::new(WireFormat::Chat, "gpt", false);
    request.turns = turns.into_iter().map(|(role, blocks)| ChatTurn::of(role, blocks)).collect();
    request
}

/// A request of OpenAI's chat in which the user says something.
fn hello() -> ChatRequest {
    asked(vec![(TurnRole::User, vec![said("hi")])])
}

/// A request as it is written for a target with these rules, and what is lost. Anthropic's specification allows it.
fn sent_by(request: &ChatRequest, rules: &TargetRules) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let body: Value = serde_json::from_slice(&encode_request(request, rules, &mut losses)).unwrap();
    if let Some(spec) = weir_recorded::Spec::anthropic() {
        spec.request("/v1/messages", &body).unwrap_or_else(|faults| panic!("{body}: {faults:?}"));
    }
    (body, losses.iter().map(str::to_owned).collect())
}

fn sent(request: &ChatRequest) -> (Value, Vec<String>) {
    sent_by(request, &rules())
}

/// What of a request is written without any loss.
fn carried(request: &ChatRequest) -> Value {
    let (body, lost) = sent(request);
    assert!(lost.is_empty(), "{lost:?}");
    body
}

fn decoded(body: &Value) -> ChatRequest {
    decode_request(&raw(&body.to_string())).unwrap()
}

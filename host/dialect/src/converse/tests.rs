//! What is read and written, row by row of the mapping between dialects; values of other wires are made by hand.

mod answers;
mod counts;
mod identity;
mod params;
mod requests;
mod streams;
mod tools;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::{encode_request, vendor_of_model};
use crate::canon::{
    AnswerContext, CacheMark, ChatRequest, ChatTurn, ContentBlock, ContentForm, FieldLosses, JsonText, RawJson,
    SignatureKind, TargetQuirks, TargetRules, TextBlock, ThoughtSignature, ToolInput, ToolResultBlock, ToolUseBlock,
    TurnRole,
};
use crate::wire::{Vendor, WireFormat};

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NEW_CLAUDE: &str = "global.anthropic.claude-opus-4-6-v1";
const NOVA: &str = "us.amazon.nova-2-lite-v1:0";
const LLAMA: &str = "meta.llama3-3-70b-instruct-v1:0";

fn raw(text: &str) -> RawJson {
    RawJson::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn word(text: &str) -> JsonText {
    JsonText::of(text)
}

fn rules(model: &str) -> TargetRules {
    TargetRules {
        model: Arc::from(model),
        max_output: None,
        vendor: vendor_of_model(model),
        ask_usage: false,
        quirks: TargetQuirks::default(),
    }
}

fn context(model: &str) -> AnswerContext {
    AnswerContext { model: Arc::from(model), id: 1, now: 0, include_usage: false, request: Bytes::new() }
}

/// A request of another wire.
fn request(turns: Vec<ChatTurn>) -> ChatRequest {
    ChatRequest { turns, ..ChatRequest::new(WireFormat::Chat, "m", false) }
}

/// One in which the user says hello.
fn hello() -> ChatRequest {
    request(vec![user(vec![text("hello")])])
}

fn user(blocks: Vec<ContentBlock>) -> ChatTurn {
    ChatTurn::of(TurnRole::User, blocks)
}

fn assistant(blocks: Vec<ContentBlock>) -> ChatTurn {
    ChatTurn::of(TurnRole::Assistant, blocks)
}

fn text(says: &str) -> ContentBlock {
    ContentBlock::Text(TextBlock::of(word(says)))
}

fn marked(says: &str, ttl: Option<&str>) -> ContentBlock {
    let cache = Some(CacheMark { ttl: ttl.map(word), ..CacheMark::default() });
    ContentBlock::Text(TextBlock { cache, ..TextBlock::of(word(says)) })
}

fn call(id: &str, name: &str, input: &str) -> ContentBlock {
    ContentBlock::ToolUse(ToolUseBlock::of(Some(word(id)), word(name), ToolInput::Text(word(input))))
}

fn result(id: &str, content: Vec<ContentBlock>) -> ToolResultBlock {
    ToolResultBlock {
        id: Some(word(id)),
        name: None,
        content,
        form: ContentForm::Parts,
        failed: None,
        cache: None,
        extra: Default::default(),
    }
}

fn signature(vendor: Vendor, kind: SignatureKind, value: &str) -> ThoughtSignature {
    ThoughtSignature { vendor, kind, value: word(value) }
}

/// What a model is asked, and what is lost.
fn asked(request: &ChatRequest, model: &str) -> (Value, Vec<String>) {
    asked_by(request, &rules(model))
}

fn asked_by(request: &ChatRequest, rules: &TargetRules) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let body = encode_request(request, rules, &mut losses);
    (serde_json::from_slice(&body).unwrap(), losses.iter().map(str::to_owned).collect())
}

/// The one message of a request, and what is lost.
fn content(blocks: Vec<ContentBlock>) -> (Value, Vec<String>) {
    let (body, losses) = asked(&request(vec![user(blocks)]), CLAUDE);
    (body["messages"][0]["content"].clone(), losses)
}

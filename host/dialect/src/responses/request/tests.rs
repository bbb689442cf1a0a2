//! The mapping tables of requests, in both directions; what stays within this wire is tried on recordings in `tests/dialects`.

mod anything;
mod foreign;
mod own;

use bytes::Bytes;
use serde_json::Value;

use super::{decode_request, encode_request};
use crate::canon::{ChatRequest, FieldLosses, RawJson, TargetQuirks, TargetRules};
use crate::wire::Vendor;

/// The canonical form of a body of this wire.
fn read(body: &Value) -> ChatRequest {
    decode_request(&raw(body)).unwrap()
}

fn raw(value: &Value) -> RawJson {
    RawJson::parse(Bytes::from(value.to_string())).unwrap()
}

/// What a model of OpenAI's is asked by.
fn rules() -> TargetRules {
    TargetRules {
        model: "m".into(),
        max_output: None,
        vendor: Vendor::OpenAi,
        ask_usage: false,
        quirks: TargetQuirks::default(),
    }
}

/// A body of this wire, and what is not in it.
fn written(request: &ChatRequest) -> (Value, Vec<String>) {
    written_for(request, &rules())
}

fn written_for(request: &ChatRequest, rules: &TargetRules) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let body = encode_request(request, rules, &mut losses);
    (serde_json::from_slice(&body).unwrap(), losses.iter().map(str::to_owned).collect())
}

use bytes::Bytes;
use serde_json::{Value, json};

use super::{decode_request, encode_request};
use crate::canon::{ChatRequest, FieldLosses, RawJson, TargetQuirks, TargetRules};
use crate::wire::Vendor;

fn raw(value: &Value) -> RawJson {
    RawJson::parse(Bytes::from(value.to_string())).unwrap()
}

fn rules(model: &str) -> TargetRules {
    TargetRules {
        model: model.into(),
        max_output: None,
        vendor: Vendor::OpenAi,
        ask_usage: false,
        quirks: TargetQuirks::default(),
    }
}

fn written(request: &ChatRequest) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let body = encode_request(request, &rules("m"), &mut losses);
    (serde_json::from_slice(&body).unwrap(), losses.iter().map(str::to_owned).collect())
}

#[test]
fn a_request_is_written_as_it_was_read() {
    let body = json!({"model": "m", "input": "hi"});
    let (again, losses) = written(&decode_request(&raw(&body)).unwrap());
    assert_eq!((again, losses), (body, vec![]));
}

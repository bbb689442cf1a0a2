use serde_json::{Value, json};
use weir_recorded::Spec;

use super::*;
use crate::canon::TargetQuirks;
use crate::wire::Vendor;

fn rules(model: &str) -> TargetRules {
    TargetRules {
        model: model.into(),
        max_output: None,
        vendor: Vendor::Google,
        ask_usage: false,
        quirks: TargetQuirks::default(),
    }
}

fn raw(value: &Value) -> RawJson {
    RawJson::parse(Bytes::from(value.to_string())).unwrap()
}

fn parsed(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap()
}

/// A request of another wire.
fn asked(inputs: &[&str], one: bool) -> EmbedRequest {
    let content = |text: &&str| EmbedContent::Text(JsonText::of(text));
    let input = |text| EmbedInput { content: content(text), title: None, extra: RawMembers::default() };
    EmbedRequest {
        wire: WireFormat::Chat,
        model: "m".into(),
        inputs: inputs.iter().map(input).collect(),
        one,
        dimensions: Some(RawJson::number(8)),
        encoding: Some(JsonText::of("base64")),
        task: Some(EmbedTask::Query),
        user: Some(JsonText::of("u")),
        extra: RawMembers::default(),
    }
}

#[test]
fn a_request_of_another_wire_is_one_or_several() {
    let mut losses = FieldLosses::default();
    let body = parsed(&encode_embed(&asked(&["a"], true), &rules("g"), &mut losses));
    let due = json!({"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 8, "taskType": "RETRIEVAL_QUERY"});
    assert_eq!((&body, losses.iter().collect::<Vec<_>>()), (&due, vec!["user"]));
    let several = parsed(&encode_embed(&asked(&["a", "b"], false), &rules("g"), &mut losses));
    assert_eq!(several["requests"].as_array().map(Vec::len), Some(2));
    assert_eq!(several["requests"][1]["model"], "models/g");
    for (operation, body) in [("embedContent", &body), ("batchEmbedContents", &several)] {
        if let Some(Err(faults)) = Spec::gemini().map(|spec| spec.request(operation, body)) {
            panic!("{faults:?}: {body}");
        }
    }
    let mut tokens = asked(&["a"], true);
    tokens.inputs.iter_mut().for_each(|input| input.content = EmbedContent::Tokens(RawJson::NULL));
    tokens.task = Some(EmbedTask::Other(JsonText::of("image")));
    let mut losses = FieldLosses::default();
    let _ = encode_embed(&tokens, &rules("g"), &mut losses);
    assert_eq!(losses.iter().collect::<Vec<_>>(), ["input.tokens", "input_type", "user"]);
}

#[test]
fn what_a_request_wants_is_what_every_wire_wants() {
    let request = decode_embed(
        &raw(&json!({"requests": [
            {"model": "models/g", "content": {"parts": [{"text": "a"}], "role": "user"}, "task_type": "CLUSTERING",
                "title": "t", "output_dimensionality": 4},
            {"model": "models/g", "content": {"parts": [{"text": "a"}, {"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}}]})),
        "g",
    )
    .unwrap();
    assert_eq!((request.one, request.task.as_ref()), (false, Some(&EmbedTask::Clustering)));
    assert_eq!(request.dimensions.as_ref().and_then(RawJson::unsigned), Some(4));
    let kinds: Vec<_> = request.inputs.iter().map(|input| matches!(input.content, EmbedContent::Text(_))).collect();
    assert_eq!(kinds, [true, false]);
    let mut losses = FieldLosses::default();
    request.inputs.iter().for_each(|input| losses.lose_extras("input", &input.extra));
    assert!(losses.is_empty(), "{losses:?}");
    for body in [json!([]), json!({}), json!({"requests": [1]}), json!({"content": "a"})] {
        assert!(decode_embed(&raw(&body), "g").is_err(), "{body}");
    }
}

#[test]
fn vectors_of_another_wire_are_lists_of_numbers() {
    let mut answer = EmbedAnswer {
        wire: WireFormat::Chat,
        model: None,
        vectors: vec![EmbedVector::Base64(JsonText::of("AAAAPwAAgL8=")), EmbedVector::Floats(raw(&json!([1.5])))],
        usage: Some(Usage { input: Some(3), ..Usage::default() }),
        extra: RawMembers::default(),
    };
    let mut losses = FieldLosses::default();
    let due = json!({"embeddings": [{"values": [0.5, -1]}, {"values": [1.5]}],
        "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}});
    assert_eq!(parsed(&encode_embed_answer(&answer, false, &mut losses)), due);
    assert!(losses.is_empty());
    let _ = encode_embed_answer(&answer, true, &mut losses);
    assert_eq!(losses.iter().collect::<Vec<_>>(), ["embeddings"]);
    answer.vectors.truncate(1);
    let one = parsed(&encode_embed_answer(&answer, true, &mut FieldLosses::default()));
    assert_eq!(one["embedding"], json!({"values": [0.5, -1]}));
    for body in [json!([]), json!({}), json!({"embeddings": 1}), json!({"embedding": {}})] {
        assert!(decode_embed_answer(&raw(&body)).is_err(), "{body}");
    }
    let used =
        decode_embed_answer(&raw(&json!({"embedding": {"values": []}, "usageMetadata": {"promptTokenCount": 5}})));
    assert_eq!(used.unwrap().usage.map(|used| (used.input, used.output)), Some((Some(5), None)));
}

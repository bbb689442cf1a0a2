use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::canon::{EventDecoder, WireEvent};
use crate::converse::{ConverseDecoder, decode_answer, decode_request, encode_answer};

/// A request with members that nobody knows wherever they may stand.
const ODD: &str = r#"{
    "modelId": "m", "projectIdentifier": "p", "promptVariables": {"a": {"text": "b"}}, "requestMetadata": {"k": "v"},
    "system": [{"cachePoint": {"type": "default"}}, {"text": "s", "x": 1}, {"cachePoint": {"type": "default", "ttl": "5m"}},
        {"guardContent": {"text": {"text": "g", "qualifiers": ["query"]}}}],
    "messages": [
        {"role": "user", "x": 1, "content": [
            {"text": "a", "type": "text"},
            {"cachePoint": {"type": "other", "x": 2}}, {"cachePoint": {"type": "default"}},
            {"image": {"format": "tiff", "source": {"s3Location": {"uri": "s3://b/c", "bucketOwner": "1"}}}, "y": 1},
            {"image": {"format": "jpeg", "source": {"bytes": "/9j/", "z": 1}, "error": {"message": "m"}}},
            {"image": {"format": "png", "source": {}}},
            {"audio": {"format": "mpga", "source": {"bytes": "AA=="}}}, {"video": {"format": "three_gp", "source": {"bytes": "AA=="}}},
            {"document": {"format": "pdf", "name": "n", "source": {"bytes": "AA=="}, "context": "c", "citations": {"enabled": true}}},
            {"document": {"name": "n", "source": {"content": [{"text": "t"}]}, "citations": {}}},
            {"document": {"name": "n", "source": {"text": "t", "q": null}, "citations": {"enabled": false, "w": 1}}},
            {"searchResult": {"source": "s", "title": "t", "content": []}}, {"text": null}, {},
            {"toolResult": {"toolUseId": "a.b:c", "content": [], "status": "odd"}},
            {"toolResult": {"toolUseId": "1", "status": "success", "type": "nova_result", "content": [{"text": "t"}]}},
            {"toolResult": {"toolUseId": "1", "status": "error", "content": [
                {"json": [1]}, {"json": {"a": 1}, "b": 2}, {"text": ""}, {"image": {"format": "gif", "source": {"bytes": "AA=="}}}]}}]},
        {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "", "signature": "s", "x": 1}, "y": 2}},
            {"reasoningContent": {"redactedContent": "AA=="}}, {"reasoningContent": {"odd": 1}},
            {"toolUse": {"toolUseId": "1", "name": "n", "input": "text", "type": "tool_use"}},
            {"toolUse": {"toolUseId": "1", "name": "n", "input": {}, "type": "server_tool_use"}, "z": 3},
            {"citationsContent": {"content": [{"text": "a"}, {"text": "b"}], "citations": []}},
            {"citationsContent": {"citations": [{"title": "t", "location": {"web": {"url": "u"}}}]}},
            {"citationsContent": {"content": [{"text": "a"}], "x": 1}, "type": "t"}]},
        {"role": "system", "content": []}],
    "inferenceConfig": {"maxTokens": 1.0, "temperature": null, "topP": 1, "stopSequences": ["a", 1], "topK": 3},
    "toolConfig": {"x": 1, "toolChoice": {"auto": {"y": 1}}, "tools": [
        {"cachePoint": {"type": "default"}}, {"toolSpec": {"name": "n", "inputSchema": {"json": null}, "strict": "no"}},
        {"cachePoint": {"type": "default"}}, {"systemTool": {"name": "s"}}, {"toolSpec": {"inputSchema": {"json": {}, "k": 1}}}, 7]},
    "additionalModelRequestFields": {"thinking": {"type": "odd"}, "reasoning_config": {"type": "enabled", "budget_tokens": 5, "x": 1},
        "inferenceConfig": {"topK": 1, "y": 2}, "anthropic_beta": ["b"]},
    "outputConfig": {"effort": "low", "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "no JSON"}}}},
    "serviceTier": {"type": "flex", "x": 1}
}"#;

fn same_request(body: &Value, model: &str) {
    let request = decode_request(&raw(&body.to_string()), model, false).unwrap();
    let (written, _) = asked(&request, model);
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&written[name], value, "{name}");
    }
    assert_eq!(&written, body);
}

#[test]
fn what_nobody_knows_comes_back_from_where_it_stood() {
    same_request(&serde_json::from_str(ODD).unwrap(), CLAUDE);
    same_request(&serde_json::from_str(ODD).unwrap(), "us.anthropic.claude-3-haiku");
}

#[test]
fn what_of_another_vendor_is_wrapped_is_not_given_to_a_model_that_cannot_read_it() {
    let wrapped = crate::translate::signatures::carried(
        &signature(Vendor::Google, SignatureKind::Signature, "g"),
        Vendor::Anthropic,
        SignatureKind::Signature,
    );
    let thought = json!({"reasoningContent": {"reasoningText": {"text": "", "signature": wrapped.text()}}});
    let body = json!({"messages": [{"role": "assistant", "content": [thought, {"text": "a"}]}]});
    let request = decode_request(&raw(&body.to_string()), CLAUDE, false).unwrap();
    let (written, losses) = asked(&request, CLAUDE);
    assert_eq!(written["messages"][0]["content"], json!([{"text": "a"}]));
    assert_eq!(losses, ["messages.content.reasoning"]);
}

#[test]
fn what_is_no_request_is_said_to_be_none() {
    for body in [
        "[]",
        r#"{"messages":{}}"#,
        r#"{"messages":[{"role":"tool","content":[]}]}"#,
        r#"{"messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"messages":[{"role":"user","content":["hi"]}]}"#,
        r#"{"system":"s"}"#,
    ] {
        assert!(decode_request(&raw(body), CLAUDE, false).is_err(), "{body}");
    }
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,6}", Just("\u{1f600}\"\\\n".to_owned())]
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u32>().prop_map(Value::from),
        words().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(members(), inner, 0..4)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Names that stand in such bodies, and others.
fn members() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "text",
            "image",
            "document",
            "format",
            "source",
            "bytes",
            "s3Location",
            "uri",
            "toolUse",
            "toolUseId",
            "name",
            "input",
            "toolResult",
            "content",
            "status",
            "json",
            "reasoningContent",
            "reasoningText",
            "signature",
            "type",
            "redactedContent",
            "cachePoint",
            "citationsContent",
            "citations",
            "guardContent",
            "delta",
            "start",
            "usage",
            "contentBlockIndex",
            "stopReason",
            "inputTokens",
            "output",
            "message",
            "citation",
            "location",
            "web",
        ])
        .prop_map(str::to_owned),
        "[a-z]{1,3}",
    ]
}

fn blocks() -> impl Strategy<Value = Value> {
    let block = prop_oneof![
        words().prop_map(|text| json!({"text": text})),
        (words(), anything())
            .prop_map(|(id, input)| json!({"toolUse": {"toolUseId": id, "name": "f", "input": input}})),
        (words(), anything())
            .prop_map(|(id, value)| json!({"toolResult": {"toolUseId": id, "content": [{"json": value}]}})),
        proptest::collection::btree_map(members(), anything(), 0..3)
            .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
    ];
    proptest::collection::vec(block, 0..5).prop_map(Value::from)
}

/// A call's missing or null input is written as an empty object: Bedrock demands one.
fn lacks_input(blocks: &Value) -> bool {
    blocks.as_array().unwrap().iter().any(|block| {
        let call = &block["toolUse"];
        call["name"].is_string() && call["type"] != "server_tool_use" && call["input"].is_null()
    })
}

proptest! {
    #[test]
    fn a_request_comes_back_as_it_was(content in blocks(), extra in anything(), tools in blocks()) {
        prop_assume!(!lacks_input(&content));
        let body = json!({
            "messages": [{"role": "assistant", "content": content}],
            "toolConfig": {"tools": tools, "toolChoice": extra},
            "inferenceConfig": extra, "outputConfig": extra, "additionalModelRequestFields": extra, "serviceTier": extra,
        });
        let request = decode_request(&raw(&body.to_string()), CLAUDE, false).unwrap();
        let (written, _) = asked(&request, CLAUDE);
        prop_assert_eq!(written, body);
    }

    #[test]
    fn an_answer_comes_back_as_it_was(content in blocks(), extra in anything()) {
        prop_assume!(!lacks_input(&content));
        let body = json!({
            "output": {"message": {"role": "assistant", "content": content, "x": extra}, "y": extra},
            "stopReason": "end_turn", "metrics": extra, "trace": extra, "serviceTier": extra,
        });
        let answer = decode_answer(&raw(&body.to_string()), Vendor::Anthropic).unwrap();
        let written = encode_answer(&answer, &context(CLAUDE), &mut FieldLosses::default());
        prop_assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), body);
    }

    #[test]
    fn no_event_makes_the_reader_panic(events in proptest::collection::vec((0..7usize, anything(), anything()), 0..12)) {
        const NAMES: [&str; 7] = [
            "messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "odd",
        ];
        let mut decoder = ConverseDecoder::new(Vendor::Amazon);
        let mut out = Vec::new();
        for (name, start, delta) in events {
            let data = json!({"contentBlockIndex": 1, "start": start, "delta": delta, "usage": start, "stopReason": delta});
            let event = WireEvent { name: Some(NAMES[name]), data: data.to_string().into(), exception: false };
            if decoder.take(&event, &mut out).is_err() {
                break;
            }
        }
        decoder.finish(true, &mut out);
    }
}

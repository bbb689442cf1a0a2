use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::canon::{
    ContentBlock, ContentForm, DocumentBlock, DocumentSource, FieldLosses, JsonText, JsonWriter, MediaBlock,
    MediaSource, OtherBlock, RawJson, RawMembers, ReasoningBlock, ServerToolKind, SignatureKind, TextBlock,
    ThoughtSignature, ToolInput, ToolResultBlock, ToolUseBlock,
};
use crate::gemini::proto;
use crate::translate::ids::ToolNames;
use crate::wire::Vendor;

fn raw(value: &Value) -> RawJson {
    RawJson::parse(Bytes::from(value.to_string())).unwrap()
}

fn read_of(value: &Value) -> Vec<ContentBlock> {
    let mut blocks = Vec::new();
    let part = raw(value);
    read_members(&part, proto::members(&part), &mut blocks);
    blocks
}

fn style<'a>(own: bool, reader: Option<Vendor>) -> PartStyle<'a> {
    PartStyle { own, within: "messages.content", reader, names: None, excuses: false }
}

fn written(blocks: &[ContentBlock], style: &PartStyle<'_>) -> (Value, Vec<String>) {
    let (mut out, mut losses) = (JsonWriter::default(), FieldLosses::default());
    out.open_array();
    write_all(&blocks.iter().collect::<Vec<_>>(), style, &mut out, &mut losses);
    out.close_array();
    (serde_json::from_slice(&out.finish()).unwrap(), losses.iter().map(str::to_owned).collect())
}

/// As a request of another wire, whose model is Google's.
fn asked(blocks: &[ContentBlock]) -> (Value, Vec<String>) {
    written(blocks, &style(false, Some(Vendor::Google)))
}

fn signature(vendor: Vendor, value: &str) -> Option<ThoughtSignature> {
    Some(ThoughtSignature { vendor, kind: SignatureKind::Signature, value: JsonText::of(value) })
}

fn thought(text: &[&str], signature: Option<ThoughtSignature>) -> ContentBlock {
    let text = text.iter().map(|text| JsonText::of(text)).collect();
    ContentBlock::Reasoning(ReasoningBlock { text, signature, ..ReasoningBlock::default() })
}

fn text(text: &str) -> ContentBlock {
    ContentBlock::Text(TextBlock::of(JsonText::of(text)))
}

fn call(input: ToolInput) -> ContentBlock {
    ContentBlock::ToolUse(ToolUseBlock::of(Some(JsonText::of("id-1")), JsonText::of("look"), input))
}

fn args() -> ToolInput {
    ToolInput::Json(raw(&json!({"a": 1})))
}

fn result(content: Vec<ContentBlock>, failed: Option<bool>) -> ContentBlock {
    ContentBlock::ToolResult(ToolResultBlock {
        id: Some(JsonText::of("id-1")),
        name: Some(JsonText::of("look")),
        content,
        form: ContentForm::Parts,
        failed,
        cache: None,
        extra: RawMembers::default(),
    })
}

fn media(source: MediaSource, media_type: Option<&str>) -> MediaBlock {
    let media_type = media_type.map(JsonText::of);
    MediaBlock { source, media_type, detail: None, cache: None, extra: RawMembers::default() }
}

#[test]
fn every_part_of_googles_comes_back_as_it_was() {
    for part in [
        json!({"text": "a", "thought": false, "partMetadata": {"x": 1}}),
        json!({"text": ""}),
        json!({"text": "", "thoughtSignature": "AA=="}),
        json!({"thoughtSignature": "AA=="}),
        json!({"thought": true, "thoughtSignature": "AA=="}),
        json!({"text": "t", "thought": true, "thoughtSignature": "AA=="}),
        json!({"text": "a", "thoughtSignature": "AA=="}),
        json!({"functionCall": {"name": "f"}}),
        json!({"functionCall": {"name": "f", "args": {}, "id": "x", "more": 1}, "thoughtSignature": "AA==", "beside": 2}),
        json!({"functionCall": {"args": {}}}),
        json!({"functionResponse": {"name": "f", "response": {"result": "r"}, "id": "x", "scheduling": "SILENT"}}),
        json!({"functionResponse": {"name": "f", "response": {"result": {"a": 1}}}}),
        json!({"functionResponse": {"name": "f", "response": {"error": "e"}}}),
        json!({"functionResponse": {"name": "f", "response": {"error": {"code": 1}}}}),
        json!({"functionResponse": {"name": "f", "response": {"a": 1, "error": "e"}}}),
        json!({"functionResponse": {"name": "f"}}),
        json!({"functionResponse": {"name": "f", "response": {"result": "r"}, "parts": [
            {"inlineData": {"mimeType": "image/png", "data": "iVBO"}}, {"weird": 1}]}}),
        json!({"inlineData": {"mimeType": "image/png", "data": "iVBO", "displayName": "n"}, "mediaResolution": {"level": "L"}}),
        json!({"inlineData": {"mimeType": "image/png", "data": "iVBO"}, "thoughtSignature": "AA=="}),
        json!({"inlineData": {"mimeType": "application/pdf", "data": "JVBE", "displayName": "n"}}),
        json!({"fileData": {"fileUri": "gs://b/a.mp4", "mimeType": "video/mp4"}, "videoMetadata": {"fps": 1}}),
        json!({"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a"}}),
        json!({"fileData": {"fileUri": "https://www.youtube.com/watch?v=a"}}),
        json!({"executableCode": {"code": "1", "language": "PYTHON"}, "thoughtSignature": "AA=="}),
        json!({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}),
        json!({"unknown": {"a": null}, "thought": true}),
        json!({}),
        json!("text"),
    ] {
        let blocks = match &part {
            Value::String(_) => {
                let mut content = raw(&json!({"parts": [part]})).members();
                let mut blocks = Vec::new();
                assert_eq!(read_all(&mut content, &mut blocks), ContentForm::Parts);
                blocks
            }
            _ => read_of(&part),
        };
        let (again, losses) = written(&blocks, &style(true, Some(Vendor::Google)));
        assert_eq!((again, losses), (json!([part]), Vec::new()), "{blocks:?}");
    }
}

#[test]
fn names_of_fields_are_read_in_both_spellings() {
    let part = json!({"function_call": {"name": "f", "args": {"some_arg": 1}}, "thought_signature": "AA=="});
    let (again, _) = written(&read_of(&part), &style(true, Some(Vendor::Google)));
    let due = json!([{"functionCall": {"name": "f", "args": {"some_arg": 1}}, "thoughtSignature": "AA=="}]);
    assert_eq!(again, due, "but for what is the client's own");
}

#[test]
fn parts_are_what_they_hold() {
    let kind = |part: Value| match read_of(&part).remove(0) {
        ContentBlock::Image(block) => ("image", Some(block.source)),
        ContentBlock::Audio(block) => ("audio", Some(block.source)),
        ContentBlock::Video(block) => ("video", Some(block.source)),
        ContentBlock::Document(DocumentBlock { source: DocumentSource::Media(source), .. }) => {
            ("document", Some(source))
        }
        ContentBlock::ServerTool(block) if block.kind == ServerToolKind::Call => ("call", None),
        ContentBlock::ServerTool(_) => ("result", None),
        other => panic!("{other:?}"),
    };
    let file = |uri: &str, kind: Option<&str>| json!({"fileData": {"fileUri": uri, "mimeType": kind}});
    let data = |kind: &str| json!({"inlineData": {"data": "AA==", "mimeType": kind}});
    let base64 = || Some(MediaSource::Base64(JsonText::of("AA==")));
    assert_eq!(kind(data("image/png")), ("image", base64()));
    assert_eq!(kind(data("AUDIO/wav")), ("audio", base64()));
    assert_eq!(kind(data("text/plain")), ("document", base64()));
    let uri = JsonText::of("gs://b/v");
    assert_eq!(kind(file("gs://b/v", Some("video/mp4"))), ("video", Some(MediaSource::Store(uri))));
    let uri = "https://generativelanguage.googleapis.com/v1beta/files/a";
    assert_eq!(kind(file(uri, None)), ("document", Some(MediaSource::FileId(JsonText::of(uri)))));
    let uri = "https://youtu.be/a";
    assert_eq!(kind(file(uri, None)), ("video", Some(MediaSource::Url(JsonText::of(uri)))));
    // Quirks 74 and 75.
    assert_eq!(kind(json!({"executableCode": {}})).0, "call");
    assert_eq!(kind(json!({"codeExecutionResult": {}})).0, "result");
}

// Quirks 77 and 78: a signature stands on the part that it signs.
#[test]
fn a_signature_that_another_wire_has_parted_from_its_part_comes_back_to_it() {
    let own = || signature(Vendor::Google, "AA==");
    let signed_call = json!({"functionCall": {"name": "look", "args": {"a": 1}}, "thoughtSignature": "AA=="});
    for (blocks, due) in [
        (vec![thought(&[], own()), call(args())], json!([signed_call])),
        (vec![thought(&[""], own()), call(args())], json!([signed_call])),
        (vec![thought(&["hm"], own()), call(args())], json!([{"text": "hm", "thought": true}, signed_call])),
        (vec![thought(&[], own()), text("a")], json!([{"text": "a", "thoughtSignature": "AA=="}])),
        (vec![text("a"), thought(&[], own())], json!([{"text": "a"}, {"text": "", "thoughtSignature": "AA=="}])),
        (
            vec![thought(&[], own()), thought(&[], signature(Vendor::Google, "BB==")), text("a")],
            json!([{"text": "", "thoughtSignature": "AA=="}, {"text": "a", "thoughtSignature": "BB=="}]),
        ),
    ] {
        assert_eq!(asked(&blocks), (due, Vec::new()), "{blocks:?}");
    }
}

#[test]
fn what_another_model_has_signed_is_left_out_and_named() {
    let blocks = [thought(&["hm"], signature(Vendor::Anthropic, "x")), thought(&["so"], None), text("a")];
    let due = json!([{"text": "so", "thought": true}, {"text": "a"}]);
    assert_eq!(asked(&blocks), (due, vec!["messages.content.reasoning".to_owned()]));
}

#[test]
fn an_answer_carries_what_another_model_has_signed_for_the_way_back() {
    let redacted =
        ThoughtSignature { vendor: Vendor::Anthropic, kind: SignatureKind::Redacted, value: JsonText::of("R") };
    let blocks =
        [thought(&["hm", "so"], signature(Vendor::Anthropic, "S")), thought(&[], Some(redacted.clone())), text("a")];
    let (parts, losses) = written(&blocks, &style(false, None));
    assert_eq!(losses, Vec::<String>::new());
    let parts = parts.as_array().unwrap();
    assert_eq!(parts.len(), 4);
    let back: Vec<_> = parts.iter().flat_map(read_of).collect();
    let signatures: Vec<_> = back
        .iter()
        .filter_map(|block| match block {
            ContentBlock::Reasoning(thought) => thought.signature.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(signatures, [signature(Vendor::Anthropic, "S").unwrap(), redacted]);
}

#[test]
fn calls_of_other_models_are_excused_where_all_must_be_signed() {
    let style = PartStyle { excuses: true, ..style(false, Some(Vendor::Google)) };
    let (parts, _) = written(&[call(args()), call(args())], &style);
    assert_eq!(parts[0]["thoughtSignature"], "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=");
    assert_eq!(parts[1].get("thoughtSignature"), None, "the first of a turn alone is looked at");
    let (parts, _) = written(&[thought(&[], signature(Vendor::Google, "AA==")), call(args())], &style);
    assert_eq!(parts[0]["thoughtSignature"], "AA==");
}

#[test]
fn arguments_are_an_object_and_calls_of_other_wires_have_no_identifier() {
    let of = |input: ToolInput| asked(&[call(input)]);
    let due = |args: Value| json!([{"functionCall": {"name": "look", "args": args}}]);
    assert_eq!(of(args()), (due(json!({"a": 1})), Vec::new()));
    assert_eq!(of(ToolInput::Text(JsonText::of(r#"{"a":1}"#))), (due(json!({"a": 1})), Vec::new()));
    assert_eq!(of(ToolInput::Text(JsonText::EMPTY)), (due(json!({})), Vec::new()));
    let lost = vec!["messages.content.arguments".to_owned()];
    assert_eq!(of(ToolInput::Text(JsonText::of("{\"a"))), (due(json!({"_raw": "{\"a"})), lost));
    // In an answer the client is to give it back (quirk 69).
    let (parts, _) = written(&[call(args())], &style(false, None));
    assert_eq!(parts[0]["functionCall"]["id"], "id-1");
}

#[test]
fn a_result_is_an_object() {
    let of = |content: Vec<ContentBlock>, failed: Option<bool>| asked(&[result(content, failed)]);
    let due = |response: Value| (json!([{"functionResponse": {"name": "look", "response": response}}]), Vec::new());
    let value = |value: Value| ContentBlock::Other(OtherBlock { kind: "json".into(), raw: raw(&value) });
    assert_eq!(of(vec![text("a")], None), due(json!({"result": "a"})));
    assert_eq!(of(vec![text("a"), text("b")], Some(false)), due(json!({"result": "ab"})));
    assert_eq!(of(vec![value(json!({"k": 1}))], None), due(json!({"k": 1})));
    assert_eq!(of(vec![value(json!([1]))], None), due(json!({"result": [1]})));
    assert_eq!(of(vec![text("no")], Some(true)), due(json!({"error": "no"})));
    assert_eq!(of(vec![value(json!({"k": 1}))], Some(true)), due(json!({"error": {"k": 1}})));
    assert_eq!(of(Vec::new(), None), due(json!({})));
    let image = ContentBlock::Image(media(MediaSource::Base64(JsonText::of("AA==")), Some("image/png")));
    let (parts, losses) = of(vec![text("see"), image], None);
    let response = &parts[0]["functionResponse"];
    assert_eq!(response["response"], json!({"result": "see"}));
    assert_eq!(response["parts"], json!([{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]));
    assert!(losses.is_empty());
}

#[test]
fn a_result_names_the_tool_that_its_call_named() {
    let mut request = crate::canon::ChatRequest::new(crate::wire::WireFormat::Chat, "m", false);
    request.turns.push(crate::canon::ChatTurn::of(crate::canon::TurnRole::Assistant, vec![call(args())]));
    let names = ToolNames::of(&request);
    let style = PartStyle { names: Some(&names), ..style(false, Some(Vendor::Google)) };
    let mut block = result(vec![text("a")], None);
    let ContentBlock::ToolResult(unnamed) = &mut block else { panic!() };
    unnamed.name = None;
    let (parts, losses) = written(std::slice::from_ref(&block), &style);
    assert_eq!((parts[0]["functionResponse"]["name"].as_str(), losses.len()), (Some("look"), 0));
    let ContentBlock::ToolResult(unnamed) = &mut block else { panic!() };
    unnamed.id = Some(JsonText::of("gone"));
    let (parts, losses) = written(&[block], &style);
    assert_eq!(parts[0]["functionResponse"]["name"], "gone");
    assert_eq!(losses, ["messages.content.tool_use_id"]);
}

#[test]
fn media_of_other_wires_are_data_or_addresses_that_google_can_read() {
    let image = |source| asked(&[ContentBlock::Image(media(source, None))]);
    let base64 = MediaSource::Base64(JsonText::of("AA=="));
    assert_eq!(image(base64.clone()).0, json!([{"inlineData": {"mimeType": "image/jpeg", "data": "AA=="}}]));
    let url = MediaSource::Url(JsonText::of("https://a/b.PNG?c.d"));
    assert_eq!(
        image(url),
        (json!([{"fileData": {"mimeType": "image/png", "fileUri": "https://a/b.PNG?c.d"}}]), Vec::new())
    );
    let jpg = asked(&[ContentBlock::Image(media(base64, Some("image/jpg")))]).0;
    assert_eq!(jpg[0]["inlineData"]["mimeType"], "image/jpeg");
    let store = |uri: &str| image(MediaSource::Store(JsonText::of(uri)));
    assert_eq!(store("gs://a/b").0, json!([{"fileData": {"mimeType": "image/jpeg", "fileUri": "gs://a/b"}}]));
    assert_eq!(store("s3://a/b"), (json!([]), vec!["messages.content.uri".to_owned()]));
    let file = MediaSource::FileId(JsonText::of("file-1"));
    assert_eq!(image(file), (json!([]), vec!["messages.content.file_id".to_owned()]));
    let document = |source| {
        asked(&[ContentBlock::Document(DocumentBlock {
            source,
            media_type: None,
            name: Some(JsonText::of("n")),
            context: None,
            cited: Some(true),
            cache: None,
            extra: RawMembers::default(),
        })])
    };
    let (parts, losses) = document(DocumentSource::Text(JsonText::of("hé")));
    assert_eq!(parts, json!([{"inlineData": {"mimeType": "text/plain", "data": "aMOp"}}]));
    assert_eq!(losses, ["messages.content.title", "messages.content.citations"]);
    assert_eq!(document(DocumentSource::Blocks(RawJson::NULL)).0, json!([]));
}

#[test]
fn what_is_no_part_is_named() {
    let server = read_of(&json!({"executableCode": {"code": "1"}}));
    assert_eq!(asked(&server), (json!([]), vec!["messages.content.server_tool".to_owned()]));
    let other = ContentBlock::Other(OtherBlock { kind: "video_url".into(), raw: RawJson::EMPTY_OBJECT });
    assert_eq!(asked(&[other]), (json!([]), vec!["messages.content.video_url".to_owned()]));
    assert_eq!(asked(&[ContentBlock::Refusal(TextBlock::of(JsonText::of("no")))]).0, json!([{"text": "no"}]));
    assert_eq!(asked(&[text("")]).0, json!([]), "a part must say something");
}

//! Blocks of other wires, written.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::canon::{
    CacheMark, ContentForm, DocumentBlock, DocumentSource, MediaBlock, MediaSource, OtherBlock, RawMembers,
    ReasoningBlock, ServerToolBlock, ServerToolKind, SignatureKind, ThoughtSignature, ToolInput, ToolResultBlock,
    ToolUseBlock,
};

/// What the user's message has, and what is lost of it.
fn shown(blocks: Vec<ContentBlock>) -> (Value, Vec<String>) {
    let (body, lost) = sent(&asked(vec![(TurnRole::User, blocks)]));
    (body["messages"].get(0).map_or(Value::Null, |message| message["content"].clone()), lost)
}

/// The same of the model's.
fn told(block: ContentBlock) -> (Value, Vec<String>) {
    let (body, lost) = sent(&asked(vec![(TurnRole::User, vec![said("hi")]), (TurnRole::Assistant, vec![block])]));
    (body["messages"].get(1).map_or(Value::Null, |message| message["content"][0].clone()), lost)
}

fn media(source: MediaSource, media_type: Option<&str>) -> MediaBlock {
    MediaBlock { source, media_type: media_type.map(words), detail: None, cache: None, extra: RawMembers::default() }
}

fn document(source: DocumentSource, media_type: Option<&str>) -> ContentBlock {
    ContentBlock::Document(DocumentBlock {
        source,
        media_type: media_type.map(words),
        name: Some(words("a.pdf")),
        context: None,
        cited: None,
        cache: None,
        extra: RawMembers::default(),
    })
}

fn base64(text: &str) -> MediaSource {
    MediaSource::Base64(words(&BASE64_STANDARD.encode(text)))
}

#[test]
fn images_are_carried_by_data_and_address_and_nothing_else_is() {
    let image = |source, kind| shown(vec![ContentBlock::Image(media(source, kind))]);
    let png = MediaSource::Base64(words("iVBORw0KGgo="));
    let due =
        json!([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}]);
    assert_eq!(image(png.clone(), Some("image/png")), (due.clone(), vec![]));
    assert_eq!(image(png, None), (due, vec![]), "its beginning says what it is");
    let url = json!([{"type": "image", "source": {"type": "url", "url": "https://a/b"}}]);
    assert_eq!(image(MediaSource::Url(words("https://a/b")), None), (url, vec![]));
    let lost = |source, kind| image(source, kind).1.join(" ");
    assert_eq!(lost(base64("<svg>"), Some("image/svg+xml")), "messages.content.image.media_type");
    assert_eq!(lost(MediaSource::FileId(words("file-1")), None), "messages.content.image.file_id");
    assert_eq!(lost(MediaSource::Store(words("s3://a/b")), None), "messages.content.image.url");
    let sound = media(base64("x"), Some("audio/wav"));
    let lost = shown(vec![ContentBlock::Audio(sound.clone()), ContentBlock::Video(sound)]).1;
    assert_eq!(lost, ["messages.content.audio", "messages.content.video"]);
}

#[test]
fn documents_are_pdf_or_text() {
    let data = BASE64_STANDARD.encode("%PDF-1");
    let pdf = json!([{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}, "title": "a.pdf"}]);
    let of = |source, kind| shown(vec![document(source, kind)]);
    let with = |media| DocumentSource::Media(media);
    assert_eq!(of(with(base64("%PDF-1")), Some("application/pdf")), (pdf.clone(), vec![]));
    assert_eq!(of(with(base64("%PDF-1")), None), (pdf, vec![]));
    let text = json!([{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a,b"}, "title": "a.pdf"}]);
    assert_eq!(of(with(base64("a,b")), Some("text/csv")), (text.clone(), vec![]));
    assert_eq!(of(DocumentSource::Text(words("a,b")), None), (text.clone(), vec![]));
    assert_eq!(of(DocumentSource::Blocks(raw(r#"[{"text":"a,b"}]"#)), None), (text, vec![]));
    let url = of(with(MediaSource::Url(words("https://a/b.pdf"))), None).0;
    assert_eq!(url[0]["source"], json!({"type": "url", "url": "https://a/b.pdf"}));
    let lost = |source, kind| of(source, kind).1.join(" ");
    assert_eq!(lost(with(base64("x")), Some("application/zip")), "messages.content.document.media_type");
    assert_eq!(lost(with(MediaSource::FileId(words("file-1"))), None), "messages.content.document.file_id");
    assert_eq!(lost(with(MediaSource::Url(words("https://a"))), Some("text/html")), "messages.content.document.url");
    assert_eq!(lost(DocumentSource::Blocks(raw(r#"[{"image":{}}]"#)), None), "messages.content.document.content");
}

#[test]
fn marks_for_the_cache_are_carried_with_the_times_that_there_are() {
    let mark = |ttl: Option<&str>| {
        let cache = CacheMark { ttl: ttl.map(words), extra: RawMembers::default() };
        shown(vec![ContentBlock::Text(TextBlock { cache: Some(cache), ..TextBlock::of(words("x")) })])
    };
    assert_eq!(mark(None).0, json!([{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]));
    assert_eq!(mark(Some("1h")).0[0]["cache_control"]["ttl"], "1h");
    assert_eq!(mark(Some("24h")).1, ["cache_control.ttl"]);
}

#[test]
fn results_of_tools_carry_texts_values_and_images_and_that_they_failed() {
    let result = |content, failed| {
        ContentBlock::ToolResult(ToolResultBlock {
            id: Some(words("a")),
            name: None,
            content,
            form: ContentForm::Parts,
            failed,
            cache: None,
            extra: RawMembers::default(),
        })
    };
    let (one, _) = shown(vec![result(vec![said("x")], Some(true))]);
    assert_eq!(one, json!([{"type": "tool_result", "tool_use_id": "a", "content": "x", "is_error": true}]));
    let value = ContentBlock::Other(OtherBlock { kind: "json".into(), raw: raw(r#"{"a":1}"#) });
    let image = ContentBlock::Image(media(MediaSource::Url(words("https://a/b")), None));
    let (several, lost) = shown(vec![result(vec![value, image, said("")], Some(false))]);
    let due = json!([{"type": "text", "text": "{\"a\":1}"}, {"type": "image", "source": {"type": "url", "url": "https://a/b"}}]);
    assert_eq!((&several[0]["content"], several[0].get("is_error")), (&due, None));
    assert!(lost.is_empty());
    assert_eq!(shown(vec![result(vec![], None)]).0, json!([{"type": "tool_result", "tool_use_id": "a"}]));
}

#[test]
fn arguments_that_are_no_object_are_wrapped_and_told() {
    let call = |input| told(ContentBlock::ToolUse(ToolUseBlock::of(Some(words("a")), words("f"), input)));
    assert_eq!(call(ToolInput::Text(words(""))).0["input"], json!({}));
    let (block, lost) = call(ToolInput::Text(words(r#"{"a":"#)));
    assert_eq!(
        (&block["input"], lost.join(" ").as_str()),
        (&json!({"_raw": "{\"a\":"}), "messages.content.tool_use.input")
    );
}

#[test]
fn thoughts_are_played_back_to_who_can_read_them() {
    let thought = |text: &[&str], signature: Option<(Vendor, SignatureKind)>| {
        ContentBlock::Reasoning(ReasoningBlock {
            text: text.iter().map(|text| words(text)).collect(),
            signature: signature.map(|(vendor, kind)| ThoughtSignature { vendor, kind, value: words("s") }),
            ..ReasoningBlock::default()
        })
    };
    let own = Some((Vendor::Anthropic, SignatureKind::Signature));
    let due = json!({"type": "thinking", "thinking": "ab", "signature": "s"});
    assert_eq!(told(thought(&["a", "b"], own)), (due, vec![]));
    // Quirk 113: without a word.
    assert_eq!(told(thought(&[], own)).0, json!({"type": "thinking", "thinking": "", "signature": "s"}));
    let redacted = Some((Vendor::Anthropic, SignatureKind::Redacted));
    assert_eq!(told(thought(&[], redacted)).0, json!({"type": "redacted_thinking", "data": "s"}));
    let lost = vec!["messages.content.reasoning".to_owned()];
    for other in
        [None, Some((Vendor::OpenAi, SignatureKind::Encrypted)), Some((Vendor::Google, SignatureKind::Signature))]
    {
        assert_eq!(told(thought(&["a"], other)), (Value::Null, lost.clone()));
        assert_eq!(told(thought(&[], other)), (Value::Null, vec![]), "a signature of somebody else's says nothing");
    }
}

#[test]
fn what_is_said_of_tools_of_providers_and_what_no_other_wire_has_is_lost() {
    let tool = ServerToolBlock { kind: ServerToolKind::Call, name: None, id: None, raw: RawJson::EMPTY_OBJECT };
    assert_eq!(told(ContentBlock::ServerTool(tool)).1, ["messages.content.server_tool"]);
    let other = OtherBlock { kind: "item_reference".into(), raw: RawJson::EMPTY_OBJECT };
    assert_eq!(told(ContentBlock::Other(other)).1, ["messages.content.item_reference"]);
    let refusal = ContentBlock::Refusal(TextBlock::of(words("no")));
    assert_eq!(told(refusal), (json!({"type": "text", "text": "no"}), vec![]));
}

use serde_json::json;

use super::*;
use crate::canon::{
    DocumentBlock, DocumentSource, MediaBlock, MediaSource, OtherBlock, ReasoningBlock, ServerToolBlock, ServerToolKind,
};

#[test]
fn the_application_speaks_in_system_and_later_as_the_user() {
    let (body, losses) = asked(
        &request(vec![
            ChatTurn::of(TurnRole::System, vec![text("one")]),
            ChatTurn::of(TurnRole::Developer, vec![text("two"), text(" ")]),
            user(vec![text("u")]),
            assistant(vec![text("a")]),
            ChatTurn::of(TurnRole::System, vec![text("mid")]),
        ]),
        CLAUDE,
    );
    assert_eq!(body["system"], json!([{"text": "one"}, {"text": "two"}]));
    let turn = |role: &str, text: &str| json!({"role": role, "content": [{"text": text}]});
    assert_eq!(body["messages"], json!([turn("user", "u"), turn("assistant", "a"), turn("user", "mid")]));
    assert_eq!(losses, ["messages.role"]);
}

#[test]
fn speakers_take_turns_and_blank_texts_are_left_out() {
    let (body, losses) = asked(
        &request(vec![
            user(vec![text("u")]),
            assistant(vec![text(""), text("\n")]),
            user(vec![text("v")]),
            assistant(vec![call("1", "f", "{}")]),
            user(vec![text("w")]),
            ChatTurn::of(TurnRole::Tool, vec![ContentBlock::ToolResult(result("1", vec![text("r")]))]),
        ]),
        CLAUDE,
    );
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": [{"text": "u"}, {"text": "v"}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "f", "input": {}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "r"}]}}, {"text": "w"}]},
        ])
    );
    assert!(losses.is_empty(), "{losses:?}");
}

fn media(source: MediaSource, media_type: Option<&str>) -> MediaBlock {
    let media_type = media_type.map(word);
    MediaBlock { source, media_type, detail: None, cache: None, extra: Default::default() }
}

#[test]
fn images_sound_and_pictures_are_told_by_their_format() {
    let data = |data: &str| MediaSource::Base64(word(data));
    let store = MediaSource::Store(word("s3://bucket/a.webp"));
    let (blocks, losses) = content(vec![
        ContentBlock::Image(media(data("AAAA"), Some("image/png"))),
        ContentBlock::Image(media(data("/9j/AAAA"), None)),
        ContentBlock::Image(media(store, None)),
        ContentBlock::Audio(media(data("AAAA"), Some("audio/mpeg"))),
        ContentBlock::Video(media(data("AAAA"), Some("video/mp4"))),
    ]);
    assert_eq!(
        blocks,
        json!([
            {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
            {"image": {"format": "jpeg", "source": {"bytes": "/9j/AAAA"}}},
            {"image": {"format": "webp", "source": {"s3Location": {"uri": "s3://bucket/a.webp"}}}},
            {"audio": {"format": "mp3", "source": {"bytes": "AAAA"}}},
            {"video": {"format": "mp4", "source": {"bytes": "AAAA"}}},
        ])
    );
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn what_is_elsewhere_or_of_another_type_is_lost_by_name() {
    let lost = |block: ContentBlock| {
        let (_, losses) = content(vec![text("t"), block]);
        losses.first().cloned().unwrap_or_default()
    };
    let image = |source, kind| ContentBlock::Image(media(source, kind));
    assert_eq!(lost(image(MediaSource::Url(word("https://a/b.png")), None)), "messages.content.image.url");
    assert_eq!(lost(image(MediaSource::Store(word("gs://a/b.png")), None)), "messages.content.image.url");
    assert_eq!(lost(image(MediaSource::FileId(word("file_1")), None)), "messages.content.image.file_id");
    let bitmap = image(MediaSource::Base64(word("Qk0=")), Some("image/bmp"));
    assert_eq!(lost(bitmap), "messages.content.image.media_type");
    let tool = ServerToolBlock { kind: ServerToolKind::Call, name: None, id: None, raw: raw("{}") };
    assert_eq!(lost(ContentBlock::ServerTool(tool)), "messages.content.server_tool");
    let other = OtherBlock { kind: "search_result".into(), raw: raw("{}") };
    assert_eq!(lost(ContentBlock::Other(other)), "messages.content.search_result");
}

fn document(source: DocumentSource, media_type: Option<&str>, name: Option<&str>) -> ContentBlock {
    ContentBlock::Document(DocumentBlock {
        source,
        media_type: media_type.map(word),
        name: name.map(word),
        context: None,
        cited: None,
        cache: None,
        extra: Default::default(),
    })
}

#[test]
fn documents_have_formats_and_names_of_their_own() {
    let data = || DocumentSource::Media(MediaSource::Base64(word("JVBE")));
    let blocks_of_text = DocumentSource::Blocks(raw(r#"[{"type":"text","text":"x"}]"#));
    let (blocks, losses) = content(vec![
        document(data(), Some("application/pdf"), Some("a_b.pdf")),
        document(data(), None, Some("a b.docx")),
        document(DocumentSource::Text(word("hi")), None, None),
        document(blocks_of_text, None, Some("list")),
        document(DocumentSource::Media(MediaSource::Url(word("https://a/b.pdf"))), Some("application/pdf"), None),
    ]);
    let names: Vec<_> = blocks.as_array().unwrap().iter().map(|block| &block["document"]["name"]).collect();
    assert_eq!(names, ["a b", "a b (2)", "document", "list"]);
    let formats: Vec<_> = blocks.as_array().unwrap().iter().map(|block| &block["document"]["format"]).collect();
    assert_eq!(formats, ["pdf", "docx", "txt", "txt"]);
    assert_eq!(blocks[2]["document"]["source"], json!({"text": "hi"}));
    assert_eq!(blocks[3]["document"]["source"], json!({"content": [{"text": "x"}]}));
    assert_eq!(losses, ["messages.content.document"]);
}

#[test]
fn calls_and_results_keep_to_each_other_whatever_their_identifiers() {
    let odd = "call|with:odd signs and far too long for what sixty four characters hold";
    let failed = ToolResultBlock {
        failed: Some(true),
        content: vec![
            text("no"),
            ContentBlock::Other(OtherBlock { kind: "json".into(), raw: raw(r#"{"a":1}"#) }),
            ContentBlock::Other(OtherBlock { kind: "json".into(), raw: raw("[1]") }),
            ContentBlock::Image(media(MediaSource::Base64(word("AAAA")), Some("image/gif"))),
        ],
        ..result(odd, vec![])
    };
    let turns = vec![
        user(vec![text("u")]),
        assistant(vec![call(odd, "f", r#"{"a":"#), call("b-1", "g", "")]),
        user(vec![ContentBlock::ToolResult(failed), ContentBlock::ToolResult(result("b-1", vec![]))]),
    ];
    let (body, losses) = asked(&request(turns), CLAUDE);
    let calls = &body["messages"][1]["content"];
    let id = calls[0]["toolUse"]["toolUseId"].as_str().unwrap();
    assert!(id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(calls[0]["toolUse"]["input"], json!({"_raw": "{\"a\":"}));
    assert_eq!(calls[1]["toolUse"]["input"], json!({}));
    assert_eq!(
        body["messages"][2]["content"],
        json!([
            {"toolResult": {"toolUseId": id, "status": "error", "content": [
                {"text": "no"}, {"json": {"a": 1}}, {"text": "[1]"}, {"image": {"format": "gif", "source": {"bytes": "AAAA"}}},
            ]}},
            {"toolResult": {"toolUseId": "b-1", "content": []}},
        ])
    );
    assert_eq!(losses, ["messages.content.tool_use.input"]);
}

#[test]
fn calls_without_identifiers_get_them_and_their_results_the_same() {
    let mut turns = vec![assistant(vec![call("", "f", "{}")]), user(vec![])];
    turns[0].blocks = vec![ContentBlock::ToolUse(ToolUseBlock::of(None, word("f"), ToolInput::Json(raw("{}"))))];
    turns[1].blocks = vec![ContentBlock::ToolResult(ToolResultBlock {
        id: None,
        name: Some(word("f")),
        ..result("", vec![text("r")])
    })];
    let (body, _) = asked(&request(turns), CLAUDE);
    let id = body["messages"][0]["content"][0]["toolUse"]["toolUseId"].as_str();
    assert!(id.is_some() && body["messages"][1]["content"][0]["toolResult"]["toolUseId"].as_str() == id);
}

#[test]
fn thoughts_go_back_to_whom_can_read_them_and_to_nobody_else() {
    let thought = |signature: Option<ThoughtSignature>| {
        ContentBlock::Reasoning(ReasoningBlock { text: vec![word("hm")], signature, ..ReasoningBlock::default() })
    };
    let own = || signature(Vendor::Anthropic, SignatureKind::Signature, "sig");
    let hidden = ContentBlock::Reasoning(ReasoningBlock {
        signature: Some(signature(Vendor::Anthropic, SignatureKind::Redacted, "cmVk")),
        ..ReasoningBlock::default()
    });
    let turns = request(vec![user(vec![text("u")]), assistant(vec![thought(Some(own())), hidden, text("a")])]);
    let (body, losses) = asked(&turns, CLAUDE);
    assert_eq!(
        body["messages"][1]["content"],
        json!([
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
            {"reasoningContent": {"redactedContent": "Y21Waw=="}},
            {"text": "a"},
        ])
    );
    assert!(losses.is_empty(), "{losses:?}");
    let google = signature(Vendor::Google, SignatureKind::Signature, "g");
    for (block, model) in [(thought(Some(own())), NOVA), (thought(Some(google)), CLAUDE), (thought(None), CLAUDE)] {
        let (body, losses) = asked(&request(vec![user(vec![text("u")]), assistant(vec![block, text("a")])]), model);
        assert_eq!(body["messages"][1]["content"], json!([{"text": "a"}]));
        assert_eq!(losses, ["messages.content.reasoning"]);
    }
}

#[test]
fn marks_for_the_cache_stand_behind_their_blocks() {
    let point = json!({"cachePoint": {"type": "default"}});
    let (blocks, losses) =
        content(vec![marked("a", None), marked("b", Some("1h")), text("c"), marked("d", Some("24h"))]);
    let long = json!({"cachePoint": {"type": "default", "ttl": "1h"}});
    assert_eq!(blocks, json!([{"text": "a"}, point, {"text": "b"}, long, {"text": "c"}, {"text": "d"}, point]));
    assert_eq!(losses, ["cache_control.ttl"]);
    let (blocks, _) = content(vec![ContentBlock::ToolResult(result("1", vec![marked("r", None)]))]);
    assert_eq!(blocks[0]["toolResult"]["content"], json!([{"text": "r"}]));
    assert_eq!(blocks[1], point, "none may stand within a result");
    let (body, losses) = asked(&request(vec![user(vec![marked("a", None)])]), LLAMA);
    assert_eq!(body["messages"][0]["content"], json!([{"text": "a"}]));
    assert_eq!(losses, ["cache_control"]);
}

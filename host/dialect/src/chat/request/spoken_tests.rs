//! Turns of other wires as messages.

use bytes::Bytes;
use serde_json::{Value, json};

use super::encode_request;
use crate::canon::{
    CacheMark, ChatRequest, ChatTurn, ContentBlock, ContentForm, DocumentBlock, DocumentSource, FieldLosses, JsonText,
    MediaBlock, MediaSource, OtherBlock, RawJson, RawMembers, ReasoningBlock, ServerToolBlock, ServerToolKind,
    SignatureKind, TargetQuirks, TargetRules, TextBlock, ThoughtSignature, ToolInput, ToolResultBlock, ToolUseBlock,
    TurnRole,
};
use crate::wire::{Vendor, WireFormat};

fn t(text: &str) -> JsonText {
    JsonText::of(text)
}

fn raw(text: &str) -> RawJson {
    RawJson::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn text(text: &str) -> ContentBlock {
    ContentBlock::Text(TextBlock::of(t(text)))
}

fn cached(text: &str) -> ContentBlock {
    ContentBlock::Text(TextBlock { cache: Some(CacheMark::default()), ..TextBlock::of(t(text)) })
}

fn call(id: Option<&str>, name: &str) -> ContentBlock {
    ContentBlock::ToolUse(ToolUseBlock::of(id.map(t), t(name), ToolInput::Json(raw(r#"{"a":1}"#))))
}

fn result(id: Option<&str>, content: Vec<ContentBlock>) -> ToolResultBlock {
    ToolResultBlock {
        id: id.map(t),
        name: Some(t("f")),
        content,
        form: ContentForm::Parts,
        failed: None,
        cache: None,
        extra: RawMembers::default(),
    }
}

fn media(source: MediaSource, kind: Option<&str>) -> MediaBlock {
    MediaBlock { source, media_type: kind.map(t), detail: None, cache: None, extra: RawMembers::default() }
}

fn thoughts(vendor: Vendor) -> ContentBlock {
    let signature = ThoughtSignature { vendor, kind: SignatureKind::Signature, value: t("sig") };
    ContentBlock::Reasoning(ReasoningBlock {
        text: vec![t("why")],
        signature: Some(signature),
        ..ReasoningBlock::default()
    })
}

fn rules(vendor: Vendor, quirks: TargetQuirks) -> TargetRules {
    TargetRules { model: "m".into(), max_output: None, vendor, ask_usage: false, quirks }
}

/// The messages, and what is lost.
fn messages(turns: Vec<(TurnRole, Vec<ContentBlock>)>, rules: &TargetRules) -> (Value, Vec<String>) {
    let mut request = ChatRequest::new(WireFormat::Responses, "m", false);
    request.turns = turns.into_iter().map(|(role, blocks)| ChatTurn::of(role, blocks)).collect();
    let mut losses = FieldLosses::default();
    let body: Value = serde_json::from_slice(&encode_request(&request, rules, &mut losses)).unwrap();
    (body["messages"].clone(), losses.iter().map(str::to_owned).collect())
}

fn openai(turns: Vec<(TurnRole, Vec<ContentBlock>)>) -> (Value, Vec<String>) {
    messages(turns, &rules(Vendor::OpenAi, TargetQuirks::default()))
}

#[test]
fn items_of_one_speaker_are_one_message_and_each_result_is_one() {
    let image = ContentBlock::Image(media(MediaSource::Base64(t("iVBO")), Some("image/png")));
    let (messages, losses) = openai(vec![
        (TurnRole::System, vec![text("s")]),
        (TurnRole::Developer, vec![text("d1"), text("d2")]),
        (TurnRole::User, vec![text("u")]),
        (TurnRole::Assistant, vec![text("a1")]),
        (TurnRole::Assistant, vec![text("a2")]),
        (TurnRole::Assistant, vec![call(Some("1"), "f")]),
        (TurnRole::Assistant, vec![call(Some("2"), "g")]),
        (
            TurnRole::User,
            vec![
                text("next"),
                ContentBlock::ToolResult(result(Some("1"), vec![text("r"), image])),
                ContentBlock::ToolResult(result(Some("2"), vec![])),
            ],
        ),
        (TurnRole::System, vec![text("mid")]),
    ]);
    let function = |name: &str| json!({"name": name, "arguments": "{\"a\":1}"});
    assert_eq!(losses, Vec::<String>::new());
    assert_eq!(
        messages,
        json!([
            {"role": "system", "content": "s"},
            {"role": "developer", "content": [{"type": "text", "text": "d1"}, {"type": "text", "text": "d2"}]},
            {"role": "user", "content": "u"},
            {"role": "assistant", "content": "a1\n\na2", "tool_calls": [
                {"id": "1", "type": "function", "function": function("f")},
                {"id": "2", "type": "function", "function": function("g")},
            ]},
            {"role": "tool", "tool_call_id": "1", "content": "r"},
            {"role": "tool", "tool_call_id": "2", "content": ""},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}]},
            {"role": "user", "content": "next"},
            {"role": "system", "content": "mid"},
        ])
    );
}

#[test]
fn calls_without_identifiers_get_some_that_their_results_name() {
    let (messages, _) = openai(vec![
        (TurnRole::Assistant, vec![call(None, "f")]),
        (TurnRole::Tool, vec![ContentBlock::ToolResult(result(None, vec![text("r")]))]),
    ]);
    let id = messages[0]["tool_calls"][0]["id"].as_str().unwrap();
    assert!(!id.is_empty());
    assert_eq!(messages[0]["content"], Value::Null);
    assert_eq!(messages[1]["tool_call_id"], id);
    let nine = TargetQuirks { tool_ids_9: true, ..TargetQuirks::default() };
    let turns = vec![
        (TurnRole::Assistant, vec![call(Some("call_abcdefghijk"), "f")]),
        (TurnRole::Tool, vec![ContentBlock::ToolResult(result(Some("call_abcdefghijk"), vec![text("r")]))]),
    ];
    let (messages, _) = self::messages(turns, &rules(Vendor::Other, nine));
    assert_eq!(messages[0]["tool_calls"][0]["id"].as_str().unwrap().len(), 9);
    assert_eq!(messages[1]["tool_call_id"], messages[0]["tool_calls"][0]["id"]);
}

#[test]
fn a_result_is_text_and_what_it_cannot_say_is_lost() {
    let mut failed = result(
        Some("1"),
        vec![
            text("a"),
            ContentBlock::Other(OtherBlock { kind: "json".into(), raw: raw(r#"{"b":2}"#) }),
            ContentBlock::Other(OtherBlock { kind: "search_result".into(), raw: raw("{}") }),
        ],
    );
    failed.failed = Some(true);
    let (messages, losses) = openai(vec![(TurnRole::Tool, vec![ContentBlock::ToolResult(failed)])]);
    assert_eq!(messages[0]["content"], json!([{"type": "text", "text": "a"}, {"type": "text", "text": "{\"b\":2}"}]));
    assert_eq!(losses, ["messages.content.is_error", "messages.content.search_result"]);
}

#[test]
fn thoughts_are_played_back_only_to_who_takes_them() {
    let turns = || vec![(TurnRole::Assistant, vec![thoughts(Vendor::Anthropic), text("t")])];
    let (plain, losses) = openai(turns());
    assert_eq!(plain, json!([{"role": "assistant", "content": "t"}]));
    assert_eq!(losses, ["messages.content.reasoning"]);
    let quirks = TargetQuirks { reasoning_content: true, ..TargetQuirks::default() };
    let (content, losses) = messages(turns(), &rules(Vendor::Other, quirks));
    assert_eq!(content, json!([{"role": "assistant", "content": "t", "reasoning_content": "why"}]));
    assert!(losses.is_empty());
    // The signature comes with it where the model is its vendor's.
    let quirks = TargetQuirks { reasoning: true, ..TargetQuirks::default() };
    let (details, _) = messages(turns(), &rules(Vendor::Anthropic, quirks));
    assert_eq!(
        details[0]["reasoning_details"],
        json!([{"index": 0, "format": "anthropic-claude-v1", "type": "reasoning.text", "text": "why", "signature": "sig"}])
    );
    // A turn that has nothing else is left out.
    assert_eq!(openai(vec![(TurnRole::Assistant, vec![thoughts(Vendor::Google)])]).0, json!([]));
}

#[test]
fn the_signature_of_a_call_goes_to_its_vendors_models_alone() {
    let signed = |vendor| {
        let mut use_of = ToolUseBlock::of(Some(t("1")), t("f"), ToolInput::Json(RawJson::EMPTY_OBJECT));
        use_of.signature = Some(ThoughtSignature { vendor, kind: SignatureKind::Signature, value: t("sig") });
        vec![(TurnRole::Assistant, vec![ContentBlock::ToolUse(use_of)])]
    };
    let google = rules(Vendor::Google, TargetQuirks::default());
    let (messages, _) = messages(signed(Vendor::Google), &google);
    assert_eq!(messages[0]["tool_calls"][0]["extra_content"], json!({"google": {"thought_signature": "sig"}}));
    let (others, losses) = openai(signed(Vendor::Google));
    assert_eq!(others[0]["tool_calls"][0].get("extra_content"), None);
    assert!(losses.is_empty());
}

#[test]
fn marks_for_the_cache_go_to_models_that_take_them() {
    let turns = || vec![(TurnRole::User, vec![cached("u")]), (TurnRole::Assistant, vec![cached("a")])];
    let model = |model: &str| TargetRules { model: model.into(), ..rules(Vendor::OpenAi, TargetQuirks::default()) };
    let (marked, losses) = messages(turns(), &model("gpt-5.6-mini"));
    let part = |text: &str| json!([{"type": "text", "text": text, "prompt_cache_breakpoint": {"mode": "explicit"}}]);
    assert_eq!(marked, json!([{"role": "user", "content": part("u")}, {"role": "assistant", "content": part("a")}]));
    assert!(losses.is_empty());
    for rules in [model("gpt-5.5"), model("o3"), TargetRules { vendor: Vendor::Other, ..model("gpt-5.6") }] {
        let (plain, losses) = messages(turns(), &rules);
        assert_eq!(plain, json!([{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]));
        assert_eq!(losses, ["messages.content.cache_control"]);
    }
}

#[test]
fn media_are_carried_where_this_wire_has_a_place_and_named_where_not() {
    let document = |source, name: Option<&str>| {
        ContentBlock::Document(DocumentBlock {
            source,
            media_type: Some(t("application/pdf")),
            name: name.map(t),
            context: None,
            cited: None,
            cache: None,
            extra: RawMembers::default(),
        })
    };
    let mut close = media(MediaSource::Url(t("https://a/b.png")), None);
    close.detail = Some(t("high"));
    let (messages, losses) = openai(vec![(
        TurnRole::User,
        vec![
            ContentBlock::Image(close),
            ContentBlock::Image(media(MediaSource::Store(t("s3://b/a.png")), None)),
            ContentBlock::Image(media(MediaSource::FileId(t("f")), None)),
            ContentBlock::Audio(media(MediaSource::Base64(t("AAAA")), Some("audio/mpeg"))),
            document(DocumentSource::Media(MediaSource::Base64(t("JVBE"))), None),
            document(DocumentSource::Media(MediaSource::FileId(t("file-1"))), None),
            document(DocumentSource::Media(MediaSource::Url(t("https://a/b.pdf"))), None),
            document(DocumentSource::Text(t("words")), Some("Title")),
            ContentBlock::ServerTool(ServerToolBlock {
                kind: ServerToolKind::Call,
                name: None,
                id: None,
                raw: raw("{}"),
            }),
            ContentBlock::Other(OtherBlock { kind: "search_result".into(), raw: raw("{}") }),
        ],
    )]);
    assert_eq!(
        messages[0]["content"],
        json!([
            {"type": "image_url", "image_url": {"url": "https://a/b.png", "detail": "high"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "document"}},
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "text", "text": "Title\n\nwords"},
        ])
    );
    assert_eq!(
        losses,
        [
            "messages.content.store_uri",
            "messages.content.file_id",
            "messages.content.document_url",
            "messages.content.server_tool",
            "messages.content.search_result",
        ]
    );
}

#[test]
fn refusals_stand_beside_the_content() {
    let refusal = ContentBlock::Refusal(TextBlock::of(t("no")));
    let (messages, _) = openai(vec![(TurnRole::Assistant, vec![refusal])]);
    assert_eq!(messages, json!([{"role": "assistant", "content": "", "refusal": "no"}]));
}

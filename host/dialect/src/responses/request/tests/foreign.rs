use serde_json::{Value, json};

use super::{raw, rules, written, written_for};
use crate::canon::{
    AnswerFormat, CacheMark, ChatRequest, ChatTool, ChatToolKind, ChatTurn, ContentBlock, ContentForm, DocumentBlock,
    DocumentSource, JsonText, MediaBlock, MediaSource, OtherBlock, RawJson, RawMembers, ReasoningBlock, ReasoningMode,
    ReasoningShow, SignatureKind, TargetQuirks, TargetRules, TextBlock, ThoughtSignature, ToolInput, ToolPick,
    ToolResultBlock, ToolUseBlock, TurnRole,
};
use crate::wire::{Vendor, WireFormat};

fn of(wire: WireFormat, turns: Vec<(TurnRole, Vec<ContentBlock>)>) -> ChatRequest {
    let mut request = ChatRequest::new(wire, "asked", false);
    request.turns = turns.into_iter().map(|(role, blocks)| ChatTurn::of(role, blocks)).collect();
    request
}

fn text(text: &str) -> ContentBlock {
    ContentBlock::Text(TextBlock::of(JsonText::of(text)))
}

fn call(id: Option<&str>, name: &str, input: Value) -> ToolUseBlock {
    ToolUseBlock::of(id.map(JsonText::of), JsonText::of(name), ToolInput::Json(raw(&input)))
}

fn result(id: Option<&str>, content: Vec<ContentBlock>) -> ToolResultBlock {
    ToolResultBlock {
        id: id.map(JsonText::of),
        name: Some(JsonText::of("f")),
        content,
        form: ContentForm::Parts,
        failed: None,
        cache: None,
        extra: RawMembers::default(),
    }
}

fn signed(vendor: Vendor, kind: SignatureKind) -> ReasoningBlock {
    let value = JsonText::of("sig");
    ReasoningBlock {
        text: vec![JsonText::of("hm")],
        signature: Some(ThoughtSignature { vendor, kind, value }),
        ..ReasoningBlock::default()
    }
}

fn items(request: &ChatRequest) -> (Value, Vec<String>) {
    let (mut body, losses) = written(request);
    (body["input"].take(), losses)
}

#[test]
fn what_the_application_says_first_is_instructions_and_later_an_item() {
    let request = of(
        WireFormat::Chat,
        vec![
            (TurnRole::System, vec![text("s")]),
            (TurnRole::Developer, vec![text("d")]),
            (TurnRole::User, vec![text("u")]),
            (TurnRole::System, vec![text("later")]),
        ],
    );
    let (body, losses) = written(&request);
    let message = |role: &str, text: &str| json!({"type": "message", "role": role, "content": text});
    assert_eq!(body["instructions"], "s");
    assert_eq!(body["input"], json!([message("developer", "d"), message("user", "u"), message("system", "later")]));
    assert_eq!((&body["store"], losses), (&json!(false), vec![]), "nothing is kept unless somebody asks for it");
    // Several texts stay apart.
    let request = of(WireFormat::Messages, vec![(TurnRole::System, vec![text("a"), text("b")])]);
    let (body, _) = written(&request);
    assert_eq!(
        body["input"][0]["content"],
        json!([{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}])
    );
    assert!(body.get("instructions").is_none());
    let quirks = TargetQuirks { no_developer: true, ..TargetQuirks::default() };
    let request = of(WireFormat::Chat, vec![(TurnRole::User, vec![text("u")]), (TurnRole::Developer, vec![text("d")])]);
    let (body, _) = written_for(&request, &TargetRules { quirks, ..rules() });
    assert_eq!(body["input"][1]["role"], "system");
}

#[test]
fn a_turn_with_calls_and_a_turn_with_results_are_taken_apart_in_order() {
    let turns = vec![
        (TurnRole::User, vec![text("u")]),
        (
            TurnRole::Assistant,
            vec![
                text("let me"),
                ContentBlock::ToolUse(call(Some("toolu_1"), "f", json!({"a": 1}))),
                ContentBlock::ToolUse(call(Some("toolu_2"), "g", json!({}))),
            ],
        ),
        (
            TurnRole::User,
            vec![
                ContentBlock::ToolResult(ToolResultBlock {
                    failed: Some(true),
                    ..result(Some("toolu_1"), vec![text("r")])
                }),
                ContentBlock::ToolResult(result(Some("toolu_2"), vec![])),
                text("and"),
            ],
        ),
    ];
    let (input, losses) = items(&of(WireFormat::Messages, turns));
    assert_eq!(
        input,
        json!([
            {"type": "message", "role": "user", "content": "u"},
            {"type": "message", "role": "assistant", "content": "let me"},
            {"type": "function_call", "call_id": "toolu_1", "name": "f", "arguments": "{\"a\":1}"},
            {"type": "function_call", "call_id": "toolu_2", "name": "g", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "toolu_1", "output": "r"},
            {"type": "function_call_output", "call_id": "toolu_2", "output": ""},
            {"type": "message", "role": "user", "content": "and"},
        ])
    );
    assert_eq!(losses, ["messages.content.is_error"]);
}

#[test]
fn calls_without_identifiers_get_some_and_long_ones_fit() {
    let long = "x".repeat(70);
    let turns = vec![
        (
            TurnRole::Assistant,
            vec![
                ContentBlock::ToolUse(call(None, "f", json!({}))),
                ContentBlock::ToolUse(call(Some(&long), "f", json!({}))),
            ],
        ),
        (
            TurnRole::Tool,
            vec![
                ContentBlock::ToolResult(result(
                    None,
                    vec![ContentBlock::Other(OtherBlock { kind: "json".into(), raw: raw(&json!({"t": 1})) })],
                )),
                ContentBlock::ToolResult(result(Some(&long), vec![text("r")])),
            ],
        ),
    ];
    let (input, losses) = items(&of(WireFormat::GenerateContent, turns));
    assert_eq!((&input[0]["call_id"], &input[2]["call_id"]), (&json!("call_1"), &json!("call_1")));
    assert_eq!(input[2]["output"], "{\"t\":1}", "values are told as text");
    assert_eq!(input[1]["call_id"], input[3]["call_id"]);
    assert!(input[1]["call_id"].as_str().unwrap().len() <= 64);
    assert!(losses.is_empty());
}

#[test]
fn tools_that_take_free_text_are_so_here() {
    let custom = ToolUseBlock {
        custom: true,
        input: ToolInput::Text(JsonText::of("SELECT 1")),
        ..call(Some("call_1"), "sql", json!(null))
    };
    let turns = vec![
        (TurnRole::Assistant, vec![ContentBlock::ToolUse(custom)]),
        (TurnRole::Tool, vec![ContentBlock::ToolResult(result(Some("call_1"), vec![text("1")]))]),
    ];
    let (input, _) = items(&of(WireFormat::Chat, turns));
    assert_eq!(input[0], json!({"type": "custom_tool_call", "call_id": "call_1", "name": "sql", "input": "SELECT 1"}));
    assert_eq!(input[1], json!({"type": "custom_tool_call_output", "call_id": "call_1", "output": "1"}));
}

#[test]
fn images_files_and_sound_are_parts_and_what_is_none_is_named() {
    let media = |source, kind: Option<&str>| MediaBlock {
        source,
        media_type: kind.map(JsonText::of),
        detail: None,
        cache: None,
        extra: RawMembers::default(),
    };
    let document = |source, kind: Option<&str>| DocumentBlock {
        source,
        media_type: kind.map(JsonText::of),
        name: None,
        context: None,
        cited: Some(true),
        cache: None,
        extra: RawMembers::default(),
    };
    let data = || MediaSource::Base64(JsonText::of("QUJD"));
    let store = MediaSource::Store(JsonText::of("s3://b/a.png"));
    let blocks = vec![
        ContentBlock::Image(media(data(), Some("image/png"))),
        ContentBlock::Image(media(MediaSource::Url(JsonText::of("https://a/b")), None)),
        ContentBlock::Audio(media(data(), Some("audio/mpeg"))),
        ContentBlock::Document(document(DocumentSource::Media(data()), Some("application/pdf"))),
        ContentBlock::Document(document(DocumentSource::Text(JsonText::of("plain")), None)),
        ContentBlock::Document(document(DocumentSource::Blocks(RawJson::NULL), None)),
        ContentBlock::Image(media(store, None)),
        ContentBlock::Video(media(data(), Some("video/mp4"))),
        ContentBlock::Text(TextBlock { cache: Some(CacheMark::default()), ..TextBlock::of(JsonText::of("t")) }),
    ];
    let request = of(WireFormat::Messages, vec![(TurnRole::User, blocks)]);
    let (body, losses) = written_for(&request, &TargetRules { model: "gpt-5.6-sol".into(), ..rules() });
    let input = &body["input"];
    assert_eq!(
        *input,
        json!([{"type": "message", "role": "user", "content": [
            {"type": "input_image", "image_url": "data:image/png;base64,QUJD"},
            {"type": "input_image", "image_url": "https://a/b"},
            {"type": "input_file", "file_data": "data:application/pdf;base64,QUJD", "filename": "document.pdf"},
            {"type": "input_text", "text": "plain"},
            {"type": "input_text", "text": "t", "prompt_cache_breakpoint": {"mode": "explicit"}},
        ]}])
    );
    let due = [
        "messages.content.document.citations",
        "messages.content.document",
        "messages.content.image",
        "messages.content.video",
        "messages.content.audio",
    ];
    assert!(due.iter().all(|field| losses.iter().any(|lost| lost == field)) && losses.len() == due.len(), "{losses:?}");
}

#[test]
fn thoughts_go_back_to_who_can_read_them_and_to_nobody_else() {
    let turn = |block: ReasoningBlock| {
        of(WireFormat::Messages, vec![(TurnRole::Assistant, vec![ContentBlock::Reasoning(block), text("so")])])
    };
    let (input, losses) = items(&turn(signed(Vendor::OpenAi, SignatureKind::Encrypted)));
    assert_eq!(input[0]["encrypted_content"], "sig");
    assert_eq!((input[0]["summary"].clone(), losses), (json!([]), vec![]));
    for block in [
        signed(Vendor::Anthropic, SignatureKind::Signature),
        ReasoningBlock { signature: None, ..signed(Vendor::OpenAi, SignatureKind::Encrypted) },
    ] {
        let (input, losses) = items(&turn(block));
        assert_eq!((input.as_array().unwrap().len(), losses), (1, vec!["messages.content.reasoning".to_owned()]));
    }
    // Others than OpenAI take thoughts that nobody has signed.
    let plain = ReasoningBlock { signature: None, ..signed(Vendor::Other, SignatureKind::Signature) };
    let (body, losses) = written_for(&turn(plain), &TargetRules { vendor: Vendor::Other, ..rules() });
    assert_eq!(body["input"][0]["content"], json!([{"type": "reasoning_text", "text": "hm"}]));
    assert!(losses.is_empty());
}

#[test]
fn tools_say_how_strict_they_are_and_only_those_of_this_wire_run_at_the_provider() {
    let tool = |name: &str, kind| ChatTool {
        name: JsonText::of(name),
        description: None,
        schema: None,
        strict: None,
        kind,
        cache: None,
        extra: RawMembers::default(),
    };
    let mut request = of(WireFormat::Messages, vec![(TurnRole::User, vec![text("u")])]);
    request.tools =
        vec![tool("f", ChatToolKind::Function), tool("web_search_20250305", ChatToolKind::Server(RawJson::NULL))];
    request.pick = Some(ToolPick::Among { names: vec![JsonText::of("f")], must: true });
    request.parallel = Some(false);
    let (body, losses) = written(&request);
    let parameters = json!({"type": "object", "properties": {}});
    assert_eq!(body["tools"], json!([{"type": "function", "name": "f", "parameters": parameters, "strict": false}]));
    let among = json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]});
    assert_eq!((&body["tool_choice"], &body["parallel_tool_calls"]), (&among, &json!(false)));
    assert_eq!(losses, ["tools.web_search_20250305"]);
    request.tools.clear();
    let (body, losses) = written(&request);
    assert!(body.get("tools").is_none() && body.get("tool_choice").is_none());
    assert_eq!(losses, ["tool_choice"], "there is nothing left that must be called");
}

#[test]
fn what_this_wire_does_not_know_is_named() {
    let mut request = of(WireFormat::Chat, vec![(TurnRole::User, vec![text("u")])]);
    let number = |number: u64| Some(RawJson::number(number));
    let sampling = &mut request.sampling;
    (sampling.temperature, sampling.top_p, sampling.top_k, sampling.seed) =
        (number(1), number(1), number(40), number(0));
    (sampling.min_p, sampling.presence_penalty, sampling.frequency_penalty) = (number(0), number(0), number(1));
    (sampling.choices, sampling.stop) = (number(1), vec![JsonText::of("\n")]);
    sampling.logprobs = Some(RawJson::boolean(true));
    request.max_output = number(1);
    request.service_tier = Some(JsonText::of("standard_only"));
    request.extra.push("web_search_options", RawJson::EMPTY_OBJECT);
    request.extra.push("modalities", raw(&json!(["text"])));
    let (body, losses) = written(&request);
    assert_eq!((&body["temperature"], &body["include"]), (&json!(1), &json!(["message.output_text.logprobs"])));
    assert_eq!(body["max_output_tokens"], 16, "the fewest that OpenAI takes");
    assert_eq!(
        losses,
        ["top_k", "frequency_penalty", "seed", "stop", "max_output_tokens", "service_tier", "modalities"]
    );
}

#[test]
fn efforts_budgets_and_forms_are_said_in_this_wires_words() {
    let mut request = of(WireFormat::Messages, vec![(TurnRole::User, vec![text("u")])]);
    request.reasoning.budget = Some(RawJson::number(10_000));
    (request.reasoning.mode, request.reasoning.show) = (ReasoningMode::On, Some(ReasoningShow::Full));
    request.format = AnswerFormat::JsonSchema {
        name: None,
        description: None,
        schema: raw(&json!({"type": "object"})),
        strict: Some(true),
        extra: RawMembers::default(),
    };
    let (body, losses) = written(&request);
    assert_eq!(body["reasoning"], json!({"effort": "medium", "summary": "auto"}));
    assert_eq!(body["include"], json!(["reasoning.encrypted_content"]), "for the way back");
    let due =
        json!({"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": true}});
    assert_eq!((&body["text"], losses), (&due, vec![]));
    let quirks = TargetQuirks { no_json_schema: true, no_parallel: true, ..TargetQuirks::default() };
    request.reasoning = Default::default();
    request.reasoning.mode = ReasoningMode::Off;
    request.parallel = Some(true);
    let (body, losses) = written_for(&request, &TargetRules { quirks, ..rules() });
    assert_eq!(
        (&body["reasoning"], &body["text"]["format"]),
        (&json!({"effort": "none"}), &json!({"type": "json_object"}))
    );
    assert_eq!(losses, ["parallel_tool_calls", "response_format.json_schema"]);
}

#[test]
fn marks_for_the_cache_go_to_models_that_take_them() {
    let marked = TextBlock { cache: Some(CacheMark::default()), ..TextBlock::of(JsonText::of("t")) };
    let request = of(WireFormat::Messages, vec![(TurnRole::User, vec![ContentBlock::Text(marked)])]);
    let marks = |model: &str, vendor| {
        let (body, losses) = written_for(&request, &TargetRules { model: model.into(), vendor, ..rules() });
        let marks = body["input"][0]["content"][0].get("prompt_cache_breakpoint").is_some();
        assert_eq!(marks, losses.is_empty());
        assert!(marks || losses == ["messages.content.cache_control"]);
        marks
    };
    for model in ["gpt-5.6", "gpt-5.6-sol", "openai/gpt-6", "gpt-5.10-mini"] {
        assert!(marks(model, Vendor::OpenAi), "{model}");
    }
    for model in ["gpt-5", "gpt-5.1-codex", "gpt-4o", "o3", "gpt-oss-120b", "m"] {
        assert!(!marks(model, Vendor::OpenAi), "{model}");
    }
    assert!(!marks("gpt-5.6", Vendor::Other));
}

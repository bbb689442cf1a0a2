use serde_json::{Value, json};

use super::{raw, read, written};
use crate::canon::{
    AnswerFormat, CacheMark, ChatToolKind, ContentBlock, ContentForm, DecodeFault, DocumentSource, JsonText,
    MediaSource, RawJson, ReasoningMode, ReasoningShow, ServerToolKind, SignatureKind, ToolInput, ToolPick, TurnOrigin,
    TurnRole,
};
use crate::responses::decode_request;
use crate::wire::Vendor;

fn same(body: &Value) {
    assert_eq!(written(&read(body)), (body.clone(), vec![]));
}

fn text(text: &str) -> Option<JsonText> {
    Some(JsonText::of(text))
}

#[test]
fn what_is_no_request_is_a_fault() {
    for (body, field) in [(json!([]), "body"), (json!({"input": "hi"}), "model"), (json!({"model": 1}), "model")] {
        let fault = decode_request(&raw(&body)).unwrap_err();
        assert!(matches!(fault, DecodeFault::Field { field: at, .. } if at == field), "{fault}");
    }
}

#[test]
fn instructions_and_an_input_of_text_are_turns_in_parameters_of_their_own() {
    let body = json!({"model": "m", "instructions": "be brief", "input": "hi", "stream": true});
    let request = read(&body);
    assert!(request.streaming && request.include_usage == Some(true));
    let turns: Vec<_> = request.turns.iter().map(|turn| (turn.role, turn.origin, turn.form)).collect();
    let parameter = |role| (role, TurnOrigin::Parameter, ContentForm::Text);
    assert_eq!(turns, [parameter(TurnRole::System), parameter(TurnRole::User)]);
    same(&body);
    same(&json!({"model": "m", "instructions": null, "stream": false, "input": []}));
    same(&json!({"model": "m", "prompt": {"id": "pmpt_1"}}));
}

#[test]
fn messages_are_turns_and_other_items_turns_of_their_own() {
    let body = json!({"model": "m", "input": [
        {"role": "developer", "content": "d"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "u"}]},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": "commentary",
            "content": [{"type": "output_text", "text": "a", "annotations": [], "logprobs": []}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "s"}],
            "content": [{"type": "reasoning_text", "text": "t"}], "encrypted_content": "gAAA"},
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{\"a\":", "status": "incomplete"},
        {"type": "custom_tool_call", "call_id": "call_2", "name": "c", "input": "free text"},
        {"type": "function_call_output", "call_id": "call_1", "output": "r", "id": "o_1", "status": "completed"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "r"}]},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
        {"type": "item_reference", "id": "msg_0"}
    ]});
    let request = read(&body);
    same(&body);
    let turns: Vec<_> = request.turns.iter().map(|turn| (turn.role, turn.origin)).collect();
    let (message, item) = (TurnOrigin::Message, TurnOrigin::Item);
    let (assistant, tool) = (TurnRole::Assistant, TurnRole::Tool);
    assert_eq!(turns[..3], [(TurnRole::Developer, message), (TurnRole::User, message), (assistant, message)]);
    assert_eq!(
        turns[3..],
        [assistant, assistant, assistant, tool, tool, assistant, assistant].map(|role| (role, item))
    );
    let block = |at: usize| request.turns[at].blocks.first().unwrap();
    let ContentBlock::Reasoning(thought) = block(3) else { panic!() };
    assert_eq!(
        (&thought.id, &thought.summary[0], &thought.text[0]),
        (&text("rs_1"), &JsonText::of("s"), &JsonText::of("t"))
    );
    let signature = thought.signature.as_ref().unwrap();
    assert_eq!((signature.vendor, signature.kind), (Vendor::OpenAi, SignatureKind::Encrypted));
    let ContentBlock::ToolUse(call) = block(4) else { panic!() };
    assert_eq!((&call.id, &call.item, call.custom), (&text("call_1"), &text("fc_1"), false));
    assert_eq!(call.input, ToolInput::Text(JsonText::of("{\"a\":")));
    let ContentBlock::ToolUse(custom) = block(5) else { panic!() };
    assert!(custom.custom);
    let ContentBlock::ToolResult(result) = block(6) else { panic!() };
    assert_eq!((&result.id, result.form), (&text("call_1"), ContentForm::Text));
    let ContentBlock::ServerTool(search) = block(8) else { panic!() };
    assert_eq!((search.kind, &search.name), (ServerToolKind::Call, &text("web_search_call")));
    assert!(matches!(block(9), ContentBlock::Other(other) if &*other.kind == "item_reference"));
}

#[test]
fn parts_are_read_by_their_type_and_written_as_they_were() {
    let body = json!({"model": "m", "input": [{"role": "user", "content": [
        {"type": "input_text", "text": "t", "prompt_cache_breakpoint": {"mode": "explicit"}},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBO", "detail": "low"},
        {"type": "input_image", "image_url": "https://a/b.png", "detail": null},
        {"type": "input_image", "image_url": "data:image/png;charset=x;base64,iVBO"},
        {"type": "input_image", "file_id": "file_1"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"},
        {"type": "input_file", "file_data": "JVBE", "filename": "a.pdf"},
        {"type": "input_file", "file_url": "https://a/b.pdf"},
        {"type": "input_file", "file_id": "file_2", "detail": "high"},
        {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
        {"type": "input_audio", "input_audio": {"data": "UklG", "format": "mpeg"}},
        {"type": "input_video", "x": 1}
    ]}]});
    let request = read(&body);
    same(&body);
    let blocks = &request.turns[0].blocks;
    let ContentBlock::Text(first) = &blocks[0] else { panic!() };
    assert!(matches!(&first.cache, Some(CacheMark { ttl: None, .. })));
    let source = |at: usize| match &blocks[at] {
        ContentBlock::Image(image) => (image.source.clone(), image.media_type.clone()),
        ContentBlock::Audio(audio) => (audio.source.clone(), audio.media_type.clone()),
        ContentBlock::Document(document) => match &document.source {
            DocumentSource::Media(source) => (source.clone(), document.media_type.clone()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let data = |data: &str| MediaSource::Base64(JsonText::of(data));
    assert_eq!(source(1), (data("iVBO"), text("image/png")));
    assert_eq!(source(2), (MediaSource::Url(JsonText::of("https://a/b.png")), None));
    assert!(matches!(source(3), (MediaSource::Url(_), None)), "parameters of its type would be lost");
    assert_eq!(source(4), (MediaSource::FileId(JsonText::of("file_1")), None));
    assert_eq!(source(5), (data("JVBE"), text("application/pdf")));
    assert_eq!(source(6), (data("JVBE"), None));
    assert_eq!(source(9), (data("UklG"), text("audio/wav")));
    assert!(matches!(&blocks[10], ContentBlock::Other(_)), "mpeg would be written as mp3");
    assert!(matches!(&blocks[11], ContentBlock::Other(other) if &*other.kind == "input_video"));
}

#[test]
fn tools_and_the_pick_among_them_are_read_by_their_kinds() {
    let function =
        json!({"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true});
    let custom = json!({"type": "custom", "name": "c", "format": {"type": "text"}});
    let body = |pick: Value| {
        json!({"model": "m", "input": "hi", "parallel_tool_calls": false, "tool_choice": pick,
            "tools": [function, custom, {"type": "web_search", "search_context_size": "low"}]})
    };
    let request = read(&body(json!("required")));
    let kinds: Vec<_> = request.tools.iter().map(|tool| (tool.name.text().into_owned(), &tool.kind)).collect();
    assert_eq!(kinds[0], ("f".to_owned(), &ChatToolKind::Function));
    assert_eq!(kinds[1], ("c".to_owned(), &ChatToolKind::Custom));
    assert!(matches!(&kinds[2], (name, ChatToolKind::Server(_)) if name == "web_search"));
    assert_eq!((request.tools[0].strict, request.parallel), (Some(true), Some(false)));
    let one = |name: &str| ToolPick::One(JsonText::of(name));
    let among = ToolPick::Among { names: vec![JsonText::of("f")], must: true };
    for (pick, due) in [
        (json!("auto"), ToolPick::Auto),
        (json!("none"), ToolPick::None),
        (json!("required"), ToolPick::Any),
        (json!({"type": "function", "name": "f"}), one("f")),
        (json!({"type": "custom", "name": "c"}), one("c")),
        (json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]}), among),
    ] {
        assert_eq!(read(&body(pick.clone())).pick, Some(due));
        same(&body(pick));
    }
    for other in [json!({"type": "web_search"}), json!("any"), json!({"type": "function", "name": "c"})] {
        assert!(matches!(read(&body(other.clone())).pick, Some(ToolPick::Other(_))));
        same(&body(other));
    }
}

#[test]
fn the_form_of_the_answer_is_read_out_of_text() {
    let body = |text: Value| json!({"model": "m", "input": "hi", "text": text});
    assert_eq!(read(&body(json!({"format": {"type": "text"}}))).format, AnswerFormat::Text);
    assert_eq!(
        read(&body(json!({"format": {"type": "json_object"}, "verbosity": "low"}))).format,
        AnswerFormat::JsonObject
    );
    let schema =
        json!({"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": true, "description": null});
    let AnswerFormat::JsonSchema { name, strict, .. } = read(&body(json!({"format": schema}))).format else { panic!() };
    assert_eq!((name, strict), (text("n"), Some(true)));
    for text in [
        json!({"format": {"type": "text"}, "verbosity": "low"}),
        json!({"format": schema}),
        json!({"verbosity": "low"}),
        json!({}),
        Value::Null,
        json!({"format": {"type": "grammar", "x": 1}}),
    ] {
        same(&body(text));
    }
}

#[test]
fn what_is_wanted_of_thoughts_and_how_words_are_chosen() {
    let body = json!({"model": "m", "input": "hi", "reasoning": {"effort": "low", "summary": "auto", "context": "all_turns"},
        "include": ["message.output_text.logprobs", "reasoning.encrypted_content", "file_search_call.results"],
        "temperature": 0.5, "top_p": 0.9, "top_logprobs": 3, "max_output_tokens": 100, "user": "u",
        "metadata": {"k": "v"}, "service_tier": "flex", "previous_response_id": "resp_0", "store": false,
        "truncation": "auto", "background": false, "conversation": null});
    same(&body);
    let request = read(&body);
    let wish = &request.reasoning;
    assert_eq!((&wish.effort, wish.mode, wish.encrypted), (&text("low"), ReasoningMode::Unsaid, true));
    assert_eq!(wish.show, Some(ReasoningShow::Summary(JsonText::of("auto"))));
    assert_eq!(request.sampling.logprobs, Some(RawJson::boolean(true)));
    assert_eq!((request.max_output.as_ref().unwrap().unsigned(), &request.user), (Some(100), &text("u")));
    assert_eq!(
        (&request.previous, request.store, &request.service_tier),
        (&text("resp_0"), Some(false), &text("flex"))
    );
    let none = read(&json!({"model": "m", "input": "hi", "reasoning": {"effort": "none"}}));
    assert_eq!(none.reasoning.mode, ReasoningMode::Off);
    same(&json!({"model": "m", "input": "hi", "reasoning": {}, "include": []}));
}

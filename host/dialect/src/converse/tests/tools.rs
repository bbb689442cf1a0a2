use serde_json::json;

use super::*;
use crate::canon::{ChatTool, ChatToolKind, ToolPick};

fn tool(name: &str, kind: ChatToolKind) -> ChatTool {
    ChatTool {
        name: word(name),
        description: Some(word("what it is for")),
        schema: Some(raw(r#"{"type":"object"}"#)),
        strict: None,
        kind,
        cache: None,
        extra: Default::default(),
    }
}

fn with_tools(tools: Vec<ChatTool>, pick: Option<ToolPick>) -> ChatRequest {
    ChatRequest { tools, pick, ..hello() }
}

#[test]
fn functions_are_tool_specs_and_others_are_lost_by_name() {
    let strict = ChatTool { strict: Some(true), ..tool("f", ChatToolKind::Function) };
    let bare = ChatTool { description: Some(word(" ")), schema: None, ..tool("g", ChatToolKind::Function) };
    let cache = Some(CacheMark::default());
    let last = ChatTool { cache, ..tool("h", ChatToolKind::Function) };
    let server = tool("web_search", ChatToolKind::Server(raw("{}")));
    let (body, losses) =
        asked(&with_tools(vec![strict.clone(), bare, last, tool("c", ChatToolKind::Custom), server], None), CLAUDE);
    let spec = |name: &str| json!({"name": name, "description": "what it is for", "inputSchema": {"json": {"type": "object"}}});
    let mut first = spec("f");
    first["strict"] = json!(true);
    assert_eq!(
        body["toolConfig"],
        json!({"tools": [
            {"toolSpec": first},
            {"toolSpec": {"name": "g", "inputSchema": {"json": {"type": "object", "properties": {}}}}},
            {"toolSpec": spec("h")},
            {"cachePoint": {"type": "default"}},
        ]})
    );
    assert_eq!(losses, ["tools.custom", "tools.web_search"]);
    let mut rules = rules(CLAUDE);
    rules.quirks.no_strict = true;
    let (body, losses) = asked_by(&with_tools(vec![strict], None), &rules);
    assert_eq!(body["toolConfig"]["tools"][0], json!({"toolSpec": spec("f")}));
    assert_eq!(losses, ["tools.strict"]);
}

#[test]
fn which_tool_is_told_as_far_as_there_is_a_word() {
    let among = |must| ToolPick::Among { names: vec![word("f")], must };
    for (pick, due, lost) in [
        (ToolPick::Auto, json!({"auto": {}}), None),
        (ToolPick::Any, json!({"any": {}}), None),
        (ToolPick::One(word("f")), json!({"tool": {"name": "f"}}), None),
        (among(true), json!({"any": {}}), Some("tool_choice.allowed_tools")),
        (among(false), json!({"auto": {}}), Some("tool_choice.allowed_tools")),
        (ToolPick::Other(raw(r#"{"mode":"VALIDATED"}"#)), json!({"auto": {}}), Some("tool_choice")),
    ] {
        let (body, losses) = asked(&with_tools(vec![tool("f", ChatToolKind::Function)], Some(pick)), CLAUDE);
        assert_eq!(body["toolConfig"]["toolChoice"], due);
        assert_eq!(losses.first().map(String::as_str), lost);
    }
}

#[test]
fn no_tool_means_that_none_is_there_unless_the_conversation_has_called_one() {
    let mut asks = with_tools(vec![tool("f", ChatToolKind::Function)], Some(ToolPick::None));
    let (body, losses) = asked(&asks, CLAUDE);
    assert_eq!(body.get("toolConfig"), None);
    assert!(losses.is_empty(), "{losses:?}");
    asks.turns.push(assistant(vec![call("1", "f", "{}")]));
    asks.turns.push(user(vec![ContentBlock::ToolResult(result("1", vec![text("r")]))]));
    let (body, losses) = asked(&asks, CLAUDE);
    assert_eq!(body["toolConfig"]["tools"][0]["toolSpec"]["name"], "f");
    assert_eq!(body["toolConfig"].get("toolChoice"), None);
    assert_eq!(losses, ["tool_choice"]);
}

#[test]
fn tools_that_were_only_called_are_told_again() {
    let turns = vec![
        user(vec![text("u")]),
        assistant(vec![call("1", "f", "{}"), call("2", "f", "{}")]),
        user(vec![ContentBlock::ToolResult(result("1", vec![text("r")]))]),
    ];
    let (body, losses) = asked(&request(turns), CLAUDE);
    let spec = json!({"name": "f", "inputSchema": {"json": {"type": "object", "properties": {}}}});
    assert_eq!(body["toolConfig"], json!({"tools": [{"toolSpec": spec}]}));
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn a_claude_that_must_call_does_not_think() {
    let mut asks = with_tools(vec![tool("f", ChatToolKind::Function)], Some(ToolPick::Any));
    asks.reasoning.effort = Some(word("high"));
    let (body, losses) = asked(&asks, CLAUDE);
    assert_eq!((body.get("additionalModelRequestFields"), losses), (None, vec!["reasoning".to_owned()]));
}

//! Tools, which of them is to be called, and the form of the answer's text, read.

use crate::canon::{AnswerFormat, ChatRequest, ChatTool, ChatToolKind, JsonText, RawJson, RawMembers, ToolPick};
use crate::chat::writing::{keep, put_back, take_cache, take_said, within};

/// Where tools stood before there was `tools`.
pub(super) const FUNCTIONS: &str = "functions";

/// Takes all of it out of a request.
pub(super) fn take(members: &mut RawMembers, request: &mut ChatRequest) {
    let tools = members.take_as("tools", |raw| Some(raw.elements()).filter(|tools| !tools.is_empty()));
    match tools {
        Some(tools) => request.tools = tools.iter().map(tool).collect(),
        None => {
            request.tools = members.get(FUNCTIONS).map(functions).unwrap_or_default();
            members.hush(FUNCTIONS);
        }
    }
    let (kept, _) = pick_member(members);
    request.pick = members.get(kept).and_then(pick);
    members.hush(kept);
    request.format = take_format(members);
}

/// Reads `functions`.
pub(super) fn functions(raw: &RawJson) -> Vec<ChatTool> {
    raw.elements().iter().filter_map(|raw| function(&mut raw.members())).collect()
}

/// Reads a tool; one without a function or a name of this wire is one that only this wire knows.
fn tool(raw: &RawJson) -> ChatTool {
    let mut members = raw.members();
    let kind = members.get("type").and_then(RawJson::text).unwrap_or_else(|| JsonText::of("function"));
    let read = if kind.is("custom") { custom(&mut members) } else { None };
    let read = read.or_else(|| {
        let tool = function(&mut within(&members, "function")).filter(|_| kind.is("function"))?;
        members.take_members("function");
        Some(tool)
    });
    let Some(mut tool) = read else {
        return ChatTool { kind: ChatToolKind::Server(raw.clone()), ..named(kind) };
    };
    tool.cache = take_cache(&mut members);
    // What stands within the function comes first; what stands beside it keeps its place.
    put_back(&mut members, "function", &std::mem::take(&mut tool.extra));
    if members.get("type").is_none() {
        keep(&mut members, "type", RawJson::NULL);
    }
    tool.extra = members;
    tool
}

fn named(name: JsonText) -> ChatTool {
    ChatTool {
        name,
        description: None,
        schema: None,
        strict: None,
        kind: ChatToolKind::Function,
        cache: None,
        extra: RawMembers::default(),
    }
}

fn function(function: &mut RawMembers) -> Option<ChatTool> {
    Some(ChatTool {
        description: function.take_text("description"),
        schema: function.take("parameters"),
        strict: function.take_bool("strict"),
        ..named(take_said(function, "name")?)
    })
    .map(|tool| ChatTool { extra: std::mem::take(function), ..tool })
}

/// A tool that takes free text. All but its name and what it is for stays in its place.
fn custom(members: &mut RawMembers) -> Option<ChatTool> {
    let mut inner = members.get("custom")?.members();
    let (name, description) = (take_said(&mut inner, "name")?, inner.take_text("description"));
    members.take_members("custom");
    put_back(members, "custom", &inner);
    Some(ChatTool { description, kind: ChatToolKind::Custom, ..named(name) })
}

/// The member that says what is to be called, and the other one, which could.
pub(super) fn pick_member(members: &RawMembers) -> (&'static str, &'static str) {
    let names = ("tool_choice", "function_call");
    if members.get(names.0).is_some_and(|raw| !raw.is_null()) { names } else { (names.1, names.0) }
}

/// Reads `tool_choice`, or `function_call`.
pub(super) fn pick(raw: &RawJson) -> Option<ToolPick> {
    if let Some(word) = raw.text() {
        return Some(match word.text().as_ref() {
            "auto" => ToolPick::Auto,
            "none" => ToolPick::None,
            "required" | "any" => ToolPick::Any,
            _ => ToolPick::Other(raw.clone()),
        });
    }
    let mut members = raw.members();
    if let Some(mut allowed) = members.take_members("allowed_tools") {
        let names = allowed.take_elements("tools").unwrap_or_default();
        let names: Option<Vec<_>> = names.iter().map(|tool| name_of(&tool.members())).collect();
        let must = allowed.take_text("mode").is_some_and(|mode| mode.is("required"));
        return names.filter(|names| !names.is_empty()).map(|names| ToolPick::Among { names, must });
    }
    match name_of(&members).or_else(|| members.take_text("name")) {
        Some(name) => Some(ToolPick::One(name)),
        None if raw.is_null() => None,
        None => Some(ToolPick::Other(raw.clone())),
    }
}

fn name_of(tool: &RawMembers) -> Option<JsonText> {
    ["function", "custom"].iter().find_map(|member| within(tool, member).take_text("name"))
}

fn take_format(members: &mut RawMembers) -> AnswerFormat {
    let raw = members.get("response_format").cloned();
    let Some(raw) = raw.filter(|raw| !raw.is_null()) else { return AnswerFormat::Unsaid };
    let format = format(&raw);
    if format != AnswerFormat::Unsaid {
        members.hush("response_format");
    }
    format
}

/// Reads `response_format`.
pub(super) fn format(raw: &RawJson) -> AnswerFormat {
    let mut members = raw.members();
    let kind = members.take_text("type").unwrap_or_default();
    match kind.text().as_ref() {
        "text" => AnswerFormat::Text,
        "json_object" => AnswerFormat::JsonObject,
        "json_schema" => {
            let mut inner = within(&members, "json_schema");
            let Some(schema) = inner.take("schema") else { return AnswerFormat::Unsaid };
            AnswerFormat::JsonSchema {
                name: inner.take_text("name"),
                description: inner.take_text("description"),
                schema,
                strict: inner.take_bool("strict"),
                extra: inner,
            }
        }
        _ => AnswerFormat::Unsaid,
    }
}

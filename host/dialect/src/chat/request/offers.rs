//! Tools, which of them is to be called, and the form of the answer's text, written.

use super::tools::{self, FUNCTIONS};
use crate::canon::{
    AnswerFormat, ChatRequest, ChatTool, ChatToolKind, JsonText, JsonWriter, RawJson, TargetRules, ToolPick,
};
use crate::chat::writing::{ChatWriting, within};

/// Writes them.
pub(super) fn write(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    write_tools(out, request, rules, writing);
    write_pick(out, request, rules, writing);
    write_parallel(out, request, rules, writing);
    write_format(out, request, rules, writing);
}

fn write_tools(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    let kept = request.extra.get(FUNCTIONS).filter(|_| writing.own);
    if let Some(kept) = kept.filter(|kept| !kept.is_null() && tools::functions(kept) == request.tools) {
        out.name(FUNCTIONS).raw(kept);
        return;
    }
    let is_older = |tool: &ChatTool| tool.kind == ChatToolKind::Function && tool.extra.get("type").is_none();
    let legacy = kept.is_some_and(|kept| !kept.is_null()) && request.tools.iter().all(is_older);
    if !legacy {
        out.raw_member(FUNCTIONS, kept);
    }
    if !has_tools(request, writing) {
        request.tools.iter().for_each(|tool| writing.losses.lose_extra("tools", tool.name.text().as_bytes()));
        return;
    }
    out.name(if legacy { FUNCTIONS } else { "tools" }).open_array();
    for tool in &request.tools {
        if legacy {
            function(out, tool, rules, writing);
        } else {
            write_tool(out, tool, rules, writing);
        }
    }
    out.close_array();
}

/// Whether there is a tool that this wire knows.
fn has_tools(request: &ChatRequest, writing: &ChatWriting<'_>) -> bool {
    let is_known = |tool: &ChatTool| writing.own || !matches!(tool.kind, ChatToolKind::Server(_));
    request.tools.iter().any(is_known)
}

fn write_tool(out: &mut JsonWriter, tool: &ChatTool, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    let member = match &tool.kind {
        ChatToolKind::Server(raw) if writing.own => {
            out.raw(raw);
            return;
        }
        ChatToolKind::Server(_) => return writing.losses.lose_extra("tools", tool.name.text().as_bytes()),
        ChatToolKind::Custom => "custom",
        ChatToolKind::Function => "function",
    };
    out.open();
    let kept = tool.extra.get("type").filter(|_| writing.own);
    if kept.is_none() {
        out.name("type").string(member);
    }
    let no_type = if kept.is_some_and(RawJson::is_null) { "type" } else { "" };
    out.name(member);
    function(out, tool, rules, writing);
    match &tool.cache {
        Some(mark) if writing.own => {
            out.members(&mark.extra);
        }
        Some(_) => writing.losses.lose("tools.cache_control"),
        None => {}
    }
    if writing.own {
        writing.rest(out, "tools", &tool.extra, &[member, no_type]);
    } else {
        writing.losses.lose_extras("tools", &tool.extra);
    }
    out.close();
}

/// The object that names the tool.
fn function(out: &mut JsonWriter, tool: &ChatTool, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    out.open().name("name").text(&tool.name).text_member("description", tool.description.as_ref());
    if tool.kind == ChatToolKind::Function {
        out.raw_member("parameters", tool.schema.as_ref());
        if rules.quirks.no_strict {
            if tool.strict == Some(true) {
                writing.losses.lose("tools.strict");
            }
        } else {
            out.bool_member("strict", tool.strict);
        }
    }
    if writing.own {
        // What stood within it: in `functions` that is all there is.
        let member = if tool.kind == ChatToolKind::Custom { "custom" } else { "function" };
        match tool.extra.get("type") {
            Some(_) => out.members(&within(&tool.extra, member)),
            None => out.members(&tool.extra),
        };
    }
    out.close();
}

fn write_pick(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    let (name, other) = tools::pick_member(&request.extra);
    if writing.own {
        out.raw_member(other, request.extra.get(other));
        if let Some(kept) = request.extra.get(name).filter(|kept| tools::pick(kept) == request.pick) {
            out.name(name).raw(kept);
            return;
        }
    }
    let Some(pick) = &request.pick else { return };
    if !has_tools(request, writing) {
        // A wire without tools that names a choice is refused by OpenAI.
        return;
    }
    match pick {
        ToolPick::Auto => out.name("tool_choice").string("auto"),
        ToolPick::None => out.name("tool_choice").string("none"),
        ToolPick::Any => out.name("tool_choice").string("required"),
        ToolPick::One(name) => {
            out.name("tool_choice");
            named(out, name, request)
        }
        ToolPick::Among { must, .. } if rules.quirks.known_members => {
            writing.losses.lose("tool_choice.allowed_tools");
            out.name("tool_choice").string(if *must { "required" } else { "auto" })
        }
        ToolPick::Among { names, must } => {
            out.name("tool_choice").open().name("type").string("allowed_tools").name("allowed_tools").open();
            out.name("mode").string(if *must { "required" } else { "auto" }).name("tools").open_array();
            names.iter().for_each(|name| {
                named(out, name, request);
            });
            out.close_array().close().close()
        }
        ToolPick::Other(raw) if writing.own => out.name("tool_choice").raw(raw),
        ToolPick::Other(_) => {
            writing.losses.lose("tool_choice");
            out
        }
    };
}

fn named<'a>(out: &'a mut JsonWriter, name: &JsonText, request: &ChatRequest) -> &'a mut JsonWriter {
    let is_custom = request.tools.iter().any(|tool| tool.kind == ChatToolKind::Custom && tool.name == *name);
    let member = if is_custom { "custom" } else { "function" };
    out.open().name("type").string(member).name(member).open().name("name").text(name).close().close()
}

fn write_parallel(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    let Some(parallel) = request.parallel else { return };
    if rules.quirks.no_parallel {
        if !parallel {
            writing.losses.lose("parallel_tool_calls");
        }
    } else if writing.own || has_tools(request, writing) {
        out.name("parallel_tool_calls").boolean(parallel);
    }
}

fn write_format(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    let is_schema = matches!(request.format, AnswerFormat::JsonSchema { .. });
    if is_schema && rules.quirks.no_json_schema {
        writing.losses.lose("response_format.json_schema");
        out.name("response_format").open().name("type").string("json_object").close();
        return;
    }
    let kept = request.extra.get("response_format").filter(|kept| writing.own && tools::format(kept) == request.format);
    if let Some(kept) = kept {
        out.name("response_format").raw(kept);
        return;
    }
    match &request.format {
        AnswerFormat::Unsaid => {}
        AnswerFormat::Text if !writing.own => {}
        AnswerFormat::Text => {
            out.name("response_format").open().name("type").string("text").close();
        }
        AnswerFormat::JsonObject => {
            out.name("response_format").open().name("type").string("json_object").close();
        }
        AnswerFormat::JsonSchema { name, description, schema, strict, extra } => {
            out.name("response_format").open().name("type").string("json_schema").name("json_schema").open();
            // OpenAI demands one.
            out.name("name").text(name.as_ref().unwrap_or(&JsonText::of("answer")));
            out.text_member("description", description.as_ref()).name("schema").raw(schema);
            if !rules.quirks.no_strict {
                out.bool_member("strict", *strict);
            }
            writing.rest(out, "response_format", extra, &[]);
            out.close().close();
        }
    }
}

//! How tools, the pick among them, and the form of the answer are written.

use super::lines::Lines;
use crate::canon::{
    AnswerFormat, ChatRequest, ChatTool, ChatToolKind, FieldLosses, JsonText, JsonWriter, TargetQuirks, ToolPick,
};

/// Writes `tools` and `tool_choice`, `parallel_tool_calls` among them.
pub(super) fn write(out: &mut JsonWriter, request: &ChatRequest, lines: Lines<'_>, losses: &mut FieldLosses) {
    let Lines { own, quirks, .. } = lines;
    let has = |tool: &&ChatTool| own || !matches!(tool.kind, ChatToolKind::Server(_));
    for tool in request.tools.iter().filter(|tool| !has(tool)) {
        losses.lose_extra("tools", tool.name.escaped());
    }
    let tools: Vec<_> = request.tools.iter().filter(has).collect();
    if !tools.is_empty() {
        out.name("tools").open_array();
        for tool in &tools {
            write_tool(out, tool, own, quirks, losses);
        }
        out.close_array();
    }
    match &request.pick {
        // Where there is nothing to pick from, most picks say nothing.
        Some(pick) if own || !tools.is_empty() => write_pick(out, pick, request, own, losses),
        Some(ToolPick::Any | ToolPick::One(_) | ToolPick::Among { .. } | ToolPick::Other(_)) => {
            losses.lose("tool_choice")
        }
        Some(ToolPick::Auto | ToolPick::None) | None => {}
    }
    match request.parallel {
        Some(_) if !own && quirks.no_parallel => losses.lose("parallel_tool_calls"),
        parallel => {
            out.bool_member("parallel_tool_calls", parallel);
        }
    }
}

fn write_tool(out: &mut JsonWriter, tool: &ChatTool, own: bool, quirks: TargetQuirks, losses: &mut FieldLosses) {
    let custom = match &tool.kind {
        ChatToolKind::Server(raw) => {
            out.raw(raw);
            return;
        }
        ChatToolKind::Custom => true,
        ChatToolKind::Function => false,
    };
    out.open().name("type").string(if custom { "custom" } else { "function" }).name("name").text(&tool.name);
    out.text_member("description", tool.description.as_ref());
    match &tool.schema {
        Some(schema) => {
            out.name("parameters").raw(schema);
        }
        None if !own && !custom => {
            out.name("parameters").open().name("type").string("object").name("properties").open().close().close();
        }
        None => {}
    }
    if own {
        out.bool_member("strict", tool.strict).members(&tool.extra).close();
        return;
    }
    // What nobody says of it is strict here, and is not elsewhere.
    if !custom && !quirks.no_strict {
        out.name("strict").boolean(tool.strict.unwrap_or(false));
    } else if tool.strict == Some(true) {
        losses.lose("tools.strict");
    }
    if tool.cache.is_some() {
        losses.lose("tools.cache");
    }
    losses.lose_extras("tools", &tool.extra);
    out.close();
}

fn write_pick(out: &mut JsonWriter, pick: &ToolPick, request: &ChatRequest, own: bool, losses: &mut FieldLosses) {
    let is_custom =
        |name: &JsonText| request.tools.iter().any(|tool| tool.name == *name && tool.kind == ChatToolKind::Custom);
    let kind = |name: &JsonText| if is_custom(name) { "custom" } else { "function" };
    let word = match pick {
        ToolPick::Auto => "auto",
        ToolPick::None => "none",
        ToolPick::Any => "required",
        ToolPick::One(name) => {
            out.name("tool_choice").open().name("type").string(kind(name)).name("name").text(name).close();
            return;
        }
        ToolPick::Among { names, must } => {
            out.name("tool_choice").open().name("type").string("allowed_tools");
            out.name("mode").string(if *must { "required" } else { "auto" }).name("tools").open_array();
            for name in names {
                let kind = if own { "function" } else { kind(name) };
                out.open().name("type").string(kind).name("name").text(name).close();
            }
            out.close_array().close();
            return;
        }
        ToolPick::Other(raw) => {
            if own {
                out.name("tool_choice").raw(raw);
            } else {
                losses.lose("tool_choice");
            }
            return;
        }
    };
    out.name("tool_choice").string(word);
}

/// Writes `text`.
pub(super) fn write_format(out: &mut JsonWriter, request: &ChatRequest, lines: Lines<'_>, losses: &mut FieldLosses) {
    let Lines { own, quirks, .. } = lines;
    let rest = request.extra.get("text").filter(|_| own);
    if request.format == AnswerFormat::Unsaid {
        // It stands as it stood.
        out.raw_member("text", rest);
        return;
    }
    out.name("text").open().name("format").open();
    match &request.format {
        AnswerFormat::Unsaid | AnswerFormat::Text => {
            out.name("type").string("text");
        }
        AnswerFormat::JsonObject => {
            out.name("type").string("json_object");
        }
        AnswerFormat::JsonSchema { .. } if !own && quirks.no_json_schema => {
            losses.lose("response_format.json_schema");
            out.name("type").string("json_object");
        }
        AnswerFormat::JsonSchema { name, description, schema, strict, extra } => {
            out.name("type").string("json_schema");
            let made = JsonText::of("answer");
            out.text_member("name", name.as_ref().or((!own).then_some(&made)));
            out.text_member("description", description.as_ref()).name("schema").raw(schema);
            if own || !quirks.no_strict {
                out.bool_member("strict", *strict);
            }
            if own {
                out.members(extra);
            } else {
                losses.lose_extras("response_format", extra);
            }
        }
    };
    out.close();
    if let Some(rest) = rest {
        out.members(&rest.members());
    }
    out.close();
}

//! Tools, and which of them is to be called.

use weir_http::json::JsonKind;

use crate::canon::TargetQuirks;
use crate::canon::{
    ChatRequest, ChatTool, ChatToolKind, FieldLosses, JsonText, JsonWriter, RawJson, RawMembers, ToolPick,
};
use crate::messages::content::notes;

/// Takes out `tools` and `tool_choice`.
pub(super) fn take(members: &mut RawMembers, request: &mut ChatRequest) {
    let tools = members.take_as("tools", |raw| Some(raw.elements()).filter(|tools| !tools.is_empty()));
    request.tools = tools.unwrap_or_default().iter().map(tool).collect();
    let Some((pick, parallel)) = members.take_as("tool_choice", pick) else { return };
    (request.pick, request.parallel) = (Some(pick), parallel);
}

/// A tool of the client's has no type, or `custom`; every other type is Anthropic's own.
fn tool(raw: &RawJson) -> ChatTool {
    let mut members = raw.members();
    let kind = members.get("type").and_then(RawJson::text).filter(|kind| !kind.is("custom"));
    let function = |members: &mut RawMembers| {
        let name = members.take_text("name")?;
        Some(ChatTool {
            name,
            description: members.take_text("description"),
            schema: members.take("input_schema"),
            strict: members.take_bool("strict"),
            kind: ChatToolKind::Function,
            cache: notes::cache(members),
            extra: std::mem::take(members),
        })
    };
    match kind {
        None => function(&mut members).unwrap_or_else(|| server(JsonText::EMPTY, raw)),
        Some(kind) => server(kind, raw),
    }
}

fn server(name: JsonText, raw: &RawJson) -> ChatTool {
    let kind = ChatToolKind::Server(raw.clone());
    ChatTool { name, description: None, schema: None, strict: None, kind, cache: None, extra: RawMembers::default() }
}

fn pick(raw: &RawJson) -> Option<(ToolPick, Option<bool>)> {
    if raw.kind() != JsonKind::Object {
        return None;
    }
    let known = || {
        let mut members = raw.members();
        let kind = members.take_text("type")?;
        let parallel = members.take_bool("disable_parallel_tool_use").map(|disabled| !disabled);
        let pick = match kind.text().as_ref() {
            "auto" => ToolPick::Auto,
            "any" => ToolPick::Any,
            "none" => ToolPick::None,
            "tool" => ToolPick::One(members.take_text("name")?),
            _ => return None,
        };
        members.is_empty().then_some((pick, parallel))
    };
    Some(known().unwrap_or_else(|| (ToolPick::Other(raw.clone()), None)))
}

/// Writes tools and choice as they came in this wire.
pub(super) fn write_back(out: &mut JsonWriter, request: &ChatRequest, losses: &mut FieldLosses) {
    if !request.tools.is_empty() {
        out.name("tools").open_array();
        for tool in &request.tools {
            match &tool.kind {
                ChatToolKind::Server(raw) => {
                    out.raw(raw);
                }
                ChatToolKind::Function | ChatToolKind::Custom => {
                    out.open().name("name").text(&tool.name);
                    out.text_member("description", tool.description.as_ref());
                    out.raw_member("input_schema", tool.schema.as_ref()).bool_member("strict", tool.strict);
                    notes::write_cache(out, tool.cache.as_ref(), true, losses);
                    out.members(&tool.extra).close();
                }
            }
        }
        out.close_array();
    }
    match &request.pick {
        None => {}
        Some(ToolPick::Other(raw)) => {
            out.name("tool_choice").raw(raw);
        }
        Some(pick) => write_pick(out, pick, request.parallel.map(|parallel| !parallel)),
    }
}

/// Writes the tools of another wire and which of them is to be called.
pub(super) fn write(out: &mut JsonWriter, request: &ChatRequest, quirks: TargetQuirks, losses: &mut FieldLosses) {
    let mut written = 0;
    for tool in &request.tools {
        match &tool.kind {
            ChatToolKind::Server(_) => losses.lose_extra("tools", tool.name.escaped()),
            ChatToolKind::Custom => losses.lose("tools.custom"),
            ChatToolKind::Function => {
                if written == 0 {
                    out.name("tools").open_array();
                }
                written += 1;
                write_function(out, tool, quirks, losses);
            }
        }
    }
    if written == 0 {
        return;
    }
    out.close_array();
    let pick = match &request.pick {
        None => None,
        Some(ToolPick::Among { must, .. }) => {
            losses.lose("tool_choice.allowed_tools");
            Some(if *must { &ToolPick::Any } else { &ToolPick::Auto })
        }
        Some(ToolPick::Other(_)) => {
            losses.lose("tool_choice");
            None
        }
        Some(pick) => Some(pick),
    };
    let alone = request.parallel == Some(false) && !quirks.no_parallel && pick != Some(&ToolPick::None);
    if request.parallel == Some(false) && quirks.no_parallel {
        losses.lose("parallel_tool_calls");
    }
    // Only a choice can say so.
    if let Some(pick) = pick.or(alone.then_some(&ToolPick::Auto)) {
        write_pick(out, pick, alone.then_some(true));
    }
}

fn write_function(out: &mut JsonWriter, tool: &ChatTool, quirks: TargetQuirks, losses: &mut FieldLosses) {
    out.open().name("name").text(&tool.name).text_member("description", tool.description.as_ref());
    out.name("input_schema");
    write_schema(out, tool.schema.as_ref());
    if tool.strict == Some(true) {
        if quirks.no_strict {
            losses.lose("tools.strict");
        } else {
            out.bool_member("strict", tool.strict);
        }
    }
    notes::write_cache(out, tool.cache.as_ref(), false, losses);
    losses.lose_extras("tools", &tool.extra);
    out.close();
}

/// A schema is demanded, and that it is one of objects.
fn write_schema(out: &mut JsonWriter, schema: Option<&RawJson>) {
    match schema {
        Some(schema) if schema.members().get("type").is_some() => {
            out.raw(schema);
        }
        schema => {
            out.open().name("type").string("object");
            match schema.map(RawJson::members).filter(|members| !members.is_empty()) {
                Some(members) => out.members(&members),
                None => out.name("properties").open().close(),
            };
            out.close();
        }
    }
}

fn write_pick(out: &mut JsonWriter, pick: &ToolPick, alone: Option<bool>) {
    let (word, name) = match pick {
        ToolPick::Any => ("any", None),
        ToolPick::None => ("none", None),
        ToolPick::One(name) => ("tool", Some(name)),
        ToolPick::Auto | ToolPick::Among { .. } | ToolPick::Other(_) => ("auto", None),
    };
    out.name("tool_choice").open().name("type").string(word).text_member("name", name);
    out.bool_member("disable_parallel_tool_use", alone).close();
}

//! Tools, and which of them are to be called.

use weir_http::json::JsonKind;

use crate::canon::{
    ChatRequest, ChatTool, ChatToolKind, DecodeFault, FieldLosses, JsonText, JsonWriter, RawJson, RawMembers,
    TargetRules, ToolPick,
};
use crate::gemini::proto;
use crate::translate::schema::gemini as schema;
use crate::wire::WireFormat;

/// Takes `tools` out of a request: each function is one, and so is each tool that runs at Google.
pub(super) fn read(members: &mut RawMembers, request: &mut ChatRequest) -> Result<(), DecodeFault> {
    let Some(tools) = members.take("tools") else { return Ok(()) };
    let tools = if tools.kind() == JsonKind::Object { vec![tools] } else { tools.elements() };
    for raw in &tools {
        let due = DecodeFault::Field { field: "tools", due: "a list of objects" };
        let mut tool = proto::as_message(raw).ok_or(due)?;
        let functions = tool.take_as("functionDeclarations", |raw| match raw.kind() {
            JsonKind::Array => Some(raw.elements()),
            JsonKind::Object => Some(vec![raw.clone()]),
            _ => None,
        });
        for function in functions.iter().flatten() {
            request.tools.push(declaration(function)?);
        }
        for (name, value) in tool.iter() {
            request.tools.push(server(name, value));
        }
    }
    Ok(())
}

fn declaration(raw: &RawJson) -> Result<ChatTool, DecodeFault> {
    let due = DecodeFault::Field { field: "tools.functionDeclarations.name", due: "a string" };
    let mut function = proto::as_message(raw).ok_or(due.clone())?;
    let name = function.take_text("name").ok_or(due)?;
    let mut schema = function.take("parametersJsonSchema");
    if schema.is_none()
        && let Some(parameters) = function.get("parameters").filter(|raw| raw.kind() == JsonKind::Object)
    {
        schema = Some(schema::to_json_schema(parameters));
        function.hush("parameters");
    }
    Ok(ChatTool {
        name,
        description: function.take_text("description"),
        schema,
        strict: None,
        kind: ChatToolKind::Function,
        cache: None,
        extra: function,
    })
}

/// A tool that runs at Google, by its one member.
fn server(name: &[u8], value: &RawJson) -> ChatTool {
    let mut out = JsonWriter::default();
    out.open().name_raw(name).raw(value).close();
    ChatTool {
        name: JsonText::of(&String::from_utf8_lossy(name)),
        description: None,
        schema: None,
        strict: None,
        kind: ChatToolKind::Server(out.finish_raw()),
        cache: None,
        extra: RawMembers::default(),
    }
}

/// Takes out which tools are to be called. What else is said there stays.
pub(super) fn read_pick(members: &mut RawMembers, request: &mut ChatRequest) {
    let Some(mut config) = proto::take_message(members, "toolConfig") else { return };
    if let Some(raw) = config.take_as("functionCallingConfig", |raw| proto::as_message(raw).map(|_| raw.clone())) {
        let mut calling = proto::members(&raw);
        request.pick = pick(&mut calling);
        match request.pick {
            Some(_) => proto::put_back(&mut config, "functionCallingConfig", &calling),
            None => request.pick = Some(ToolPick::Other(raw)),
        }
    }
    if !config.is_empty() || request.pick.is_none() {
        members.push("toolConfig", proto::of_members(&config));
    }
}

fn pick(calling: &mut RawMembers) -> Option<ToolPick> {
    let mode = calling.get("mode").and_then(RawJson::text)?;
    let names = calling.get("allowedFunctionNames").map(RawJson::elements).unwrap_or_default();
    let pick = match (mode.text().to_ascii_uppercase().as_str(), names.is_empty()) {
        ("AUTO", true) => ToolPick::Auto,
        ("NONE", true) => ToolPick::None,
        ("ANY", true) => ToolPick::Any,
        ("ANY", false) => {
            let names = proto::take_texts(calling, "allowedFunctionNames")?;
            match names.as_slice() {
                [only] => ToolPick::One(only.clone()),
                _ => ToolPick::Among { names, must: true },
            }
        }
        _ => return None,
    };
    if mode.text() == mode.text().to_ascii_uppercase() {
        calling.take("mode");
    } else {
        calling.hush("mode");
    }
    Some(pick)
}

/// Writes the tools: functions that are neighbours in one, each other one by itself.
pub(super) fn write(request: &ChatRequest, rules: &TargetRules, out: &mut JsonWriter, losses: &mut FieldLosses) {
    let own = request.wire == WireFormat::GenerateContent;
    let kept: Vec<_> = request.tools.iter().filter(|tool| own || is_carried(tool, losses)).collect();
    if kept.is_empty() {
        return;
    }
    out.name("tools").open_array();
    for group in kept.chunk_by(|one, other| is_function(one) && is_function(other)) {
        match group {
            [ChatTool { kind: ChatToolKind::Server(raw), .. }] => {
                out.raw(raw);
            }
            functions => {
                out.open().name("functionDeclarations").open_array();
                for tool in functions {
                    write_function(tool, own, rules, out, losses);
                }
                out.close_array().close();
            }
        }
    }
    out.close_array();
}

fn is_function(tool: &ChatTool) -> bool {
    !matches!(tool.kind, ChatToolKind::Server(_))
}

/// Whether a tool of another wire can be one of Google's.
fn is_carried(tool: &ChatTool, losses: &mut FieldLosses) -> bool {
    match &tool.kind {
        ChatToolKind::Function => return true,
        ChatToolKind::Custom => losses.lose("tools.custom"),
        ChatToolKind::Server(_) => losses.lose_extra("tools", tool.name.text().as_bytes()),
    }
    false
}

fn write_function(tool: &ChatTool, own: bool, rules: &TargetRules, out: &mut JsonWriter, losses: &mut FieldLosses) {
    out.open().text_member("name", Some(&tool.name)).text_member("description", tool.description.as_ref());
    let as_it_stood = own && tool.extra.get("parameters").is_some();
    if let Some(schema) = tool.schema.as_ref().filter(|_| !as_it_stood) {
        if rules.quirks.parameters_schema {
            let mut lost = schema::LostKeywords::default();
            out.name("parameters").raw(&schema::of_json_schema(schema, &mut lost));
            lost.name("tools.parameters", losses);
        } else {
            out.name("parametersJsonSchema").raw(schema);
        }
    }
    if own {
        out.members(&tool.extra);
    } else {
        // `strict` is what Google does anyway where it must call.
        losses.lose_extras("tools", &tool.extra);
        if tool.cache.is_some() {
            losses.lose("cache_control");
        }
    }
    out.close();
}

/// Writes which tools are to be called.
pub(super) fn write_pick(request: &ChatRequest, out: &mut JsonWriter, losses: &mut FieldLosses) {
    let own = request.wire == WireFormat::GenerateContent;
    let left =
        if own { request.extra.get("toolConfig").filter(|raw| !raw.is_null()).map(RawJson::members) } else { None };
    let no_tools = !own && request.tools.iter().all(|tool| tool.kind != ChatToolKind::Function);
    let pick = request.pick.as_ref().filter(|_| !no_tools);
    if let (Some(ToolPick::Other(_)), false) = (pick, own) {
        losses.lose("tool_choice");
        return;
    }
    if pick.is_none() && left.is_none() {
        return;
    }
    let left = left.unwrap_or_default();
    out.name("toolConfig").open();
    if let Some(pick) = pick {
        out.name("functionCallingConfig");
        write_calling(pick, &proto::left_of(&left, "functionCallingConfig"), out);
        proto::write_but(out, &left, &["functionCallingConfig"]);
    } else {
        out.members(&left);
    }
    out.close();
}

fn write_calling(pick: &ToolPick, left: &RawMembers, out: &mut JsonWriter) {
    let (mode, names) = match pick {
        ToolPick::Other(raw) => {
            out.raw(raw);
            return;
        }
        ToolPick::Auto => ("AUTO", [].as_slice()),
        ToolPick::None => ("NONE", [].as_slice()),
        ToolPick::Any => ("ANY", [].as_slice()),
        ToolPick::One(name) => ("ANY", std::slice::from_ref(name)),
        ToolPick::Among { names, must: true } => ("ANY", names.as_slice()),
        // The mode that takes names and leaves the choice.
        ToolPick::Among { names, must: false } => ("VALIDATED", names.as_slice()),
    };
    out.open();
    if left.get("mode").is_none() {
        out.name("mode").string(mode);
    }
    if !names.is_empty() {
        out.name("allowedFunctionNames").open_array();
        for name in names {
            out.text(name);
        }
        out.close_array();
    }
    out.members(left).close();
}

//! How tools, the pick among them, and the form of the answer are read.

use weir_http::json::JsonKind;

use crate::canon::{AnswerFormat, ChatTool, ChatToolKind, JsonText, RawJson, RawMembers, ToolPick};

/// The tools of a request.
pub(super) fn read(members: &mut RawMembers) -> Vec<ChatTool> {
    // An empty list stays as it stands.
    let full = |raw: &RawJson| Some(raw.elements()).filter(|tools| !tools.is_empty());
    members.take_as("tools", full).iter().flatten().map(tool).collect()
}

fn tool(raw: &RawJson) -> ChatTool {
    let mut members = raw.members();
    let kind = members.get("type").and_then(RawJson::text).unwrap_or_default();
    let name = members.get("name").and_then(RawJson::text);
    let (known, name) = match (kind.text().as_ref(), name) {
        ("function", Some(name)) => (ChatToolKind::Function, name),
        ("custom", Some(name)) => (ChatToolKind::Custom, name),
        _ => {
            let extra = RawMembers::default();
            let kind_of_server = ChatToolKind::Server(raw.clone());
            let (description, schema, strict, cache) = (None, None, None, None);
            return ChatTool { name: kind, description, schema, strict, kind: kind_of_server, cache, extra };
        }
    };
    members.take("type");
    members.take("name");
    ChatTool {
        name,
        description: members.take_text("description"),
        schema: members.take_as("parameters", |raw| (raw.kind() == JsonKind::Object).then(|| raw.clone())),
        strict: members.take_bool("strict"),
        kind: known,
        cache: None,
        extra: members,
    }
}

/// Which tools the model may or must call.
pub(super) fn read_pick(members: &mut RawMembers, tools: &[ChatTool]) -> Option<ToolPick> {
    let pick = members.take("tool_choice")?;
    let known = match pick.kind() {
        JsonKind::String => match pick.text()?.text().as_ref() {
            "auto" => Some(ToolPick::Auto),
            "none" => Some(ToolPick::None),
            "required" => Some(ToolPick::Any),
            _ => None,
        },
        JsonKind::Object => read_one(&pick, tools).or_else(|| read_among(&pick)),
        JsonKind::Array | JsonKind::Number | JsonKind::Bool | JsonKind::Null => None,
    };
    Some(known.unwrap_or(ToolPick::Other(pick)))
}

/// One tool of the kind that it is among the tools.
fn read_one(pick: &RawJson, tools: &[ChatTool]) -> Option<ToolPick> {
    let name = named(pick, if is_custom(pick) { "custom" } else { "function" })?;
    let listed = tools.iter().any(|tool| tool.name == name && tool.kind == ChatToolKind::Custom);
    (listed == is_custom(pick)).then_some(ToolPick::One(name))
}

fn is_custom(pick: &RawJson) -> bool {
    pick.members().take_text("type").is_some_and(|kind| kind.is("custom"))
}

/// The name in `{"type": KIND, "name": NAME}`.
fn named(raw: &RawJson, kind: &str) -> Option<JsonText> {
    let mut members = raw.members();
    let is_kind = members.take_text("type").is_some_and(|own| own.is(kind));
    let name = members.take_text("name")?;
    (is_kind && members.is_empty()).then_some(name)
}

fn read_among(pick: &RawJson) -> Option<ToolPick> {
    let mut members = pick.members();
    let is_among = members.take_text("type").is_some_and(|kind| kind.is("allowed_tools"));
    let must = match members.take_text("mode")?.text().as_ref() {
        "auto" => false,
        "required" => true,
        _ => return None,
    };
    let names: Option<Vec<_>> = members.take_elements("tools")?.iter().map(|tool| named(tool, "function")).collect();
    (is_among && members.is_empty()).then_some(ToolPick::Among { names: names?, must })
}

/// The form of the answer's text: `text.format`. What else `text` says stays.
pub(super) fn read_format(members: &mut RawMembers) -> AnswerFormat {
    let read = |raw: &RawJson| {
        let mut text = raw.members();
        let format = format_of(&text.take_members("format")?)?;
        Some((format, text))
    };
    let Some((format, rest)) = members.take_as("text", read) else { return AnswerFormat::Unsaid };
    if !rest.is_empty() {
        let mut out = crate::canon::JsonWriter::default();
        out.open().members(&rest).close();
        members.push("text", out.finish_raw());
    }
    format
}

fn format_of(format: &RawMembers) -> Option<AnswerFormat> {
    let mut members = format.clone();
    let kind = members.take_text("type")?;
    match kind.text().as_ref() {
        "text" if members.is_empty() => Some(AnswerFormat::Text),
        "json_object" if members.is_empty() => Some(AnswerFormat::JsonObject),
        "json_schema" => {
            let schema = members.take_as("schema", |raw| (raw.kind() == JsonKind::Object).then(|| raw.clone()))?;
            Some(AnswerFormat::JsonSchema {
                name: members.take_text("name"),
                description: members.take_text("description"),
                schema,
                strict: members.take_bool("strict"),
                extra: members,
            })
        }
        _ => None,
    }
}

//! Tools, which of them is to be called, and the form of the answer's text.

use crate::canon::{AnswerFormat, ChatRequest, ChatTool, FieldLosses, JsonText, JsonWriter, ToolPick};
use crate::translate::said::schema_of;
use crate::translate::unsaid;

/// Writes the tools and which of them is to be called; true if any is offered. Cohere knows no choice among them: where there is
/// one, only those are offered.
pub(super) fn write(out: &mut JsonWriter, request: &ChatRequest, losses: &mut FieldLosses) -> bool {
    let mut tools = unsaid::functions(request, losses);
    let word = match &request.pick {
        Some(ToolPick::None) => Some("NONE"),
        Some(ToolPick::Any) => Some("REQUIRED"),
        Some(ToolPick::One(name)) => {
            keep(&mut tools, &[name]);
            Some("REQUIRED")
        }
        Some(ToolPick::Among { names, must }) => {
            keep(&mut tools, &names.iter().collect::<Vec<_>>());
            must.then_some("REQUIRED")
        }
        Some(ToolPick::Other(_)) => {
            losses.lose("tool_choice");
            None
        }
        Some(ToolPick::Auto) | None => None,
    };
    if tools.is_empty() {
        return false;
    }
    let strict = tools.iter().filter(|tool| tool.strict == Some(true)).count();
    out.name("tools").open_array();
    for tool in &tools {
        out.open().name("type").string("function").name("function").open().name("name").text(&tool.name);
        out.text_member("description", tool.description.as_ref());
        out.name("parameters").raw(&schema_of(tool)).close().close();
    }
    out.close_array();
    // It is said of all of them or of none.
    if strict == tools.len() {
        out.name("strict_tools").boolean(true);
    } else if strict > 0 {
        losses.lose("tools.strict");
    }
    if let Some(word) = word {
        out.name("tool_choice").string(word);
    }
    true
}

/// Leaves the tools of these names, if there are any.
fn keep(tools: &mut Vec<&ChatTool>, names: &[&JsonText]) {
    let is_named = |tool: &&ChatTool| names.iter().any(|name| tool.name.is(&name.text()));
    if tools.iter().any(is_named) {
        tools.retain(is_named);
    }
}

/// Writes the form of the answer's text, which Cohere takes from nobody who offers tools.
pub(super) fn write_format(out: &mut JsonWriter, format: &AnswerFormat, offers_tools: bool, losses: &mut FieldLosses) {
    match format {
        AnswerFormat::Unsaid | AnswerFormat::Text => {}
        AnswerFormat::JsonObject | AnswerFormat::JsonSchema { .. } if offers_tools => losses.lose("response_format"),
        AnswerFormat::JsonObject => {
            out.name("response_format").open().name("type").string("json_object").close();
        }
        AnswerFormat::JsonSchema { schema, .. } => {
            out.name("response_format").open().name("type").string("json_object");
            out.name("json_schema").raw(schema).close();
        }
    }
}

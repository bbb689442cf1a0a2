//! Which tools the demo provider calls.

use crate::control::demo::question::DemoQuestion;
use crate::control::demo::sample::{quoted, sample};
use serde_json::{Value, json};
use weir_dialect::canon::{
    ChatRequest, ChatTool, ChatToolKind, ContentBlock, JsonText, RawJson, ToolInput, ToolPick, ToolUseBlock,
};

/// The calls with which it answers, if it does: of the tools that the user's last words name, or of one that must be called. Once
/// a tool has answered it is not called again, so that every conversation comes to its end.
pub(super) fn calls(request: &ChatRequest, question: &DemoQuestion) -> Vec<ContentBlock> {
    let is_open = |tool: &&ChatTool| !question.called.iter().any(|called| tool.name.is(called));
    let own = request.tools.iter().filter(|tool| !matches!(tool.kind, ChatToolKind::Server(_)));
    let (open, names): (Vec<&ChatTool>, Option<Vec<&JsonText>>) = match &request.pick {
        Some(ToolPick::None) => return Vec::new(),
        Some(ToolPick::One(name)) => (own.filter(is_open).collect(), Some(vec![name])),
        Some(ToolPick::Among { names, .. }) => (own.filter(is_open).collect(), Some(names.iter().collect())),
        _ => (own.filter(is_open).collect(), None),
    };
    let may = |tool: &&ChatTool| names.as_ref().is_none_or(|names| names.contains(&&tool.name));
    let open: Vec<&ChatTool> = open.into_iter().filter(may).collect();
    let must = matches!(request.pick, Some(ToolPick::Any | ToolPick::One(_) | ToolPick::Among { must: true, .. }));
    let mut named: Vec<&ChatTool> = Vec::new();
    if question.results.is_empty() {
        named.extend(open.iter().filter(|tool| is_named(&tool.name.text(), &question.words)));
    }
    if named.is_empty() && must {
        named.extend(open.first());
    }
    if request.parallel == Some(false) {
        named.truncate(1);
    }
    named.into_iter().map(|tool| call(tool, &question.words)).collect()
}

/// Whether a text has this name as a word.
fn is_named(name: &str, text: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    text.split(|letter| !is_part(letter)).any(|word| word.trim_matches('-') == name)
}

fn call(tool: &ChatTool, text: &str) -> ContentBlock {
    let input = match tool.kind {
        ChatToolKind::Custom => {
            let text = quoted(text).into_iter().next().unwrap_or_else(|| text.to_owned());
            ToolInput::Text(JsonText::of(&text))
        }
        ChatToolKind::Function | ChatToolKind::Server(_) => {
            let schema = tool.schema.as_ref().and_then(|schema| serde_json::from_slice::<Value>(schema.bytes()).ok());
            let arguments = schema.map_or_else(|| json!({}), |schema| sample(&schema, text));
            let raw = RawJson::parse(arguments.to_string().into());
            ToolInput::Json(raw.ok().filter(|_| arguments.is_object()).unwrap_or(RawJson::EMPTY_OBJECT))
        }
    };
    let custom = tool.kind == ChatToolKind::Custom;
    ContentBlock::ToolUse(ToolUseBlock { custom, ..ToolUseBlock::of(None, tool.name.clone(), input) })
}

//! What tools have answered: `{"toolResult":{"toolUseId":…,"content":[…],"status":…}}`.

use crate::canon::{
    ContentBlock, ContentForm, OtherBlock, RawJson, RawMembers, ServerToolBlock, ServerToolKind, ToolResultBlock,
};
use crate::converse::rest::{beside, take_filled};

/// The kind of a value in a result.
pub(crate) const JSON: &str = "json";

/// `status` of a tool that has failed, and of one that has not.
pub(crate) const STATUS: [(bool, &str); 2] = [(true, "error"), (false, "success")];

/// Reads what stands in `toolResult`: of a tool of the client's, or of one that runs at Amazon. `block` reads what it says.
pub(crate) fn read(
    mut inner: RawMembers,
    members: &RawMembers,
    raw: &RawJson,
    block: &dyn Fn(&RawJson) -> ContentBlock,
) -> ContentBlock {
    let id = inner.take_text("toolUseId");
    let at_amazon = inner.get("type").and_then(RawJson::text).is_some_and(|kind| !kind.is("tool_result"));
    if at_amazon {
        let kind = ServerToolKind::Result;
        return ContentBlock::ServerTool(ServerToolBlock { kind, name: None, id, raw: raw.clone() });
    }
    let content = take_filled(&mut inner, "content").unwrap_or_default();
    let failed = inner.take_as("status", |status| {
        let word = status.text()?;
        STATUS.iter().find(|(_, known)| word.is(known)).map(|(failed, _)| *failed)
    });
    let mut result = ToolResultBlock {
        id,
        name: None,
        content: content.iter().map(|element| part(element, block)).collect(),
        form: ContentForm::Parts,
        failed,
        cache: None,
        extra: inner,
    };
    beside(&mut result.extra, members);
    ContentBlock::ToolResult(result)
}

fn part(raw: &RawJson, block: &dyn Fn(&RawJson) -> ContentBlock) -> ContentBlock {
    let members = raw.members();
    match members.get(JSON) {
        Some(value) if members.len() == 1 => ContentBlock::Other(OtherBlock { kind: JSON.into(), raw: value.clone() }),
        // It is no value alone, and must not be taken for one.
        Some(_) => ContentBlock::Other(OtherBlock { kind: "other".into(), raw: raw.clone() }),
        None => block(raw),
    }
}

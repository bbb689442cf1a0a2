//! What tools have answered, for wires whose results are text alone.

use crate::canon::{ContentBlock, DocumentBlock, DocumentSource, FieldLosses, JsonText, ToolResultBlock};

/// The texts of a result. What it shows beside them is for [`shown`] to say; what is neither is named.
pub fn texts(result: &ToolResultBlock, losses: &mut FieldLosses) -> Vec<JsonText> {
    if result.failed == Some(true) {
        losses.lose("messages.content.is_error");
    }
    losses.lose_extras("messages.content", &result.extra);
    let mut texts = Vec::new();
    for block in result.content.iter().filter(|block| !is_shown(block)) {
        match block {
            ContentBlock::Text(text) => texts.push(text.text.clone()),
            ContentBlock::Document(document) => texts.extend(of_document(document)),
            ContentBlock::Other(other) if other.kind.as_ref() == "json" => {
                texts.push(other.raw.text().unwrap_or_else(|| other.raw.to_text()));
            }
            ContentBlock::Other(other) => losses.lose_extra("messages.content", other.kind.as_bytes()),
            _ => losses.lose("messages.content.tool_result"),
        }
    }
    texts
}

/// The pictures and the like of a result, which the user shows behind it.
pub fn shown(result: &ToolResultBlock) -> impl Iterator<Item = &ContentBlock> {
    result.content.iter().filter(|block| is_shown(block))
}

fn is_shown(block: &ContentBlock) -> bool {
    match block {
        ContentBlock::Image(_) | ContentBlock::Audio(_) | ContentBlock::Video(_) => true,
        ContentBlock::Document(document) => !matches!(document.source, DocumentSource::Text(_)),
        _ => false,
    }
}

/// A document that is text, as text: its name and what is to be known of it stand in front. None of another document.
#[must_use]
pub fn of_document(document: &DocumentBlock) -> Option<JsonText> {
    let DocumentSource::Text(text) = &document.source else { return None };
    let gap = JsonText::of("\n\n");
    let head = [document.name.as_ref(), document.context.as_ref()].into_iter().flatten().flat_map(|head| [head, &gap]);
    Some(JsonText::concat(head.chain([text])))
}

/// Texts as one, with a blank line between two.
#[must_use]
pub fn as_one(texts: &[JsonText]) -> JsonText {
    let gap = JsonText::of("\n\n");
    let mut parts = Vec::with_capacity(texts.len() * 2);
    for text in texts {
        if !parts.is_empty() {
            parts.push(&gap);
        }
        parts.push(text);
    }
    JsonText::concat(parts)
}

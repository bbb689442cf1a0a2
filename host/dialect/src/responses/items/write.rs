//! How items are written.

use crate::canon::{
    ContentBlock, ContentForm, FieldLosses, JsonText, JsonWriter, RawMembers, ReasoningBlock, ToolInput,
    ToolResultBlock, ToolUseBlock,
};
use crate::responses::parts::{self, PartRules};

/// What decides how an item is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ItemRules<'a> {
    /// It is of this wire, and is written as it was.
    pub(crate) own: bool,
    /// Its identifier, where it brings none; none where it needs none.
    pub(crate) id: Option<&'a JsonText>,
    /// Its `status`; none where it needs none.
    pub(crate) status: Option<&'static str>,
}

/// Writes a call. `id` is what its result will name.
pub(crate) fn write_call(
    out: &mut JsonWriter,
    call: &ToolUseBlock,
    id: Option<&JsonText>,
    rules: ItemRules<'_>,
    losses: &mut FieldLosses,
) {
    let (kind, input) = if call.custom { ("custom_tool_call", "input") } else { ("function_call", "arguments") };
    out.open().name("type").string(kind);
    out.text_member("id", call.item.as_ref().or(rules.id)).text_member("call_id", id);
    out.name("name").text(&call.name).name(input);
    match &call.input {
        // A tool without arguments may be called by nothing at all.
        ToolInput::Text(text) if !rules.own && !call.custom && text.is_empty() => out.string("{}"),
        other => out.text(&other.to_text()),
    };
    if !rules.own {
        parts::lose_cache(call.cache.as_ref(), losses);
    }
    end(out, &call.extra, "messages.tool_calls", rules, losses);
}

/// Writes what a tool has answered. `custom` says whether the tool takes free text.
pub(crate) fn write_result(
    out: &mut JsonWriter,
    result: &ToolResultBlock,
    id: Option<&JsonText>,
    custom: bool,
    own: bool,
    losses: &mut FieldLosses,
) {
    out.open();
    if !own || result.extra.get("type").is_none() {
        out.name("type").string(if custom { "custom_tool_call_output" } else { "function_call_output" });
    }
    out.text_member("call_id", id);
    if own {
        out.text_member("name", result.name.as_ref());
    } else if result.failed == Some(true) {
        losses.lose("messages.content.is_error");
    }
    if !own {
        parts::lose_cache(result.cache.as_ref(), losses);
    }
    out.name("output");
    write_output(out, result, own, losses);
    end(out, &result.extra, "messages.content.tool_result", ItemRules { own, id: None, status: None }, losses);
}

fn write_output(out: &mut JsonWriter, result: &ToolResultBlock, own: bool, losses: &mut FieldLosses) {
    let rules = PartRules { own, said: false, answer: false, marks: false };
    match (result.content.as_slice(), result.form) {
        ([ContentBlock::Other(value)], ContentForm::Object) if own => {
            out.raw(&value.raw);
        }
        // Values are told as text.
        ([ContentBlock::Other(value)], _) if !own && value.kind.as_ref() == "json" => {
            out.text(&value.raw.to_text());
        }
        ([], _) if !own => {
            out.text(&JsonText::EMPTY);
        }
        (blocks, ContentForm::Parts) if own => {
            out.open_array();
            for block in blocks {
                parts::write(out, block, rules, losses);
            }
            out.close_array();
        }
        (blocks, _) => {
            let mut texts = Vec::new();
            let mut others = Vec::new();
            for block in blocks {
                match block {
                    ContentBlock::Other(value) if value.kind.as_ref() == "json" => {
                        let text = crate::canon::TextBlock::of(value.raw.to_text());
                        texts.push(ContentBlock::Text(text));
                    }
                    _ => others.push(block),
                }
            }
            let all: Vec<_> = texts.iter().chain(others).collect();
            parts::write_content(out, &all, rules, losses);
        }
    }
}

/// Writes what the model thought, and what it needs to see again with it.
pub(crate) fn write_reasoning(
    out: &mut JsonWriter,
    block: &ReasoningBlock,
    signature: Option<&JsonText>,
    rules: ItemRules<'_>,
    losses: &mut FieldLosses,
) {
    out.open().name("type").string("reasoning").text_member("id", block.id.as_ref().or(rules.id));
    if !block.summary.is_empty() || (!rules.own && block.extra.get("summary").is_none()) {
        out.name("summary");
        write_texts(out, "summary_text", &block.summary);
    }
    if !block.text.is_empty() {
        out.name("content");
        write_texts(out, "reasoning_text", &block.text);
    }
    out.text_member("encrypted_content", signature);
    end(out, &block.extra, "messages.content.reasoning", rules, losses);
}

/// Writes texts as a list of parts of one type.
fn write_texts(out: &mut JsonWriter, kind: &str, texts: &[JsonText]) {
    out.open_array();
    for text in texts {
        out.open().name("type").string(kind).name("text").text(text).close();
    }
    out.close_array();
}

/// What only the item's own wire has, the status, and `}`.
fn end(out: &mut JsonWriter, extra: &RawMembers, within: &'static str, rules: ItemRules<'_>, losses: &mut FieldLosses) {
    if rules.own {
        out.members(extra);
    } else {
        losses.lose_extras(within, extra);
    }
    if let Some(status) = rules.status.filter(|_| !rules.own || extra.get("status").is_none()) {
        out.name("status").string(status);
    }
    out.close();
}

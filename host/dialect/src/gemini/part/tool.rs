//! Calls of the client's tools.

use super::style::{PartStyle, sign};
use crate::canon::{FieldLosses, JsonText, JsonWriter, RawJson, RawMembers, ToolInput, ToolUseBlock};
use crate::gemini::{proto, signature};

/// Takes a call out of a part; none if it has none that names a tool.
pub(super) fn read(part: &mut RawMembers) -> Option<ToolUseBlock> {
    let mut call = part.get("functionCall").and_then(proto::as_message)?;
    let name = call.take_text("name")?;
    part.take("functionCall");
    // No arguments at all (quirk 70) are blank text, which is an empty object elsewhere and nothing here.
    let input = call.take("args").map_or(ToolInput::Text(JsonText::EMPTY), ToolInput::Json);
    let id = call.take_text("id");
    let signature = signature::take(part);
    proto::put_back(part, "functionCall", &call);
    Some(ToolUseBlock { signature, extra: std::mem::take(part), ..ToolUseBlock::of(id, name, input) })
}

/// Writes a call as a part. `signature` is that of another block, which is this one's if it has none.
pub(super) fn write(
    call: &ToolUseBlock,
    signature: Option<&JsonText>,
    style: &PartStyle<'_>,
    out: &mut JsonWriter,
    losses: &mut FieldLosses,
) {
    let (args, wrapped) = match &call.input {
        ToolInput::Text(text) if style.own && text.is_empty() => (None, false),
        ToolInput::Json(raw) if style.own => (Some(raw.clone()), false),
        input => {
            let (object, wrapped) = input.to_object();
            (Some(object), wrapped)
        }
    };
    if wrapped {
        losses.lose_extra(style.within, b"arguments");
    }
    if !style.own {
        style.lose_cache(call.cache.as_ref(), losses);
    }
    let id = call.id.as_ref().filter(|_| style.tells_ids());
    write_call(&call.name, args.as_ref(), id, &call.extra, style, out);
    style.write_beside(&call.extra, &["functionCall"], out, losses);
    sign(call.signature.as_ref().and_then(|own| style.value(own)).as_ref().or(signature), out);
    out.close();
}

/// The part, but for its end.
fn write_call(
    name: &JsonText,
    args: Option<&RawJson>,
    id: Option<&JsonText>,
    extra: &RawMembers,
    style: &PartStyle<'_>,
    out: &mut JsonWriter,
) {
    out.open().name("functionCall").open();
    out.text_member("name", Some(name)).raw_member("args", args).text_member("id", id);
    style.write_left(extra, "functionCall", out);
    out.close();
}

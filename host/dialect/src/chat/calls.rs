//! Calls of tools: `tool_calls`, and `function_call`, which was there before.

use super::writing::{ChatWriting, keep, put_back, take_object, take_said, within};
use crate::canon::{
    ContentBlock, JsonText, JsonWriter, OtherBlock, RawJson, RawMembers, SignatureKind, ThoughtSignature, ToolInput,
    ToolUseBlock,
};
use crate::translate::signatures;
use crate::wire::Vendor;

/// What an element of `tool_calls` is called that is none.
pub(super) const ODD_CALL: &str = "tool_call";
/// The member that a single call stands in, as it was before there were several.
pub(super) const FUNCTION_CALL: &str = "function_call";
/// Where Google's models sign their calls in this wire (Google's "OpenAI compatibility").
const SIGNATURE: [&str; 3] = ["extra_content", "google", "thought_signature"];

/// Takes the calls out of a message.
pub(super) fn take(message: &mut RawMembers, blocks: &mut Vec<ContentBlock>) {
    let calls = message.take_as("tool_calls", |raw| Some(raw.elements()).filter(|calls| !calls.is_empty()));
    blocks.extend(calls.unwrap_or_default().iter().map(read));
    let named = |raw: &RawJson| {
        let mut members = raw.members();
        let is_call = take_said(&mut members, "name").is_some() && members.take_text("arguments").is_some();
        is_call.then(|| raw.clone())
    };
    if let Some(raw) = message.take_as(FUNCTION_CALL, named) {
        let mut function = raw.members();
        let name = function.take_text("name").unwrap_or_default();
        let mut call = ToolUseBlock::of(None, name, take_input(&mut function, "arguments"));
        keep(&mut call.extra, FUNCTION_CALL, super::writing::object(&function));
        blocks.push(ContentBlock::ToolUse(call));
    }
}

fn read(raw: &RawJson) -> ContentBlock {
    let odd = || ContentBlock::Other(OtherBlock { kind: ODD_CALL.into(), raw: raw.clone() });
    let mut members = raw.members();
    let (mut function, mut custom) = (within(&members, "function"), within(&members, "custom"));
    let (inner, is_custom) = match (take_said(&mut function, "name"), take_said(&mut custom, "name")) {
        (Some(name), _) => ((name, function, "function", "arguments"), false),
        (None, Some(name)) => ((name, custom, "custom", "input"), true),
        (None, None) => return odd(),
    };
    let (name, mut inner, member, input) = inner;
    if inner.get(input).is_none() {
        return odd();
    }
    let mut call = ToolUseBlock::of(take_said(&mut members, "id"), name, take_input(&mut inner, input));
    call.custom = is_custom;
    take_object(&mut members, member);
    put_back(&mut members, member, &inner);
    call.signature = take_signature(&mut members);
    members.hush("index");
    members.hush("custom");
    if members.get("type").is_none() {
        // Some write none; those that we make have one.
        keep(&mut members, "type", RawJson::NULL);
    }
    call.extra = members;
    ContentBlock::ToolUse(call)
}

/// Arguments: text, mostly; some write the value itself.
fn take_input(function: &mut RawMembers, name: &str) -> ToolInput {
    match function.take_text(name) {
        Some(text) => ToolInput::Text(text),
        None => function.take(name).map_or(ToolInput::Text(JsonText::EMPTY), ToolInput::Json),
    }
}

/// The signature of a call, which stays where it stood.
pub(super) fn take_signature(call: &mut RawMembers) -> Option<ThoughtSignature> {
    let [outer, google, inner] = SIGNATURE;
    call.hush(outer);
    let value = within(&within(call, outer), google).take_text(inner)?;
    Some(signatures::read(&value, Vendor::Google, SignatureKind::Signature))
}

/// Writes `tool_calls`, if there are any, or `function_call` where that is how the one was written. `made` gives identifiers to
/// calls without one, by their number.
pub(super) fn write(
    out: &mut JsonWriter,
    calls: &[&ContentBlock],
    made: &dyn Fn(usize) -> Option<JsonText>,
    writing: &mut ChatWriting<'_>,
) {
    let (alone, listed): (Vec<&ContentBlock>, Vec<&ContentBlock>) = calls.iter().copied().partition(
        |block| matches!(block, ContentBlock::ToolUse(call) if writing.own && call.extra.get(FUNCTION_CALL).is_some()),
    );
    if !listed.is_empty() {
        out.name("tool_calls").open_array();
        for (number, block) in listed.into_iter().enumerate() {
            match block {
                ContentBlock::ToolUse(call) => write_one(out, call, made(number), writing),
                ContentBlock::Other(odd) if writing.own => {
                    out.raw(&odd.raw);
                }
                _ => {}
            }
        }
        out.close_array();
    }
    for block in alone {
        if let ContentBlock::ToolUse(call) = block {
            out.name(FUNCTION_CALL).open().name("name").text(&call.name);
            out.name("arguments").text(&call.input.to_text());
            out.members(&within(&call.extra, FUNCTION_CALL)).close();
        }
    }
}

fn write_one(out: &mut JsonWriter, call: &ToolUseBlock, made: Option<JsonText>, writing: &mut ChatWriting<'_>) {
    let (member, input) = if call.custom { ("custom", "input") } else { ("function", "arguments") };
    out.open();
    if let Some(id) = call.id.as_ref().or(made.as_ref()) {
        out.name("id").text(&writing.ids.fit(id));
    }
    let kept = call.extra.get("type").filter(|_| writing.own);
    if kept.is_none() {
        out.name("type").string(member);
    }
    let no_type = if kept.is_some_and(RawJson::is_null) { "type" } else { "" };
    out.name(member).open().name("name").text(&call.name).name(input);
    match &call.input {
        ToolInput::Json(raw) if writing.own => out.raw(raw),
        other => out.text(&other.to_text()),
    };
    if writing.own {
        out.members(&within(&call.extra, member));
    }
    out.close();
    let kept = take_signature(&mut call.extra.clone()) == call.signature;
    if !(writing.own && kept)
        && let Some(signature) = &call.signature
    {
        write_signature(out, signature, writing);
    }
    let but = if kept { "" } else { SIGNATURE[0] };
    writing.rest(out, "messages.tool_calls", &call.extra, &[member, but, no_type]);
    out.close();
}

/// Writes the member that a call's signature stands in, if the other side can read it.
pub(super) fn write_signature(out: &mut JsonWriter, signature: &ThoughtSignature, writing: &ChatWriting<'_>) {
    let [outer, google, inner] = SIGNATURE;
    if let Some(value) = writing.signature(signature, Vendor::Google) {
        out.name(outer).open().name(google).open().name(inner).text(&value).close().close();
    }
}

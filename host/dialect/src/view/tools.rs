//! Tools, as a view has them.

use super::params::field;
use super::parts::write_cache;
use super::write::ViewWriter;
use crate::canon::{ChatRequest, ChatTool, ChatToolKind, RawJson, RawMembers};
use crate::wire::WireFormat;

/// Members that a tool which chat does not know has by another name there.
const CHATS: [&[u8]; 3] = [b"type", b"function", b"custom"];

/// Writes `tools`, if there are any.
pub(super) fn write(out: &mut ViewWriter, request: &ChatRequest, root: &RawMembers) {
    if request.tools.is_empty() {
        return;
    }
    let stood = if request.wire == WireFormat::GenerateContent { at_google(root) } else { Vec::new() };
    let mut stood = stood.into_iter();
    out.out.name("tools").open_array();
    for tool in &request.tools {
        match &tool.kind {
            ChatToolKind::Function => write_known(out, tool, "function"),
            ChatToolKind::Custom => write_known(out, tool, "custom"),
            ChatToolKind::Server(raw) => match stood.next() {
                Some((name, value)) => {
                    let kind = format!("{}.{}", super::names::prefix(out.wire), String::from_utf8_lossy(&name));
                    out.out.open().name("type").string(&kind).name_raw(&name);
                    out.raw(&value);
                    out.out.close();
                }
                None => write_own(out, tool, raw),
            },
        }
    }
    out.out.close_array();
}

/// The tools that run at Google, by their names, as they stand in the body.
fn at_google(root: &RawMembers) -> Vec<(Vec<u8>, RawJson)> {
    let Some(tools) = root.get("tools") else { return Vec::new() };
    let all = if tools.members().is_empty() { tools.elements() } else { vec![tools.clone()] };
    let mut found = Vec::new();
    for tool in all {
        let members = tool.members();
        let functions = field(&members, "functionDeclarations");
        for (name, value) in members.iter().filter(|(_, value)| Some(*value) != functions.as_ref()) {
            found.push((name.to_vec(), value.clone()));
        }
    }
    found
}

fn write_known(out: &mut ViewWriter, tool: &ChatTool, member: &str) {
    out.out.open().name("type").string(member).name(member).open();
    out.text_member("name", Some(&tool.name));
    out.text_member("description", tool.description.as_ref());
    // Google's own words for schemas are shown as they stand.
    let stood = tool.extra.get("parameters").filter(|_| out.wire == WireFormat::GenerateContent);
    out.raw_member("parameters", stood.or(tool.schema.as_ref()));
    out.out.bool_member("strict", tool.strict);
    out.out.close();
    write_cache(out, tool.cache.as_ref());
    let mut extra = tool.extra.clone();
    if stood.is_some() {
        extra.take("parameters");
    }
    out.extras(&extra);
    out.out.close();
}

/// A tool that chat does not know, with its own members.
fn write_own(out: &mut ViewWriter, tool: &ChatTool, raw: &RawJson) {
    let kind = format!("{}.{}", super::names::prefix(out.wire), tool.name.text());
    out.out.open().name("type").string(&kind);
    for (name, value) in raw.members().iter().filter(|(name, value)| *name != b"type" || value.text().is_none()) {
        if CHATS.contains(&name) {
            out.own_name(name);
        } else {
            out.out.name_raw(name);
        }
        out.raw(value);
    }
    write_cache(out, tool.cache.as_ref());
    out.out.close();
}

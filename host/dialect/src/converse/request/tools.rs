//! Tools and which of them: `toolConfig`.

use std::collections::BTreeSet;

use super::loss::lose_if;
use crate::canon::{
    ChatRequest, ChatTool, ChatToolKind, ContentBlock, FieldLosses, JsonText, JsonWriter, RawJson, RawMembers,
    TargetRules, ToolPick,
};
use crate::converse::blocks::decode::cache_mark;
use crate::converse::blocks::encode::{is_blank, write_mark};
use crate::converse::rest::{BESIDE, beside, left, rest, take_filled, within, write_but};
use crate::translate::claude::is_forced;
use crate::wire::Vendor;

/// Arguments of which nobody said anything.
const ANY_ARGUMENTS: &[u8] = br#"{"type":"object","properties":{}}"#;

/// Reads the tools of `toolConfig`; marks for the cache are put to the tool in front of them.
pub(crate) fn read(config: &mut RawMembers) -> Vec<ChatTool> {
    let mut tools: Vec<ChatTool> = Vec::new();
    for element in take_filled(config, "tools").unwrap_or_default() {
        match (cache_mark(&element), tools.last_mut()) {
            (Some(mark), Some(last)) if last.cache.is_none() => last.cache = Some(mark),
            _ => tools.push(tool(&element)),
        }
    }
    tools
}

fn tool(raw: &RawJson) -> ChatTool {
    specified(raw).unwrap_or_else(|| {
        let members = raw.members();
        let kind = members.iter().next().map(|(name, _)| JsonText::of(&String::from_utf8_lossy(name)));
        ChatTool {
            name: kind.unwrap_or_default(),
            description: None,
            schema: None,
            strict: None,
            kind: ChatToolKind::Server(raw.clone()),
            cache: None,
            extra: RawMembers::default(),
        }
    })
}

/// A tool of the client's.
fn specified(raw: &RawJson) -> Option<ChatTool> {
    let mut members = raw.members();
    let mut inner = members.take_members("toolSpec")?;
    let mut tool = ChatTool {
        name: inner.take_text("name")?,
        description: inner.take_text("description"),
        schema: within(&mut inner, "inputSchema", |schema| schema.take("json")).flatten(),
        strict: inner.take_bool("strict"),
        kind: ChatToolKind::Function,
        cache: None,
        extra: inner,
    };
    beside(&mut tool.extra, &members);
    Some(tool)
}

/// Reads `toolChoice`.
pub(crate) fn read_pick(raw: &RawJson) -> Option<ToolPick> {
    let mut members = raw.members();
    let bare = |members: &RawMembers, name: &str| {
        members.len() == 1
            && members.get(name).is_some_and(|value| value.bytes().first() == Some(&b'{') && value.members().is_empty())
    };
    if bare(&members, "auto") {
        return Some(ToolPick::Auto);
    }
    if bare(&members, "any") {
        return Some(ToolPick::Any);
    }
    if let Some(mut one) = members.take_members("tool")
        && let (Some(name), true) = (one.take_text("name"), members.is_empty() && one.is_empty())
    {
        return Some(ToolPick::One(name));
    }
    (!raw.is_null()).then(|| ToolPick::Other(raw.clone()))
}

/// Writes `toolConfig` as it was.
pub(crate) fn write_own(out: &mut JsonWriter, request: &ChatRequest, losses: &mut FieldLosses) {
    let left = left(&request.extra, "toolConfig");
    if request.tools.is_empty() && request.pick.is_none() && left.is_none() {
        return;
    }
    out.name("toolConfig").open();
    if !request.tools.is_empty() {
        out.name("tools").open_array();
        for tool in &request.tools {
            match &tool.kind {
                ChatToolKind::Server(raw) => {
                    out.raw(raw);
                }
                ChatToolKind::Function | ChatToolKind::Custom => write_own_tool(out, tool),
            }
            if let Some(mark) = &tool.cache {
                write_mark(out, mark, true, losses);
            }
        }
        out.close_array();
    }
    write_pick(out, request.pick.as_ref());
    out.members(&left.unwrap_or_default()).close();
}

fn write_own_tool(out: &mut JsonWriter, tool: &ChatTool) {
    out.open().name("toolSpec").open().name("name").text(&tool.name);
    out.text_member("description", tool.description.as_ref());
    if tool.schema.is_some() || left(&tool.extra, "inputSchema").is_some() {
        out.name("inputSchema").open().raw_member("json", tool.schema.as_ref());
        out.members(&rest(&tool.extra, "inputSchema")).close();
    }
    out.bool_member("strict", tool.strict);
    write_but(out, &tool.extra, &["inputSchema", BESIDE]);
    out.close().members(&rest(&tool.extra, BESIDE)).close();
}

/// Writes `toolConfig` for tools of another wire. Bedrock demands it as soon as a call or a result is in the conversation, so
/// that tools that were only called before are told again by name.
pub(crate) fn write(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) {
    let called = called(request);
    let wants_none = request.pick == Some(ToolPick::None);
    lose_if(wants_none && !called.is_empty(), "tool_choice", losses);
    if wants_none && called.is_empty() {
        return;
    }
    let functions: Vec<&ChatTool> = request.tools.iter().filter(|tool| fits(tool, losses)).collect();
    let again: Vec<&str> = if functions.is_empty() { called.iter().map(String::as_str).collect() } else { Vec::new() };
    if functions.is_empty() && again.is_empty() {
        lose_if(is_forced(request), "tool_choice", losses);
        return;
    }
    out.name("toolConfig").open().name("tools").open_array();
    for tool in &functions {
        write_tool(out, tool, rules, losses);
    }
    for name in again {
        out.open().name("toolSpec").open().name("name").string(name);
        out.name("inputSchema").open().name("json").raw(&any_arguments()).close().close().close();
    }
    out.close_array();
    let among = match &request.pick {
        Some(ToolPick::Among { must, .. }) => Some(if *must { ToolPick::Any } else { ToolPick::Auto }),
        Some(ToolPick::Other(_)) => Some(ToolPick::Auto),
        _ => None,
    };
    let lost =
        if matches!(request.pick, Some(ToolPick::Among { .. })) { "tool_choice.allowed_tools" } else { "tool_choice" };
    lose_if(among.is_some(), lost, losses);
    write_pick(out, among.as_ref().or(request.pick.as_ref()));
    out.close();
}

/// The tools that the conversation has called.
fn called(request: &ChatRequest) -> BTreeSet<String> {
    let blocks = request.turns.iter().flat_map(|turn| &turn.blocks);
    blocks
        .filter_map(|block| match block {
            ContentBlock::ToolUse(call) => Some(call.name.text().into_owned()),
            _ => None,
        })
        .collect()
}

/// Whether it is a tool that a model on Bedrock can call for the client.
fn fits(tool: &ChatTool, losses: &mut FieldLosses) -> bool {
    match &tool.kind {
        ChatToolKind::Function => true,
        ChatToolKind::Custom => {
            losses.lose("tools.custom");
            false
        }
        ChatToolKind::Server(_) => {
            losses.lose_extra("tools", tool.name.text().as_bytes());
            false
        }
    }
}

fn write_tool(out: &mut JsonWriter, tool: &ChatTool, rules: &TargetRules, losses: &mut FieldLosses) {
    out.open().name("toolSpec").open().name("name").text(&tool.name);
    out.text_member("description", tool.description.as_ref().filter(|text| !is_blank(text)));
    out.name("inputSchema").open().name("json").raw(&tool.schema.clone().unwrap_or_else(any_arguments)).close();
    // Amazon's own models follow no schema to the letter (User Guide, "Structured outputs").
    let takes_strict = !rules.quirks.no_strict && rules.vendor != Vendor::Amazon;
    lose_if(!takes_strict && tool.strict == Some(true), "tools.strict", losses);
    out.bool_member("strict", tool.strict.filter(|strict| *strict && takes_strict));
    out.close().close();
    losses.lose_extras("tools", &tool.extra);
    match &tool.cache {
        Some(_) if rules.vendor == Vendor::Other => losses.lose("cache_control"),
        Some(mark) => write_mark(out, mark, false, losses),
        None => {}
    }
}

fn any_arguments() -> RawJson {
    RawJson::checked(bytes::Bytes::from_static(ANY_ARGUMENTS))
}

fn write_pick(out: &mut JsonWriter, pick: Option<&ToolPick>) {
    match pick {
        Some(ToolPick::Auto) => {
            out.name("toolChoice").open().name("auto").open().close().close();
        }
        Some(ToolPick::Any) => {
            out.name("toolChoice").open().name("any").open().close().close();
        }
        Some(ToolPick::One(name)) => {
            out.name("toolChoice").open().name("tool").open().name("name").text(name).close().close();
        }
        Some(ToolPick::Other(raw)) => {
            out.name("toolChoice").raw(raw);
        }
        // It has no such word; whoever calls has seen to it.
        Some(ToolPick::None | ToolPick::Among { .. }) | None => {}
    }
}

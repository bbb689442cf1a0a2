//! What plugins change of the tools.

use super::differ::{Differ, MemberChange};
use super::edit::{cache_mark, put};
use super::foreign::own_raw;
use super::names::{cache_member, own_name};
use super::same::{Aligned, ListKeys, aligned, is_same};
use crate::canon::{ChatTool, ChatToolKind, JsonText, RawJson, RawMembers};
use crate::wire::WireFormat;

/// Changes of the tools that are more than other words in the same place, by their numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ToolChanges {
    edited: Vec<(usize, Vec<MemberChange>, RawJson, usize)>,
    gone: Vec<usize>,
    /// Each before the tool of this number, by its place in the view.
    new: Vec<(usize, RawJson, usize)>,
}

/// Finds what differs between these tools and those.
pub(super) fn differs(differ: &mut Differ<'_>, shown: &[RawJson], changed: &[RawJson]) -> ToolChanges {
    let mut changes = ToolChanges::default();
    for step in aligned(shown, changed, TOOLS) {
        match step {
            Aligned::Both(at, now) => {
                let (Some(shown), Some(raw)) = (shown.get(at), changed.get(now)) else { continue };
                if is_same(shown, raw) {
                    continue;
                }
                let members = differ.members(&shown.members(), &raw.members());
                if !members.is_empty() {
                    changes.edited.push((at, members, raw.clone(), now));
                }
            }
            Aligned::Gone(at) => changes.gone.push(at),
            Aligned::New(before, now) => {
                changes.new.extend(changed.get(now).map(|raw| (before, raw.clone(), now)));
            }
        }
    }
    changes
}

const TOOLS: ListKeys = ListKeys { kind: kind_of, name: name_of };

fn kind_of(tool: &RawJson) -> Vec<u8> {
    tool.members().get("type").map(|raw| raw.bytes().to_vec()).unwrap_or_default()
}

/// A tool's name, or its type.
fn name_of(tool: &RawJson) -> Vec<u8> {
    let members = tool.members();
    let inner = ["function", "custom"].iter().find_map(|member| members.get(member));
    let name = inner.and_then(|inner| inner.members().take_text("name"));
    let kind = members.get("type").and_then(RawJson::text);
    name.or(kind).map_or_else(Vec::new, |word| word.text().as_bytes().to_vec())
}

impl ToolChanges {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Makes them. `now` is what the view has, as chat reads it.
    pub(super) fn apply(self, tools: &mut Vec<ChatTool>, wire: WireFormat, now: &[ChatTool]) {
        for (number, members, raw, place) in self.edited {
            let (Some(tool), Some(now)) = (tools.get_mut(number), now.get(place)) else { continue };
            edit(tool, wire, &members, &raw, now);
        }
        let old = std::mem::take(tools);
        let length = old.len();
        let mut new = self.new.into_iter().peekable();
        for (number, tool) in old.into_iter().enumerate() {
            while let Some((_, raw, place)) = new.next_if(|(before, ..)| *before <= number) {
                tools.extend(now.get(place).map(|now| adapted(wire, now, &raw)));
            }
            if !self.gone.contains(&number) {
                tools.push(tool);
            }
        }
        debug_assert!(length == 0 || new.len() <= now.len(), "new ones are in the view");
        tools.extend(new.filter_map(|(_, raw, place)| Some(adapted(wire, now.get(place)?, &raw))));
    }
}

fn edit(tool: &mut ChatTool, wire: WireFormat, members: &[MemberChange], raw: &RawJson, now: &ChatTool) {
    if matches!(tool.kind, ChatToolKind::Server(_)) {
        let cache = tool.cache.take();
        *tool = ChatTool { cache, ..adapted(wire, now, raw) };
        return;
    }
    for change in members {
        match change.own_name(wire) {
            Some(name) if name == cache_member(wire) => tool.cache = change.value.as_ref().map(cache_mark),
            Some(name) => put(&mut tool.extra, &name, change.value.as_ref()),
            None => {
                tool.name.clone_from(&now.name);
                tool.description.clone_from(&now.description);
                tool.strict = now.strict;
                let as_it_stood = tool.extra.get("parameters").is_some_and(|stood| now.schema.as_ref() == Some(stood));
                if tool.schema != now.schema && !as_it_stood {
                    tool.schema.clone_from(&now.schema);
                    // Google's own words for it are no longer what is meant.
                    put(&mut tool.extra, "parameters", None);
                }
            }
        }
    }
}

/// A tool of a view, as a tool of this wire.
fn adapted(wire: WireFormat, tool: &ChatTool, raw: &RawJson) -> ChatTool {
    let mut tool = ChatTool { extra: RawMembers::default(), ..tool.clone() };
    if let Some(mark) = &mut tool.cache {
        mark.extra = RawMembers::default();
    }
    let mut members = raw.members();
    let word = members.take_text("type").unwrap_or_default();
    let kind = word.text();
    if let (ChatToolKind::Server(_), Some(kind)) = (&tool.kind, own_name(wire, kind.as_bytes())) {
        let kind = String::from_utf8_lossy(kind).into_owned();
        tool.kind = ChatToolKind::Server(own_raw(wire, &kind, &members));
        tool.name = JsonText::of(&kind);
    }
    tool
}

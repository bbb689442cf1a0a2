//! Changes of one block that have no place of their own in the body.

use super::differ::MemberChange;
use super::foreign::{self, own_block};
use super::names::{cache_member, prefix};
use super::parts::JSON;
use crate::canon::{CacheMark, ContentBlock, DocumentBlock, DocumentSource, JsonText, OtherBlock, RawJson, RawMembers};
use crate::wire::WireFormat;

/// What differs of a part or a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartEdit {
    /// The wire that the block is of.
    pub(super) wire: WireFormat,
    /// Its members that differ.
    pub(super) members: Vec<MemberChange>,
    /// All of it, as it is now.
    pub(super) now: RawJson,
}

impl PartEdit {
    /// Makes the change.
    pub(super) fn apply(&self, block: &mut ContentBlock) {
        let mut is_beside = true;
        for change in &self.members {
            match change.own_name(self.wire) {
                Some(name) => is_beside &= put_own(block, self.wire, &name, change.value.as_ref()),
                None => is_beside = false,
            }
        }
        if !is_beside {
            self.say(block);
        }
    }

    /// Makes the block say what the part says now.
    fn say(&self, block: &mut ContentBlock) {
        match block {
            ContentBlock::Text(text) | ContentBlock::Refusal(text) => {
                if let Some(now) = said(&self.now) {
                    text.text = now;
                }
            }
            ContentBlock::Document(document) => self.document(document),
            ContentBlock::Other(other) if other.kind.as_ref() == JSON => {
                if let Some(now) = said(&self.now) {
                    *other = value(&now);
                }
            }
            ContentBlock::ServerTool(tool) => {
                if let Some(ContentBlock::Other(now)) = own_block(self.wire, &self.now) {
                    tool.raw = now.raw;
                }
            }
            ContentBlock::Other(other) => {
                if let Some(ContentBlock::Other(now)) = own_block(self.wire, &self.now) {
                    *other = now;
                }
            }
            ContentBlock::Image(_) | ContentBlock::Audio(_) | ContentBlock::Video(_) => self.media(block),
            ContentBlock::ToolUse(call) => {
                if let Some(ContentBlock::ToolUse(now)) = foreign::call(self.wire, &self.now) {
                    (call.name, call.input, call.custom) = (now.name, now.input, now.custom);
                }
            }
            ContentBlock::ToolResult(_) | ContentBlock::Reasoning(_) => {}
        }
    }

    fn document(&self, document: &mut DocumentBlock) {
        let now = self.now.members();
        let text = |name: &str| now.get(name).and_then(RawJson::text);
        if let DocumentSource::Media(_) = &document.source {
            if let Some(ContentBlock::Document(new)) = foreign::part(self.wire, &self.now) {
                (document.source, document.media_type) = (new.source, new.media_type);
                document.name = new.name;
            }
            return;
        }
        (document.name, document.context) = (text("title"), text("context"));
        if let (DocumentSource::Text(own), Some(said)) = (&mut document.source, text("text")) {
            *own = said;
        }
        let own_content = format!("{}.content", prefix(self.wire));
        let content = now.get(&own_content).or_else(|| now.get("content"));
        if let (DocumentSource::Blocks(own), Some(said)) = (&mut document.source, content) {
            *own = said.clone();
        }
    }

    fn media(&self, block: &mut ContentBlock) {
        let now = foreign::part(self.wire, &self.now);
        let (
            ContentBlock::Image(own) | ContentBlock::Audio(own) | ContentBlock::Video(own),
            Some(ContentBlock::Image(now) | ContentBlock::Audio(now) | ContentBlock::Video(now)),
        ) = (block, now)
        else {
            return;
        };
        (own.source, own.media_type, own.detail) = (now.source, now.media_type, now.detail);
    }
}

/// What a part says that is text.
fn said(part: &RawJson) -> Option<JsonText> {
    let members = part.members();
    part.text().or_else(|| ["text", "refusal"].iter().find_map(|name| members.get(name)?.text()))
}

/// A value that was told as a text.
fn value(text: &JsonText) -> OtherBlock {
    let raw = RawJson::parse_text(text).unwrap_or_else(|_| RawJson::of_text(text));
    OtherBlock { kind: JSON.into(), raw }
}

/// Puts or takes away a member that only the wire has; false if the block keeps no such members by themselves.
fn put_own(block: &mut ContentBlock, wire: WireFormat, name: &str, value: Option<&RawJson>) -> bool {
    if name == cache_member(wire)
        && let Some(cache) = cache_of(block)
    {
        *cache = value.map(cache_mark);
        return true;
    }
    if let ContentBlock::Text(text) = block {
        match name {
            "citations" => {
                let kept = value.map(RawJson::elements).unwrap_or_default();
                text.citations.retain(|note| kept.contains(&note.raw));
                return true;
            }
            "logprobs" => {
                text.logprobs = value.cloned();
                return true;
            }
            _ => {}
        }
    }
    let Some(extra) = extra_of(block) else { return false };
    put(extra, name, value);
    true
}

/// A mark for the cache, as a view has it.
pub(super) fn cache_mark(raw: &RawJson) -> CacheMark {
    let mut extra = raw.members();
    let ttl = extra.take_text("ttl");
    extra.take_as("type", |raw| raw.text());
    CacheMark { ttl, extra }
}

/// Puts another value in the place of a member, or takes it away.
pub(super) fn put(members: &mut RawMembers, name: &str, value: Option<&RawJson>) {
    members.take_as(name, |_| Some(()));
    if let Some(value) = value {
        members.push(name, value.clone());
    }
}

/// The members of a block that only its wire has.
fn extra_of(block: &mut ContentBlock) -> Option<&mut RawMembers> {
    match block {
        ContentBlock::Text(block) | ContentBlock::Refusal(block) => Some(&mut block.extra),
        ContentBlock::Image(block) | ContentBlock::Audio(block) | ContentBlock::Video(block) => Some(&mut block.extra),
        ContentBlock::Document(block) => Some(&mut block.extra),
        ContentBlock::ToolUse(block) => Some(&mut block.extra),
        ContentBlock::ToolResult(block) => Some(&mut block.extra),
        ContentBlock::Reasoning(block) => Some(&mut block.extra),
        ContentBlock::ServerTool(_) | ContentBlock::Other(_) => None,
    }
}

/// The mark for the cache of a block, where there may be one.
fn cache_of(block: &mut ContentBlock) -> Option<&mut Option<CacheMark>> {
    match block {
        ContentBlock::Text(block) => Some(&mut block.cache),
        ContentBlock::Image(block) | ContentBlock::Audio(block) | ContentBlock::Video(block) => Some(&mut block.cache),
        ContentBlock::Document(block) => Some(&mut block.cache),
        ContentBlock::ToolUse(block) => Some(&mut block.cache),
        ContentBlock::ToolResult(block) => Some(&mut block.cache),
        ContentBlock::Refusal(_)
        | ContentBlock::Reasoning(_)
        | ContentBlock::ServerTool(_)
        | ContentBlock::Other(_) => None,
    }
}

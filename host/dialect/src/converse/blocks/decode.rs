//! Reads pieces of content. Each is an object with one member that names its kind (`ContentBlock` in the API reference); some
//! have a `type` beside it.

use super::media::{IMAGE, MediaMember, SOUND, VIDEO};
use super::{citations, documents, media, results, thoughts};
use crate::canon::{
    CacheMark, ContentBlock, DecodeFault, OtherBlock, RawJson, RawMembers, ServerToolBlock, ServerToolKind, TextBlock,
    ToolInput, ToolUseBlock,
};
use crate::converse::rest::{beside, object, within};
use crate::wire::Vendor;

/// The member of a text's extras that says that it was one for a guardrail.
pub(crate) const GUARDED: &str = "guardContent";

/// The kind of block that a mark is in this wire.
pub(crate) const CACHE_POINT: &str = "cachePoint";

/// Reads content. Marks for the cache are put to the block in front of them.
///
/// # Errors
/// [`DecodeFault::Field`]: one is no object.
pub(crate) fn content(
    elements: &[RawJson],
    vendor: Vendor,
    field: &'static str,
) -> Result<Vec<ContentBlock>, DecodeFault> {
    let mut blocks: Vec<ContentBlock> = Vec::with_capacity(elements.len());
    for element in elements {
        if element.kind() != weir_http::json::JsonKind::Object {
            return Err(DecodeFault::Field { field, due: "a list of objects" });
        }
        let mark = cache_mark(element);
        match (mark, blocks.last_mut().and_then(slot)) {
            (Some(mark), Some(slot @ None)) => *slot = Some(mark),
            _ => blocks.push(block(element, vendor)),
        }
    }
    Ok(blocks)
}

/// Reads one block; what is not known is kept as it stands.
pub(crate) fn block(raw: &RawJson, vendor: Vendor) -> ContentBlock {
    known(raw, vendor).unwrap_or_else(|| other(raw))
}

fn other(raw: &RawJson) -> ContentBlock {
    let members = raw.members();
    let name = members.iter().map(|(name, _)| name).find(|name| *name != b"type").unwrap_or_default();
    ContentBlock::Other(OtherBlock { kind: String::from_utf8_lossy(name).into(), raw: raw.clone() })
}

fn known(raw: &RawJson, vendor: Vendor) -> Option<ContentBlock> {
    let mut members = raw.members();
    if let Some(text) = members.take_text("text") {
        return Some(ContentBlock::Text(TextBlock { text, extra: members, ..TextBlock::default() }));
    }
    let mut inner = |name: &str| members.take_members(name);
    if let Some(inner) = inner("toolUse") {
        return tool_use(inner, members, raw);
    }
    if let Some(inner) = inner("toolResult") {
        return Some(results::read(inner, &members, raw, &|part| block(part, vendor)));
    }
    if let Some(inner) = inner("reasoningContent") {
        let mut block = thoughts::read(inner, vendor)?;
        beside(&mut block.extra, &members);
        return Some(ContentBlock::Reasoning(block));
    }
    if let Some(inner) = inner(citations::CITED) {
        let mut block = citations::read(inner);
        members
            .iter()
            .for_each(|(name, value)| block.extra.push_raw(bytes::Bytes::copy_from_slice(name), value.clone()));
        return Some(ContentBlock::Text(block));
    }
    if let Some(inner) = inner(GUARDED) {
        return guarded(inner, members);
    }
    media_block(members)
}

fn media_block(mut members: RawMembers) -> Option<ContentBlock> {
    let of: [(MediaMember, fn(crate::canon::MediaBlock) -> ContentBlock); 3] =
        [(IMAGE, ContentBlock::Image), (SOUND, ContentBlock::Audio), (VIDEO, ContentBlock::Video)];
    for (kind, make) in of {
        if let Some(inner) = members.take_members(kind.name) {
            let mut block = media::read(inner, kind)?;
            beside(&mut block.extra, &members);
            return Some(make(block));
        }
    }
    let mut block = documents::read(members.take_members("document")?)?;
    beside(&mut block.extra, &members);
    Some(ContentBlock::Document(block))
}

/// A call: of a tool of the client's, or of one that runs at Amazon.
fn tool_use(mut inner: RawMembers, members: RawMembers, raw: &RawJson) -> Option<ContentBlock> {
    let id = inner.take_text("toolUseId");
    let name = inner.take_text("name")?;
    if inner.get("type").and_then(RawJson::text).is_some_and(|kind| kind.is("server_tool_use")) {
        let kind = ServerToolKind::Call;
        return Some(ContentBlock::ServerTool(ServerToolBlock { kind, name: Some(name), id, raw: raw.clone() }));
    }
    let input = ToolInput::Json(inner.take("input").unwrap_or(RawJson::EMPTY_OBJECT));
    let mut block = ToolUseBlock::of(id, name, input);
    block.extra = inner;
    beside(&mut block.extra, &members);
    Some(ContentBlock::ToolUse(block))
}

/// A text that a guardrail is to look at: for others it is a text.
fn guarded(mut inner: RawMembers, mut members: RawMembers) -> Option<ContentBlock> {
    let text = within(&mut inner, "text", |guarded| guarded.take_text("text")).flatten()?;
    members.push(GUARDED, object(&inner));
    Some(ContentBlock::Text(TextBlock { text, extra: members, ..TextBlock::default() }))
}

/// The mark that a block is, if it is nothing else.
pub(crate) fn cache_mark(raw: &RawJson) -> Option<CacheMark> {
    let mut members = raw.members();
    let mut mark = members.take_members(CACHE_POINT).filter(|_| members.is_empty())?;
    mark.take_text("type").filter(|kind| kind.is("default"))?;
    Some(CacheMark { ttl: mark.take_text("ttl"), extra: mark })
}

/// Where a block keeps its mark.
fn slot(block: &mut ContentBlock) -> Option<&mut Option<CacheMark>> {
    match block {
        ContentBlock::Text(block) => Some(&mut block.cache),
        ContentBlock::Image(block) | ContentBlock::Audio(block) | ContentBlock::Video(block) => Some(&mut block.cache),
        ContentBlock::Document(block) => Some(&mut block.cache),
        ContentBlock::ToolUse(block) => Some(&mut block.cache),
        ContentBlock::ToolResult(block) => Some(&mut block.cache),
        ContentBlock::Reasoning(_)
        | ContentBlock::Refusal(_)
        | ContentBlock::ServerTool(_)
        | ContentBlock::Other(_) => None,
    }
}

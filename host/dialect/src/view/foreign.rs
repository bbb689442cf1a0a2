//! What plugins put into a view, as blocks and turns of the client's wire.

use bytes::Bytes;

use super::names::own_name;
use crate::canon::{
    ChatTurn, ContentBlock, DecodeFault, DocumentBlock, DocumentSource, JsonWriter, MediaBlock, MediaSource,
    OtherBlock, RawJson, RawMembers, TurnOrigin,
};
use crate::chat;
use crate::wire::WireFormat;

/// A message that was put in.
///
/// # Errors
/// [`DecodeFault`]: it is none.
pub(super) fn message(wire: WireFormat, message: &RawJson) -> Result<ChatTurn, DecodeFault> {
    let mut turn = read(message)?;
    turn.extra = RawMembers::default();
    turn.name = turn.name.filter(|_| wire == WireFormat::Chat);
    turn.origin = TurnOrigin::Item;
    turn.blocks = turn.blocks.into_iter().map(|block| adapted(wire, block)).collect();
    Ok(turn)
}

/// A part that was put in; none if it is none.
pub(super) fn part(wire: WireFormat, part: &RawJson) -> Option<ContentBlock> {
    let mut out = JsonWriter::default();
    out.open().name("role").string("user").name("content");
    out.open_array();
    match part.text() {
        Some(text) => out.open().name("type").string("text").name("text").text(&text).close(),
        None => out.raw(part),
    };
    out.close_array().close();
    Some(adapted(wire, read(&out.finish_raw()).ok()?.blocks.into_iter().next()?))
}

/// A call that was put in; none if it is none.
pub(super) fn call(wire: WireFormat, call: &RawJson) -> Option<ContentBlock> {
    let mut out = JsonWriter::default();
    out.open().name("role").string("assistant").name("content").null().name("tool_calls");
    out.open_array().raw(call).close_array().close();
    Some(adapted(wire, read(&out.finish_raw()).ok()?.blocks.into_iter().next()?))
}

fn read(message: &RawJson) -> Result<ChatTurn, DecodeFault> {
    let mut out = JsonWriter::with_capacity(message.bytes().len() + 64);
    out.open().name("model").string("").name("messages").open_array().raw(message).close_array().close();
    let due = DecodeFault::Field { field: "messages", due: "a list" };
    chat::decode_request(&RawJson::parse(out.finish())?)?.turns.pop().ok_or(due)
}

/// A block that was read as chat has it, for another wire: what only chat has is left behind.
fn adapted(wire: WireFormat, block: ContentBlock) -> ContentBlock {
    match block {
        ContentBlock::Other(other) => own_block(wire, &other.raw).unwrap_or(ContentBlock::Other(other)),
        ContentBlock::Text(mut text) => {
            text.extra = RawMembers::default();
            text.citations.clear();
            marked(&mut text.cache);
            ContentBlock::Text(text)
        }
        ContentBlock::Refusal(mut text) => {
            text.extra = RawMembers::default();
            ContentBlock::Refusal(text)
        }
        ContentBlock::Image(media) => ContentBlock::Image(bare(media)),
        ContentBlock::Audio(media) => ContentBlock::Audio(bare(media)),
        ContentBlock::Video(media) => ContentBlock::Video(bare(media)),
        ContentBlock::Document(mut document) => {
            document.extra = RawMembers::default();
            marked(&mut document.cache);
            ContentBlock::Document(document)
        }
        ContentBlock::ToolUse(mut call) => {
            call.extra = RawMembers::default();
            ContentBlock::ToolUse(call)
        }
        ContentBlock::ToolResult(mut result) => {
            result.extra = RawMembers::default();
            result.content = result.content.into_iter().map(|block| adapted(wire, block)).collect();
            ContentBlock::ToolResult(result)
        }
        ContentBlock::Reasoning(mut thought) => {
            thought.extra = RawMembers::default();
            ContentBlock::Reasoning(thought)
        }
        ContentBlock::ServerTool(tool) => ContentBlock::ServerTool(tool),
    }
}

/// Chat has its own words around the same mark.
fn marked(cache: &mut Option<crate::canon::CacheMark>) {
    if let Some(mark) = cache {
        mark.extra = RawMembers::default();
    }
}

fn bare(mut media: MediaBlock) -> MediaBlock {
    media.extra = RawMembers::default();
    marked(&mut media.cache);
    media
}

/// A block that chat does not know, of a part whose type says that it is one of this wire; none of another part.
pub(super) fn own_block(wire: WireFormat, part: &RawJson) -> Option<ContentBlock> {
    let mut members = part.members();
    let word = members.take_text("type")?;
    let kind = word.text();
    let kind = std::str::from_utf8(own_name(wire, kind.as_bytes())?).ok()?;
    let text = |name: &str| members.get(name).and_then(RawJson::text);
    let document = |source| {
        Some(ContentBlock::Document(DocumentBlock {
            source,
            media_type: None,
            name: text("title"),
            context: text("context"),
            cited: None,
            cache: None,
            extra: RawMembers::default(),
        }))
    };
    match kind {
        "document" if text("text").is_some() => return document(DocumentSource::Text(text("text")?)),
        "document" if members.get("file_url").is_some() => {
            let url = members.get("file_url")?.members().take_text("url")?;
            return document(DocumentSource::Media(MediaSource::Url(url)));
        }
        "image" if text("file_id").is_some() => {
            let (source, extra) = (MediaSource::FileId(text("file_id")?), RawMembers::default());
            return Some(ContentBlock::Image(MediaBlock {
                source,
                media_type: None,
                detail: None,
                cache: None,
                extra,
            }));
        }
        _ => {}
    }
    let raw = own_raw(wire, kind, &members);
    Some(ContentBlock::Other(OtherBlock { kind: kind.into(), raw }))
}

/// The value that a part of a wire's own, or a tool, stands for.
pub(super) fn own_raw(wire: WireFormat, kind: &str, members: &RawMembers) -> RawJson {
    let mut all = RawMembers::default();
    if matches!(wire, WireFormat::Messages | WireFormat::Responses) {
        all.push("type", RawJson::of_text(&crate::canon::JsonText::of(kind)));
    }
    for (name, value) in members.iter() {
        all.push_raw(Bytes::copy_from_slice(own_name(wire, name).unwrap_or(name)), value.clone());
    }
    let mut out = JsonWriter::default();
    out.open().members(&all).close();
    out.finish_raw()
}

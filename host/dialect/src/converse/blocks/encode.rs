//! Writes pieces of content.

use super::decode::{CACHE_POINT, GUARDED};
use super::documents::{self, DocumentNames};
use super::media::{self, IMAGE, MediaMember, SOUND, VIDEO};
use super::results::{JSON, STATUS};
use super::sink::BlockSink;
use super::{citations, thoughts};
use crate::canon::{
    CacheMark, ContentBlock, DocumentBlock, FieldLosses, JsonText, JsonWriter, MediaBlock, OtherBlock, RawJson,
    RawMembers, ReasoningBlock, TextBlock, ToolInput, ToolResultBlock, ToolUseBlock,
};
use crate::converse::rest::{BESIDE, rest, write_but};
use crate::translate::ids::{self, ToolIdGrammar};
use crate::wire::Vendor;

/// What losses of content are called.
const CONTENT: &str = "messages.content";

/// Who reads what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureReader {
    /// A model of this vendor.
    Model(Vendor),
    /// A client that gives it back to models of this vendor.
    Client(Vendor),
}

/// Writes blocks.
#[derive(Debug)]
pub(crate) struct ConverseBlocks<'a> {
    /// They came in this wire.
    own: bool,
    reader: SignatureReader,
    names: DocumentNames,
    /// What is written stands in a result, where no marks may stand.
    within_result: bool,
    /// The answer's number, for identifiers of calls that have none; and how many calls there were.
    pub(crate) answer: u128,
    calls: usize,
    pub(crate) losses: &'a mut FieldLosses,
}

impl<'a> ConverseBlocks<'a> {
    /// For blocks that came in this wire or in another.
    pub(crate) fn new(own: bool, reader: SignatureReader, losses: &'a mut FieldLosses) -> Self {
        Self { own, reader, names: DocumentNames::default(), within_result: false, answer: 0, calls: 0, losses }
    }

    /// Writes one block, and the mark for the cache behind it.
    pub(crate) fn write(&mut self, block: &ContentBlock, sink: &mut BlockSink) {
        match block {
            ContentBlock::Text(block) => self.text(block, sink),
            ContentBlock::Refusal(block) => self.text(block, sink),
            ContentBlock::Image(block) => self.media(block, IMAGE, sink),
            ContentBlock::Audio(block) => self.media(block, SOUND, sink),
            ContentBlock::Video(block) => self.media(block, VIDEO, sink),
            ContentBlock::Document(block) => {
                if self.document(block, sink) {
                    self.mark(block.cache.as_ref(), sink);
                }
            }
            ContentBlock::ToolUse(block) => self.tool_use(block, sink),
            ContentBlock::ToolResult(block) => self.tool_result(block, sink),
            ContentBlock::Reasoning(block) => self.reasoning(block, sink),
            ContentBlock::ServerTool(block) if self.own => {
                sink.begin().raw(&block.raw);
            }
            ContentBlock::ServerTool(_) => self.losses.lose("messages.content.server_tool"),
            ContentBlock::Other(block) => self.other(block, sink),
        }
    }

    /// Bedrock refuses blank texts: other wires' are left out.
    fn text(&mut self, block: &TextBlock, sink: &mut BlockSink) {
        if !self.own && is_blank(&block.text) {
            return;
        }
        if self.own && block.extra.get(GUARDED).is_some() {
            let guarded = rest(&block.extra, GUARDED);
            let out = sink.begin().open().name(GUARDED).open().name("text").open().name("text").text(&block.text);
            out.members(&rest(&guarded, "text")).close();
            write_but(out, &guarded, &["text"]);
            out.close();
            write_but(out, &block.extra, &[GUARDED]);
            out.close();
        } else if self.cites(block) {
            citations::write(sink.begin(), block, self.own, self.losses);
        } else {
            let out = sink.begin().open().name("text").text(&block.text);
            if self.own {
                out.members(&block.extra).close();
            } else {
                out.close();
                if !block.citations.is_empty() {
                    self.losses.lose("citations");
                }
                self.losses.lose_extras(CONTENT, &block.extra);
            }
        }
        if !self.own && block.logprobs.is_some() {
            self.losses.lose("logprobs");
        }
        self.mark(block.cache.as_ref(), sink);
    }

    /// Whether a text is written with what it rests on: if it was so, and in answers.
    fn cites(&self, block: &TextBlock) -> bool {
        let was = self.own && block.extra.get(citations::CITED).is_some();
        was || (!block.citations.is_empty() && (self.own || matches!(self.reader, SignatureReader::Client(_))))
    }

    fn media(&mut self, block: &MediaBlock, kind: MediaMember, sink: &mut BlockSink) {
        let Some(format) = media::writable(block, kind, self.own, self.losses) else { return };
        media::write(sink.begin(), block, kind, format, self.own);
        if !self.own {
            self.losses.lose_extras(CONTENT, &block.extra);
        }
        self.mark(block.cache.as_ref(), sink);
    }

    fn document(&mut self, block: &DocumentBlock, sink: &mut BlockSink) -> bool {
        if self.own {
            documents::write_own(sink.begin(), block);
            return true;
        }
        let Some((fitted, format)) = documents::fitted(block, &mut self.names, self.losses) else { return false };
        documents::write_fitted(sink.begin(), &fitted, format);
        true
    }

    fn tool_use(&mut self, block: &ToolUseBlock, sink: &mut BlockSink) {
        if let (SignatureReader::Client(vendor), Some(signature)) = (self.reader, &block.signature) {
            let slot = thoughts::slot(signature, vendor);
            thoughts::write(sink.begin(), Some(&JsonText::EMPTY), Some(&slot), &RawMembers::default());
        }
        let made = || (!self.own).then(|| ids::made(self.answer, self.calls));
        let id = block.id.as_ref().map(|id| self.id(id)).or_else(made);
        self.calls += 1;
        let (input, wrapped) = match (&block.input, self.own) {
            (ToolInput::Json(raw), true) => (raw.clone(), false),
            (input, _) => input.to_object(),
        };
        if wrapped && !block.custom {
            self.losses.lose("messages.content.tool_use.input");
        }
        let out = sink.begin().open().name("toolUse").open();
        out.text_member("toolUseId", id.as_ref()).name("name").text(&block.name).name("input").raw(&input);
        self.end(out, &block.extra);
        self.mark(block.cache.as_ref(), sink);
    }

    fn tool_result(&mut self, block: &ToolResultBlock, sink: &mut BlockSink) {
        let id = block.id.as_ref().map(|id| self.id(id));
        let mut parts = JsonWriter::default();
        parts.open_array();
        let mut parts = BlockSink::of_blocks(parts);
        self.within_result = true;
        for part in &block.content {
            match part {
                ContentBlock::Other(value) if &*value.kind == JSON => write_value(parts.begin(), &value.raw, self.own),
                part => self.write(part, &mut parts),
            }
        }
        self.within_result = false;
        let mut parts = parts.finish();
        parts.close_array();
        let out = sink.begin().open().name("toolResult").open().text_member("toolUseId", id.as_ref());
        if !block.content.is_empty() || !self.own {
            out.name("content").raw(&parts.finish_raw());
        }
        if let Some((_, word)) = STATUS.iter().find(|(failed, _)| block.failed == Some(*failed)) {
            out.name("status").string(word);
        }
        self.end(out, &block.extra);
        // A mark within the result stands behind it.
        let within = block.content.iter().rev().find_map(mark_of).filter(|_| !self.own);
        self.mark(block.cache.as_ref().or(within), sink);
    }

    /// A thought is written for a model that can read its signature, and for every client.
    fn reasoning(&mut self, block: &ReasoningBlock, sink: &mut BlockSink) {
        let slot = block.signature.as_ref().and_then(|signature| match self.reader {
            SignatureReader::Model(vendor) => thoughts::readable_slot(signature, vendor),
            SignatureReader::Client(vendor) => Some(thoughts::slot(signature, vendor)),
        });
        let unreadable = slot.is_none() && (block.signature.is_some() || !self.own);
        if matches!(self.reader, SignatureReader::Model(_)) && unreadable {
            self.losses.lose("messages.content.reasoning");
            return;
        }
        let words = thoughts::words(block);
        if self.own {
            thoughts::write(sink.begin(), block.text.first(), slot.as_ref(), &block.extra);
        } else if slot.is_some() || !words.is_empty() {
            thoughts::write(sink.begin(), Some(&words), slot.as_ref(), &RawMembers::default());
            self.losses.lose_extras(CONTENT, &block.extra);
        }
    }

    fn other(&mut self, block: &OtherBlock, sink: &mut BlockSink) {
        if self.own {
            sink.begin().raw(&block.raw);
        } else {
            self.losses.lose_extra(CONTENT, block.kind.as_bytes());
        }
    }

    /// Models of Anthropic's and Amazon's have a cache that can be asked for.
    fn mark(&mut self, mark: Option<&CacheMark>, sink: &mut BlockSink) {
        let Some(mark) = mark.filter(|_| self.own || !self.within_result) else { return };
        if !self.own && self.reader == SignatureReader::Model(Vendor::Other) {
            self.losses.lose("cache_control");
            return;
        }
        write_mark(sink.begin(), mark, self.own, self.losses);
    }

    /// The identifier of a call: a model takes few characters, a client gets it as it is.
    fn id(&self, id: &JsonText) -> JsonText {
        match self.reader {
            SignatureReader::Model(_) if !self.own => ToolIdGrammar::Plain.fit(id),
            SignatureReader::Model(_) | SignatureReader::Client(_) => id.clone(),
        }
    }

    /// Ends a block of two objects, with what its own wire has in and beside it.
    fn end(&mut self, out: &mut JsonWriter, extra: &RawMembers) {
        if self.own {
            write_but(out, extra, &[BESIDE]);
            out.close().members(&rest(extra, BESIDE)).close();
        } else {
            out.close().close();
            self.losses.lose_extras(CONTENT, extra);
        }
    }
}

/// The mark that stands on a part of a result.
fn mark_of(block: &ContentBlock) -> Option<&CacheMark> {
    match block {
        ContentBlock::Text(block) => block.cache.as_ref(),
        ContentBlock::Image(block) => block.cache.as_ref(),
        ContentBlock::Document(block) => block.cache.as_ref(),
        _ => None,
    }
}

/// Writes a mark for the cache.
pub(crate) fn write_mark(out: &mut JsonWriter, mark: &CacheMark, own: bool, losses: &mut FieldLosses) {
    out.open().name(CACHE_POINT).open().name("type").string("default");
    let ttl = mark.ttl.as_ref().filter(|ttl| own || ttl.is("5m") || ttl.is("1h"));
    out.text_member("ttl", ttl);
    if own {
        out.members(&mark.extra);
    } else if ttl.is_none() && mark.ttl.is_some() {
        losses.lose("cache_control.ttl");
    }
    out.close().close();
}

/// Writes a value that a tool has answered. Bedrock takes objects; another value becomes its text.
fn write_value(out: &mut JsonWriter, value: &RawJson, own: bool) {
    out.open();
    if own || value.kind() == weir_http::json::JsonKind::Object {
        out.name(JSON).raw(value);
    } else {
        out.name("text").text(&value.text().unwrap_or_else(|| value.to_text()));
    }
    out.close();
}

/// Whether a text says nothing but blanks.
pub(crate) fn is_blank(text: &JsonText) -> bool {
    text.text().trim().is_empty()
}

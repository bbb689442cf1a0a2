//! Blocks of content, written.

use super::documents::foreign_document;
use super::{media, notes, thoughts};
use crate::canon::{
    CacheMark, ContentBlock, ContentForm, DocumentBlock, FieldLosses, JsonText, JsonWriter, MediaBlock, OtherBlock,
    RawMembers, ReasoningBlock, ServerToolBlock, TextBlock, ToolInput, ToolResultBlock, ToolUseBlock,
};
use crate::translate::ids::{self, ToolIdGrammar};
use crate::wire::Vendor;

/// Who reads what is written.
#[derive(Debug, Clone, Copy)]
pub(in crate::messages) enum MessageReader {
    /// A model of this vendor, which must see its own signatures and no other.
    Model(Vendor),
    /// A client, which keeps signatures of all vendors, of an answer with this number.
    Client(u128),
}

/// Writes blocks.
pub(in crate::messages) struct MessageWriter<'a> {
    /// They came in this wire, and are written as they were.
    same: bool,
    reader: MessageReader,
    /// Calls so far, for identifiers.
    calls: usize,
    losses: &'a mut FieldLosses,
}

impl<'a> MessageWriter<'a> {
    pub(in crate::messages) fn new(same: bool, reader: MessageReader, losses: &'a mut FieldLosses) -> Self {
        Self { same, reader, calls: 0, losses }
    }

    pub(in crate::messages) fn losses(&mut self) -> &mut FieldLosses {
        self.losses
    }

    /// Writes a block, if it can be said in this wire; of blocks of other wires blank texts are left out, which Anthropic
    /// refuses.
    pub(in crate::messages) fn block(&mut self, out: &mut JsonWriter, block: &ContentBlock) -> bool {
        match block {
            ContentBlock::Text(text) | ContentBlock::Refusal(text) => self.text(out, text),
            ContentBlock::Image(image) => self.image(out, image),
            ContentBlock::Audio(_) => self.lose(b"audio"),
            ContentBlock::Video(_) => self.lose(b"video"),
            ContentBlock::Document(document) => self.document(out, document),
            ContentBlock::ToolUse(call) => self.tool_use(out, call),
            ContentBlock::ToolResult(result) => self.tool_result(out, result),
            ContentBlock::Reasoning(thought) => self.thought(out, thought),
            ContentBlock::ServerTool(tool) => self.server_tool(out, tool),
            ContentBlock::Other(other) => self.other(out, other),
        }
    }

    /// Takes note of content that is lost; nothing is written.
    fn lose(&mut self, what: &[u8]) -> bool {
        let place = match self.reader {
            MessageReader::Model(_) => "messages.content",
            MessageReader::Client(_) => "content",
        };
        self.losses.lose_extra(place, what);
        false
    }

    fn text(&mut self, out: &mut JsonWriter, text: &TextBlock) -> bool {
        if !self.same && text.text.text().trim().is_empty() && !self.is_source(text) {
            return false;
        }
        out.open().name("type").string("text").name("text").text(&text.text);
        if self.same || matches!(self.reader, MessageReader::Client(_)) {
            notes::write_citations(out, &text.citations, self.losses);
        } else if !text.citations.is_empty() {
            self.lose(b"citations");
        }
        if text.logprobs.is_some() {
            self.losses.lose("logprobs");
        }
        self.beside(out, text.cache.as_ref(), &text.extra);
        true
    }

    /// Whether a text is there for what it rests on alone, and for a client, as some providers write it.
    fn is_source(&self, text: &TextBlock) -> bool {
        matches!(self.reader, MessageReader::Client(_)) && text.citations.iter().any(notes::can_be_written)
    }

    fn thought(&mut self, out: &mut JsonWriter, thought: &ReasoningBlock) -> bool {
        let written = match self.reader {
            _ if self.same && thoughts::is_of_this_wire(thought) => thoughts::write_back(out, thought),
            MessageReader::Model(vendor) => thoughts::for_model(out, thought, vendor),
            MessageReader::Client(_) => thoughts::for_client(out, thought),
        };
        if !written && thoughts::is_told(thought) {
            self.lose(b"reasoning");
        }
        written
    }

    fn image(&mut self, out: &mut JsonWriter, image: &MediaBlock) -> bool {
        let foreign = if self.same { None } else { Some(media::foreign_image(image, self.losses)) };
        let (source, kind) = match foreign {
            None => (&image.source, image.media_type.as_ref()),
            Some(Some((ref source, ref kind))) => (source, kind.as_ref()),
            Some(None) => return false,
        };
        out.open().name("type").string("image");
        media::write_source(out, source, kind);
        // `detail` says how much the image may cost; here its size does.
        if image.detail.as_ref().is_some_and(|detail| !detail.is("auto")) {
            self.lose(b"detail");
        }
        self.beside(out, image.cache.as_ref(), &image.extra);
        true
    }

    fn document(&mut self, out: &mut JsonWriter, document: &DocumentBlock) -> bool {
        let foreign;
        let document = if self.same {
            document
        } else {
            let Some(found) = foreign_document(document, self.losses) else { return false };
            foreign = found;
            &foreign
        };
        out.open().name("type").string("document");
        media::write_document_source(out, document);
        media::write_document_notes(out, document);
        self.beside(out, document.cache.as_ref(), &document.extra);
        true
    }

    fn tool_use(&mut self, out: &mut JsonWriter, call: &ToolUseBlock) -> bool {
        if let (MessageReader::Client(_), Some(signature)) = (self.reader, &call.signature) {
            thoughts::write_redacted(out, signature);
        }
        let (input, wrapped) = match (&call.input, self.same) {
            (ToolInput::Json(raw), true) => (raw.clone(), false),
            (input, _) => input.to_object(),
        };
        if wrapped {
            self.losses.lose("messages.content.tool_use.input");
        }
        let id = self.call_id(call);
        out.open().name("type").string("tool_use").name("id").text(&id).name("name").text(&call.name);
        out.name("input").raw(&input);
        self.beside(out, call.cache.as_ref(), &call.extra);
        true
    }

    fn call_id(&mut self, call: &ToolUseBlock) -> JsonText {
        self.calls += 1;
        match (&call.id, self.reader) {
            (Some(id), _) if self.same => id.clone(),
            (Some(id), _) => ToolIdGrammar::Plain.fit(id),
            (None, MessageReader::Client(answer)) => ids::made(answer, self.calls),
            (None, MessageReader::Model(_)) => ids::made(0, self.calls),
        }
    }

    fn tool_result(&mut self, out: &mut JsonWriter, result: &ToolResultBlock) -> bool {
        let Some(id) = &result.id else { return self.lose(b"tool_result") };
        let id = if self.same { id.clone() } else { ToolIdGrammar::Plain.fit(id) };
        out.open().name("type").string("tool_result").name("tool_use_id").text(&id);
        self.result_content(out, result);
        out.bool_member("is_error", result.failed.filter(|failed| self.same || *failed));
        self.beside(out, result.cache.as_ref(), &result.extra);
        true
    }

    fn result_content(&mut self, out: &mut JsonWriter, result: &ToolResultBlock) {
        match (result.content.as_slice(), result.form, self.same) {
            (_, ContentForm::Absent, true) | ([], _, false) => {}
            (_, ContentForm::Null, true) => {
                out.name("content").null();
            }
            ([ContentBlock::Text(text)], ContentForm::Text, true) => {
                out.name("content").text(&text.text);
            }
            ([ContentBlock::Text(text)], _, false) if text.cache.is_none() => {
                out.name("content").text(&text.text);
            }
            (blocks, _, _) => {
                out.name("content").open_array();
                for block in blocks {
                    self.block(out, block);
                }
                out.close_array();
            }
        }
    }

    fn server_tool(&mut self, out: &mut JsonWriter, tool: &ServerToolBlock) -> bool {
        if !self.same {
            return self.lose(b"server_tool");
        }
        out.raw(&tool.raw);
        true
    }

    fn other(&mut self, out: &mut JsonWriter, other: &OtherBlock) -> bool {
        if self.same {
            out.raw(&other.raw);
        } else if other.kind.as_ref() == "json" {
            // A result that is a value and no text.
            out.open().name("type").string("text").name("text").text(&other.raw.to_text()).close();
        } else {
            return self.lose(other.kind.as_bytes());
        }
        true
    }

    /// Ends a block with what stands beside what it says.
    fn beside(&mut self, out: &mut JsonWriter, cache: Option<&CacheMark>, extra: &RawMembers) {
        notes::write_cache(out, cache, self.same, self.losses);
        if self.same {
            out.members(extra);
        } else {
            self.losses.lose_extras("messages.content", extra);
        }
        out.close();
    }
}

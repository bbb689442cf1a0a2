//! How blocks are written, in requests and answers, of this wire and of others.

use crate::canon::{CacheMark, ContentBlock, FieldLosses, JsonText, JsonWriter, RawMembers, ThoughtSignature};
use crate::gemini::{proto, signature};
use crate::translate::ids::ToolNames;
use crate::translate::signatures;
use crate::wire::Vendor;

/// How blocks are written.
#[derive(Debug, Clone, Copy)]
pub(in crate::gemini) struct PartStyle<'a> {
    /// They came in this wire: what only it has is written as well.
    pub(in crate::gemini) own: bool,
    /// Where they are, for the names of what is lost.
    pub(in crate::gemini) within: &'static str,
    /// Who reads the signatures, in a request: those of others are left out. In an answer none: all are carried.
    pub(in crate::gemini) reader: Option<Vendor>,
    /// The tools that calls name, by which results are to name them.
    pub(in crate::gemini) names: Option<&'a ToolNames<'a>>,
    /// Calls must be signed, so that those of other models are excused.
    pub(in crate::gemini) excuses: bool,
}

impl PartStyle<'_> {
    /// What stands in the slot of a signature; none if whoever is asked cannot read it.
    pub(super) fn value(&self, signature: &ThoughtSignature) -> Option<JsonText> {
        match self.reader {
            Some(vendor) => signatures::readable(signature, vendor).cloned(),
            None => Some(signature::carried(signature)),
        }
    }

    /// Whether calls have identifiers: Google's own, and those that a client will give back. Those of other wires mean nothing to
    /// Google.
    pub(super) fn tells_ids(&self) -> bool {
        self.own || self.reader.is_none()
    }

    /// What was left of a message within a part.
    pub(super) fn write_left(&self, extra: &RawMembers, name: &str, out: &mut JsonWriter) {
        if self.own {
            out.members(&proto::left_of(extra, name));
        }
    }

    /// What stands beside it.
    pub(super) fn write_beside(
        &self,
        extra: &RawMembers,
        but: &[&str],
        out: &mut JsonWriter,
        losses: &mut FieldLosses,
    ) {
        if self.own {
            proto::write_but(out, extra, but);
        } else {
            losses.lose_extras(self.within, extra);
        }
    }

    /// Google has a cache that nobody marks in a prompt.
    pub(super) fn lose_cache(&self, cache: Option<&CacheMark>, losses: &mut FieldLosses) {
        if cache.is_some() {
            losses.lose("cache_control");
        }
    }

    /// What cannot be a part.
    pub(super) fn lose_block(&self, block: &ContentBlock, losses: &mut FieldLosses) {
        let kind: &[u8] = match block {
            ContentBlock::Other(block) => block.kind.as_bytes(),
            ContentBlock::ServerTool(_) => b"server_tool",
            ContentBlock::Reasoning(_) => b"reasoning",
            ContentBlock::ToolUse(_) => b"tool_use",
            ContentBlock::ToolResult(_) => b"tool_result",
            ContentBlock::Text(_) | ContentBlock::Refusal(_) => b"text",
            ContentBlock::Image(_) => b"image",
            ContentBlock::Audio(_) => b"audio",
            ContentBlock::Video(_) => b"video",
            ContentBlock::Document(_) => b"document",
        };
        losses.lose_extra(self.within, kind);
    }
}

/// Writes the signature of a part.
pub(super) fn sign(signature: Option<&JsonText>, out: &mut JsonWriter) {
    out.text_member("thoughtSignature", signature);
}

//! How the items of an answer are written.

use crate::canon::{
    ContentBlock, FieldLosses, JsonText, JsonWriter, RawJson, ReasoningBlock, SignatureKind, TextBlock,
    ThoughtSignature, ToolUseBlock,
};
use crate::responses::items::{self, ItemRules};
use crate::responses::kinds::NewItemIds;
use crate::responses::parts::{self, PartRules};
use crate::translate::{ids, signatures};
use crate::wire::Vendor;

/// Writes blocks as items, one each but for texts and refusals, of which neighbours are one message.
#[derive(Debug)]
pub(super) struct OutputItems<'a> {
    /// They are of this wire, and are written as they were.
    pub(super) own: bool,
    /// For identifiers that nobody else gives.
    pub(super) ids: &'a mut NewItemIds,
    /// The answer's number.
    pub(super) answer: u128,
    /// How many calls there were.
    pub(super) calls: usize,
}

impl OutputItems<'_> {
    /// The items. The last one ends as the answer does.
    pub(super) fn write(
        &mut self,
        blocks: &[ContentBlock],
        status: &'static str,
        losses: &mut FieldLosses,
    ) -> Vec<RawJson> {
        let mut items = Vec::new();
        let mut rest = blocks;
        while let Some((block, behind)) = rest.split_first() {
            let status = |behind: &[ContentBlock]| if behind.is_empty() { status } else { "completed" };
            if part(block).is_none() {
                self.write_item(block, status(behind), &mut items, losses);
                rest = behind;
                continue;
            }
            let joins = |block: &&ContentBlock| {
                part(block).is_some_and(|part| !self.own || part.extra.get(parts::ITEM).is_none())
            };
            let length = 1 + behind.iter().take_while(joins).count();
            let (message, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            items.push(self.message(message, status(behind), losses));
            rest = behind;
        }
        items
    }

    fn message(&mut self, blocks: &[ContentBlock], status: &'static str, losses: &mut FieldLosses) -> RawJson {
        let head = blocks.first().and_then(part).and_then(|part| part.extra.get(parts::ITEM)).filter(|_| self.own);
        let mut out = JsonWriter::with_capacity(256);
        out.open();
        match head {
            Some(head) => out.members(&head.members()),
            None => {
                let id = self.ids.make("msg_");
                out.name("type").string("message").name("id").text(&id).name("status").string(status);
                out.name("role").string("assistant")
            }
        };
        out.name("content").open_array();
        for block in blocks {
            parts::write(&mut out, block, PartRules { own: self.own, said: true, answer: true, marks: false }, losses);
        }
        out.close_array().close();
        out.finish_raw()
    }

    fn write_item(
        &mut self,
        block: &ContentBlock,
        status: &'static str,
        items: &mut Vec<RawJson>,
        losses: &mut FieldLosses,
    ) {
        let own = self.own;
        match block {
            ContentBlock::ToolUse(call) => {
                // There is no place for it on a call.
                if let Some(signature) = &call.signature {
                    let block = ReasoningBlock { signature: Some(signature.clone()), ..ReasoningBlock::default() };
                    items.push(self.reasoning(&block, "completed", losses));
                }
                items.push(self.call(call, status, losses));
            }
            ContentBlock::Reasoning(block) => items.push(self.reasoning(block, status, losses)),
            ContentBlock::ServerTool(tool) if own => items.push(tool.raw.clone()),
            ContentBlock::Other(other) if own => items.push(other.raw.clone()),
            ContentBlock::ServerTool(tool) => {
                losses.lose_extra("content", tool.name.as_ref().map_or(b"server_tool", JsonText::escaped));
            }
            ContentBlock::Other(other) => losses.lose_extra("content", other.kind.as_bytes()),
            ContentBlock::Image(_) => losses.lose("content.image"),
            ContentBlock::Audio(_) => losses.lose("content.audio"),
            ContentBlock::Video(_) => losses.lose("content.video"),
            ContentBlock::Document(_) => losses.lose("content.document"),
            ContentBlock::ToolResult(_) | ContentBlock::Text(_) | ContentBlock::Refusal(_) => {
                losses.lose("content.tool_result");
            }
        }
    }

    fn call(&mut self, call: &ToolUseBlock, status: &'static str, losses: &mut FieldLosses) -> RawJson {
        let made = (!self.own).then(|| self.ids.make(if call.custom { "ctc_" } else { "fc_" }));
        let id = call.id.clone().or_else(|| (!self.own).then(|| ids::made(self.answer, self.calls)));
        self.calls += 1;
        // Calls of tools that take free text have none.
        let status = (!self.own && !call.custom).then_some(status);
        let mut out = JsonWriter::with_capacity(256);
        items::write_call(&mut out, call, id.as_ref(), ItemRules { own: self.own, id: made.as_ref(), status }, losses);
        out.finish_raw()
    }

    fn reasoning(&mut self, block: &ReasoningBlock, status: &'static str, losses: &mut FieldLosses) -> RawJson {
        let made = (!self.own).then(|| self.ids.make("rs_"));
        let signature = block.signature.as_ref().map(carried);
        let rules = ItemRules { own: self.own, id: made.as_ref(), status: (!self.own).then_some(status) };
        let mut out = JsonWriter::with_capacity(256);
        items::write_reasoning(&mut out, block, signature.as_ref(), rules, losses);
        out.finish_raw()
    }
}

/// What the model needs to see again, as `encrypted_content`.
fn carried(signature: &ThoughtSignature) -> JsonText {
    signatures::carried(signature, Vendor::OpenAi, SignatureKind::Encrypted)
}

/// The part of a message that a block is.
fn part(block: &ContentBlock) -> Option<&TextBlock> {
    match block {
        ContentBlock::Text(part) | ContentBlock::Refusal(part) => Some(part),
        _ => None,
    }
}

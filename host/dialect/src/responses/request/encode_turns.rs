//! How turns are written: `instructions` and `input`.

use std::borrow::Cow;
use std::collections::HashSet;

use bytes::Bytes;

use super::lines::Lines;
use crate::canon::{
    ChatRequest, ChatTurn, ContentBlock, ContentForm, FieldLosses, JsonText, JsonWriter, ReasoningBlock, TurnOrigin,
    TurnRole,
};
use crate::responses::items::{self, ItemRules};
use crate::responses::parts::{self, PartRules};
use crate::translate::ids::{self, ToolIdGrammar};
use crate::translate::signatures;
use crate::wire::Vendor;

/// The longest identifier of a call, in bytes (OpenAI's specification, `call_id`).
const LONGEST_ID: usize = 64;

/// Writes `instructions` and `input`.
pub(super) fn write(out: &mut JsonWriter, request: &ChatRequest, lines: Lines<'_>, losses: &mut FieldLosses) {
    let request = if lines.own { Cow::Borrowed(request) } else { with_ids(request) };
    let mut turns = request.turns.as_slice();
    if let Some((first, rest)) = turns.split_first()
        && let Some(instructions) = instructions(first, lines.own)
    {
        out.name("instructions").text(instructions);
        turns = rest;
    }
    if let [turn] = turns
        && lines.own
        && turn.origin == TurnOrigin::Parameter
        && let [ContentBlock::Text(text)] = turn.blocks.as_slice()
    {
        out.name("input").text(&text.text);
        return;
    }
    if turns.is_empty() && lines.own {
        return;
    }
    let custom = custom_calls(&request);
    let mut writer = TurnWriter { lines, custom, losses };
    out.name("input").open_array();
    for turn in turns {
        writer.write(out, turn);
    }
    out.close_array();
}

/// What the application says first, where it is one text and nothing else.
fn instructions(turn: &ChatTurn, own: bool) -> Option<&JsonText> {
    let says = matches!(turn.role, TurnRole::System | TurnRole::Developer);
    match turn.blocks.as_slice() {
        [ContentBlock::Text(text)] if own => (says && turn.origin == TurnOrigin::Parameter).then_some(&text.text),
        [ContentBlock::Text(text)] => {
            (says && text.cache.is_none() && text.extra.is_empty() && turn.extra.is_empty()).then_some(&text.text)
        }
        _ => None,
    }
}

/// The request with an identifier for each call and result.
fn with_ids(request: &ChatRequest) -> Cow<'_, ChatRequest> {
    let lacks = |block: &ContentBlock| match block {
        ContentBlock::ToolUse(call) => call.id.is_none(),
        ContentBlock::ToolResult(result) => result.id.is_none(),
        _ => false,
    };
    if !request.turns.iter().flat_map(|turn| &turn.blocks).any(lacks) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    ids::give(&mut request);
    Cow::Owned(request)
}

/// Identifiers of calls of tools that take free text.
fn custom_calls(request: &ChatRequest) -> HashSet<Bytes> {
    let id = |block: &ContentBlock| match block {
        ContentBlock::ToolUse(call) if call.custom => Some(call.id.as_ref()?.token().clone()),
        _ => None,
    };
    request.turns.iter().flat_map(|turn| &turn.blocks).filter_map(id).collect()
}

/// Writes turns as items.
struct TurnWriter<'a> {
    lines: Lines<'a>,
    custom: HashSet<Bytes>,
    losses: &'a mut FieldLosses,
}

impl TurnWriter<'_> {
    fn write(&mut self, out: &mut JsonWriter, turn: &ChatTurn) {
        if self.lines.own && turn.origin == TurnOrigin::Message {
            return self.write_own(out, turn);
        }
        if !self.lines.own {
            self.losses.lose_extras("messages", &turn.extra);
            if turn.name.is_some() {
                self.losses.lose("messages.name");
            }
        }
        let mut message = Vec::new();
        for block in &turn.blocks {
            match block {
                ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_) | ContentBlock::Reasoning(_) => {
                    self.flush(out, turn, &mut message);
                    self.write_item(out, block);
                }
                ContentBlock::ServerTool(tool) if self.lines.own => {
                    out.raw(&tool.raw);
                }
                ContentBlock::Other(other) if self.lines.own => {
                    out.raw(&other.raw);
                }
                block if parts::is_carried(block) => message.push(block),
                // It says what is lost.
                block => parts::write(out, block, self.parts(turn), self.losses),
            }
        }
        self.flush(out, turn, &mut message);
    }

    fn parts(&self, turn: &ChatTurn) -> PartRules {
        let said = turn.role == TurnRole::Assistant;
        PartRules { own: self.lines.own, said, answer: false, marks: self.lines.takes_marks() && !said }
    }

    fn role(&self, turn: &ChatTurn) -> &'static str {
        match turn.role {
            TurnRole::Developer if self.lines.own || !self.lines.quirks.no_developer => "developer",
            TurnRole::System | TurnRole::Developer => "system",
            TurnRole::User | TurnRole::Tool => "user",
            TurnRole::Assistant => "assistant",
        }
    }

    /// A message as it was.
    fn write_own(&mut self, out: &mut JsonWriter, turn: &ChatTurn) {
        out.open().name("role").string(self.role(turn)).text_member("id", turn.id.as_ref());
        let blocks: Vec<_> = turn.blocks.iter().collect();
        let rules = self.parts(turn);
        match turn.form {
            ContentForm::Absent | ContentForm::Null => {}
            ContentForm::Text => {
                out.name("content");
                parts::write_content(out, &blocks, rules, self.losses);
            }
            ContentForm::Parts | ContentForm::Object => {
                out.name("content").open_array();
                for block in blocks {
                    parts::write(out, block, rules, self.losses);
                }
                out.close_array();
            }
        }
        out.members(&turn.extra).close();
    }

    /// The message of what was gathered.
    fn flush(&mut self, out: &mut JsonWriter, turn: &ChatTurn, blocks: &mut Vec<&ContentBlock>) {
        if blocks.is_empty() {
            return;
        }
        let rules = self.parts(turn);
        out.open().name("type").string("message").name("role").string(self.role(turn)).name("content");
        parts::write_content(out, blocks, rules, self.losses);
        out.close();
        blocks.clear();
    }

    fn write_item(&mut self, out: &mut JsonWriter, block: &ContentBlock) {
        let own = self.lines.own;
        let rules = ItemRules { own, id: None, status: None };
        match block {
            ContentBlock::ToolUse(call) => {
                items::write_call(out, call, self.id(call.id.as_ref()).as_ref(), rules, self.losses);
            }
            ContentBlock::ToolResult(result) => {
                let custom = result.id.as_ref().is_some_and(|id| self.custom.contains(id.token()));
                items::write_result(out, result, self.id(result.id.as_ref()).as_ref(), custom, own, self.losses);
            }
            ContentBlock::Reasoning(block) => self.write_reasoning(out, block, rules),
            _ => {}
        }
    }

    /// The identifier of a call as it is here.
    fn id(&self, id: Option<&JsonText>) -> Option<JsonText> {
        let id = id?;
        let fits = self.lines.own || id.escaped().len() <= LONGEST_ID;
        Some(if fits { id.clone() } else { ToolIdGrammar::Plain.fit(id) })
    }

    /// What a model thought: with its signature where this one can read it. OpenAI's models take nothing else.
    fn write_reasoning(&mut self, out: &mut JsonWriter, block: &ReasoningBlock, rules: ItemRules<'_>) {
        let Lines { own, vendor, .. } = self.lines;
        let signature = block.signature.as_ref().and_then(|signature| {
            // What is not wrapped is of whoever this wire is spoken to.
            if own && signature.vendor == Vendor::OpenAi {
                return Some(&signature.value);
            }
            signatures::readable(signature, vendor)
        });
        let foreign = block.signature.is_some() && signature.is_none();
        let alone = signature.is_none() && vendor == Vendor::OpenAi;
        if foreign || (!own && (alone || (signature.is_none() && block.text.is_empty() && block.summary.is_empty()))) {
            return self.losses.lose("messages.content.reasoning");
        }
        items::write_reasoning(out, block, signature, rules, self.losses);
    }
}

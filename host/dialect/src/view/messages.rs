//! The turns of a request as the messages of a view.

use super::speech::{self, ShownSpeech};
use super::write::ViewWriter;
use super::{names, parts};
use crate::canon::{ChatTurn, ContentBlock, ToolResultBlock, TurnRole};

/// A message of a view, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShownMessage {
    /// The turn.
    pub(super) turn: usize,
    /// It is the first of that turn, and has what the turn has beside its blocks.
    pub(super) is_first: bool,
    /// Its blocks, or the result of a tool that it is.
    pub(super) blocks: std::ops::Range<usize>,
    /// It is the result of a tool: what it says are blocks within that.
    pub(super) is_result: bool,
    /// What it says.
    pub(super) speech: ShownSpeech,
}

/// Writes `messages`. Results of tools are messages of their own, as chat has them.
pub(super) fn write(out: &mut ViewWriter, turns: &[ChatTurn]) -> Vec<ShownMessage> {
    let mut shown = Vec::with_capacity(turns.len());
    out.out.name("messages").open_array();
    for (number, turn) in turns.iter().enumerate() {
        let mut begins = 0;
        let mut is_first = true;
        while begins < turn.blocks.len() || is_first {
            let rest = turn.blocks.get(begins..).unwrap_or_default();
            let is_result = |block: &ContentBlock| matches!(block, ContentBlock::ToolResult(_));
            let length = match rest.iter().position(is_result) {
                Some(0) => 1,
                Some(results) => results,
                None => rest.len(),
            };
            let blocks = begins..begins + length;
            begins += length;
            shown.push(message(out, turn, number, blocks, is_first));
            is_first = false;
        }
    }
    out.out.close_array();
    shown
}

fn message(
    out: &mut ViewWriter,
    turn: &ChatTurn,
    number: usize,
    blocks: std::ops::Range<usize>,
    is_first: bool,
) -> ShownMessage {
    let said: Vec<_> = blocks.clone().zip(turn.blocks.get(blocks.clone()).unwrap_or_default()).collect();
    out.out.open().name("role");
    let (is_result, speech) = match said.as_slice() {
        [(_, ContentBlock::ToolResult(result))] => {
            out.out.string("tool");
            (true, write_result(out, result))
        }
        said => {
            out.out.string(role(turn.role));
            (false, speech::write(out, said))
        }
    };
    if is_first {
        if !is_result {
            out.text_member("name", turn.name.as_ref());
        }
        if let Some(id) = &turn.id {
            out.own_name(b"id");
            out.text(id);
        }
        write_turn_extras(out, turn, said.first().map(|(_, block)| *block));
    }
    out.out.close();
    ShownMessage { turn: number, is_first, blocks, is_result, speech }
}

/// What only the wire has of a turn; of the result of a tool that has the same names, its own were written.
fn write_turn_extras(out: &mut ViewWriter, turn: &ChatTurn, first: Option<&ContentBlock>) {
    match first {
        Some(ContentBlock::ToolResult(result)) => {
            let mut extra = turn.extra.clone();
            for (name, _) in result.extra.iter() {
                extra.take_as(&String::from_utf8_lossy(name), |_| Some(()));
            }
            extra.take_as(names::cache_member(out.wire), |_| Some(()));
            out.extras(&extra);
        }
        _ => out.extras(&turn.extra),
    }
}

fn write_result(out: &mut ViewWriter, result: &ToolResultBlock) -> ShownSpeech {
    out.text_member("tool_call_id", result.id.as_ref());
    out.text_member("name", result.name.as_ref());
    let content: Vec<_> = result.content.iter().enumerate().collect();
    speech::write_content(out, &content, false);
    parts::write_cache(out, result.cache.as_ref());
    out.extras(&result.extra);
    ShownSpeech { content: (0..result.content.len()).collect(), ..ShownSpeech::default() }
}

/// Chat's word for who speaks.
fn role(role: TurnRole) -> &'static str {
    match role {
        TurnRole::System => "system",
        TurnRole::Developer => "developer",
        TurnRole::User | TurnRole::Tool => "user",
        TurnRole::Assistant => "assistant",
    }
}

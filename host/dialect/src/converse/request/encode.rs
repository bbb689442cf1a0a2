//! Writes requests.

use bytes::Bytes;

use super::{loss, params, reasoning, tools};
use crate::canon::{ChatRequest, ChatTurn, ContentBlock, FieldLosses, JsonWriter, TargetRules, TurnOrigin, TurnRole};
use crate::converse::blocks::encode::{ConverseBlocks, SignatureReader, is_blank};
use crate::converse::blocks::sink::BlockSink;
use crate::converse::rest::write_but;
use crate::translate::ids;
use crate::translate::order::{Spoken, SpokenBy};
use crate::wire::{Vendor, WireFormat};

/// Members of a request that are written in places of their own.
const WRITTEN: [&str; 5] =
    ["inferenceConfig", "toolConfig", "additionalModelRequestFields", "outputConfig", "serviceTier"];

/// Writes a request.
pub fn encode_request(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    if request.wire == WireFormat::Converse {
        return own(request, rules, losses);
    }
    if lacks_ids(request) {
        let mut given = request.clone();
        ids::give(&mut given);
        return foreign(&given, rules, losses);
    }
    foreign(request, rules, losses)
}

/// A request of this wire: as it was.
fn own(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let mut blocks = ConverseBlocks::new(true, SignatureReader::Model(rules.vendor), losses);
    let mut out = JsonWriter::default();
    out.open();
    let (system, messages): (Vec<&ChatTurn>, Vec<&ChatTurn>) =
        request.turns.iter().partition(|turn| turn.origin == TurnOrigin::Parameter);
    if !system.is_empty() {
        out.name("system");
        out = block_list(out, system.iter().flat_map(|turn| &turn.blocks), &mut blocks);
    }
    if !messages.is_empty() {
        out.name("messages").open_array();
        for turn in messages {
            let role = match turn.role {
                TurnRole::System | TurnRole::Developer => "system",
                TurnRole::User | TurnRole::Tool => "user",
                TurnRole::Assistant => "assistant",
            };
            out.open().name("role").string(role).name("content");
            out = block_list(out, &turn.blocks, &mut blocks);
            out.members(&turn.extra).close();
        }
        out.close_array();
    }
    params::write(&mut out, request, rules.vendor, false, losses);
    tools::write_own(&mut out, request, losses);
    let asked = reasoning::asked_as_it_was(&request.reasoning, rules.vendor);
    reasoning::write(&mut out, request, rules, &asked, losses);
    params::write_output(&mut out, request, asked.effort.as_ref(), true, losses);
    params::write_tier(&mut out, request, true, losses);
    write_but(&mut out, &request.extra, &WRITTEN);
    out.close();
    out.finish()
}

/// A request of another wire. The application's words before all else are texts alone.
fn foreign(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let spoken = Spoken::of(request);
    let mut blocks = ConverseBlocks::new(false, SignatureReader::Model(rules.vendor), losses);
    let mut out = JsonWriter::default();
    out.open();
    let said = |block: &&ContentBlock| match block {
        ContentBlock::Text(text) | ContentBlock::Refusal(text) => !is_blank(&text.text),
        _ => false,
    };
    let leading: Vec<&ContentBlock> = spoken.leading.iter().flat_map(|turn| &turn.blocks).filter(said).collect();
    if !leading.is_empty() {
        out.name("system");
        out = block_list(out, leading, &mut blocks);
    }
    out.name("messages").open_array();
    let mut sink = BlockSink::of_blocks(out);
    for turn in &spoken.turns {
        sink.speak(match turn.speaker {
            SpokenBy::Assistant => "assistant",
            SpokenBy::User | SpokenBy::Application => "user",
        });
        loss::lose_if(turn.speaker == SpokenBy::Application, "messages.role", blocks.losses);
        for block in turn.blocks() {
            blocks.write(block, &mut sink);
        }
    }
    let mut out = sink.finish();
    out.close_array();
    let asked = reasoning::asked(request, rules, losses);
    let thinks = asked.slot.is_some() && rules.vendor == Vendor::Anthropic;
    params::write(&mut out, request, rules.vendor, thinks, losses);
    tools::write(&mut out, request, rules, losses);
    reasoning::write(&mut out, request, rules, &asked, losses);
    let takes_schema = !rules.quirks.no_json_schema && rules.vendor != Vendor::Amazon;
    params::write_output(&mut out, request, asked.effort.as_ref(), takes_schema, losses);
    params::write_tier(&mut out, request, false, losses);
    loss::note(request, losses);
    out.close();
    out.finish()
}

/// Writes a list of blocks.
fn block_list<'b>(
    mut out: JsonWriter,
    list: impl IntoIterator<Item = &'b ContentBlock>,
    blocks: &mut ConverseBlocks<'_>,
) -> JsonWriter {
    out.open_array();
    let mut sink = BlockSink::of_blocks(out);
    for block in list {
        blocks.write(block, &mut sink);
    }
    let mut out = sink.finish();
    out.close_array();
    out
}

fn lacks_ids(request: &ChatRequest) -> bool {
    request.turns.iter().flat_map(|turn| &turn.blocks).any(|block| match block {
        ContentBlock::ToolUse(call) => call.id.is_none(),
        ContentBlock::ToolResult(result) => result.id.is_none(),
        _ => false,
    })
}

//! Turns, written.

use crate::canon::{
    ChatRequest, ChatTurn, ContentBlock, ContentForm, FieldLosses, JsonText, JsonWriter, TargetRules, TurnOrigin,
    TurnRole,
};
use crate::messages::content::write::{MessageReader, MessageWriter};
use crate::translate::order::{Spoken, SpokenBy};
use crate::wire::Vendor;

/// Writes `system` and `messages` as they came in this wire.
pub(super) fn write_back(out: &mut JsonWriter, request: &ChatRequest, losses: &mut FieldLosses) {
    let mut blocks = MessageWriter::new(true, MessageReader::Model(Vendor::Anthropic), losses);
    let is_parameter = |turn: &&ChatTurn| turn.origin == TurnOrigin::Parameter;
    for turn in request.turns.iter().filter(is_parameter) {
        out.name("system");
        write_content(out, turn, &mut blocks);
    }
    out.name("messages").open_array();
    for turn in request.turns.iter().filter(|turn| !is_parameter(turn)) {
        let role = match turn.role {
            TurnRole::System | TurnRole::Developer => "system",
            TurnRole::User | TurnRole::Tool => "user",
            TurnRole::Assistant => "assistant",
        };
        out.open().name("role").string(role);
        if turn.form != ContentForm::Absent {
            out.name("content");
            write_content(out, turn, &mut blocks);
        }
        out.members(&turn.extra).close();
    }
    out.close_array();
}

fn write_content(out: &mut JsonWriter, turn: &ChatTurn, blocks: &mut MessageWriter<'_>) {
    match (turn.form, turn.blocks.as_slice()) {
        (ContentForm::Text, [ContentBlock::Text(text)]) => {
            out.text(&text.text);
        }
        (ContentForm::Null, []) => {
            out.null();
        }
        (_, all) => {
            out.open_array();
            for block in all {
                blocks.block(out, block);
            }
            out.close_array();
        }
    }
}

/// One message to be: who speaks, and what.
struct NewMessage<'a> {
    speaker: SpokenBy,
    blocks: Vec<&'a ContentBlock>,
}

/// Writes `system` and `messages` of another wire: neighbours of one speaker become one, and results of tools come first.
pub(super) fn write(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) {
    for turn in &request.turns {
        if turn.name.is_some() {
            losses.lose("messages.name");
        }
        losses.lose_extras("messages", &turn.extra);
    }
    let spoken = Spoken::of(request);
    let mut messages = messages(&spoken, rules, losses);
    let mut leading: Vec<&ContentBlock> = spoken.leading.iter().flat_map(|turn| &turn.blocks).collect();
    if messages.is_empty() {
        // There must be something to answer.
        messages.push(NewMessage { speaker: SpokenBy::User, blocks: std::mem::take(&mut leading) });
    }
    let mut writer = MessageWriter::new(false, MessageReader::Model(rules.vendor), losses);
    write_system(out, &leading, &mut writer);
    out.name("messages").open_array();
    for message in &messages {
        write_message(out, message, &mut writer);
    }
    out.close_array();
}

fn messages<'a>(spoken: &Spoken<'a>, rules: &TargetRules, losses: &mut FieldLosses) -> Vec<NewMessage<'a>> {
    let mut messages: Vec<NewMessage<'a>> = Vec::new();
    for turn in &spoken.turns {
        let speaker = match turn.speaker {
            SpokenBy::Application if rules.quirks.no_mid_system => {
                losses.lose("messages.role");
                SpokenBy::User
            }
            speaker => speaker,
        };
        let blocks = turn.turns.iter().flat_map(|turn| &turn.blocks);
        // Results follow their calls at once; what the application says in between comes behind them.
        let between = speaker == SpokenBy::User && starts_with_results(turn) && has_call_before_last(&messages);
        let at = if between { messages.len() - 1 } else { messages.len() };
        match messages.last_mut().filter(|last| last.speaker == speaker) {
            Some(last) => last.blocks.extend(blocks),
            None => messages.insert(at, NewMessage { speaker, blocks: blocks.collect() }),
        }
    }
    messages
}

fn starts_with_results(turn: &crate::translate::order::SpokenTurn<'_>) -> bool {
    turn.blocks().next().is_some_and(|block| matches!(block, ContentBlock::ToolResult(_)))
}

/// Whether the last message is the application's, and that before it calls tools.
fn has_call_before_last(messages: &[NewMessage<'_>]) -> bool {
    match messages {
        [.., calls, last] => {
            last.speaker == SpokenBy::Application
                && calls.blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(_)))
        }
        _ => false,
    }
}

/// One text is a string, several are blocks, as are those that are marked for the cache.
fn write_system(out: &mut JsonWriter, leading: &[&ContentBlock], writer: &mut MessageWriter<'_>) {
    let mut blocks = JsonWriter::default();
    blocks.open_array();
    let mut plain: Vec<&JsonText> = Vec::new();
    let mut written = 0;
    for block in leading {
        if !matches!(block, ContentBlock::Text(_) | ContentBlock::Refusal(_)) {
            writer.losses().lose("system.content");
            continue;
        }
        if writer.block(&mut blocks, block) {
            written += 1;
            match block {
                ContentBlock::Text(text) if text.cache.is_none() => plain.push(&text.text),
                _ => {}
            }
        }
    }
    blocks.close_array();
    match (written, plain.as_slice()) {
        (0, _) => {}
        (1, [text]) => {
            out.name("system").text(text);
        }
        _ => {
            out.name("system").raw(&blocks.finish_raw());
        }
    }
}

fn write_message(out: &mut JsonWriter, message: &NewMessage<'_>, writer: &mut MessageWriter<'_>) {
    let is_result = |block: &&ContentBlock| matches!(block, ContentBlock::ToolResult(_));
    let (mut blocks, mut written) = (JsonWriter::default(), 0);
    blocks.open_array();
    let all = || message.blocks.iter().copied();
    for block in all().filter(is_result).chain(all().filter(|block| !is_result(block))) {
        written += usize::from(writer.block(&mut blocks, block));
    }
    blocks.close_array();
    if written == 0 {
        // A message that says nothing is refused.
        return;
    }
    let role = match message.speaker {
        SpokenBy::User => "user",
        SpokenBy::Assistant => "assistant",
        SpokenBy::Application => "system",
    };
    out.open().name("role").string(role).name("content");
    match message.blocks.as_slice() {
        [ContentBlock::Text(text)] if text.cache.is_none() => out.text(&text.text),
        _ => out.raw(&blocks.finish_raw()),
    };
    out.close();
}

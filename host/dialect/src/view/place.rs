//! Where turns go that were put in, by what the client's wire can say.

use crate::canon::{ChatRequest, ChatTurn, ContentBlock, ContentForm, JsonText, TextBlock, TurnOrigin, TurnRole};
use crate::translate::ids::ToolNames;
use crate::wire::WireFormat;

/// Takes turns out and puts new ones in, each before the turn of its number, as they were before.
pub(super) fn put(
    request: &mut ChatRequest,
    gone: &std::collections::BTreeSet<usize>,
    mut new: Vec<(usize, ChatTurn)>,
) {
    if gone.is_empty() && new.is_empty() {
        return;
    }
    name_results(request, &mut new);
    let wire = request.wire;
    let old = std::mem::take(&mut request.turns);
    let leading = old.iter().take_while(|turn| is_parameter(turn)).count();
    new.sort_by_key(|(before, _)| *before);
    let mut new = new.into_iter().peekable();
    for (number, turn) in old.into_iter().enumerate() {
        while let Some((before, new)) = new.next_if(|(before, _)| *before <= number) {
            push(&mut request.turns, new, before <= leading, wire);
        }
        if !gone.contains(&number) {
            match request.turns.last_mut() {
                // What was put in before it has become of its kind.
                Some(last) if is_parameter(&turn) && is_parameter(last) && wire != WireFormat::Converse => {
                    join(last, turn, wire);
                }
                _ => request.turns.push(turn),
            }
        }
    }
    for (before, turn) in new {
        push(&mut request.turns, turn, before <= leading, wire);
    }
}

fn is_parameter(turn: &ChatTurn) -> bool {
    turn.origin == TurnOrigin::Parameter && turn.role == TurnRole::System
}

/// Puts a turn behind the others. What the application says at the head belongs into the parameter for it.
fn push(turns: &mut Vec<ChatTurn>, mut turn: ChatTurn, at_head: bool, wire: WireFormat) {
    if matches!(turn.role, TurnRole::System | TurnRole::Developer) {
        let is_text = turn.blocks.iter().all(|block| matches!(block, ContentBlock::Text(_)));
        if at_head && is_text && turns.iter().all(is_parameter) {
            (turn.role, turn.origin) = (TurnRole::System, TurnOrigin::Parameter);
            match turns.last_mut() {
                Some(last) if wire != WireFormat::Converse => return join(last, turn, wire),
                _ => {
                    if wire == WireFormat::Responses {
                        turn.blocks = vec![one_text(&turn.blocks)];
                    }
                    return turns.push(turn);
                }
            }
        }
        if matches!(wire, WireFormat::GenerateContent | WireFormat::Converse) {
            // They have nobody else to say it in the midst of a conversation.
            turn.role = TurnRole::User;
        }
    }
    if wire == WireFormat::Messages && turn.form == ContentForm::Null {
        turn.form = ContentForm::Parts;
    }
    turns.push(turn);
}

/// Makes one of two parameters.
fn join(last: &mut ChatTurn, turn: ChatTurn, wire: WireFormat) {
    last.blocks.extend(turn.blocks);
    last.form = ContentForm::Parts;
    if wire == WireFormat::Responses {
        last.blocks = vec![one_text(&last.blocks)];
        last.form = ContentForm::Text;
    }
    if last.extra.is_empty() {
        last.extra = turn.extra;
    }
}

/// Several texts as one.
fn one_text(blocks: &[ContentBlock]) -> ContentBlock {
    let gap = JsonText::of("\n\n");
    let mut all = Vec::new();
    for block in blocks {
        let ContentBlock::Text(text) = block else { continue };
        if !all.is_empty() {
            all.push(&gap);
        }
        all.push(&text.text);
    }
    ContentBlock::Text(TextBlock::of(JsonText::concat(all)))
}

/// Gives results the names of their tools, where the wire has these in place of identifiers.
fn name_results(request: &ChatRequest, new: &mut [(usize, ChatTurn)]) {
    if request.wire != WireFormat::GenerateContent {
        return;
    }
    let names = ToolNames::of(request);
    let mut added = std::collections::HashMap::new();
    for block in new.iter().flat_map(|(_, turn)| &turn.blocks) {
        if let ContentBlock::ToolUse(call) = block
            && let Some(id) = &call.id
        {
            added.insert(id.clone(), call.name.clone());
        }
    }
    for block in new.iter_mut().flat_map(|(_, turn)| &mut turn.blocks) {
        if let ContentBlock::ToolResult(result) = block
            && let (None, Some(id)) = (&result.name, &result.id)
        {
            result.name = names.get(id).cloned().or_else(|| added.get(id).cloned());
        }
    }
}

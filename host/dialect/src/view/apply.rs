//! Changes of a request, made.

use super::differ::MemberChange;
use super::edit::{cache_mark, put};
use super::listed::ToolChanges;
use super::names::cache_member;
use super::turns::TurnChanges;
use super::{fields, foreign, place};
use crate::canon::{ChatRequest, ContentBlock, ContentForm, DecodeFault, RawJson, ToolResultBlock, TurnOrigin};
use crate::wire::WireFormat;

/// Changes of a request that are more than other words in the same place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RequestChanges {
    pub(super) turns: TurnChanges,
    pub(super) tools: ToolChanges,
    /// Members of the body.
    pub(super) fields: Vec<MemberChange>,
}

impl RequestChanges {
    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty() && self.tools.is_empty() && self.fields.is_empty()
    }
}

/// Makes them. `now` is all of the view as chat reads it now.
///
/// # Errors
/// [`DecodeFault`]: a message that was put in is none.
pub(super) fn apply(request: &mut ChatRequest, changes: RequestChanges, now: &ChatRequest) -> Result<(), DecodeFault> {
    let RequestChanges { turns, tools, fields } = changes;
    let wire = request.wire;
    for (number, said) in turns.said {
        let Some(turn) = request.turns.get_mut(number) else { continue };
        let is_new = |block: &ContentBlock| matches!(block, ContentBlock::ToolUse(_) | ContentBlock::Reasoning(_));
        if wire == WireFormat::Responses && said.new.iter().any(|(_, block)| is_new(block)) {
            // Its message becomes several items.
            turn.origin = TurnOrigin::Item;
        }
        said.apply(&mut turn.blocks);
        if !turn.blocks.is_empty() && matches!(turn.form, ContentForm::Null | ContentForm::Absent) {
            turn.form = ContentForm::Parts;
        }
    }
    for (number, change) in &turns.beside {
        let Some(turn) = request.turns.get_mut(*number) else { continue };
        match change.own_name(wire).as_deref() {
            Some("id") => turn.id = change.value.as_ref().and_then(RawJson::text),
            Some(name) => put(&mut turn.extra, name, change.value.as_ref()),
            None => {}
        }
    }
    for (number, block, change) in &turns.of_results {
        let Some(turn) = request.turns.get_mut(*number) else { continue };
        let own = change.own_name(wire);
        if let Some(name) = own.as_deref().filter(|name| turn.extra.get(name).is_some()) {
            put(&mut turn.extra, name, change.value.as_ref());
        } else if let Some(ContentBlock::ToolResult(result)) = turn.blocks.get_mut(*block) {
            of_result(result, wire, change);
        }
    }
    let new = turns.new.iter().map(|(before, message)| Ok((*before, foreign::message(wire, message)?)));
    place::put(request, &turns.gone, new.collect::<Result<_, DecodeFault>>()?);
    tools.apply(&mut request.tools, wire, &now.tools);
    for change in &fields {
        fields::apply(request, change, now);
    }
    Ok(())
}

fn of_result(result: &mut ToolResultBlock, wire: WireFormat, change: &MemberChange) {
    match change.own_name(wire) {
        Some(name) if name == cache_member(wire) => result.cache = change.value.as_ref().map(cache_mark),
        Some(name) => put(&mut result.extra, &name, change.value.as_ref()),
        None => {
            let text = change.value.as_ref().and_then(RawJson::text);
            match (&mut result.id, &mut result.name, text) {
                (Some(id), _, Some(text)) if change.is("tool_call_id") => *id = text,
                (_, Some(name), Some(text)) if change.is("name") => *name = text,
                _ => {}
            }
        }
    }
}

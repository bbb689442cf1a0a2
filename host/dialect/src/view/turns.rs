//! What differs in the messages of a view, as changes of the turns that they come from.

use std::collections::{BTreeMap, BTreeSet};

use super::change::BlockChanges;
use super::differ::{Differ, MemberChange};
use super::messages::ShownMessage;
use super::same::{Aligned, ListKeys, aligned};
use super::told::{self, SAID};
use crate::canon::{ChatTurn, ContentBlock, RawJson};

/// Changes of turns that are more than other words in the same place, by their numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TurnChanges {
    /// What differs in what they say.
    pub(super) said: BTreeMap<usize, BlockChanges>,
    /// What differs beside that.
    pub(super) beside: Vec<(usize, MemberChange)>,
    /// The same of results of tools, by the turn and the block.
    pub(super) of_results: Vec<(usize, usize, MemberChange)>,
    /// Turns of which nothing is left.
    pub(super) gone: BTreeSet<usize>,
    /// New messages, each before the turn of this number.
    pub(super) new: Vec<(usize, RawJson)>,
}

impl TurnChanges {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Finds what differs between these messages and those.
pub(super) fn differs(
    differ: &mut Differ<'_>,
    plan: &[ShownMessage],
    turns: &[ChatTurn],
    (shown, changed): (&[RawJson], &[RawJson]),
) -> TurnChanges {
    let mut changes = TurnChanges::default();
    let mut left: BTreeMap<usize, usize> = BTreeMap::new();
    for message in plan {
        *left.entry(message.turn).or_default() += 1;
    }
    for step in aligned(shown, changed, MESSAGES) {
        match step {
            Aligned::Both(at, now) => {
                let (Some(message), Some(shown), Some(now)) = (plan.get(at), shown.get(at), changed.get(now)) else {
                    continue;
                };
                if shown.bytes() != now.bytes() {
                    one(differ, message, turns, (shown, now), &mut changes);
                }
            }
            Aligned::Gone(at) => {
                let Some(message) = plan.get(at) else { continue };
                let rest = left.entry(message.turn).or_default();
                *rest = rest.saturating_sub(1);
                if *rest == 0 {
                    changes.gone.insert(message.turn);
                }
                changes.said.entry(message.turn).or_default().gone.extend(message.blocks.clone());
            }
            Aligned::New(before, now) => {
                let before = match plan.get(before) {
                    Some(next) => next.turn + usize::from(!next.is_first),
                    None => turns.len(),
                };
                changes.new.extend(changed.get(now).map(|now| (before, now.clone())));
            }
        }
    }
    changes.said.retain(|_, said| !said.is_empty());
    changes
}

const MESSAGES: ListKeys = ListKeys { kind: role, name: who };

fn role(message: &RawJson) -> Vec<u8> {
    message.members().get("role").map(|raw| raw.bytes().to_vec()).unwrap_or_default()
}

/// Who speaks, and of the result of a tool which call it answers.
fn who(message: &RawJson) -> Vec<u8> {
    let members = message.members();
    let word = |name: &str| members.get(name).map(|raw| raw.bytes().to_vec()).unwrap_or_default();
    let mut who = word("role");
    if who == b"\"tool\"" {
        who.extend(word("tool_call_id"));
    }
    who
}

/// A message that is there before and after.
fn one(
    differ: &mut Differ<'_>,
    message: &ShownMessage,
    turns: &[ChatTurn],
    (shown, now): (&RawJson, &RawJson),
    changes: &mut TurnChanges,
) {
    let (shown, now) = (shown.members(), now.members());
    let block = message.blocks.start;
    let end = match turns.get(message.turn).and_then(|turn| turn.blocks.get(block)) {
        Some(ContentBlock::ToolResult(result)) if message.is_result => result.content.len(),
        _ => message.blocks.end,
    };
    let said = told::differs(differ, &message.speech, (&shown, &now), end);
    if !said.is_empty() {
        let of_turn = changes.said.entry(message.turn).or_default();
        if message.is_result {
            of_turn.within.push((block, said));
        } else {
            of_turn.join(said);
        }
    }
    for change in differ.members_but(&shown, &now, &SAID) {
        if message.is_result {
            changes.of_results.push((message.turn, block, change));
        } else {
            changes.beside.push((message.turn, change));
        }
    }
}

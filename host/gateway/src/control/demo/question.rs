//! What a conversation asks of the demo provider, whatever dialect it came in.

use crate::control::demo::pieces;
use std::collections::HashMap;
use weir_dialect::canon::{ChatRequest, ChatTurn, ContentBlock, ToolResultBlock, TurnRole};

/// What is to be answered.
pub(super) struct DemoQuestion {
    /// What the user has said last.
    pub(super) text: String,
    /// The first of it: what names tools, for on the way to some dialects notes to the model come behind it.
    pub(super) words: String,
    /// What tools have answered since the model spoke last.
    pub(super) results: Vec<ToolReport>,
    /// The tools that were called since the user spoke last.
    pub(super) called: Vec<String>,
    /// Words of all turns.
    pub(super) input_tokens: u64,
}

/// What a tool has answered.
pub(super) struct ToolReport {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) failed: bool,
}

impl DemoQuestion {
    pub(super) fn of(request: &ChatRequest) -> Self {
        let turns = &request.turns;
        let reports = |turn: Option<&ChatTurn>| turn.is_some_and(|turn| results(turn).next().is_some());
        // What stands with results of tools, or right behind them, is a client's note to them, and no new question.
        let asks = |at: &usize| {
            let before = at.checked_sub(1).and_then(|before| turns.get(before));
            let is_users = |turn: &&ChatTurn| turn.role == TurnRole::User && !reports(Some(turn));
            turns.get(*at).filter(is_users).is_some() && !reports(before)
        };
        let asked = (0..turns.len()).rev().find(asks);
        let question = asked.and_then(|at| turns.get(at)).or(turns.last());
        let since = asked.and_then(|at| turns.get(at..)).unwrap_or(turns);
        let spoke = since.iter().rposition(|turn| turn.role == TurnRole::Assistant);
        let unanswered = spoke.and_then(|at| since.get(at..)).unwrap_or_default();
        let names = names_of(turns);
        Self {
            text: question.map(|turn| joined(&said(turn))).unwrap_or_default(),
            words: question.and_then(|turn| said(turn).iter().find_map(shown)).unwrap_or_default(),
            results: unanswered.iter().flat_map(results).map(|result| report(result, &names)).collect(),
            called: calls(since).map(|(_, name)| name).collect(),
            input_tokens: turns.iter().flat_map(|turn| &turn.blocks).map(size).sum(),
        }
    }
}

/// Calls of tools, by their identifiers where they have any.
fn calls(turns: &[ChatTurn]) -> impl Iterator<Item = (Option<String>, String)> {
    turns.iter().flat_map(|turn| &turn.blocks).filter_map(|block| match block {
        ContentBlock::ToolUse(call) => {
            Some((call.id.as_ref().map(|id| id.text().into_owned()), call.name.text().into_owned()))
        }
        _ => None,
    })
}

fn names_of(turns: &[ChatTurn]) -> HashMap<String, String> {
    calls(turns).filter_map(|(id, name)| Some((id?, name))).collect()
}

fn results(turn: &ChatTurn) -> impl Iterator<Item = &ToolResultBlock> {
    turn.blocks.iter().filter_map(|block| match block {
        ContentBlock::ToolResult(result) => Some(result),
        _ => None,
    })
}

fn report(result: &ToolResultBlock, names: &HashMap<String, String>) -> ToolReport {
    let own = result.name.as_ref().map(|name| name.text().into_owned());
    let of_call = || names.get(&*result.id.as_ref()?.text()).cloned();
    ToolReport {
        name: own.or_else(of_call).unwrap_or_else(|| "tool".to_owned()),
        text: joined(&result.content),
        failed: result.failed == Some(true),
    }
}

/// What a turn says. Programs that talk to models for a user put notes of their own beside the user's words, each between
/// tags: they are what was said only where nothing else was.
fn said(turn: &ChatTurn) -> Vec<ContentBlock> {
    let is_note = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => is_tagged(text.text.text().trim()),
        _ => false,
    };
    let (notes, words): (Vec<_>, Vec<_>) = turn.blocks.iter().cloned().partition(is_note);
    if words.is_empty() { notes } else { words }
}

/// Whether a text stands between a tag and its end: `<note>…</note>`.
fn is_tagged(text: &str) -> bool {
    let Some((tag, _)) = text.strip_prefix('<').and_then(|rest| rest.split_once('>')) else { return false };
    let is_name = !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    is_name && text.ends_with(&format!("</{tag}>"))
}

fn joined(blocks: &[ContentBlock]) -> String {
    let texts: Vec<String> = blocks.iter().filter_map(shown).collect();
    texts.join(" ")
}

/// A block in words.
fn shown(block: &ContentBlock) -> Option<String> {
    Some(match block {
        ContentBlock::Text(text) | ContentBlock::Refusal(text) => text.text.text().into_owned(),
        ContentBlock::Image(_) => "[image]".to_owned(),
        ContentBlock::Audio(_) => "[audio]".to_owned(),
        ContentBlock::Video(_) => "[video]".to_owned(),
        ContentBlock::Document(_) => "[document]".to_owned(),
        ContentBlock::Other(other) if &*other.kind == "json" => String::from_utf8_lossy(other.raw.bytes()).into_owned(),
        ContentBlock::ToolUse(_)
        | ContentBlock::ToolResult(_)
        | ContentBlock::Reasoning(_)
        | ContentBlock::ServerTool(_)
        | ContentBlock::Other(_) => return None,
    })
}

/// What reading it costs: a token for each word.
fn size(block: &ContentBlock) -> u64 {
    match block {
        ContentBlock::ToolResult(result) => result.content.iter().map(size).sum(),
        ContentBlock::ToolUse(call) => pieces::count(&call.input.to_text().text()),
        other => shown(other).map_or(0, |text| pieces::count(&text)),
    }
}

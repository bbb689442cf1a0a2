//! Identifiers of tool calls, which each wire has rules of its own for.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use crate::canon::{ChatRequest, ContentBlock, JsonText};

/// What a wire takes for the identifier of a tool call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ToolIdGrammar {
    /// Any text.
    Any,
    /// 1 to 64 letters, digits, `_` and `-` (Anthropic's and Bedrock's specifications).
    Plain,
    /// Nine letters and digits (Mistral).
    Nine,
}

impl ToolIdGrammar {
    fn takes(self, id: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Plain => {
                matches!(id.len(), 1..=64) && id.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
            }
            Self::Nine => id.len() == 9 && id.iter().all(u8::is_ascii_alphanumeric),
        }
    }

    /// The identifier itself if the wire takes it; else one that is made of it alone, so that a call and its result keep to each
    /// other, in every request in which they are told again.
    #[must_use]
    pub fn fit(self, id: &JsonText) -> JsonText {
        if self.takes(id.escaped()) {
            return id.clone();
        }
        let length = if self == Self::Nine { 9 } else { 22 };
        JsonText::of(&base62(fnv128(id.text().as_bytes()), length))
    }
}

/// The identifier of a call whose wire has none: of an answer's own number and the call's number in it.
#[must_use]
pub fn made(answer: u128, call: usize) -> JsonText {
    JsonText::of(&format!("call_{}{call}", base62(answer, 22)))
}

/// Gives the calls of a conversation identifiers that have none, and the results of those calls theirs. By their places from the
/// start, so that a conversation that is told again with more behind it has the same ones. A result that names a tool answers
/// the first call of it that has no answer yet.
pub fn give(request: &mut ChatRequest) {
    let mut number = 0;
    let mut open: HashMap<Bytes, VecDeque<JsonText>> = HashMap::new();
    for block in request.turns.iter_mut().flat_map(|turn| &mut turn.blocks) {
        match block {
            ContentBlock::ToolUse(call) => {
                number += 1;
                let id = call.id.get_or_insert_with(|| JsonText::of(&format!("call_{number}")));
                open.entry(call.name.token().clone()).or_default().push_back(id.clone());
            }
            ContentBlock::ToolResult(result) if result.id.is_none() => {
                let waiting = result.name.as_ref().and_then(|name| open.get_mut(name.token()));
                result.id = waiting.and_then(VecDeque::pop_front);
            }
            ContentBlock::Text(_)
            | ContentBlock::Image(_)
            | ContentBlock::Audio(_)
            | ContentBlock::Video(_)
            | ContentBlock::Document(_)
            | ContentBlock::ToolResult(_)
            | ContentBlock::Reasoning(_)
            | ContentBlock::Refusal(_)
            | ContentBlock::ServerTool(_)
            | ContentBlock::Other(_) => {}
        }
    }
}

/// The request itself if all its calls and results have identifiers; else one in which they were [given](give).
#[must_use]
pub fn given(request: &ChatRequest) -> Cow<'_, ChatRequest> {
    let is_without = |block: &ContentBlock| match block {
        ContentBlock::ToolUse(call) => call.id.is_none(),
        ContentBlock::ToolResult(result) => result.id.is_none(),
        _ => false,
    };
    if !request.turns.iter().flat_map(|turn| &turn.blocks).any(is_without) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    give(&mut request);
    Cow::Owned(request)
}

/// The tools that the calls of a conversation name, by the calls' identifiers: for wires whose results name the tool.
#[derive(Debug)]
pub struct ToolNames<'a>(HashMap<&'a Bytes, &'a JsonText>);

impl<'a> ToolNames<'a> {
    /// Those of a conversation.
    #[must_use]
    pub fn of(request: &'a ChatRequest) -> Self {
        let blocks = request.turns.iter().flat_map(|turn| &turn.blocks);
        Self(
            blocks
                .filter_map(|block| match block {
                    ContentBlock::ToolUse(call) => Some((call.id.as_ref()?.token(), &call.name)),
                    _ => None,
                })
                .collect(),
        )
    }

    /// The tool that a call names.
    #[must_use]
    pub fn get(&self, id: &JsonText) -> Option<&'a JsonText> {
        self.0.get(id.token()).copied()
    }
}

/// FNV-1a of 128 bits (draft-eastlake-fnv): spreads well, is the same everywhere, and guards nothing.
fn fnv128(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

/// The last so many digits of a number to the base of 62.
pub(crate) fn base62(mut number: u128, digits: usize) -> String {
    let digit = |number: u128| match u8::try_from(number % 62).unwrap_or_default() {
        low @ 0..=9 => char::from(b'0' + low),
        middle @ 10..=35 => char::from(b'a' + middle - 10),
        high => char::from(b'A' + high - 36),
    };
    let mut text = Vec::with_capacity(digits);
    for _ in 0..digits {
        text.push(digit(number));
        number /= 62;
    }
    text.into_iter().rev().collect()
}

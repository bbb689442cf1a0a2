//! What Anthropic's models take, wherever they run and by whatever wire they are asked.

use crate::canon::{ChatRequest, ContentBlock, ToolPick, TurnRole};
use crate::wire::Vendor;

/// Whether a model chooses by itself how much it thinks: Claude from 4.6 on, whose `enabled` is old or gone.
#[must_use]
pub fn is_adaptive(model: &str) -> bool {
    version(model).is_some_and(|version| version >= (4, 6))
}

/// The word for an effort; none for one that is not known.
#[must_use]
pub fn effort_word(word: &str, model: &str) -> Option<&'static str> {
    match word {
        "minimal" | "low" => Some("low"),
        "medium" => Some("medium"),
        "xhigh" if version(model).is_some_and(|version| version >= (4, 7)) => Some("xhigh"),
        "high" | "xhigh" => Some("high"),
        "max" => Some("max"),
        _ => None,
    }
}

/// Whether the model must call a tool, which it refuses while it thinks.
#[must_use]
pub fn is_forced(request: &ChatRequest) -> bool {
    match &request.pick {
        Some(ToolPick::Any | ToolPick::One(_)) => true,
        Some(ToolPick::Among { must, .. }) => *must,
        Some(ToolPick::Auto | ToolPick::None | ToolPick::Other(_)) | None => false,
    }
}

/// Whether the model is in the midst of calling tools without thoughts that it could read again: with a budget, Anthropic demands
/// that such a turn begins with them.
#[must_use]
pub fn lacks_thoughts(request: &ChatRequest) -> bool {
    let last = request.turns.iter().rev().take_while(|turn| turn.role != TurnRole::User);
    let blocks: Vec<_> = last.filter(|turn| turn.role == TurnRole::Assistant).flat_map(|turn| &turn.blocks).collect();
    let calls = blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(_)));
    let own = |block: &&ContentBlock| match block {
        ContentBlock::Reasoning(thought) => {
            thought.signature.as_ref().is_some_and(|signature| signature.vendor == Vendor::Anthropic)
        }
        _ => false,
    };
    calls && !blocks.iter().any(own)
}

/// The version in a model's name, such as 4.6 of `us.anthropic.claude-opus-4-6-v1:0`; of a Claude whose name has none the newest.
fn version(model: &str) -> Option<(u32, u32)> {
    let (_, name) = model.split_once("claude")?;
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    // A date is longer.
    let number = |word: &&str| word.parse::<u32>().ok().filter(|_| word.len() <= 2);
    let Some(at) = words.iter().position(|word| number(word).is_some()) else { return Some((u32::MAX, 0)) };
    Some((words.get(at).and_then(number)?, words.get(at + 1).and_then(number).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_think_as_their_version_knows_how() {
        for (model, adaptive) in [
            ("claude-opus-4-6", true),
            ("claude-sonnet-5", true),
            ("us.anthropic.claude-opus-4-6-v1:0", true),
            ("anthropic/claude-opus-4.7", true),
            ("claude-mythos-preview", true),
            ("claude-haiku-5-5", true),
            ("claude-haiku-4-5-20251001", false),
            ("claude-opus-4-5@20251101", false),
            ("claude-sonnet-4-20250514", false),
            ("claude-3-7-sonnet-20250219", false),
            ("claude-3.5-sonnet", false),
            ("kimi-k2", false),
        ] {
            assert_eq!(is_adaptive(model), adaptive, "{model}");
        }
        assert_eq!(effort_word("xhigh", "claude-opus-4-6"), Some("high"));
        assert_eq!(effort_word("xhigh", "claude-opus-4-7"), Some("xhigh"));
        assert_eq!(effort_word("minimal", "claude-opus-5"), Some("low"));
        assert_eq!(effort_word("odd", "claude-opus-5"), None);
    }
}

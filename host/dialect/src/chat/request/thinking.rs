//! What a request wants of the model's thoughts: `reasoning_effort`, OpenRouter's `reasoning`, `thinking` (Z.ai and others, as
//! Anthropic has it), `enable_thinking` (Qwen and those that serve it).

use crate::canon::{JsonWriter, RawJson, RawMembers, ReasoningMode, ReasoningShow, ReasoningWish};
use crate::chat::writing::ChatWriting;
use crate::translate::reasoning;

const MEMBERS: [&str; 4] = ["reasoning_effort", "reasoning", "thinking", "enable_thinking"];

/// Takes it out of a request. All members are kept, for their own wire alone.
pub(super) fn take(members: &mut RawMembers) -> ReasoningWish {
    let mut kept = RawMembers::default();
    for name in MEMBERS {
        if let Some(raw) = members.take(name) {
            kept.push(name, raw);
            kept.hush(name);
        }
    }
    ReasoningWish { extra: kept.clone(), ..read(&kept) }
}

fn read(kept: &RawMembers) -> ReasoningWish {
    let part = |name: &str| kept.get(name).map(RawJson::members).unwrap_or_default();
    let (mut wish, mut thinking) = (part("reasoning"), part("thinking"));
    let effort = kept.get("reasoning_effort").and_then(RawJson::text).or_else(|| wish.take_text("effort"));
    let switch = kept.get("enable_thinking").and_then(RawJson::is_true).or_else(|| wish.take_bool("enabled"));
    let mode = match (thinking.take_text("type"), switch) {
        (Some(word), _) if word.is("disabled") => ReasoningMode::Off,
        (Some(word), _) if word.is("adaptive") || word.is("auto") => ReasoningMode::Adaptive,
        (Some(word), _) if word.is("enabled") => ReasoningMode::On,
        (_, Some(true)) => ReasoningMode::On,
        (_, Some(false)) => ReasoningMode::Off,
        _ => ReasoningMode::Unsaid,
    };
    let summary = wish.take_text("summary").map(ReasoningShow::Summary);
    ReasoningWish {
        mode: if effort.as_ref().is_some_and(|effort| effort.is("none")) { ReasoningMode::Off } else { mode },
        effort,
        budget: wish.take("max_tokens").or_else(|| thinking.take("budget_tokens")),
        show: wish.take_bool("exclude").filter(|hidden| *hidden).map(|_| ReasoningShow::Nothing).or(summary),
        encrypted: false,
        extra: RawMembers::default(),
    }
}

/// Writes it: as it stood if it came so and is the same, and otherwise as an effort.
pub(super) fn write(out: &mut JsonWriter, wish: &ReasoningWish, writing: &mut ChatWriting<'_>) {
    if writing.own && read(&wish.extra) == (ReasoningWish { extra: RawMembers::default(), ..wish.clone() }) {
        out.members(&wish.extra);
        return;
    }
    writing.losses.lose_extras("reasoning", &wish.extra);
    let budget = wish.budget.as_ref().and_then(RawJson::unsigned);
    let effort = wish.effort.as_ref().map(|effort| effort.text().into_owned());
    // What is more than OpenAI's most is its most.
    let effort = effort.map(|effort| if effort == "max" { "xhigh".to_owned() } else { effort });
    let effort = effort.map(|effort| if wish.mode == ReasoningMode::Off { "none".to_owned() } else { effort });
    let effort = effort.or_else(|| {
        // A model that cannot think refuses to be told not to, so that this is said in the client's own word alone.
        let budget = budget.filter(|budget| *budget > 0 && wish.mode != ReasoningMode::Off)?;
        Some(reasoning::effort_of(budget).to_owned())
    });
    if let Some(effort) = effort {
        out.name("reasoning_effort").string(&effort);
    }
    // As much as there is to see is what comes; and thoughts that are encrypted for the way back there are none.
    if matches!(&wish.show, Some(ReasoningShow::Summary(word)) if !word.is("auto")) {
        writing.losses.lose("reasoning.summary");
    }
}

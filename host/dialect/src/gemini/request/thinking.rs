//! `thinkingConfig`: how much the model is to think, and whether that is shown.
//!
//! Source: Gemini API guide, thinking: models of the third generation are told a level, those before it a number of tokens, of
//! which -1 leaves it to the model.

use bytes::Bytes;

use crate::canon::{
    ChatRequest, FieldLosses, JsonText, JsonWriter, RawJson, RawMembers, ReasoningMode, ReasoningShow, ReasoningWish,
    TargetRules,
};
use crate::gemini::proto;
use crate::translate::reasoning;

/// What leaves it to the model.
const DYNAMIC: &[u8] = b"-1";
/// The most that models before the third generation think, but for the `pro` ones.
const MOST: u64 = 24_576;
/// …and those.
const MOST_PRO: u64 = 32_768;
/// The least that those think: they cannot be told not to.
const LEAST_PRO: u64 = 128;

/// Takes `thinkingConfig` out of a `generationConfig`.
pub(super) fn read(config: &mut RawMembers) -> ReasoningWish {
    let mut wish = ReasoningWish::default();
    let Some(mut thinking) = proto::take_message(config, "thinkingConfig") else { return wish };
    if thinking.is_empty() {
        config.push("thinkingConfig", RawJson::EMPTY_OBJECT);
        config.hush("thinkingConfig");
        return wish;
    }
    wish.show = thinking.take_bool("includeThoughts").map(|shown| match shown {
        true => ReasoningShow::Full,
        false => ReasoningShow::Nothing,
    });
    if let Some(budget) = thinking.take("thinkingBudget") {
        (wish.mode, wish.budget) = match budget.bytes().as_ref() {
            b"0" => (ReasoningMode::Off, None),
            DYNAMIC => (ReasoningMode::Adaptive, None),
            _ => (ReasoningMode::On, Some(budget)),
        };
    }
    if let Some(level) = thinking.get("thinkingLevel").and_then(RawJson::text) {
        let word = level.text().to_ascii_lowercase();
        if word.is_empty() || word.starts_with("thinking_level") {
            wish.extra = thinking;
            return wish;
        }
        if level.text() == word.to_ascii_uppercase() {
            thinking.take("thinkingLevel");
        } else {
            thinking.hush("thinkingLevel");
        }
        wish.effort = Some(JsonText::of(&word));
    }
    wish.extra = thinking;
    wish
}

/// Writes what came in this wire.
pub(super) fn write_own(wish: &ReasoningWish, out: &mut JsonWriter) {
    if *wish == ReasoningWish::default() {
        return;
    }
    out.name("thinkingConfig").open();
    let shown = wish.show.as_ref().map(|show| *show != ReasoningShow::Nothing);
    out.bool_member("includeThoughts", shown);
    match (&wish.budget, wish.mode) {
        (Some(budget), _) => {
            out.name("thinkingBudget").raw(budget);
        }
        (None, ReasoningMode::Off) => {
            out.name("thinkingBudget").number(0);
        }
        (None, ReasoningMode::Adaptive) => write_dynamic(out),
        (None, ReasoningMode::On | ReasoningMode::Unsaid) => {}
    }
    if wish.extra.get("thinkingLevel").is_none()
        && let Some(effort) = &wish.effort
    {
        out.name("thinkingLevel").string(&effort.text().to_ascii_uppercase());
    }
    out.members(&wish.extra).close();
}

fn write_dynamic(out: &mut JsonWriter) {
    out.name("thinkingBudget").raw(&RawJson::checked(Bytes::from_static(DYNAMIC)));
}

/// What a model is told.
#[derive(Debug, PartialEq, Eq)]
enum Thinking {
    Level(&'static str),
    Budget(u64),
    Dynamic,
    Unsaid,
}

/// Writes what came in another wire.
pub(super) fn write_other(request: &ChatRequest, rules: &TargetRules, out: &mut JsonWriter, losses: &mut FieldLosses) {
    let wish = &request.reasoning;
    let model = rules.model.rsplit('/').next().unwrap_or_default();
    let thinking = if has_levels(model) { level(wish, model, losses) } else { budget(request, model, losses) };
    let thinks = matches!(wish.mode, ReasoningMode::On | ReasoningMode::Adaptive);
    let shown = match &wish.show {
        Some(show) => Some(*show != ReasoningShow::Nothing),
        None => thinks.then_some(true),
    };
    if thinking == Thinking::Unsaid && shown.is_none() {
        return;
    }
    out.name("thinkingConfig").open().bool_member("includeThoughts", shown);
    match thinking {
        Thinking::Level(level) => {
            out.name("thinkingLevel").string(level);
        }
        Thinking::Budget(tokens) => {
            out.name("thinkingBudget").number(tokens);
        }
        Thinking::Dynamic => write_dynamic(out),
        Thinking::Unsaid => {}
    }
    out.close();
}

/// Whether a model is told a level: those before the third generation are not.
fn has_levels(model: &str) -> bool {
    !["gemini-1", "gemini-2"].iter().any(|old| model.starts_with(old))
}

/// The effort that is wished, in words or tokens; none where nobody said.
fn effort(wish: &ReasoningWish) -> Option<String> {
    if wish.mode == ReasoningMode::Off {
        return Some("none".to_owned());
    }
    let by_budget =
        || wish.budget.as_ref().and_then(RawJson::unsigned).map(|tokens| reasoning::effort_of(tokens).to_owned());
    wish.effort.as_ref().map(|effort| effort.text().into_owned()).or_else(by_budget)
}

fn level(wish: &ReasoningWish, model: &str, losses: &mut FieldLosses) -> Thinking {
    let Some(effort) = effort(wish) else { return Thinking::Unsaid };
    let is_pro = model.contains("pro");
    match effort.as_str() {
        "none" if is_pro => {
            losses.lose("reasoning");
            Thinking::Level("LOW")
        }
        "none" | "minimal" => Thinking::Level(if is_pro { "LOW" } else { "MINIMAL" }),
        "low" => Thinking::Level("LOW"),
        // The first `pro` of the generation has nothing between.
        "medium" => Thinking::Level(if model.starts_with("gemini-3-pro") { "HIGH" } else { "MEDIUM" }),
        "high" | "xhigh" | "max" => Thinking::Level("HIGH"),
        _ => {
            losses.lose("reasoning.effort");
            Thinking::Unsaid
        }
    }
}

fn budget(request: &ChatRequest, model: &str, losses: &mut FieldLosses) -> Thinking {
    let wish = &request.reasoning;
    let is_pro = model.contains("pro");
    let tokens = match &wish.budget {
        _ if wish.mode == ReasoningMode::Off => Some(0),
        Some(budget) => budget.unsigned(),
        None => match &wish.effort {
            None if matches!(wish.mode, ReasoningMode::On | ReasoningMode::Adaptive) => return Thinking::Dynamic,
            None => return Thinking::Unsaid,
            Some(effort) => reasoning::budget_of(&effort.text()),
        },
    };
    let Some(tokens) = tokens else {
        losses.lose("reasoning.effort");
        return Thinking::Unsaid;
    };
    if tokens < LEAST_PRO && is_pro {
        losses.lose("reasoning");
        return Thinking::Budget(LEAST_PRO);
    }
    let most = if is_pro { MOST_PRO } else { MOST };
    // Something must be left for what is said.
    let room = request.max_output.as_ref().and_then(RawJson::unsigned).map_or(most, |most| most.saturating_sub(1));
    Thinking::Budget(tokens.min(most).min(room))
}

//! What is wanted of the model's thoughts. Bedrock passes it on to the model as the model's maker calls it, in
//! `additionalModelRequestFields`: `thinking` for Anthropic's models (User Guide, "Extended thinking" and "Adaptive thinking"),
//! `reasoningConfig` for Amazon's (Nova's User Guide, "Extended thinking"), `reasoning_effort` for OpenAI's.

use weir_http::json::JsonKind;

use super::loss::lose_if;
use crate::canon::{
    ChatRequest, FieldLosses, JsonText, JsonWriter, RawJson, RawMembers, ReasoningMode, ReasoningShow, ReasoningWish,
    TargetRules,
};
use crate::converse::rest::{left, object, rest, write_but};
use crate::translate::claude;
use crate::translate::reasoning::{LEAST_BUDGET, budget_of, effort_of};
use crate::wire::{Vendor, WireFormat};

/// Where it is asked for, as it is spelled.
const SLOTS: [&str; 3] = ["thinking", "reasoning_config", "reasoningConfig"];

/// The name of the loss where a model cannot be asked for it.
const LOSS: &str = "reasoning";

/// Tokens of thought where only that it is to think was said.
const USUAL_BUDGET: u64 = 8_192;

/// Reads what is passed on to the model. The slot that it stood in is noted, even if nothing is left in it.
pub(crate) fn read(more: &mut RawMembers) -> ReasoningWish {
    let mut wish = ReasoningWish::default();
    for slot in SLOTS {
        let found = more.get(slot).filter(|value| value.kind() == JsonKind::Object).map(RawJson::members);
        if let Some(mut inner) = found
            && let Some(mode) = inner.take_as("type", mode)
        {
            wish.mode = mode;
            wish.budget = inner.take("budget_tokens");
            wish.effort = inner.take_text("maxReasoningEffort");
            more.take(slot);
            wish.extra.push(slot, object(&inner));
            break;
        }
    }
    wish
}

fn mode(word: &RawJson) -> Option<ReasoningMode> {
    match &*word.text()?.text() {
        "enabled" => Some(ReasoningMode::On),
        "disabled" => Some(ReasoningMode::Off),
        "adaptive" => Some(ReasoningMode::Adaptive),
        _ => None,
    }
}

/// How a model is asked to think.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The slot and what stands in it.
    pub(crate) slot: Option<(&'static str, RawJson)>,
    /// What stands in `outputConfig.effort`.
    pub(crate) effort: Option<JsonText>,
}

/// How a model is asked to think for a request of this wire: as it was.
pub(crate) fn asked_as_it_was(wish: &ReasoningWish, vendor: Vendor) -> Asked {
    let noted = SLOTS.into_iter().find(|slot| wish.extra.get(slot).is_some());
    let by_vendor = if vendor == Vendor::Amazon { "reasoningConfig" } else { "thinking" };
    let word = match wish.mode {
        ReasoningMode::Unsaid => return Asked { slot: None, effort: wish.effort.clone() },
        ReasoningMode::On => "enabled",
        ReasoningMode::Off => "disabled",
        ReasoningMode::Adaptive => "adaptive",
    };
    let slot = noted.unwrap_or(by_vendor);
    let is_amazons = slot == "reasoningConfig";
    let mut out = JsonWriter::default();
    out.open().name("type").string(word).raw_member("budget_tokens", wish.budget.as_ref());
    out.text_member("maxReasoningEffort", wish.effort.as_ref().filter(|_| is_amazons));
    out.members(&rest(&wish.extra, slot)).close();
    Asked { slot: Some((slot, out.finish_raw())), effort: wish.effort.clone().filter(|_| !is_amazons) }
}

/// How a model is asked to think for a request of another wire.
pub(crate) fn asked(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Asked {
    let wish = &request.reasoning;
    let shows = matches!(wish.show, Some(ReasoningShow::Summary(_) | ReasoningShow::Full));
    let effort = wish.effort.as_ref().map(|effort| effort.text().into_owned());
    let off = wish.mode == ReasoningMode::Off
        || effort.as_deref() == Some("none")
        || wish.budget.as_ref().and_then(RawJson::unsigned) == Some(0);
    let wanted = wish.mode != ReasoningMode::Unsaid || effort.is_some() || wish.budget.is_some() || shows;
    if off || !wanted {
        return Asked::default();
    }
    match rules.vendor {
        // Anthropic refuses both at once, and that the tool is called was asked in so many words.
        Vendor::Anthropic if claude::is_forced(request) && !request.tools.is_empty() => {
            losses.lose(LOSS);
            Asked::default()
        }
        Vendor::Anthropic => of_anthropic(request, rules, effort.as_deref(), losses),
        Vendor::Amazon => of_amazon(wish, effort.as_deref()),
        Vendor::OpenAi | Vendor::Google | Vendor::Other => of_others(wish, rules, effort.as_deref(), losses),
    }
}

fn of_anthropic(request: &ChatRequest, rules: &TargetRules, effort: Option<&str>, losses: &mut FieldLosses) -> Asked {
    let wish = &request.reasoning;
    let said = wish.budget.as_ref().and_then(RawJson::unsigned);
    let mut out = JsonWriter::default();
    out.open().name("type");
    if claude::is_adaptive(&rules.model) {
        out.string("adaptive");
        if matches!(wish.show, Some(ReasoningShow::Summary(_) | ReasoningShow::Full)) {
            out.name("display").string("summarized");
        }
        out.close();
        let word = effort.or(said.map(effort_of)).and_then(|word| claude::effort_word(word, &rules.model));
        return Asked { slot: Some(("thinking", out.finish_raw())), effort: word.map(JsonText::of) };
    }
    let wanted = said.or_else(|| effort.and_then(budget_of)).unwrap_or(USUAL_BUDGET).max(LEAST_BUDGET);
    let most = request.max_output.as_ref().and_then(RawJson::unsigned).or(rules.max_output).unwrap_or(u64::MAX);
    // The budget is a part of what the model may write: where it does not fit, a quarter is left for the answer.
    let budget = if wanted < most { wanted } else { most - most / 4 };
    if budget < LEAST_BUDGET || budget >= most || claude::lacks_thoughts(request) {
        losses.lose(LOSS);
        return Asked::default();
    }
    out.string("enabled").name("budget_tokens").number(budget).close();
    Asked { slot: Some(("thinking", out.finish_raw())), effort: None }
}

fn of_amazon(wish: &ReasoningWish, effort: Option<&str>) -> Asked {
    let of_budget = wish.budget.as_ref().and_then(RawJson::unsigned).map(effort_of);
    let word = match effort.or(of_budget) {
        Some("minimal" | "low") => "low",
        Some("high" | "xhigh" | "max") => "high",
        _ => "medium",
    };
    let mut out = JsonWriter::default();
    out.open().name("type").string("enabled").name("maxReasoningEffort").string(word).close();
    Asked { slot: Some(("reasoningConfig", out.finish_raw())), effort: None }
}

/// OpenAI's open models think as much as they are told; of others nothing is known.
fn of_others(wish: &ReasoningWish, rules: &TargetRules, effort: Option<&str>, losses: &mut FieldLosses) -> Asked {
    let of_budget = wish.budget.as_ref().and_then(RawJson::unsigned).map(effort_of);
    let word = effort.or(of_budget);
    match word {
        Some(word) if (rules.model.contains("gpt-oss") || rules.model.contains("openai.")) => {
            let word = match word {
                "minimal" => "low",
                "xhigh" | "max" => "high",
                other => other,
            };
            Asked { slot: Some(("reasoning_effort", RawJson::of_text(&JsonText::of(word)))), effort: None }
        }
        _ => {
            lose_if(word.is_some() || wish.mode != ReasoningMode::Unsaid, LOSS, losses);
            Asked::default()
        }
    }
}

/// Writes what is passed on to the model: its thoughts, and `top_k`.
pub(crate) fn write(
    out: &mut JsonWriter,
    request: &ChatRequest,
    rules: &TargetRules,
    asked: &Asked,
    losses: &mut FieldLosses,
) {
    let own = request.wire == WireFormat::Converse;
    let left = if own { left(&request.extra, "additionalModelRequestFields") } else { None };
    let thinks = asked.slot.is_some();
    let top_k = request.sampling.top_k.as_ref().filter(|_| {
        let lost = !own && (rules.vendor == Vendor::Other || thinks && rules.vendor == Vendor::Anthropic);
        lose_if(lost, "top_k", losses);
        !lost
    });
    if !thinks && top_k.is_none() && left.is_none() {
        return;
    }
    let left = left.unwrap_or_default();
    let within_config = if own { left.get("inferenceConfig").is_some() } else { rules.vendor == Vendor::Amazon };
    out.name("additionalModelRequestFields").open();
    if let Some((slot, value)) = &asked.slot {
        out.name(slot).raw(value);
    }
    match top_k {
        Some(top_k) if within_config => {
            out.name("inferenceConfig").open().name("topK").raw(top_k);
            out.members(&rest(&left, "inferenceConfig")).close();
            write_but(out, &left, &["inferenceConfig"]);
        }
        top_k => {
            out.raw_member("top_k", top_k).members(&left);
        }
    }
    out.close();
}

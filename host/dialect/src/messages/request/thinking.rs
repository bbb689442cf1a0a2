//! What is wanted of the model's thoughts: `thinking` and `output_config.effort`.

use weir_http::json::JsonKind;

use crate::canon::{
    ChatRequest, FieldLosses, JsonText, JsonWriter, RawJson, RawMembers, ReasoningMode, ReasoningShow, ReasoningWish,
};
use crate::translate::claude::{effort_word, is_adaptive, is_forced, lacks_thoughts};
use crate::translate::reasoning::{self, LEAST_BUDGET};

/// Takes out `thinking`; one of a type that is not known stays.
pub(super) fn take(members: &mut RawMembers, wish: &mut ReasoningWish) {
    let taken = members.take_as("thinking", |raw| {
        let mut thinking = raw.members();
        let mode = match thinking.take_text("type")?.text().as_ref() {
            "enabled" => ReasoningMode::On,
            "disabled" => ReasoningMode::Off,
            "adaptive" => ReasoningMode::Adaptive,
            _ => return None,
        };
        let budget = |raw: &RawJson| (raw.kind() == JsonKind::Number).then(|| raw.clone());
        let shown = thinking.take_as("display", |raw| match raw.text()?.text().as_ref() {
            "summarized" => Some(ReasoningShow::Summary(JsonText::of("auto"))),
            "omitted" => Some(ReasoningShow::Nothing),
            _ => None,
        });
        Some(ReasoningWish {
            effort: None,
            budget: thinking.take_as("budget_tokens", budget),
            mode,
            show: if mode == ReasoningMode::Off { shown } else { shown.or(Some(ReasoningShow::Full)) },
            // Thoughts are always played back here.
            encrypted: mode != ReasoningMode::Off,
            extra: thinking,
        })
    });
    *wish = taken.unwrap_or_default();
}

/// Writes `thinking` as it came in this wire.
pub(super) fn write_back(out: &mut JsonWriter, wish: &ReasoningWish) {
    let word = match wish.mode {
        ReasoningMode::Unsaid => return,
        ReasoningMode::Off => "disabled",
        ReasoningMode::On => "enabled",
        ReasoningMode::Adaptive => "adaptive",
    };
    out.name("thinking").open().name("type").string(word).raw_member("budget_tokens", wish.budget.as_ref());
    write_display(out, wish.show.as_ref());
    out.members(&wish.extra).close();
}

fn write_display(out: &mut JsonWriter, show: Option<&ReasoningShow>) {
    match show {
        None | Some(ReasoningShow::Full) => {}
        Some(ReasoningShow::Summary(_)) => {
            out.name("display").string("summarized");
        }
        Some(ReasoningShow::Nothing) => {
            out.name("display").string("omitted");
        }
    }
}

/// How a model is told to think.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ThinkingPlan {
    /// It is not told.
    Unsaid,
    /// Not at all.
    Off,
    /// With so many tokens at most.
    Budget(u64),
    /// As much as it finds right, with this effort if one is said.
    Adaptive(Option<&'static str>),
}

impl ThinkingPlan {
    /// What a request of another wire asks, for this model and so many tokens of output.
    pub(super) fn of(request: &ChatRequest, model: &str, most: u64, losses: &mut FieldLosses) -> Self {
        let wish = &request.reasoning;
        let effort = wish.effort.as_ref().map(JsonText::text);
        let budget = wish.budget.as_ref().and_then(RawJson::unsigned);
        if wish.mode == ReasoningMode::Off || budget == Some(0) || effort.as_deref() == Some("none") {
            return Self::Off;
        }
        if wish.mode == ReasoningMode::Unsaid && effort.is_none() && budget.is_none() {
            return Self::Unsaid;
        }
        if is_forced(request) {
            // Anthropic refuses both at once, and that the tool is called was asked in so many words.
            losses.lose("reasoning");
            return Self::Unsaid;
        }
        if is_adaptive(model) {
            let word = effort.as_deref().or(budget.map(reasoning::effort_of));
            return Self::Adaptive(word.and_then(|word| effort_word(word, model)));
        }
        let wanted = budget.or_else(|| reasoning::budget_of(effort.as_deref().unwrap_or("medium")));
        let wanted = wanted.unwrap_or(LEAST_BUDGET).max(LEAST_BUDGET);
        // Where it does not fit, a quarter is left for the answer.
        let budget = if wanted < most { wanted } else { most - most / 4 };
        if budget < LEAST_BUDGET || budget >= most || lacks_thoughts(request) {
            losses.lose("reasoning");
            return Self::Unsaid;
        }
        Self::Budget(budget)
    }

    /// Whether the model thinks, which bounds how its words are chosen.
    pub(super) fn thinks(&self) -> bool {
        matches!(self, Self::Budget(_) | Self::Adaptive(_))
    }

    /// Writes `thinking`.
    pub(super) fn write(&self, out: &mut JsonWriter, show: Option<&ReasoningShow>) {
        let word = match self {
            Self::Unsaid => return,
            Self::Off => "disabled",
            Self::Budget(_) => "enabled",
            Self::Adaptive(_) => "adaptive",
        };
        out.name("thinking").open().name("type").string(word);
        match self {
            Self::Budget(budget) => {
                out.name("budget_tokens").number(*budget);
            }
            // Newer models show nothing of it unless they are asked to.
            Self::Adaptive(_) => match show {
                Some(ReasoningShow::Full) => write_display(out, Some(&ReasoningShow::Summary(JsonText::EMPTY))),
                show => write_display(out, show),
            },
            Self::Unsaid | Self::Off => {}
        }
        out.close();
    }

    /// The word for `output_config.effort`.
    pub(super) fn effort(&self) -> Option<&'static str> {
        match self {
            Self::Adaptive(effort) => *effort,
            Self::Unsaid | Self::Off | Self::Budget(_) => None,
        }
    }
}

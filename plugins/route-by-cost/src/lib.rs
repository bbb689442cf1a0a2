//! Orders the candidates for a request by rules: cheapest first for these models, that provider first for those.

mod order;
mod rules;

use rules::{Prefer, Rule};
use weir_plugin::{Candidate, Facts, Plugin, Refusal, Router, Routing, Settings, request};

/// Output is not known before it is written; this much is assumed unless the settings say otherwise.
const EXPECTED_OUTPUT_TOKENS: u64 = 256;

/// The plugin and its rules.
#[derive(Debug)]
pub struct ByCost {
    rules: Vec<Rule>,
    default: Option<Prefer>,
    expected_output_tokens: u64,
}

impl Plugin for ByCost {
    fn init(settings: &str) -> Result<Self, String> {
        let mut settings = Settings::read(settings)?;
        let mut rules = Vec::new();
        for (index, rule) in settings.list("rules")?.unwrap_or_default().into_iter().enumerate() {
            rules.push(Rule::read(rule, &format!("settings.rules[{index}]"))?);
        }
        let default = match settings.text("default")?.as_deref() {
            None | Some("keep") => None,
            Some(text) => Some(Prefer::read(text, "settings.default")?),
        };
        let expected_output_tokens = settings.number("expected_output_tokens")?.unwrap_or(EXPECTED_OUTPUT_TOKENS);
        settings.finish()?;
        Ok(Self { rules, default, expected_output_tokens })
    }
}

impl Router for ByCost {
    fn route(&self, facts: &Facts, candidates: &[Candidate]) -> Result<Routing, Refusal> {
        // There is nothing to order: the gateway need not be asked for anything.
        if candidates.len() < 2 {
            return Ok(Routing::Keep);
        }
        let rule = self.rules.iter().find(|rule| rule.applies(facts));
        let Some(prefer) = rule.map(|rule| &rule.prefer).or(self.default.as_ref()) else { return Ok(Routing::Keep) };
        let output = match prefer {
            // An embedding has no output to pay for.
            Prefer::Cheapest | Prefer::Dearest if request::dialect().ends_with(".embeddings") => 0,
            Prefer::Cheapest | Prefer::Dearest => self.expected_output_tokens,
            Prefer::First | Prefer::Named(_) => 0,
        };
        Ok(order::by(prefer, u64::from(facts.body_bytes), output, candidates))
    }
}

/// The standard library's allocator by its name: one that is not named costs two calls more around each of its own.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: std::alloc::System = std::alloc::System;

weir_plugin::export!(ByCost: router);

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

//! Which requests a rule is for, and whom it prefers.

use weir_plugin::json::Value;
use weir_plugin::{Facts, Settings, request};

/// A rule: every condition that it states must hold.
#[derive(Debug)]
pub(crate) struct Rule {
    models: Option<Vec<String>>,
    tenants: Option<Vec<String>>,
    min_input_bytes: u64,
    max_input_bytes: u64,
    pub(crate) prefer: Prefer,
}

/// Who is to be tried first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Prefer {
    Cheapest,
    Dearest,
    /// As the configuration orders them, but whoever is avoided now comes last.
    First,
    /// One of them, by provider and model.
    Named(String),
}

impl Rule {
    pub(crate) fn read(value: Value, place: &str) -> Result<Self, String> {
        let mut rule = Settings::of(value, place)?;
        let models = rule.texts("models")?;
        let tenants = rule.texts("tenants")?;
        let min_input_bytes = rule.number("min_input_bytes")?.unwrap_or(0);
        let max_input_bytes = rule.number("max_input_bytes")?.unwrap_or(u64::MAX);
        let prefer = rule.text("prefer")?.ok_or_else(|| format!("{place}.prefer: say whom: {WHOM}"))?;
        let prefer = Prefer::read(&prefer, &format!("{place}.prefer"))?;
        rule.finish()?;
        if min_input_bytes > max_input_bytes {
            return Err(format!("{place}: min_input_bytes is above max_input_bytes, so the rule is for no request"));
        }
        Ok(Self { models, tenants, min_input_bytes, max_input_bytes, prefer })
    }

    pub(crate) fn applies(&self, facts: &Facts) -> bool {
        let bytes = u64::from(facts.body_bytes);
        // The gateway is asked only where a rule wants to know.
        let any = |globs: &Option<Vec<String>>, text: fn() -> String| {
            globs.as_ref().is_none_or(|globs| {
                let text = text();
                globs.iter().any(|pattern| glob(pattern.as_bytes(), text.as_bytes()))
            })
        };
        (self.min_input_bytes..=self.max_input_bytes).contains(&bytes)
            && any(&self.models, request::model)
            && any(&self.tenants, request::tenant)
    }
}

const WHOM: &str = "cheapest, dearest, first, or a target such as openai/gpt-4o";

impl Prefer {
    pub(crate) fn read(text: &str, place: &str) -> Result<Self, String> {
        match text {
            "cheapest" => Ok(Self::Cheapest),
            "dearest" => Ok(Self::Dearest),
            "first" => Ok(Self::First),
            _ => match text.split_once('/') {
                Some((provider, model)) if !provider.is_empty() && !model.is_empty() => {
                    Ok(Self::Named(text.to_owned()))
                }
                _ => Err(format!("{place}: `{text}` is nobody to prefer; say {WHOM}")),
            },
        }
    }
}

/// `*` stands for any characters, none too; all else for itself.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // Where to go on when a match after the last `*` fails: with one more character under the star.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern, text) {
            ([b'*', rest @ ..], _) => {
                star = Some((rest, text));
                pattern = rest;
            }
            ([p, rest @ ..], [t, more @ ..]) if p == t => (pattern, text) = (rest, more),
            ([], []) => return true,
            _ => match star {
                Some((rest, [_, more @ ..])) => {
                    star = Some((rest, more));
                    (pattern, text) = (rest, more);
                }
                _ => return false,
            },
        }
    }
}

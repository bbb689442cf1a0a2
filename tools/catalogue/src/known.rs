//! A model as one of the lists knows it.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use weir_config::model_names;

/// What a list says of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownModel {
    /// Its name in lower case, without what a provider puts before it.
    pub(crate) name: String,
    /// The same as the gateway looks it up.
    pub(crate) key: String,
    /// The key without what a provider puts behind it.
    pub(crate) bare: String,
    /// Tokens of a request and its answer.
    pub(crate) context: Option<u64>,
    /// Tokens of an answer.
    pub(crate) output: Option<u64>,
    /// What it takes.
    pub(crate) input: BTreeSet<&'static str>,
    /// What it gives.
    pub(crate) gives: BTreeSet<&'static str>,
    /// What it can do.
    pub(crate) can: BTreeSet<&'static str>,
}

impl KnownModel {
    /// One of which no more than its name at a provider is known.
    pub(crate) fn named(whole: &str) -> Self {
        let names = model_names(whole);
        let first = names.first().cloned().unwrap_or_default();
        let has_prefix = names.get(1).is_some_and(|second| first.ends_with(second.as_str()));
        let key = names.get(usize::from(has_prefix)).cloned().unwrap_or_default();
        // Of the same length, for all that differs is case, and dots.
        let name = whole.get(whole.len().saturating_sub(key.len())..).unwrap_or(whole).to_ascii_lowercase();
        let bare = names.last().cloned().unwrap_or_default();
        let none = BTreeSet::new;
        Self { name, key, bare, context: None, output: None, input: none(), gives: none(), can: none() }
    }

    /// The same with what another list says: the first one's word on the context and on kinds, the lesser output, and what
    /// either says that it can.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.context = self.context.or(other.context);
        self.output = self.output.into_iter().chain(other.output).min();
        if self.input.is_empty() {
            self.input = other.input;
        }
        if self.gives.is_empty() {
            self.gives = other.gives;
        }
        self.can.extend(other.can);
        self
    }

    /// Whether both take and give as many tokens.
    pub(crate) fn takes_as_much(&self, other: &Self) -> bool {
        (self.context, self.output) == (other.context, other.output)
    }
}

/// A positive number that fits.
pub(crate) fn tokens(value: Option<&Json>) -> Option<u64> {
    let number = value?.as_u64().or_else(|| value?.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as u64))?;
    (1..=1_000_000_000).contains(&number).then_some(number)
}

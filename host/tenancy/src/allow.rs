//! Which models a tenant or a key may name.

use weir_config::glob;

/// A list of model patterns, made ready so that a look-up neither allocates nor compiles anything.
#[derive(Debug, Clone)]
pub(crate) struct Allow {
    /// `*` is what most tenants have, and then no pattern needs to be tried.
    everything: bool,
    patterns: Box<[Box<str>]>,
}

impl Allow {
    /// An empty list allows nothing: who wants every model says `*`.
    pub(crate) fn new(patterns: &[String]) -> Self {
        Self {
            everything: patterns.iter().any(|pattern| pattern == "*"),
            patterns: patterns.iter().map(|pattern| pattern.as_str().into()).collect(),
        }
    }

    pub(crate) fn admits(&self, model: &str) -> bool {
        self.everything || self.patterns.iter().any(|pattern| glob(pattern, model))
    }
}

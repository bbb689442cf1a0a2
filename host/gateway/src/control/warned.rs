//! The configuration's warnings, each of which is said once, until it is mended.

use std::collections::BTreeSet;
use weir_config::Problem;

/// What was said.
#[derive(Default)]
pub(crate) struct Warned(BTreeSet<(String, String)>);

impl Warned {
    /// Takes what has been said already.
    pub(crate) fn new(said: &[Problem]) -> Self {
        Self(said.iter().map(known).collect())
    }

    /// Logs what looks wrong in a configuration that may serve and was not said of the one before.
    pub(super) fn say(&mut self, warnings: &[Problem]) {
        for warning in warnings.iter().filter(|warning| !self.0.contains(&known(warning))) {
            tracing::warn!("{warning}");
        }
        *self = Self::new(warnings);
    }
}

/// What a warning is known by: its line moves with whatever stands above it.
fn known(warning: &Problem) -> (String, String) {
    (warning.key.clone(), warning.what.clone())
}

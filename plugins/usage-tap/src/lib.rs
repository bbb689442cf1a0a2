//! Counts what each tenant uses: requests, errors and tokens. The gateway adds the tenant to every counter.

use weir_plugin::{Facts, Observe, Outcome, Plugin, Settings, counters};

/// The plugin; it has no settings.
#[derive(Debug)]
pub struct UsageTap;

impl Plugin for UsageTap {
    fn init(settings: &str) -> Result<Self, String> {
        Settings::read(settings)?.finish()?;
        Ok(Self)
    }
}

impl Observe for UsageTap {
    fn on_finished(&self, _facts: &Facts, outcome: &Outcome) {
        counters::add("requests", 1);
        if outcome.status >= 400 {
            counters::add("errors", 1);
        }
        // A counter that was never added to is not shown: nothing is gained by adding nothing.
        if outcome.input_tokens > 0 {
            counters::add("input_tokens", outcome.input_tokens);
        }
        if outcome.output_tokens > 0 {
            counters::add("output_tokens", outcome.output_tokens);
        }
    }
}

/// The standard library's allocator by its name: one that is not named costs two calls more around each of its own.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: std::alloc::System = std::alloc::System;

weir_plugin::export!(UsageTap: observe);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

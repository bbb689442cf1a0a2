//! Atomic sums for one tenant, model and provider.
//!
//! Tokens times micro-USD per million tokens are *pico-USD*: whole numbers, so sums of costs are exact. They are kept as
//! whole micro-USD and the pico-USD left over, and rounded once, when a total is read: to the nearest micro-USD, halves
//! up. The arithmetic is in `u128` and saturates at `u64::MAX` micro-USD. Cached input is priced as input, and reasoning
//! as the output that it is part of, as providers bill them where no price of their own is given.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use weir_config::Price;
use weir_series::Idle;

use crate::usage::{EndReason, Provenance, Tokens};

const PICO_PER_MICRO: u128 = 1_000_000;

/// How many entries were closed for each [`EndReason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ByReason<T> {
    /// [`EndReason::Completed`].
    pub completed: T,
    /// [`EndReason::ClientGone`].
    pub client_gone: T,
    /// [`EndReason::UpstreamFailed`].
    pub upstream_failed: T,
    /// [`EndReason::GatewayFailed`].
    pub gateway_failed: T,
    /// [`EndReason::PluginRefused`].
    pub plugin_refused: T,
}

impl<T> ByReason<T> {
    /// The one of `reason`.
    pub fn of(&self, reason: EndReason) -> &T {
        match reason {
            EndReason::Completed => &self.completed,
            EndReason::ClientGone => &self.client_gone,
            EndReason::UpstreamFailed => &self.upstream_failed,
            EndReason::GatewayFailed => &self.gateway_failed,
            EndReason::PluginRefused => &self.plugin_refused,
        }
    }
}

/// Something for each [`Provenance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ByProvenance<T> {
    /// [`Provenance::Reported`].
    pub reported: T,
    /// [`Provenance::Partial`].
    pub partial: T,
    /// [`Provenance::Estimated`].
    pub estimated: T,
    /// [`Provenance::None`].
    pub none: T,
}

impl<T> ByProvenance<T> {
    /// The one of `provenance`.
    pub fn of(&self, provenance: Provenance) -> &T {
        match provenance {
            Provenance::Reported => &self.reported,
            Provenance::Partial => &self.partial,
            Provenance::Estimated => &self.estimated,
            Provenance::None => &self.none,
        }
    }
}

/// Entries and tokens of one provenance: tokens by where their own count comes from, entries by where the weaker of both
/// does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// Entries closed.
    pub entries: u64,
    /// Tokens of input, cached ones included.
    pub input: u64,
    /// Tokens of output, reasoning included.
    pub output: u64,
    /// Tokens of input that the provider had cached.
    pub cached_input: u64,
    /// Tokens of output that were reasoning.
    pub reasoning: u64,
}

fn pico_usd(tokens: &Tokens, price: Price) -> u128 {
    let input = u128::from(tokens.input) * u128::from(price.input_micro);
    let output = u128::from(tokens.output) * u128::from(price.output_micro);
    input.saturating_add(output)
}

fn round(pico: u128) -> u64 {
    u64::try_from(pico.saturating_add(PICO_PER_MICRO / 2) / PICO_PER_MICRO).unwrap_or(u64::MAX)
}

/// A sum that stops at its end instead of starting over. `Relaxed`: it guards no other memory.
#[derive(Debug, Default)]
struct Count(AtomicU64);

impl Count {
    fn add(&self, amount: u64) {
        if amount > 0 {
            let _before = self.0.fetch_update(Relaxed, Relaxed, |sum| Some(sum.saturating_add(amount)));
        }
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

#[derive(Debug, Default)]
struct TokenCounts {
    entries: Count,
    input: Count,
    output: Count,
    cached_input: Count,
    reasoning: Count,
}

impl TokenCounts {
    fn sum(&self) -> Sum {
        Sum {
            entries: self.entries.get(),
            input: self.input.get(),
            output: self.output.get(),
            cached_input: self.cached_input.get(),
            reasoning: self.reasoning.get(),
        }
    }
}

/// The running sums that every entry of one tenant, model and provider adds to.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct LedgerSums {
    opened: Count,
    reasons: ByReason<Count>,
    tokens: ByProvenance<TokenCounts>,
    micro_usd: Count,
    /// Less than one micro-USD from each entry, so good for 10^13 entries before it would saturate.
    pico_usd: Count,
}

impl Idle for LedgerSums {
    /// Who opens entries holds the whole.
    fn is_idle(&self) -> bool {
        true
    }
}

impl LedgerSums {
    pub(crate) fn open(&self) {
        self.opened.add(1);
    }

    /// Adds one entry's end.
    pub(crate) fn close(&self, reason: EndReason, tokens: &Tokens, price: Price) {
        self.tokens.of(tokens.provenance()).entries.add(1);
        let input = self.tokens.of(tokens.input_from);
        input.input.add(tokens.input);
        input.cached_input.add(tokens.cached_input);
        let output = self.tokens.of(tokens.output_from);
        output.output.add(tokens.output);
        output.reasoning.add(tokens.reasoning);
        let pico = pico_usd(tokens, price);
        self.micro_usd.add(u64::try_from(pico / PICO_PER_MICRO).unwrap_or(u64::MAX));
        self.pico_usd.add(u64::try_from(pico % PICO_PER_MICRO).unwrap_or(0));
        self.reasons.of(reason).add(1);
    }

    pub(crate) fn opened(&self) -> u64 {
        self.opened.get()
    }

    pub(crate) fn reasons(&self) -> ByReason<u64> {
        ByReason {
            completed: self.reasons.completed.get(),
            client_gone: self.reasons.client_gone.get(),
            upstream_failed: self.reasons.upstream_failed.get(),
            gateway_failed: self.reasons.gateway_failed.get(),
            plugin_refused: self.reasons.plugin_refused.get(),
        }
    }

    pub(crate) fn tokens(&self) -> ByProvenance<Sum> {
        ByProvenance {
            reported: self.tokens.reported.sum(),
            partial: self.tokens.partial.sum(),
            estimated: self.tokens.estimated.sum(),
            none: self.tokens.none.sum(),
        }
    }

    pub(crate) fn cost_micro_usd(&self) -> u64 {
        let whole = u128::from(self.micro_usd.get()) * PICO_PER_MICRO;
        round(whole + u128::from(self.pico_usd.get()))
    }
}

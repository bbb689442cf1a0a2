//! One chargeable request, from open to close.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use weir_config::Price;
use weir_series::Row;

use crate::labels::Labels;
use crate::tally::LedgerSums;

/// The sums that an entry is added to.
pub(crate) type Sums = Row<Labels, LedgerSums>;

/// Bytes of text that are taken for one token where nobody counted: the usual rule of thumb for English.
pub const BYTES_PER_TOKEN: u64 = 4;

/// Why an entry was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The response was relayed to its end.
    Completed,
    /// The client went away before the end.
    ClientGone,
    /// The upstream failed, stalled or broke off.
    UpstreamFailed,
    /// A plugin refused the request or its response after it had become chargeable.
    PluginRefused,
}

/// Where a count of tokens comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Provenance {
    /// The provider said so, finally.
    Reported,
    /// What had been seen when the response broke off.
    Partial,
    /// Worked out from the length of the text of a whole response.
    Estimated,
    /// Nothing is known.
    #[default]
    None,
}

impl Provenance {
    /// The one that a count has of which one part comes from here and another from there.
    fn weaker(self, other: Self) -> Self {
        let rank = |of| match of {
            Self::Reported => 0,
            Self::Estimated => 1,
            Self::Partial => 2,
            Self::None => 3,
        };
        if rank(self) < rank(other) { other } else { self }
    }
}

/// The tokens of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    /// Tokens of input, cached ones included.
    pub input: u64,
    /// Tokens of output, reasoning included.
    pub output: u64,
    /// Tokens of input that the provider had cached: part of `input`.
    pub cached_input: u64,
    /// Tokens of output that were reasoning: part of `output`.
    pub reasoning: u64,
    /// Where the count of input comes from.
    pub input_from: Provenance,
    /// Where the count of output comes from.
    pub output_from: Provenance,
}

impl Tokens {
    /// Where the count as a whole comes from: if a half of it is an estimate, the whole is one.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        self.input_from.weaker(self.output_from)
    }
}

/// What a provider reported, as far as it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportedUsage {
    /// Tokens of input, cached ones included.
    pub input: Option<u64>,
    /// Tokens of output, reasoning included.
    pub output: Option<u64>,
    /// Both together.
    pub total: Option<u64>,
    /// Tokens of input that the provider had cached.
    pub cached_input: Option<u64>,
    /// Tokens of output that were reasoning.
    pub reasoning: Option<u64>,
}

impl ReportedUsage {
    /// What is known after a later report: what that one says, and for the rest what was said before.
    fn then(self, later: Self) -> Self {
        Self {
            input: later.input.or(self.input),
            output: later.output.or(self.output),
            total: later.total.or(self.total),
            cached_input: later.cached_input.or(self.cached_input),
            reasoning: later.reasoning.or(self.reasoning),
        }
    }

    /// The tokens, completed where they are not known by an estimate (input, output) from there. A part is never more
    /// than its whole.
    fn completed(&self, (input, output): (u64, u64), from: Provenance) -> Tokens {
        let reported = |tokens| (tokens, Provenance::Reported);
        let (input, output) = match (self.input, self.output, self.total) {
            (Some(input), Some(output), _) => (reported(input), reported(output)),
            (Some(input), None, Some(total)) if total >= input => (reported(input), reported(total - input)),
            (None, Some(output), Some(total)) if total >= output => (reported(total - output), reported(output)),
            (Some(input), None, _) => (reported(input), (output, from)),
            (None, Some(output), _) => ((input, from), reported(output)),
            (None, None, Some(total)) => ((total.saturating_sub(output), from), (output.min(total), from)),
            (None, None, None) => ((input, from), (output, from)),
        };
        Tokens {
            input: input.0,
            output: output.0,
            cached_input: self.cached_input.unwrap_or(0).min(input.0),
            reasoning: self.reasoning.unwrap_or(0).min(output.0),
            input_from: input.1,
            output_from: output.1,
        }
    }
}

/// What was recorded for an entry, for whoever reports it further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Why it ended.
    pub reason: EndReason,
    /// What it used.
    pub tokens: Tokens,
    /// What that cost in micro-USD, rounded to the nearest, halves up. Totals sum exact costs, not these.
    pub cost_micro_usd: u64,
}

/// An open record in the ledger. [`LedgerEntry::close`] consumes it; dropping it closes it as [`EndReason::ClientGone`] with
/// [`LedgerEntry::seen`]. Either way it is closed once.
#[derive(Debug)]
#[must_use = "dropping the entry records that the client went away"]
pub struct LedgerEntry {
    /// `None` once closed: taking it is what makes the close happen once.
    sums: Option<Sums>,
    price: Price,
    input: u64,
    output_bytes: u64,
    reported: ReportedUsage,
}

impl LedgerEntry {
    pub(crate) fn open(sums: Sums, price: Price) -> Self {
        sums.1.open();
        Self { sums: Some(sums), price, input: 0, output_bytes: 0, reported: ReportedUsage::default() }
    }

    /// Notes the input, in tokens, as estimated from the request; a later call replaces an earlier one.
    pub fn asked(&mut self, input_tokens: u64) {
        self.input = input_tokens;
    }

    /// Notes that this many further bytes of output text were relayed.
    pub fn progress(&mut self, output_bytes: u64) {
        self.output_bytes = self.output_bytes.saturating_add(output_bytes);
    }

    /// Notes usage that the provider reported. From then on it is what [`LedgerEntry::seen`] says, so that a client that
    /// leaves after the report and before the end is charged what the provider charges. What a later report says replaces
    /// it.
    pub fn report(&mut self, report: ReportedUsage) {
        self.reported = self.reported.then(report);
    }

    /// The best knowledge so far: the provider's report, and where that says nothing the input asked and one token of
    /// output for every [`BYTES_PER_TOKEN`] bytes relayed, rounded up: [`Provenance::Estimated`] of a `whole` response,
    /// else [`Provenance::Partial`].
    #[must_use]
    pub fn seen(&self, whole: bool) -> Tokens {
        let estimate = (self.input, self.output_bytes.div_ceil(BYTES_PER_TOKEN));
        self.reported.completed(estimate, if whole { Provenance::Estimated } else { Provenance::Partial })
    }

    /// Closes the entry with what was seen.
    pub fn close(mut self, reason: EndReason) -> Closed {
        let tokens = self.seen(reason == EndReason::Completed);
        self.settle(reason, tokens)
    }

    /// Closes the entry with nothing: the upstream did not do the work, and nobody charges for it.
    pub fn void(mut self, reason: EndReason) -> Closed {
        self.settle(reason, Tokens::default())
    }

    fn settle(&mut self, reason: EndReason, tokens: Tokens) -> Closed {
        let cost_micro_usd = self.sums.take().map_or(0, |sums| sums.1.close(reason, &tokens, self.price));
        Closed { reason, tokens, cost_micro_usd }
    }
}

impl Drop for LedgerEntry {
    fn drop(&mut self) {
        if self.sums.is_some() {
            self.settle(EndReason::ClientGone, self.seen(false));
        }
    }
}

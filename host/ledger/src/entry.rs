//! One chargeable request, from open to close.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use weir_config::Price;
use weir_series::Row;

use crate::labels::Labels;
use crate::tally::Tally;

/// The sums that an entry is added to.
pub(crate) type Sums = Row<Labels, Tally>;

/// Bytes of text that are taken for one token where nobody counted: the usual rule of thumb for English.
pub const BYTES_PER_TOKEN: u64 = 4;

/// Why an entry was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
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
    /// Where these counts come from.
    pub provenance: Provenance,
}

/// What was recorded for an entry, for whoever reports it further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Why it ended.
    pub reason: Reason,
    /// What it used.
    pub tokens: Tokens,
    /// What that cost in micro-USD, rounded to the nearest, halves up. Totals sum exact costs, not these.
    pub cost_micro_usd: u64,
}

/// An open record in the ledger. [`Entry::close`] consumes it; dropping it closes it as [`Reason::ClientGone`] with
/// [`Entry::seen`]. Either way it is closed once.
#[derive(Debug)]
#[must_use = "dropping the entry records that the client went away"]
pub struct Entry {
    /// `None` once closed: taking it is what makes the close happen once.
    sums: Option<Sums>,
    price: Price,
    input: u64,
    output_bytes: u64,
    reported: Option<Tokens>,
}

impl Entry {
    pub(crate) fn open(sums: Sums, price: Price) -> Self {
        sums.1.open();
        Self { sums: Some(sums), price, input: 0, output_bytes: 0, reported: None }
    }

    /// Notes the input, in tokens, as estimated from the request; a later call replaces an earlier one.
    pub fn asked(&mut self, input_tokens: u64) {
        self.input = input_tokens;
    }

    /// Notes that this many further bytes of output text were relayed.
    pub fn progress(&mut self, output_bytes: u64) {
        self.output_bytes = self.output_bytes.saturating_add(output_bytes);
    }

    /// Notes usage that the provider reported. From then on it is what [`Entry::seen`] says, so that a client that
    /// leaves after the report and before the end is charged what the provider charges. A later report replaces it.
    pub fn report(&mut self, tokens: Tokens) {
        self.reported = Some(tokens);
    }

    /// The best knowledge so far: the provider's report, or else the input asked and one token of output for every
    /// [`BYTES_PER_TOKEN`] bytes relayed, rounded up, as [`Provenance::Partial`].
    #[must_use]
    pub fn seen(&self) -> Tokens {
        self.reported.unwrap_or_else(|| Tokens {
            input: self.input,
            output: self.output_bytes.div_ceil(BYTES_PER_TOKEN),
            provenance: Provenance::Partial,
            ..Tokens::default()
        })
    }

    /// Closes the entry.
    pub fn close(mut self, reason: Reason, tokens: Tokens) -> Closed {
        self.settle(reason, tokens)
    }

    fn settle(&mut self, reason: Reason, tokens: Tokens) -> Closed {
        let cost_micro_usd = self.sums.take().map_or(0, |sums| sums.1.close(reason, &tokens, self.price));
        Closed { reason, tokens, cost_micro_usd }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.sums.is_some() {
            self.settle(Reason::ClientGone, self.seen());
        }
    }
}

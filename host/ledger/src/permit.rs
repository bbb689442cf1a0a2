//! One chargeable request, from its permit to its close.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use weir_config::Price;
use weir_series::Row;
use weir_usage::{Usage, estimate_tokens};

use crate::labels::Labels;
use crate::tally::LedgerSums;
use crate::usage::{EndReason, Provenance, Tokens};

/// The sums that a permit's entry is added to.
pub(crate) type Sums = Row<Labels, LedgerSums>;

/// Leave to ask an upstream. The ledger counts an entry for each, which is open for as long as the permit is held:
/// [`Permit::close`] and [`Permit::void`] consume it, and dropping it closes it as [`EndReason::ClientGone`] with what was [`seen`](Permit::seen). Either way it is closed once, and
/// closing cannot fail.
#[derive(Debug)]
#[must_use = "dropping the permit records that the client went away"]
pub struct Permit {
    /// `None` once closed: taking it is what makes the close happen once.
    sums: Option<Sums>,
    price: Price,
    input: u64,
    output_bytes: u64,
    reported: Usage,
}

impl Permit {
    pub(crate) fn open(sums: Sums, price: Price) -> Self {
        sums.1.open();
        Self { sums: Some(sums), price, input: 0, output_bytes: 0, reported: Usage::default() }
    }

    /// Notes the input, in tokens, as estimated from the request; a later call replaces an earlier one.
    pub fn asked(&mut self, input_tokens: u64) {
        self.input = input_tokens;
    }

    /// Notes that this many further bytes of output text were relayed.
    pub fn progress(&mut self, output_bytes: u64) {
        self.output_bytes = self.output_bytes.saturating_add(output_bytes);
    }

    /// Notes usage that the provider reported. From then on it is what [`Permit::seen`] says, so that a client that
    /// leaves after the report and before the end is charged what the provider charges. What a later report says replaces
    /// it.
    pub fn report(&mut self, usage: Usage) {
        self.reported = self.reported.then(usage);
    }

    /// The best knowledge so far: the provider's report, and where that says nothing the input asked and one token of
    /// output for every [`BYTES_PER_TOKEN`](weir_usage::BYTES_PER_TOKEN) bytes relayed, rounded up: [`Provenance::Estimated`] of a `whole` response,
    /// else [`Provenance::Partial`].
    #[must_use]
    pub fn seen(&self, whole: bool) -> Tokens {
        let estimate = (self.input, estimate_tokens(self.output_bytes));
        Tokens::of(&self.reported, estimate, if whole { Provenance::Estimated } else { Provenance::Partial })
    }

    /// Closes it with what was seen, and says what that is.
    pub fn close(mut self, reason: EndReason) -> Tokens {
        let tokens = self.seen(reason == EndReason::Completed);
        self.settle(reason, &tokens);
        tokens
    }

    /// Closes it with nothing: the upstream did not do the work, and nobody charges for it.
    pub fn void(mut self) {
        self.settle(EndReason::UpstreamFailed, &Tokens::default());
    }

    fn settle(&mut self, reason: EndReason, tokens: &Tokens) {
        if let Some(sums) = self.sums.take() {
            sums.1.close(reason, tokens, self.price);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.sums.is_some() {
            self.settle(EndReason::ClientGone, &self.seen(false));
        }
    }
}

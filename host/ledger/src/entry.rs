//! One chargeable request, from open to close.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use weir_config::Price;
use weir_series::Row;

use crate::labels::Labels;
use crate::tally::LedgerSums;
use crate::usage::{EndReason, Provenance, ReportedUsage, Tokens};

/// The sums that an entry is added to.
pub(crate) type Sums = Row<Labels, LedgerSums>;

/// Bytes of text that are taken for one token where nobody counted: the usual rule of thumb for English.
pub const BYTES_PER_TOKEN: u64 = 4;

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

    /// Closes the entry with what was seen, and says what that is.
    pub fn close(mut self, reason: EndReason) -> Tokens {
        let tokens = self.seen(reason == EndReason::Completed);
        self.settle(reason, &tokens);
        tokens
    }

    /// Closes the entry with nothing: the upstream did not do the work, and nobody charges for it.
    pub fn void(mut self, reason: EndReason) {
        self.settle(reason, &Tokens::default());
    }

    fn settle(&mut self, reason: EndReason, tokens: &Tokens) {
        if let Some(sums) = self.sums.take() {
            sums.1.close(reason, tokens, self.price);
        }
    }
}

impl Drop for LedgerEntry {
    fn drop(&mut self) {
        if self.sums.is_some() {
            self.settle(EndReason::ClientGone, &self.seen(false));
        }
    }
}

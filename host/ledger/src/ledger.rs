//! The book of all entries, and its totals.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use weir_config::Price;
use weir_series::Table;

use crate::labels::Labels;
use crate::permit::{Permit, Sums};
use crate::tally::{ByProvenance, ByReason, LedgerSums, Sum};

/// The sums of one tenant, model and provider at the moment of reading.
///
/// Each number is exact and never falls. While entries are being closed, one number may already hold an entry that
/// another does not yet; at rest they agree: `opened` is the sum of `reasons`, and of the entries in `tokens`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerTotal {
    /// The tenant's name.
    pub tenant: Arc<str>,
    /// The model as the client names it.
    pub model: Arc<str>,
    /// The provider's name.
    pub provider: Arc<str>,
    /// Entries opened, those still open included.
    pub opened: u64,
    /// Entries closed, by reason.
    pub reasons: ByReason<u64>,
    /// Entries closed and their tokens, by provenance.
    pub tokens: ByProvenance<Sum>,
    /// What they cost in micro-USD: exact sums of `tokens × price`, rounded here to the nearest, halves up.
    pub cost_micro_usd: u64,
}

/// The sums of one tenant, model and provider, for whoever takes permits there: to be kept, so that taking one needs no lock
/// and looks nothing up.
#[derive(Clone)]
pub struct Account(Sums);

impl Account {
    /// The permit for a request that is about to be chargeable, at `price`. What a ledger has against a request it has to
    /// say here: whoever holds a permit may spend, and can close it.
    pub fn permit(&self, price: Price) -> Permit {
        Permit::open(Sums::clone(&self.0), price)
    }

    #[cfg(test)]
    pub(crate) fn tally(&self) -> &LedgerSums {
        &self.0.1
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Account").field(&self.0.0).finish()
    }
}

/// Counts what every tenant used of every model at every provider, since it was made. It outlives configurations:
/// names that a reload brings are taken up as they come, and those that it drops keep their totals until somebody lets
/// them go.
///
/// It grows with the combinations that are used, up to a limit; those that come later are summed as tenant and model
/// [`OTHER`](weir_series::OTHER), for each provider.
#[derive(Debug)]
pub struct Ledger {
    tallies: Table<Labels, LedgerSums>,
}

impl Ledger {
    /// An empty ledger of at most so many combinations.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { tallies: Table::new(limit, Labels::shared) }
    }

    /// Changes the limit. Combinations that are there stay.
    pub fn set_limit(&self, limit: usize) {
        self.tallies.set_limit(limit);
    }

    /// Where entries of a tenant, model and provider are summed. Takes a lock: keep the answer.
    #[must_use]
    pub fn account(&self, tenant: &str, model: &str, provider: &str) -> Account {
        let labels = Labels { tenant: tenant.into(), model: model.into(), provider: provider.into() };
        Account(self.tallies.row(&labels))
    }

    /// Lets go of the sums of combinations that nobody has needed, and in which nothing was open, for as long as `after`:
    /// what is closed under their labels from then on begins at zero. `needed` is asked for tenant, model and provider.
    pub fn let_go(&self, needed: impl Fn(&str, &str, &str) -> bool, (now, after): (Instant, Duration)) {
        let needed = |of: &Labels| needed(&of.tenant, &of.model, &of.provider);
        self.tallies.let_go(needed, (now, after), |_, _| {});
    }

    /// Combinations that have sums of their own.
    pub fn kept(&self) -> usize {
        self.tallies.kept()
    }

    /// How many times a combination found no room.
    pub fn beyond(&self) -> u64 {
        self.tallies.beyond()
    }

    /// All totals, sorted by tenant, model and provider.
    #[must_use]
    pub fn totals(&self) -> Vec<LedgerTotal> {
        let mut totals = Vec::new();
        self.tallies.each(|labels, tally| totals.push(total(labels, tally)));
        totals.sort_by(|a, b| (&a.tenant, &a.model, &a.provider).cmp(&(&b.tenant, &b.model, &b.provider)));
        totals
    }
}

fn total(labels: &Labels, tally: &LedgerSums) -> LedgerTotal {
    LedgerTotal {
        tenant: Arc::clone(&labels.tenant),
        model: Arc::clone(&labels.model),
        provider: Arc::clone(&labels.provider),
        opened: tally.opened(),
        reasons: tally.reasons(),
        tokens: tally.tokens(),
        cost_micro_usd: tally.cost_micro_usd(),
    }
}

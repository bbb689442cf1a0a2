//! The book of all entries, and its totals.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use weir_config::Price;

use crate::entry::Entry;
use crate::tally::{ByProvenance, ByReason, Sum, Tally};

/// The sums of one tenant, model and provider at the moment of reading.
///
/// Each number is exact and never falls. While entries are being closed, one number may already hold an entry that
/// another does not yet; at rest they agree: `opened` is the sum of `reasons`, and of the entries in `tokens`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
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

/// One tenant's tallies: by model, and within it, as there are few, one after another by provider.
type Page = HashMap<Arc<str>, Vec<(Arc<str>, Arc<Tally>)>>;
/// The pages by tenant. A page that grows is replaced by a copy; the map of pages likewise, for a new tenant.
type Pages = HashMap<Arc<str>, Arc<ArcSwap<Page>>>;

/// Counts what every tenant used of every model at every provider, since it was made. It outlives configurations:
/// names that a reload brings are taken up as they come, and those that it drops keep their totals.
///
/// It grows with the number of *configured* combinations in use; the caller passes no name that a client made up.
#[derive(Debug)]
pub struct Ledger {
    pages: ArcSwap<Pages>,
}

impl Ledger {
    /// An empty ledger, with a place ready for each of `tenants`. Others may follow later.
    pub fn new<T: AsRef<str>>(tenants: impl IntoIterator<Item = T>) -> Self {
        let pages = tenants.into_iter().map(|tenant| (Arc::from(tenant.as_ref()), Arc::default())).collect();
        Self { pages: ArcSwap::from_pointee(pages) }
    }

    /// Opens an entry: from now on the request is chargeable, at `price`.
    ///
    /// Takes no lock. The first entry of a combination copies one tenant's table, which is small.
    pub fn open(&self, tenant: &Arc<str>, model: &str, provider: &str, price: Price) -> Entry {
        let known = self.pages.load().get(tenant).and_then(|page| find(&page.load(), model, provider));
        let tally = known.unwrap_or_else(|| self.enter(tenant, model, provider));
        Entry::open(tally, price)
    }

    /// All totals, sorted by tenant, model and provider.
    #[must_use]
    pub fn totals(&self) -> Vec<Total> {
        let mut totals: Vec<_> = self
            .pages
            .load()
            .iter()
            .flat_map(|(tenant, page)| {
                let page = page.load_full();
                page.iter()
                    .flat_map(|(model, providers)| {
                        providers.iter().map(|(provider, tally)| total(tenant, model, provider, tally))
                    })
                    .collect::<Vec<_>>()
            })
            .collect();
        totals.sort_by(|a, b| (&a.tenant, &a.model, &a.provider).cmp(&(&b.tenant, &b.model, &b.provider)));
        totals
    }

    /// Adds the combination if another thread has not done so meanwhile, and returns the tally that all threads see.
    #[cold]
    fn enter(&self, tenant: &Arc<str>, model: &str, provider: &str) -> Arc<Tally> {
        if !self.pages.load().contains_key(tenant) {
            self.pages.rcu(|pages| {
                let mut pages = Pages::clone(pages);
                let _page = pages.entry(Arc::clone(tenant)).or_default();
                pages
            });
        }
        let pages = self.pages.load();
        let Some(page) = pages.get(tenant) else { return Arc::default() };
        page.rcu(|page| {
            let mut page = Page::clone(page);
            let providers = page.entry(Arc::from(model)).or_default();
            if !providers.iter().any(|(name, _)| **name == *provider) {
                providers.push((Arc::from(provider), Arc::default()));
            }
            page
        });
        find(&page.load(), model, provider).unwrap_or_default()
    }
}

fn find(page: &Page, model: &str, provider: &str) -> Option<Arc<Tally>> {
    let (_, tally) = page.get(model)?.iter().find(|(name, _)| **name == *provider)?;
    Some(Arc::clone(tally))
}

fn total(tenant: &Arc<str>, model: &Arc<str>, provider: &Arc<str>, tally: &Tally) -> Total {
    Total {
        tenant: Arc::clone(tenant),
        model: Arc::clone(model),
        provider: Arc::clone(provider),
        opened: tally.opened(),
        reasons: tally.reasons(),
        tokens: tally.tokens(),
        cost_micro_usd: tally.cost_micro_usd(),
    }
}

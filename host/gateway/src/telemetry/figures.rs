//! Where one worker counts, resolved: what it has looked up of the shared figures stays with the snapshot that it serves
//! from. So a lock is taken for the first request of a tenant and model alone, and no name is looked up after that.

use crate::telemetry::stats::{Pair, RequestStats, RequestTimes, Requests};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use weir_ledger::{Account, Ledger};

/// Stands for a tenant or a model that is not known.
pub(crate) const UNKNOWN: u32 = u32::MAX;

/// Where a request is counted, on one worker.
#[derive(Debug)]
pub(crate) struct RequestCounters {
    pub(crate) requests: Arc<Requests>,
    pub(crate) times: Arc<RequestTimes>,
}

/// Keyed by indices in the configuration, so that nobody can make them collide.
type Known<K, V> = RefCell<HashMap<K, V, foldhash::fast::RandomState>>;

/// The figures of one worker and snapshot.
#[derive(Debug)]
pub(crate) struct Figures {
    worker: usize,
    stats: Arc<RequestStats>,
    ledger: Arc<Ledger>,
    /// Whether times are kept for each tenant.
    by_tenant: bool,
    /// How much is remembered of each kind: a worker that has met more begins anew.
    most: usize,
    nobody: Rc<RequestCounters>,
    pairs: Known<(u32, u32), Rc<RequestCounters>>,
    accounts: Known<(u32, u32, u32), Account>,
    refusals: Known<u32, Vec<(Box<str>, Arc<AtomicU64>)>>,
}

impl Figures {
    pub(crate) fn new(
        worker: usize,
        stats: &Arc<RequestStats>,
        ledger: &Arc<Ledger>,
        by_tenant: bool,
        most: usize,
    ) -> Self {
        let nobody = Rc::new(resolve(stats, worker, by_tenant, ("", "")));
        let (stats, ledger) = (Arc::clone(stats), Arc::clone(ledger));
        let (pairs, accounts, refusals) = (Known::default(), Known::default(), Known::default());
        Self { worker, stats, ledger, by_tenant, most, nobody, pairs, accounts, refusals }
    }

    /// Lets go of what was looked up, for another snapshot serves: requests that are under way have what they need.
    pub(crate) fn forget(&self) {
        self.pairs.borrow_mut().clear();
        self.accounts.borrow_mut().clear();
        self.refusals.borrow_mut().clear();
    }

    /// Where a request is counted of which nothing is known yet.
    pub(crate) fn nobody(&self) -> Rc<RequestCounters> {
        Rc::clone(&self.nobody)
    }

    /// Where a request of a tenant for a model is counted, by their indices in the configuration and their names.
    pub(crate) fn of(&self, indices: (u32, u32), names: (&str, &str)) -> Rc<RequestCounters> {
        let make = || Rc::new(resolve(&self.stats, self.worker, self.by_tenant, names));
        remember(&self.pairs, indices, self.most, make)
    }

    /// Where the ledger sums what a tenant's requests for a model cost at a provider, likewise.
    pub(crate) fn account(&self, indices: (u32, u32, u32), (tenant, model, provider): (&str, &str, &str)) -> Account {
        remember(&self.accounts, indices, self.most, || self.ledger.account(tenant, model, provider))
    }

    /// Counts a refusal of a tenant's, by its index, or of somebody's who is not known, by its code, which a plugin may have chosen.
    pub(crate) fn refusal(&self, index: u32, tenant: &Arc<str>, code: &str, chosen: bool) {
        let mut refusals = self.refusals.borrow_mut();
        if refusals.len() >= self.most && !refusals.contains_key(&index) {
            refusals.clear();
        }
        let codes = refusals.entry(index).or_default();
        if let Some((_, count)) = codes.iter().find(|(known, _)| **known == *code) {
            count.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let count = self.stats.refusal(self.worker, tenant, code, chosen);
        count.fetch_add(1, Ordering::Relaxed);
        if codes.len() >= CODES {
            codes.clear();
        }
        codes.push((code.into(), count));
    }
}

/// Codes that are remembered of one tenant.
const CODES: usize = 128;

/// What is known under a key, found out on first use.
fn remember<K: Copy + Eq + Hash, V: Clone>(
    known: &Known<K, V>,
    key: K,
    most: usize,
    find_out: impl FnOnce() -> V,
) -> V {
    let mut known = known.borrow_mut();
    if let Some(value) = known.get(&key) {
        return value.clone();
    }
    if known.len() >= most {
        known.clear();
    }
    let value = find_out();
    known.insert(key, value.clone());
    value
}

fn resolve(stats: &RequestStats, worker: usize, by_tenant: bool, (tenant, model): (&str, &str)) -> RequestCounters {
    let pair = Pair { tenant: tenant.into(), model: model.into() };
    let requests = stats.requests.row(&pair).1.of(worker);
    let whose = if by_tenant { pair } else { Pair { tenant: "".into(), ..pair } };
    RequestCounters { requests, times: stats.times.row(&whose).1.of(worker) }
}

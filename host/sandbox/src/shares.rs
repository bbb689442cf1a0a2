//! How instances are shared out: one bound for all of them, and for each tenant a ceiling and a reserve.
//!
//! A place is taken for as long as an instance lives, idle or not, and not for each call: a call that finds an instance in
//! its pool touches nothing here. The last quarter of all places is for those who have no more than their reserve, and the
//! last quarter of a tenant's for those of its pools that have next to nothing. So nobody is kept out by what others have.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use crate::tenant::TenantId;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;
use tokio::sync::Notify;
use weir_config::PluginShares;

/// Instances that a pool may have out of the last quarter of its tenant's.
const FEW: usize = 2;

/// Milliseconds between two times that the workers are asked for idle instances, at the least.
const PRESSES: u64 = 4;

/// What is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Short {
    /// The tenant has as many instances as it may have.
    Tenant(TenantId),
    /// All places are taken but for the last quarter, and the tenant has more than its reserve.
    Most,
    /// All places are taken.
    All,
}

/// All places, and who has how many of them. Shared by all threads.
#[derive(Debug)]
pub(crate) struct Shares {
    /// As many as the engine has room for, whatever the configuration says.
    room: usize,
    limit: AtomicUsize,
    ceiling: AtomicUsize,
    reserve: AtomicUsize,
    memory: AtomicUsize,
    alive: AtomicUsize,
    /// Bytes of linear memory of all instances.
    bytes: AtomicUsize,
    accounts: Mutex<HashMap<TenantId, Weak<Account>>>,
    /// How many times somebody found most places taken, or all: each worker gives up idle ones once for each.
    wanted: [AtomicU64; 2],
    /// Tells the workers that somebody needs places, and when it did last: milliseconds since the beginning.
    pressed: Notify,
    last: AtomicU64,
    beginning: Instant,
}

/// What one tenant has.
#[derive(Debug)]
pub(crate) struct Account {
    tenant: TenantId,
    all: Arc<Shares>,
    alive: AtomicUsize,
    bytes: AtomicUsize,
    /// How many times this tenant has found its places taken.
    wanted: AtomicU64,
}

/// A place, for as long as an instance lives, and the memory that it has.
#[derive(Debug)]
pub(crate) struct Place {
    /// None for an instance that is only tried out: those are few at a time, and have room of their own.
    account: Option<Arc<Account>>,
    /// How many it is: an instance that is made of much takes several.
    places: usize,
    bytes: usize,
}

impl Shares {
    pub(crate) fn new(room: usize) -> Arc<Self> {
        let shares = Self {
            room,
            limit: AtomicUsize::new(0),
            ceiling: AtomicUsize::new(0),
            reserve: AtomicUsize::new(0),
            memory: AtomicUsize::new(0),
            alive: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            accounts: Mutex::default(),
            wanted: [AtomicU64::new(0), AtomicU64::new(0)],
            pressed: Notify::new(),
            last: AtomicU64::new(0),
            beginning: Instant::now(),
        };
        shares.set(&PluginShares::default());
        Arc::new(shares)
    }

    /// Changes the rules. Instances that are there stay, also past lower bounds.
    pub(crate) fn set(&self, rules: &PluginShares) {
        self.limit.store(rules.instances.min(self.room), Relaxed);
        self.ceiling.store(rules.tenant_instances, Relaxed);
        self.reserve.store(rules.tenant_reserve, Relaxed);
        self.memory.store(rules.tenant_memory, Relaxed);
    }

    /// The account of a tenant. Takes a lock: keep the answer.
    pub(crate) fn account(self: &Arc<Self>, tenant: TenantId) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = accounts.get(&tenant).and_then(Weak::upgrade) {
            return known;
        }
        if accounts.len() == accounts.capacity() {
            accounts.retain(|_, account| account.strong_count() > 0);
        }
        let account = Arc::new(Account {
            tenant,
            all: Arc::clone(self),
            alive: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            wanted: AtomicU64::new(0),
        });
        accounts.insert(tenant, Arc::downgrade(&account));
        account
    }

    /// Instances alive, how many there may be, and bytes of their linear memory.
    pub(crate) fn figures(&self) -> (usize, usize, usize) {
        (self.alive.load(Relaxed), self.limit.load(Relaxed), self.bytes.load(Relaxed))
    }

    /// Has the workers give up idle instances for somebody to whom this is short.
    pub(crate) fn press(&self, account: &Account, short: Short) {
        let [most, all] = &self.wanted;
        match short {
            Short::Tenant(_) => account.wanted.fetch_add(1, Relaxed),
            Short::Most => most.fetch_add(1, Relaxed),
            Short::All => all.fetch_add(1, Relaxed),
        };
        // The workers look through all their pools: not for each of a thousand requests that find nothing.
        let now = u64::try_from(self.beginning.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now.saturating_sub(self.last.load(Relaxed)) >= PRESSES {
            self.last.store(now, Relaxed);
            self.pressed.notify_waiters();
        }
    }

    /// Ends when somebody needs places that idle instances may have.
    pub(crate) fn pressed(&self) -> impl Future<Output = ()> + '_ {
        self.pressed.notified()
    }

    /// How many times somebody has found most places taken, and how many times all.
    pub(crate) fn wanted(&self) -> [u64; 2] {
        self.wanted.each_ref().map(|wanted| wanted.load(Relaxed))
    }
}

impl Account {
    /// Takes so many places for an instance of a pool that has `there` instances already.
    pub(crate) fn take(self: &Arc<Self>, places: usize, there: usize) -> Result<Place, Short> {
        let ceiling = self.all.ceiling.load(Relaxed);
        let own = if there < FEW { ceiling } else { but_a_quarter(ceiling) };
        let had = more(&self.alive, places, own).ok_or(Short::Tenant(self.tenant))?;
        let limit = self.all.limit.load(Relaxed);
        let has_little = had < self.all.reserve.load(Relaxed);
        let all = if has_little { limit } else { but_a_quarter(limit) };
        if more(&self.all.alive, places, all).is_none() {
            self.alive.fetch_sub(places, Relaxed);
            return Err(if has_little { Short::All } else { Short::Most });
        }
        Ok(Place { account: Some(Arc::clone(self)), places, bytes: 0 })
    }

    /// Whose it is.
    pub(crate) fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Whether it has more than its reserve: idle instances beyond that are given up for others.
    pub(crate) fn is_beyond_reserve(&self) -> bool {
        self.alive.load(Relaxed) > self.all.reserve.load(Relaxed)
    }

    /// How many times it has found its places taken.
    pub(crate) fn wanted(&self) -> u64 {
        self.wanted.load(Relaxed)
    }

    /// Has the workers give up idle instances for one of this tenant's.
    pub(crate) fn press(&self, short: Short) {
        self.all.press(self, short);
    }
}

impl Place {
    /// A place for an instance that serves nobody: it is only tried out.
    pub(crate) fn of_a_trial() -> Self {
        Self { account: None, places: 0, bytes: 0 }
    }

    /// Counts more linear memory; false if the tenant has as much as it may have.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let Some(account) = &self.account else { return true };
        let most = account.all.memory.load(Relaxed);
        let more = |had: usize| had.checked_add(bytes).filter(|sum| *sum <= most);
        if account.bytes.fetch_update(Relaxed, Relaxed, more).is_err() {
            // Idle instances may have it: for whoever comes next.
            account.press(Short::Tenant(account.tenant));
            return false;
        }
        account.all.bytes.fetch_add(bytes, Relaxed);
        self.bytes += bytes;
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(account) = &self.account else { return };
        account.bytes.fetch_sub(self.bytes, Relaxed);
        account.all.bytes.fetch_sub(self.bytes, Relaxed);
        account.alive.fetch_sub(self.places, Relaxed);
        account.all.alive.fetch_sub(self.places, Relaxed);
    }
}

fn but_a_quarter(all: usize) -> usize {
    all - all / 4
}

/// Counts so many more unless these would be more than `limit`; answers how many there were.
fn more(count: &AtomicUsize, places: usize, limit: usize) -> Option<usize> {
    let sum = |count: usize| count.checked_add(places).filter(|sum| *sum <= limit);
    count.fetch_update(Relaxed, Relaxed, sum).ok()
}

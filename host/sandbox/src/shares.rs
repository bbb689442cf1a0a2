//! How instances and their memory are shared out: one bound for all of them, and for each tenant a ceiling and a reserve.
//!
//! A place is taken for as long as an instance lives, idle or not, and not for each call: a call that finds an instance in
//! its pool touches nothing here. The last quarter of all places is for those who have no more than their reserve, and the
//! last quarter of a tenant's for those of its pools that have next to nothing. Memory likewise: its last quarter is for
//! those who have little of it. So nobody is kept out by what others have.

pub(crate) mod place;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use crate::error::Fault;
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
    /// The tenant has as many instances, or as much memory, as it may have.
    Tenant(TenantId),
    /// All places, or all memory, are taken but for the last quarter, and the tenant has more than its reserve.
    Most,
    /// All of either is taken.
    All,
}

impl Short {
    /// What it means for a call that needs it.
    pub(crate) fn fault(self) -> Fault {
        match self {
            Self::Tenant(_) => Fault::Share,
            Self::Most | Self::All => Fault::Full,
        }
    }
}

/// All places, and who has how many of them. Shared by all threads.
#[derive(Debug)]
pub(crate) struct Shares {
    /// As many as the engine has room for, whatever the configuration says.
    room: usize,
    /// Bytes of memory that all may have on this machine where the configuration says nothing.
    usual: usize,
    limit: AtomicUsize,
    ceiling: AtomicUsize,
    reserve: AtomicUsize,
    /// The same three of memory, in bytes.
    memory: AtomicUsize,
    memory_ceiling: AtomicUsize,
    memory_reserve: AtomicUsize,
    alive: AtomicUsize,
    /// Bytes of memory of all instances.
    bytes: AtomicUsize,
    accounts: Mutex<HashMap<TenantId, Weak<TenantShare>>>,
    /// How many times somebody found most places taken, or all: each worker gives up idle ones once for each.
    wanted: [AtomicU64; 2],
    /// Tells the workers that somebody needs places, and when it did last: milliseconds since the beginning.
    pressed: Notify,
    last: AtomicU64,
    beginning: Instant,
}

/// What one tenant has.
#[derive(Debug)]
pub(crate) struct TenantShare {
    tenant: TenantId,
    all: Arc<Shares>,
    alive: AtomicUsize,
    bytes: AtomicUsize,
    /// How many times this tenant has found its places taken.
    wanted: AtomicU64,
}

impl Shares {
    /// All that an engine with so much room has, on a machine where all may have so much memory.
    pub(crate) fn new(room: usize, usual: usize) -> Arc<Self> {
        let shares = Self {
            room,
            usual,
            limit: AtomicUsize::new(0),
            ceiling: AtomicUsize::new(0),
            reserve: AtomicUsize::new(0),
            memory: AtomicUsize::new(0),
            memory_ceiling: AtomicUsize::new(0),
            memory_reserve: AtomicUsize::new(0),
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
        self.memory.store(rules.memory.unwrap_or(self.usual), Relaxed);
        self.memory_ceiling.store(rules.tenant_memory, Relaxed);
        self.memory_reserve.store(rules.tenant_memory_reserve, Relaxed);
    }

    /// The account of a tenant. Takes a lock: keep the answer.
    pub(crate) fn account(self: &Arc<Self>, tenant: TenantId) -> Arc<TenantShare> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = accounts.get(&tenant).and_then(Weak::upgrade) {
            return known;
        }
        if accounts.len() == accounts.capacity() {
            accounts.retain(|_, account| account.strong_count() > 0);
        }
        let account = Arc::new(TenantShare {
            tenant,
            all: Arc::clone(self),
            alive: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            wanted: AtomicU64::new(0),
        });
        accounts.insert(tenant, Arc::downgrade(&account));
        account
    }

    /// Instances alive, how many there may be, and bytes of their memory.
    pub(crate) fn figures(&self) -> (usize, usize, usize) {
        (self.alive.load(Relaxed), self.limit.load(Relaxed), self.bytes.load(Relaxed))
    }

    /// Bytes of memory that all instances may have together.
    pub(crate) fn memory(&self) -> usize {
        self.memory.load(Relaxed)
    }

    /// Has the workers give up idle instances for somebody to whom this is short.
    pub(crate) fn press(&self, account: &TenantShare, short: Short) {
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

impl TenantShare {
    /// Whose it is.
    pub(crate) fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Whether it has more than its reserve, of places or of memory: idle instances beyond that are given up for others.
    pub(crate) fn is_beyond_reserve(&self) -> bool {
        self.alive.load(Relaxed) > self.all.reserve.load(Relaxed)
            || self.bytes.load(Relaxed) > self.all.memory_reserve.load(Relaxed)
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

fn but_a_quarter(all: usize) -> usize {
    all - all / 4
}

/// Counts so many more unless these would be more than `limit`; answers how many there were.
fn more(count: &AtomicUsize, places: usize, limit: usize) -> Option<usize> {
    let sum = |count: usize| count.checked_add(places).filter(|sum| *sum <= limit);
    count.fetch_update(Relaxed, Relaxed, sum).ok()
}

//! How instances and their memory are shared out: one bound for all of them, and for each tenant a ceiling and a reserve.
//!
//! A place is taken for as long as an instance lives, idle or not, and not for each call: a call that finds an instance in
//! its pool touches nothing here. The last quarter of all places is for those who have no more than their reserve, and the
//! last quarter of a tenant's for those of its pools that have next to nothing. Memory likewise: its last quarter is for
//! those who have little of it. So nobody is kept out by what others have.
//!
//! What idle instances have is nobody's: whoever finds something short asks the workers for it, and is refused only when they
//! have answered, or do not.

mod asks;
pub(crate) mod place;
pub(crate) mod wait;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub(crate) use asks::IdleAnswer;

use crate::error::Fault;
use crate::tenant::TenantId;
use asks::IdleAsks;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use weir_config::PluginShares;

/// Instances that a pool may have out of the last quarter of its tenant's.
const FEW: usize = 2;

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
    /// How many times most memory was taken, and how many times next to all of it, or somebody was refused what there is for
    /// all: each worker gives up idle instances once for each.
    wanted: [AtomicU64; 2],
    asks: IdleAsks,
    /// Idle instances that were ended for somebody, so far.
    ended: AtomicU64,
}

/// What one tenant has.
#[derive(Debug)]
pub(crate) struct TenantShare {
    tenant: TenantId,
    all: Arc<Shares>,
    alive: AtomicUsize,
    bytes: AtomicUsize,
    /// How many times this tenant has found its own places taken, and how many times most of all, or all.
    wanted: [AtomicU64; 2],
    /// Idle instances of its own that were ended for somebody, so far.
    ended: AtomicU64,
}

/// One time that the workers were asked for what idle instances have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskRound {
    asked: u64,
    /// Instances that had been ended before, of whom it matters.
    ended: u64,
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
            asks: IdleAsks::new(),
            ended: AtomicU64::new(0),
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
            wanted: [AtomicU64::new(0), AtomicU64::new(0)],
            ended: AtomicU64::new(0),
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

    /// Ends when somebody needs places that idle instances may have.
    pub(crate) fn pressed(&self) -> impl Future<Output = ()> + '_ {
        self.asks.pressed()
    }

    /// Where one more worker answers when it was asked for what its idle instances have: whoever needs that waits for it.
    pub(crate) fn answer(&self) -> IdleAnswer {
        self.asks.answer()
    }

    /// Has the workers give up idle instances before anybody is refused: most memory is taken, or next to all of it.
    fn nudge(&self, is_next_to_all: bool) {
        let [most, all] = &self.wanted;
        if is_next_to_all { all } else { most }.fetch_add(1, Relaxed);
        self.asks.ask();
    }

    /// How often the workers were asked. To be read before what is wanted.
    pub(crate) fn asked(&self) -> u64 {
        self.asks.asked()
    }

    /// How many times most memory was taken, and how many times next to all of it, or somebody was refused.
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

    /// Whether it has more than half of the memory that it may have, or all together more than half of theirs: no instance
    /// is then kept for what it has grown by.
    pub(crate) fn is_crowded(&self) -> bool {
        let all = &self.all;
        self.bytes.load(Relaxed) > all.memory_ceiling.load(Relaxed) / 2
            || all.bytes.load(Relaxed) > all.memory.load(Relaxed) / 2
    }

    /// How many times it has found its own places taken, and how many times most of all, or all.
    pub(crate) fn wanted(&self) -> [u64; 2] {
        self.wanted.each_ref().map(|wanted| wanted.load(Relaxed))
    }

    /// Has the workers give up idle instances for one of this tenant's, to which this is short.
    pub(crate) fn press(&self, short: Short) -> AskRound {
        let ([own, others], [_, refused]) = (&self.wanted, &self.all.wanted);
        match short {
            Short::Tenant(_) => _ = own.fetch_add(1, Relaxed),
            Short::Most | Short::All => {
                others.fetch_add(1, Relaxed);
                refused.fetch_add(1, Relaxed);
            }
        }
        let ended = self.ended(short).load(Relaxed);
        AskRound { asked: self.all.asks.ask(), ended }
    }

    /// Whether idle instances have been ended since the workers were asked; nothing while one of these has not answered.
    pub(crate) fn answer(&self, round: AskRound, short: Short) -> Option<bool> {
        let is_own = matches!(short, Short::Tenant(_));
        self.all.asks.is_answered(round.asked, is_own).then(|| self.ended(short).load(Relaxed) != round.ended)
    }

    /// So many idle instances of its own were ended for somebody.
    pub(crate) fn gave_up(&self, instances: usize) {
        let instances = u64::try_from(instances).unwrap_or(u64::MAX);
        self.ended.fetch_add(instances, Relaxed);
        self.all.ended.fetch_add(instances, Relaxed);
    }

    /// The count of ended instances that matter to one to whom this is short.
    fn ended(&self, short: Short) -> &AtomicU64 {
        match short {
            Short::Tenant(_) => &self.ended,
            Short::Most | Short::All => &self.all.ended,
        }
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

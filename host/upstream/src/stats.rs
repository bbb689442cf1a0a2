//! Counters of one upstream. Each worker writes its own shard, so that counting never bounces a cache line between
//! cores; a reader adds the shards up.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::ErrorSlot;

/// One number that a single worker writes and anybody reads.
#[derive(Debug, Default)]
pub(crate) struct LocalCounter(AtomicU64);

impl LocalCounter {
    /// Adds one. There is one writer, so no locked instruction is needed.
    pub(crate) fn bump(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
    }

    pub(crate) fn set(&self, value: usize) {
        self.0.store(value as u64, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What one worker counts about one upstream.
#[derive(Debug, Default)]
#[repr(align(128))] // two cache lines: neighbours are prefetched in pairs
pub(crate) struct Shard {
    pub(crate) open: LocalCounter,
    pub(crate) idle: LocalCounter,
    pub(crate) waiting: LocalCounter,
    pub(crate) created: LocalCounter,
    pub(crate) waits: LocalCounter,
    pub(crate) requests: LocalCounter,
    pub(crate) reused: LocalCounter,
    pub(crate) recovered: LocalCounter,
    pub(crate) dead: LocalCounter,
    errors: [LocalCounter; ErrorSlot::ALL.len()],
}

impl Shard {
    pub(crate) fn error(&self, slot: ErrorSlot) {
        if let Some(cell) = self.errors.get(slot as usize) {
            cell.bump();
        }
    }
}

/// The counters and gauges of one upstream, over all workers.
#[derive(Debug, Default)]
pub struct UpstreamStats {
    // Locked only when a worker meets the upstream for the first time and when somebody reads.
    shards: Mutex<Vec<Arc<Shard>>>,
}

impl UpstreamStats {
    pub(crate) fn shard(&self) -> Arc<Shard> {
        let shard = Arc::new(Shard::default());
        self.shards.lock().unwrap_or_else(PoisonError::into_inner).push(shard.clone());
        shard
    }

    fn sum(&self, pick: impl Fn(&Shard) -> &LocalCounter) -> u64 {
        self.shards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .fold(0, |total, shard| total.wrapping_add(pick(shard).get()))
    }

    /// Connections that exist now, those being opened included (gauge).
    #[must_use]
    pub fn open(&self) -> u64 {
        self.sum(|s| &s.open)
    }

    /// Connections without a request on them (gauge).
    #[must_use]
    pub fn idle(&self) -> u64 {
        self.sum(|s| &s.idle)
    }

    /// Requests that wait for a connection now (gauge).
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.sum(|s| &s.waiting)
    }

    /// Connections opened so far (counter).
    #[must_use]
    pub fn created(&self) -> u64 {
        self.sum(|s| &s.created)
    }

    /// Requests that had to wait for a connection so far (counter).
    #[must_use]
    pub fn waits(&self) -> u64 {
        self.sum(|s| &s.waits)
    }

    /// Attempts so far (counter).
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.sum(|s| &s.requests)
    }

    /// Attempts that went out on a connection that had served before (counter).
    #[must_use]
    pub fn reused(&self) -> u64 {
        self.sum(|s| &s.reused)
    }

    /// Requests taken back unsent from a connection that had died in the pool, and sent on another (counter).
    #[must_use]
    pub fn recovered(&self) -> u64 {
        self.sum(|s| &s.recovered)
    }

    /// Requests that did not get to the other end of a connection, because nobody was there any more (counter).
    #[must_use]
    pub fn dead(&self) -> u64 {
        self.sum(|s| &s.dead)
    }

    /// Attempts refused because of `max_connections` and `max_waiting` or `wait_timeout` (counter).
    #[must_use]
    pub fn busy(&self) -> u64 {
        self.error(ErrorSlot::Busy)
    }

    /// Attempts that failed while connecting: refused, unreachable, too slow, or TLS (counter).
    #[must_use]
    pub fn connect_errors(&self) -> u64 {
        [ErrorSlot::Connect, ErrorSlot::ConnectTimeout, ErrorSlot::Tls].into_iter().map(|slot| self.error(slot)).sum()
    }

    /// Every failure counter with its label.
    pub fn errors(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        ErrorSlot::ALL.into_iter().map(|slot| (slot.label(), self.error(slot)))
    }

    fn error(&self, slot: ErrorSlot) -> u64 {
        self.shards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter_map(|shard| shard.errors.get(slot as usize))
            .fold(0, |total, cell| total.wrapping_add(cell.get()))
    }
}

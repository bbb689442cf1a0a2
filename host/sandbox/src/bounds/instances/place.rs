//! A place among all instances, and the memory that goes with it.

use super::wait::ShareWait;
use super::{FEW, Short, TenantShare, but_a_quarter, more};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio::time::Instant;

/// A place, for as long as an instance lives, and the memory that it has: linear memory and tables.
#[derive(Debug)]
pub(crate) struct InstancePlace {
    /// None for an instance that is only tried out: those are few at a time, and have room of their own.
    account: Option<Arc<TenantShare>>,
    /// How many it is: an instance that is made of much takes several.
    places: usize,
    /// Bytes that are counted for it, and how many of these it does not have yet.
    bytes: usize,
    ahead: usize,
}

impl InstancePlace {
    /// These places, which are counted already.
    fn new(account: &Arc<TenantShare>, places: usize) -> Self {
        Self { account: Some(Arc::clone(account)), places, bytes: 0, ahead: 0 }
    }

    /// A place for an instance that serves nobody: it is only tried out.
    pub(crate) fn of_a_trial() -> Self {
        Self { account: None, places: 0, bytes: 0, ahead: 0 }
    }

    /// The same with so much memory ahead of its start: what it needs anyway is waited for like a place.
    fn with(mut self, bytes: usize) -> Result<Self, Short> {
        self.count(bytes)?;
        self.ahead = bytes;
        Ok(self)
    }

    /// Bytes that are counted for it.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The instance has so many more bytes, or may not have them now: then it is said what is short.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Short> {
        let had = self.ahead.min(bytes);
        self.count(bytes - had)?;
        self.ahead -= had;
        Ok(())
    }

    /// Whether so many more bytes would be too much for it if no other instance had any.
    pub(crate) fn is_too_much(&self, bytes: usize) -> bool {
        let all = self.bytes.saturating_add(bytes - self.ahead.min(bytes));
        self.account.as_ref().is_some_and(|account| account.is_too_much(all))
    }

    /// Until when to wait for what is short before it is looked again; nothing if the wait is over.
    pub(crate) fn wait(&self, patience: &mut ShareWait, short: Short) -> Option<Instant> {
        self.account.as_ref().and_then(|account| patience.next(account, Some(short)))
    }

    /// Counts so many more bytes for it.
    fn count(&mut self, bytes: usize) -> Result<(), Short> {
        if let Some(account) = &self.account {
            account.take_memory(bytes)?;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(())
    }
}

impl TenantShare {
    /// Takes so many places, and bytes of memory, for an instance of a pool that has `there` instances already.
    pub(crate) fn take(
        self: &Arc<Self>,
        (places, bytes): (usize, usize),
        there: usize,
    ) -> Result<InstancePlace, Short> {
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
        InstancePlace::new(self, places).with(bytes)
    }

    /// Whether so many bytes are more than it may ever have at once.
    fn is_too_much(&self, bytes: usize) -> bool {
        let all = &self.all;
        let limit = all.memory.load(Relaxed);
        let has_little = bytes <= all.memory_reserve.load(Relaxed);
        bytes > all.memory_ceiling.load(Relaxed) || bytes > if has_little { limit } else { but_a_quarter(limit) }
    }

    fn take_memory(&self, bytes: usize) -> Result<(), Short> {
        if bytes == 0 {
            return Ok(());
        }
        let all = &self.all;
        let had = more(&self.bytes, bytes, all.memory_ceiling.load(Relaxed)).ok_or(Short::Tenant(self.tenant))?;
        let limit = all.memory.load(Relaxed);
        // What one takes at once counts: the last quarter is for those who still have little with it.
        let has_little = had.saturating_add(bytes) <= all.memory_reserve.load(Relaxed);
        let most = but_a_quarter(limit);
        let Some(others) = more(&all.bytes, bytes, if has_little { limit } else { most }) else {
            self.bytes.fetch_sub(bytes, Relaxed);
            return Err(if has_little { Short::All } else { Short::Most });
        };
        // Idle ones go before all of it is taken, so that few have to wait for what these have.
        let sum = others.saturating_add(bytes);
        if sum > most {
            all.nudge(sum > limit - limit / 8);
        }
        Ok(())
    }
}

impl Drop for InstancePlace {
    fn drop(&mut self) {
        let Some(account) = &self.account else { return };
        account.bytes.fetch_sub(self.bytes, Relaxed);
        account.all.bytes.fetch_sub(self.bytes, Relaxed);
        account.alive.fetch_sub(self.places, Relaxed);
        account.all.alive.fetch_sub(self.places, Relaxed);
    }
}

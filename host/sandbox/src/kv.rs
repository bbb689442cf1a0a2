//! The key-value store that a plugin has for each tenant: bounded in entries and bytes, every value with a time to live.
//!
//! What it holds it holds: a store that is full takes nothing more, and says so. Were it to forget in silence, a counter of
//! failed attempts, or a list of who is blocked, could be flushed by whoever can make the plugin write.

use crate::retained::{Retained, Time};
use crate::tenant::TenantId;
use moka::Expiry;
use moka::ops::compute::Op;
use moka::sync::Cache;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Bytes of a key.
const KEY: usize = 256;
/// Bytes of a value.
const VALUE: usize = 64 << 10;
/// Bytes for which one entry counts once.
const UNIT: u64 = 1 << 10;

#[derive(Debug, Clone)]
struct Entry {
    value: Box<[u8]>,
    ttl: Duration,
}

#[derive(Debug)]
struct Ttl;

impl Expiry<Box<str>, Entry> for Ttl {
    fn expire_after_create(&self, _key: &Box<str>, entry: &Entry, _now: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _key: &Box<str>,
        entry: &Entry,
        _now: Instant,
        left: Option<Duration>,
    ) -> Option<Duration> {
        // A zero asks to keep what is left: a number's time counts from its first write.
        if entry.ttl.is_zero() { left } else { Some(entry.ttl) }
    }
}

/// Whose store, with its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct StoreKey {
    pub(crate) plugin: Arc<str>,
    pub(crate) tenant: TenantId,
    /// Entries that it holds at the most.
    pub(crate) entries: u64,
    /// How long one lives at the most.
    pub(crate) longest: Duration,
}

/// Why a store does not take something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KvError {
    #[error(
        "full: the store holds as much as it may for one tenant, {0} entries (kv_entries): delete some, or let them expire"
    )]
    Full(u64),
    #[error(
        "full: the tenant's own plugins hold as much together as they may, {0} entries (plugins.tenant_kv_entries): \
         delete some, or let them expire"
    )]
    FolderFull(u64),
    #[error("a key has 1 to {} bytes", KEY)]
    Key,
    #[error("a value may have {most} bytes, not {0}", most = VALUE)]
    Value(usize),
    #[error("the store has no room for {0} bytes under one key")]
    Large(usize),
    #[error("the value under this key is not a number")]
    NoNumber,
}

impl KvError {
    /// Whether there was no room, which is no mistake of the plugin's.
    pub(crate) fn is_full(self) -> bool {
        matches!(self, Self::Full(_) | Self::FolderFull(_))
    }
}

/// Room for so many entries, of one store or of several together.
#[derive(Debug)]
pub(crate) struct KvRoom {
    used: AtomicU64,
    limit: AtomicU64,
}

impl KvRoom {
    pub(crate) fn new(limit: u64) -> Self {
        Self { used: AtomicU64::new(0), limit: AtomicU64::new(limit) }
    }

    /// Changes the limit. What is there stays, also past a lower one.
    pub(crate) fn set_limit(&self, limit: u64) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Takes room for something new in the place of something old, whose room is given back when it is gone.
    fn take(&self, new: u64, old: u64) -> bool {
        let limit = self.limit();
        let fits =
            |used: u64| (used.saturating_sub(old).saturating_add(new) <= limit).then(|| used.saturating_add(new));
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    fn give(&self, room: u64) {
        let less = |used: u64| Some(used.saturating_sub(room));
        // It cannot fail: `less` never answers none.
        let before = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        debug_assert!(before.is_ok_and(|used| used >= room), "what is given back was taken");
    }
}

/// All stores. They outlive generations of plugins.
#[derive(Debug, Default)]
pub(crate) struct Stores(Retained<StoreKey, Kv>);

impl Stores {
    /// A store, made on first use; of a plugin of a tenant's own folder with the room that these have together. Takes a
    /// lock: keep the answer.
    pub(crate) fn get(&self, key: &StoreKey, folder: Option<&Arc<KvRoom>>) -> Arc<Kv> {
        self.0.get(key.clone(), || Kv::new(key.entries, key.longest, folder.cloned()))
    }

    /// Lets go of stores that nobody has needed for as long as `after`, with all that is in them.
    pub(crate) fn let_go(&self, needed: impl Fn(&StoreKey) -> bool, time: Time) {
        self.0.let_go(needed, time);
    }
}

/// The store of one plugin and tenant.
#[derive(Debug)]
pub(crate) struct Kv {
    entries: Cache<Box<str>, Entry>,
    room: Arc<KvRoom>,
    folder: Option<Arc<KvRoom>>,
    longest: Duration,
}

impl Drop for Kv {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            folder.give(self.room.used.load(Ordering::Relaxed));
        }
    }
}

impl Kv {
    pub(crate) fn new(entries: u64, longest: Duration, folder: Option<Arc<KvRoom>>) -> Self {
        let room = Arc::new(KvRoom::new(entries));
        let (own, shared) = (Arc::clone(&room), folder.clone());
        let gone = move |key: Arc<Box<str>>, entry: Entry, _| {
            let room = weight(&key, &entry.value);
            own.give(room);
            if let Some(shared) = &shared {
                shared.give(room);
            }
        };
        let cache = Cache::<Box<str>, Entry>::builder().eviction_listener(gone).expire_after(Ttl).build();
        Self { entries: cache, room, folder, longest }
    }

    /// Takes room for something new in the place of something old.
    fn take(&self, new: u64, old: u64) -> Result<(), KvError> {
        if !self.room.take(new, old) {
            return Err(KvError::Full(self.room.limit()));
        }
        match &self.folder {
            Some(folder) if !folder.take(new, old) => {
                self.room.give(new);
                Err(KvError::FolderFull(folder.limit()))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Puts what `make` makes of the entry under a key, if there is room for it.
    fn put(&self, key: &str, make: impl Fn(Option<&Entry>) -> Result<Entry, KvError>) -> Result<(), KvError> {
        let once = || {
            let mut done = Ok(());
            self.entries.entry(key.into()).and_compute_with(|old| {
                let old = old.map(moka::Entry::into_value);
                let had = old.as_ref().map_or(0, |old| weight(key, &old.value));
                let put = make(old.as_ref()).and_then(|new| self.take(weight(key, &new.value), had).map(|()| new));
                match put {
                    Ok(new) => Op::Put(new),
                    Err(why) => {
                        done = Err(why);
                        Op::Nop
                    }
                }
            });
            done
        };
        match once() {
            Err(why) if why.is_full() => {
                // What has expired may not have been swept out yet.
                self.entries.run_pending_tasks();
                once()
            }
            done => done,
        }
    }

    fn ttl(&self, ms: u64) -> Duration {
        if ms == 0 { self.longest } else { Duration::from_millis(ms).min(self.longest) }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.entries.get(key).map(|entry| entry.value.into_vec())
    }

    pub(crate) fn set(&self, key: &str, value: Vec<u8>, ttl_ms: u64) -> Result<(), KvError> {
        check_key(key)?;
        if value.len() > VALUE {
            return Err(KvError::Value(value.len()));
        }
        if weight(key, &value) > self.room.limit() {
            return Err(KvError::Large(value.len()));
        }
        let entry = Entry { value: value.into(), ttl: self.ttl(ttl_ms) };
        self.put(key, |_| Ok(entry.clone()))
    }

    pub(crate) fn increment(&self, key: &str, by: i64, ttl_ms: u64) -> Result<i64, KvError> {
        check_key(key)?;
        let ttl = self.ttl(ttl_ms);
        let answer = Cell::new(0);
        self.put(key, |old| {
            let (now, ttl) = match old {
                None => (0, ttl),
                Some(entry) => {
                    let number = <[u8; 8]>::try_from(&*entry.value).map(i64::from_le_bytes);
                    (number.map_err(|_| KvError::NoNumber)?, Duration::ZERO)
                }
            };
            let sum = now.saturating_add(by);
            answer.set(sum);
            Ok(Entry { value: sum.to_le_bytes().into(), ttl })
        })?;
        Ok(answer.get())
    }

    pub(crate) fn delete(&self, key: &str) -> bool {
        self.entries.remove(key).is_some()
    }
}

/// What an entry takes of the room: one place for each KiB that it begins, so that large values count as several.
fn weight(key: &str, value: &[u8]) -> u64 {
    (key.len() + value.len()) as u64 / UNIT + 1
}

fn check_key(key: &str) -> Result<(), KvError> {
    if key.is_empty() || key.len() > KEY { Err(KvError::Key) } else { Ok(()) }
}

//! The key-value store that a plugin has for each tenant: bounded in entries and bytes, every value with a time to live.

use crate::tenant::TenantId;
use moka::Expiry;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
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

/// All stores. They outlive generations of plugins.
#[derive(Debug, Default)]
pub(crate) struct Stores(Mutex<HashMap<StoreKey, Arc<Kv>>>);

impl Stores {
    /// A store, made on first use. Takes a lock: keep the answer.
    pub(crate) fn get(&self, key: &StoreKey) -> Arc<Kv> {
        let mut stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let store = stores.entry(key.clone());
        Arc::clone(store.or_insert_with(|| Arc::new(Kv::new(key.entries, key.longest))))
    }
}

/// The store of one plugin and tenant.
#[derive(Debug)]
pub(crate) struct Kv {
    entries: Cache<Box<str>, Entry>,
    room: u64,
    longest: Duration,
}

impl Kv {
    pub(crate) fn new(entries: u64, longest: Duration) -> Self {
        // What was used longest ago goes first: a store that turned new entries away would surprise its plugin.
        let cache = Cache::<Box<str>, Entry>::builder()
            .max_capacity(entries)
            .weigher(|key, entry| u32::try_from(weight(key, &entry.value)).unwrap_or(u32::MAX))
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(Ttl)
            .build();
        Self { entries: cache, room: entries, longest }
    }

    fn ttl(&self, ms: u64) -> Duration {
        if ms == 0 { self.longest } else { Duration::from_millis(ms).min(self.longest) }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.entries.get(key).map(|entry| entry.value.into_vec())
    }

    pub(crate) fn set(&self, key: &str, value: Vec<u8>, ttl_ms: u64) -> Result<(), String> {
        check_key(key)?;
        if value.len() > VALUE {
            return Err(format!("a value may have {VALUE} bytes, not {}", value.len()));
        }
        if weight(key, &value) > self.room {
            return Err(format!("the store has no room for {} bytes under one key", value.len()));
        }
        self.entries.insert(key.into(), Entry { value: value.into(), ttl: self.ttl(ttl_ms) });
        Ok(())
    }

    pub(crate) fn increment(&self, key: &str, by: i64, ttl_ms: u64) -> Result<i64, String> {
        check_key(key)?;
        let ttl = self.ttl(ttl_ms);
        let mut answer = Err("the value under this key is not a number".to_owned());
        self.entries.entry(key.into()).and_compute_with(|old| {
            let (now, ttl) = match old.map(moka::Entry::into_value) {
                None => (Some(0), ttl),
                Some(entry) => (<[u8; 8]>::try_from(&*entry.value).ok().map(i64::from_le_bytes), Duration::ZERO),
            };
            let Some(sum) = now.map(|n| n.saturating_add(by)) else { return Op::Nop };
            answer = Ok(sum);
            Op::Put(Entry { value: sum.to_le_bytes().into(), ttl })
        });
        answer
    }

    pub(crate) fn delete(&self, key: &str) -> bool {
        self.entries.remove(key).is_some()
    }
}

/// What an entry takes of the room: one place for each KiB that it begins, so that large values count as several.
fn weight(key: &str, value: &[u8]) -> u64 {
    (key.len() + value.len()) as u64 / UNIT + 1
}

fn check_key(key: &str) -> Result<(), String> {
    if key.is_empty() || key.len() > KEY { Err(format!("a key has 1 to {KEY} bytes")) } else { Ok(()) }
}

//! Tenants as the sandbox knows them: a number that never changes meaning while the process lives.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A tenant's number. Pools, stores and counters are keyed by it, so it must never pass from one tenant to another:
/// numbers are given once per name and not reused, whatever a reload does to the order of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(u32);

impl TenantId {
    /// Stands for all tenants at once, in the pools of a plugin whose isolation is `shared`.
    pub(crate) const EVERY: TenantId = TenantId(u32::MAX);
}

/// Gives tenants their numbers. Not used on the way of a request.
#[derive(Debug, Default)]
pub struct TenantNames(Mutex<Given>);

#[derive(Debug, Default)]
struct Given {
    by_name: HashMap<Arc<str>, Number>,
    /// The next number: none is given twice, whoever had it.
    next: u32,
}

#[derive(Debug)]
struct Number {
    id: TenantId,
    /// Since when nobody needs it.
    unneeded: Option<Instant>,
}

impl TenantNames {
    /// The number of the tenant of this name, the same for as long as the process lives, or the tenant is needed.
    pub fn id(&self, name: &str) -> TenantId {
        let mut given = self.given();
        if let Some(number) = given.by_name.get(name) {
            return number.id;
        }
        let id = TenantId(given.next);
        given.next = given.next.saturating_add(1).min(u32::MAX - 1);
        given.by_name.insert(name.into(), Number { id, unneeded: None });
        id
    }

    /// Forgets the names that nobody has needed for as long as `after`. Should one come back, it gets another number.
    pub(crate) fn let_go(&self, needed: impl Fn(&str) -> bool, (now, after): (Instant, Duration)) {
        self.given().by_name.retain(|name, number| {
            if needed(name) {
                number.unneeded = None;
                return true;
            }
            now.saturating_duration_since(*number.unneeded.get_or_insert(now)) < after
        });
    }

    /// All numbers that somebody has.
    pub(crate) fn numbers(&self) -> HashSet<TenantId> {
        self.given().by_name.values().map(|number| number.id).collect()
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

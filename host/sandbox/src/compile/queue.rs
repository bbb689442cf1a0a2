//! Who is compiled, or tried out, next: the operator's plugins first, then those of the tenant that has taken least of the time so far. Pure.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Whose a plugin is: a tenant's, or else the operator's.
pub(crate) type Owner = Option<Arc<str>>;

/// What waits, and what its owners have had.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    waiting: Vec<(Owner, T)>,
    /// Time that was spent on each tenant's plugins since nobody waited last.
    spent: HashMap<Arc<str>, Duration>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { waiting: Vec::new(), spent: HashMap::new() }
    }
}

impl<T> Queue<T> {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn push(&mut self, owner: Owner, what: T) {
        self.waiting.push((owner, what));
    }

    /// Takes what is next, of owners that may have more at once.
    pub(crate) fn pop(&mut self, may: impl Fn(&Owner) -> bool) -> Option<(Owner, T)> {
        let open = self.waiting.iter().enumerate().filter(|(_, (owner, _))| may(owner));
        // Of several that are equal the first, which waits longest.
        let (next, _) = open.min_by_key(|(_, (owner, _))| self.spent(owner))?;
        Some(self.waiting.remove(next))
    }

    /// Notes what an owner has had.
    pub(crate) fn charge(&mut self, owner: &Owner, time: Duration) {
        if let Some(tenant) = owner {
            *self.spent.entry(Arc::clone(tenant)).or_default() += time;
        }
    }

    /// Keeps what is still wanted.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&T) -> bool) {
        self.waiting.retain(|(_, what)| wanted(what));
    }

    /// What was had counts no more: nobody waits, and nothing runs.
    pub(crate) fn rest(&mut self) {
        self.spent = HashMap::new();
    }

    fn spent(&self, owner: &Owner) -> Option<Duration> {
        owner.as_ref().map(|tenant| self.spent.get(tenant).copied().unwrap_or_default())
    }
}

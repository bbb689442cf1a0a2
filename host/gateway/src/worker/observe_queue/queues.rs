//! Queues of finished requests: one for each tenant and kind of observer, with a bound for each and for all.
//!
//! Three quarters of the room are for observers that the chain names, a quarter for those that were dropped. Of each part a
//! tenant has half at the most, and the last quarter is for those of whom next to nothing waits: so whatever others have
//! waiting, there is room for one who has not.

use std::collections::{HashMap, VecDeque};
use weir_sandbox::{Origin, TenantId};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Dropped observers that may be at work at once: the chain's find somebody free however long these take.
const DROPPED_AT_ONCE: usize = 48;
/// This part of the room is next to nothing.
const LITTLE: usize = 64;

/// Whose turn it is, and for which observers.
pub(crate) type ObserveTurn = (TenantId, Origin);

/// The queues of one worker.
pub(super) struct Queues<J> {
    chain: Lane<J>,
    dropped: Lane<J>,
}

/// The queues of one kind of observer.
struct Lane<J> {
    by_tenant: HashMap<TenantId, Own<J>, foldhash::fast::RandomState>,
    /// Tenants of whom something waits and nothing runs, each once, in the order of their turns.
    ready: VecDeque<TenantId>,
    waiting: usize,
    running: usize,
}

/// What waits of one tenant.
struct Own<J> {
    jobs: VecDeque<(J, usize)>,
    bytes: usize,
    running: bool,
}

impl<J> Default for Queues<J> {
    fn default() -> Self {
        Self { chain: Lane::default(), dropped: Lane::default() }
    }
}

impl<J> Default for Lane<J> {
    fn default() -> Self {
        Self { by_tenant: HashMap::default(), ready: VecDeque::new(), waiting: 0, running: 0 }
    }
}

impl<J> Default for Own<J> {
    fn default() -> Self {
        Self { jobs: VecDeque::new(), bytes: 0, running: false }
    }
}

impl<J> Queues<J> {
    /// Whether there is room for one more of a tenant's, where so many may wait on this worker and so many bytes of them on
    /// all; if so, how many bytes all of this kind may come to with it.
    pub(super) fn room(&self, tenant: TenantId, origin: Origin, (waiting, bytes): (usize, usize)) -> Option<usize> {
        let part = |all: usize| match origin {
            Origin::Chain => all - all / 4,
            Origin::Dropped => all / 4,
        };
        let lane = self.lane(origin);
        let own = lane.by_tenant.get(&tenant);
        let (had, held) = own.map_or((0, 0), |own| (own.jobs.len(), own.bytes));
        let most = most(had, part(waiting))?;
        (lane.waiting < most).then(|| self::most(held, part(bytes))).flatten()
    }

    /// Queues a job, which holds so many bytes.
    pub(super) fn push(&mut self, (tenant, origin): ObserveTurn, job: J, bytes: usize) {
        let lane = self.lane_mut(origin);
        let own = lane.by_tenant.entry(tenant).or_default();
        own.jobs.push_back((job, bytes));
        own.bytes += bytes;
        lane.waiting += 1;
        if own.jobs.len() == 1 && !own.running {
            lane.ready.push_back(tenant);
        }
    }

    /// The next job, which runs from now on: one of the chain's observers if there is any, and of tenants in turn.
    pub(super) fn next(&mut self) -> Option<(ObserveTurn, J)> {
        let origin = self.whose()?;
        let (tenant, job) = self.lane_mut(origin).next()?;
        Some(((tenant, origin), job))
    }

    /// Whether there is a next job.
    pub(super) fn has_next(&self) -> bool {
        self.whose().is_some()
    }

    /// A job has come to its end.
    pub(super) fn end(&mut self, (tenant, origin): ObserveTurn) {
        let lane = self.lane_mut(origin);
        debug_assert!(lane.running > 0, "what ends has run");
        lane.running -= 1;
        if let Some(own) = lane.by_tenant.get_mut(&tenant) {
            own.running = false;
            if !own.jobs.is_empty() {
                lane.ready.push_back(tenant);
            }
        }
    }

    /// Whether nothing waits and nothing runs.
    pub(super) fn is_idle(&self) -> bool {
        [&self.chain, &self.dropped].into_iter().all(|lane| lane.waiting == 0 && lane.running == 0)
    }

    /// Forgets tenants of whom nothing waits and nothing runs.
    pub(super) fn tidy(&mut self) {
        for lane in [&mut self.chain, &mut self.dropped] {
            lane.by_tenant.retain(|_, own| own.running || !own.jobs.is_empty());
        }
    }

    fn whose(&self) -> Option<Origin> {
        if !self.chain.ready.is_empty() {
            return Some(Origin::Chain);
        }
        (!self.dropped.ready.is_empty() && self.dropped.running < DROPPED_AT_ONCE).then_some(Origin::Dropped)
    }

    fn lane(&self, origin: Origin) -> &Lane<J> {
        match origin {
            Origin::Chain => &self.chain,
            Origin::Dropped => &self.dropped,
        }
    }

    fn lane_mut(&mut self, origin: Origin) -> &mut Lane<J> {
        match origin {
            Origin::Chain => &mut self.chain,
            Origin::Dropped => &mut self.dropped,
        }
    }
}

impl<J> Lane<J> {
    fn next(&mut self) -> Option<(TenantId, J)> {
        let tenant = self.ready.pop_front()?;
        let own = self.by_tenant.get_mut(&tenant)?;
        let (job, bytes) = own.jobs.pop_front()?;
        own.bytes -= bytes;
        own.running = true;
        self.waiting -= 1;
        self.running += 1;
        Some((tenant, job))
    }
}

/// What all may come to where one who `had` so much wants more of it; none if that one may not have more.
fn most(had: usize, limit: usize) -> Option<usize> {
    if had >= limit / 2 && had > 0 {
        return None;
    }
    Some(if had <= limit / LITTLE { limit } else { limit - limit / 4 })
}

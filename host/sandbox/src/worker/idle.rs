//! Which idle instances of a worker end for whom.

use crate::bounds::instances::{Short, TenantShare};
use crate::pool::{InstancePool, MakeRoom};
use crate::tenant::TenantId;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Keyed by numbers that the host gives, so nobody can make them collide.
pub(super) type Pools = HashMap<(u64, TenantId), Rc<InstancePool>, foldhash::fast::RandomState>;

/// How soon idle instances are looked for again where none was found, and how long one has been idle that goes first.
const BREATH: Duration = Duration::from_millis(5);
const RESTED: Duration = Duration::from_secs(1);
/// How long what a tenant with no more than its reserve has used is left to it, whoever is short.
const MOMENT: Duration = Duration::from_millis(250);

/// Whether a pool is meant.
type Meant<'a> = &'a dyn Fn(&InstancePool) -> bool;

/// Ends idle instances of pools that are meant by the first of these steps that ends any. Answers how many.
fn end(pools: &Pools, steps: &[(Duration, Meant<'_>)], now: Instant) -> usize {
    let ends = |(after, is_meant): &(Duration, Meant<'_>)| -> usize {
        pools.values().filter(|pool| is_meant(pool)).map(|pool| pool.give_up(now, *after)).sum()
    };
    steps.iter().map(ends).find(|ended| *ended > 0).unwrap_or(0)
}

/// Where places or memory of all are short: those of tenants who have more than their reserve, first those that have long
/// been idle, then all; where somebody was `refused`, then whoever's, and then those of whoever that was. What another tenant
/// with no more than its reserve has used a moment ago is left to it.
fn for_all(pools: &Pools, refused: bool, own: Meant<'_>, now: Instant) -> usize {
    let beyond = |pool: &InstancePool| pool.account().is_beyond_reserve();
    let steps: [(Duration, Meant<'_>); 4] =
        [(RESTED, &beyond), (Duration::ZERO, &beyond), (MOMENT, &|_| refused), (Duration::ZERO, own)];
    end(pools, &steps, now)
}

/// What a call that finds something short has ended on its own thread.
pub(super) fn make_room(pools: Rc<RefCell<Pools>>) -> Box<MakeRoom> {
    let last = Cell::new(None);
    Box::new(move |account: &TenantShare, short| {
        // One who keeps coming back must not have all pools looked through each time for nothing.
        let now = Instant::now();
        if last.get().is_some_and(|last| now.saturating_duration_since(last) < BREATH) {
            return false;
        }
        let own = |pool: &InstancePool| pool.account().tenant() == account.tenant();
        let ended = match short {
            Short::Tenant(_) => end(&pools.borrow(), &[(RESTED, &own), (Duration::ZERO, &own)], now),
            Short::Most | Short::All => for_all(&pools.borrow(), true, &own, now),
        };
        if ended == 0 {
            last.set(Some(now));
        }
        ended > 0
    })
}

/// What the worker ends when it is asked, where so often most was taken and somebody refused: `before` when it was asked last.
/// Answers whether that is all that it has, for whoever was refused.
pub(super) fn give_up_wanted(pools: &Pools, before: [u64; 2], wanted: [u64; 2]) -> bool {
    let (now, mut refused) = (Instant::now(), HashSet::new());
    for pool in pools.values() {
        let [own, others] = pool.is_wanted();
        if own {
            pool.give_up(now, Duration::ZERO);
        }
        if others {
            refused.insert(pool.account().tenant());
        }
    }
    let ([_, was_refused], [_, is_refused]) = (before, wanted);
    let somebody = is_refused != was_refused;
    let own = |pool: &InstancePool| refused.contains(&pool.account().tenant());
    if wanted == before || for_all(pools, somebody, &own, now) > 0 {
        return true;
    }
    !somebody || pools.values().all(|pool| !pool.has_idle())
}

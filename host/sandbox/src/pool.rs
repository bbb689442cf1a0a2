//! Instances of one plugin for one tenant on one worker: no lock, bounded, reused unless they faulted.

use crate::bounds::instances::place::InstancePlace;
use crate::bounds::instances::wait::ShareWait;
use crate::bounds::instances::{Short, TenantShare};
use crate::bounds::plugin_quota::PluginQuota;
use crate::error::Fault;
use crate::guest_state::TenantState;
use crate::instance::Instance;
use crate::meter::{HookStats, PluginCounters};
use crate::plugin::LoadedPlugin;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use weir_config::Isolation;

/// The pool. It holds no strong reference to its plugin, so that a plugin which went out of service can be freed.
pub(crate) struct InstancePool {
    plugin: Weak<LoadedPlugin>,
    // Boxed: an instance goes in and out of here for each call.
    #[allow(clippy::vec_box)]
    idle: RefCell<Vec<Box<Instance>>>,
    live: Cell<usize>,
    freed: Notify,
    /// Whose instances they are, and how often that tenant had found its own places taken, or those of all, when idle ones
    /// were given up last.
    account: Arc<TenantShare>,
    wanted: [Cell<u64>; 2],
    /// Where the idle ones are told, and how many were told last.
    counters: Arc<PluginCounters>,
    told: Cell<usize>,
    /// CPU time that is not charged yet.
    owed: Cell<Duration>,
}

/// Ends idle instances of this thread for a tenant to whom something is short. Answers whether there were any.
pub(crate) type MakeRoom = dyn Fn(&TenantShare, Short) -> bool;

/// So much is charged at once: workers would else take the account from one another at every call.
const OWED: Duration = Duration::from_micros(200);

/// An instance out of its pool. Dropped without [`Taken::give_back`], it is gone and its place is free.
pub(crate) struct Taken {
    instance: Option<Box<Instance>>,
    pool: Rc<InstancePool>,
    returned: bool,
}

impl InstancePool {
    pub(crate) fn new(plugin: &Arc<LoadedPlugin>, tenant_state: &TenantState) -> Rc<Self> {
        let (plugin, counters) = (Arc::downgrade(plugin), Arc::clone(&tenant_state.counters));
        Rc::new(Self {
            plugin,
            idle: RefCell::new(Vec::new()),
            live: Cell::new(0),
            freed: Notify::new(),
            wanted: tenant_state.account.wanted().map(Cell::new),
            account: Arc::clone(&tenant_state.account),
            counters,
            told: Cell::new(0),
            owed: Cell::default(),
        })
    }

    /// Charges a call's CPU time to a tenant's account, now or with a later one.
    pub(crate) fn charge(&self, shared: bool, standing: &PluginQuota, now: Instant, cpu: Duration) {
        let owed = self.owed.get() + cpu;
        // A pool of all tenants cannot owe for one of them.
        if owed < OWED && !shared {
            self.owed.set(owed);
            return;
        }
        self.owed.set(Duration::ZERO);
        standing.charge(now, owed);
    }

    /// Takes an idle instance, if there is one.
    pub(crate) fn take_idle(self: &Rc<Self>, tenant_state: &Arc<TenantState>, stats: &HookStats) -> Option<Taken> {
        let mut instance = self.idle.borrow_mut().pop()?;
        stats.hit();
        instance.store.data_mut().turn_to(tenant_state);
        Some(Taken { instance: Some(instance), pool: Rc::clone(self), returned: false })
    }

    /// Takes an idle instance, makes one, or waits for one, in this order. `make_room` has idle instances of this thread
    /// ended where places are short.
    pub(crate) async fn take(
        self: &Rc<Self>,
        plugin: &Arc<LoadedPlugin>,
        tenant_state: &Arc<TenantState>,
        stats: &HookStats,
        make_room: &MakeRoom,
    ) -> Result<Taken, Fault> {
        let mut patience = None;
        loop {
            if let Some(taken) = self.take_idle(tenant_state, stats) {
                return Ok(taken);
            }
            let short = match self.place(plugin, make_room) {
                Ok(place) => {
                    stats.miss();
                    return self.make(plugin, tenant_state, place).await;
                }
                Err(short) => short,
            };
            let patience = patience.get_or_insert_with(|| {
                stats.wait();
                ShareWait::begin(plugin.settings().limits.wait)
            });
            let Some(look) = patience.next(&self.account, short) else {
                return Err(short.map_or(Fault::Busy, Short::fault));
            };
            // Whether one was freed or it is time: the next look tells.
            let _freed = tokio::time::timeout_at(look, self.freed.notified()).await;
        }
    }

    /// A place for one more instance, with the memory that it begins with, or what is short: none if the pool has as many as it may have.
    fn place(&self, plugin: &LoadedPlugin, make_room: &MakeRoom) -> Result<InstancePlace, Option<Short>> {
        if self.live.get() >= plugin.settings().limits.instances {
            return Err(None);
        }
        loop {
            match self.account.take((plugin.places(), plugin.needs()), self.live.get()) {
                Ok(place) => return Ok(place),
                Err(short) if make_room(&self.account, short) => {}
                Err(short) => return Err(Some(short)),
            }
        }
    }

    async fn make(
        self: &Rc<Self>,
        plugin: &Arc<LoadedPlugin>,
        tenant_state: &Arc<TenantState>,
        place: InstancePlace,
    ) -> Result<Taken, Fault> {
        // Counted before the first await, so that a crowd cannot pass the limit; the guard gives the place back.
        self.live.set(self.live.get() + 1);
        let mut taken = Taken { instance: None, pool: Rc::clone(self), returned: false };
        // Boxed, for it is rarely and large, and every call would else have the room for it.
        taken.instance = Some(Box::new(Box::pin(Instance::start(plugin, Arc::clone(tenant_state), place)).await?));
        Ok(taken)
    }

    fn report_idle(&self) {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let idle = self.idle.borrow().len();
        self.counters.idle(count(idle) - count(self.told.replace(idle)));
    }

    /// Whether no instance is in it or out of it.
    pub(crate) fn is_empty(&self) -> bool {
        self.live.get() == 0
    }

    /// Whether it has idle instances.
    pub(crate) fn has_idle(&self) -> bool {
        !self.idle.borrow().is_empty()
    }

    /// Bytes of linear memory of its idle instances.
    pub(crate) fn idle_memory(&self) -> usize {
        self.idle.borrow().iter().map(|instance| instance.store.data().limiter.used).sum()
    }

    /// Whose instances they are.
    pub(crate) fn account(&self) -> &TenantShare {
        &self.account
    }

    /// Whether the tenant has found its own places taken, and whether most of all, or all, since this was asked last.
    pub(crate) fn is_wanted(&self) -> [bool; 2] {
        let ([own, others], [was_own, was_others]) = (self.account.wanted(), &self.wanted);
        [was_own.replace(own) != own, was_others.replace(others) != others]
    }

    /// Ends instances that have been idle for so long: somebody else needs the room. Answers how many.
    pub(crate) fn give_up(&self, now: Instant, after: Duration) -> usize {
        let mut idle = self.idle.borrow_mut();
        let before = idle.len();
        idle.retain(|instance| now.saturating_duration_since(instance.idle_since) < after);
        let ended = before - idle.len();
        if ended > 0 {
            self.live.set(self.live.get().saturating_sub(ended));
            self.account.gave_up(ended);
        }
        ended
    }

    /// Ends what has been idle for longer than the plugin's settings say. Answers whether the pool is still of use.
    pub(crate) fn tidy(&self, now: Instant) -> bool {
        let Some(plugin) = self.plugin.upgrade() else {
            self.idle.borrow_mut().clear();
            self.report_idle();
            return false;
        };
        let limit = plugin.settings().limits.idle;
        self.idle.borrow_mut().retain(|i| {
            let keep = now.saturating_duration_since(i.idle_since) < limit;
            if !keep {
                self.live.set(self.live.get().saturating_sub(1));
            }
            keep
        });
        self.report_idle();
        true
    }
}

impl Taken {
    /// The instance.
    pub(crate) fn instance(&mut self) -> Option<&mut Instance> {
        self.instance.as_deref_mut()
    }

    /// Returns an instance whose call ended well, unless its isolation, its age or its size says that it is done.
    /// `now` is when its last slice began, near enough to its end.
    pub(crate) fn give_back(mut self, plugin: &LoadedPlugin, now: Instant) {
        let Some(mut instance) = self.instance.take() else { return };
        instance.calls += 1;
        if plugin.isolation() == Isolation::Request || instance.spent(plugin) {
            return;
        }
        if instance.has_grown(plugin) && self.pool.account.is_crowded() {
            return;
        }
        instance.idle_since = now;
        self.pool.idle.borrow_mut().push(instance);
        self.returned = true;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if !self.returned {
            self.pool.live.set(self.pool.live.get().saturating_sub(1));
        }
        self.pool.freed.notify_one();
    }
}

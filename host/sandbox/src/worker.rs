//! A serving thread's own share of the sandbox: its pools, and the hooks as the journey calls them.

use crate::abi::contract::{Candidate, Edit, Facts, Outcome, StreamEvent};
use crate::abi::hook_call::{HookAnswer, HookCall};
use crate::bounds::cpu_timer::CpuTimer;
use crate::bounds::instances::IdleAnswer;
use crate::bounds::plugin_quota::Admitted;
use crate::bounds::yielding::YielderPool;
use crate::call::{Checked, GuestCall};
use crate::chain::{Bound, Chain, Origin};
use crate::engine::Sandbox;
use crate::error::Fault;
use crate::exchange::{Access, Exchange};
use crate::hook::HookKind;
use crate::pool::{InstancePool, MakeRoom};
use idle::Pools;
use order::reorder;
use std::cell::{Cell, OnceCell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use stop::verdict;
use weir_dialect::Unreadable;

mod idle;
mod order;
mod stop;

pub use order::{Override, Routed};
pub use stop::Stop;
pub(crate) use stop::{cannot_show, held_too_much};

/// The sandbox on one thread. Not `Send`: nothing in it takes a lock.
pub struct SandboxWorker {
    yielders: Rc<YielderPool>,
    pools: Rc<RefCell<Pools>>,
    make_room: Box<MakeRoom>,
    /// How often much of what there is for all was taken, or somebody was refused it, when idle instances were given up last.
    wanted: Cell<[u64; 2]>,
    /// Where it is said that they were given up.
    answer: OnceCell<IdleAnswer>,
}

impl Default for SandboxWorker {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for SandboxWorker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("pools", &self.pools.borrow().len()).finish_non_exhaustive()
    }
}

impl SandboxWorker {
    /// A worker of this thread.
    #[must_use]
    pub fn new() -> Self {
        let pools: Rc<RefCell<Pools>> = Rc::default();
        let make_room = idle::make_room(Rc::clone(&pools));
        Self { yielders: Rc::default(), pools, make_room, wanted: Cell::default(), answer: OnceCell::new() }
    }

    /// Leads guests that have given way back in, one slice for each turn of this thread's tasks, and one tenant after the
    /// other. A task of its own for as long as the thread serves; where there is none, all of them come back each turn.
    pub fn lead(&self) -> impl Future<Output = ()> + use<> {
        Rc::clone(&self.yielders).lead()
    }

    /// Ends idle instances whose places others have found missing, on any thread. For when [`Sandbox::pressed`] ends, and
    /// for a timer.
    pub fn give_up(&self, sandbox: &Sandbox) {
        let shares = sandbox.shares();
        let answer = self.answer.get_or_init(|| shares.answer());
        // In this order: whoever asks in between is answered the next time.
        let (asked, wanted) = (shares.asked(), shares.wanted());
        let is_all = idle::give_up_wanted(&self.pools.borrow(), self.wanted.replace(wanted), wanted);
        answer.give(asked, is_all);
    }

    /// Ends idle instances and forgets the pools of plugins that are gone. For a timer, about once a second.
    pub fn tidy(&self, now: Instant) {
        // One that holds nothing is made again when it is needed: tenants who have left cost nothing.
        self.pools.borrow_mut().retain(|_, pool| pool.tidy(now) && !(pool.is_empty() && Rc::strong_count(pool) == 1));
    }

    /// Bytes of linear memory that idle instances of this thread have, all plugins together.
    #[must_use]
    pub fn idle_memory(&self) -> usize {
        self.pools.borrow().values().map(|pool| pool.idle_memory()).sum()
    }

    fn pool(&self, bound: &Bound) -> Rc<InstancePool> {
        let key = (bound.plugin().id(), bound.pool_tenant());
        Rc::clone(
            self.pools
                .borrow_mut()
                .entry(key)
                .or_insert_with(|| InstancePool::new(bound.plugin(), bound.tenant_state())),
        )
    }

    /// Calls one hook of one plugin, if it applies. Answers whether it has answered: if not, the request goes on without
    /// it. `check` sees the answer, and says what is wrong with it or that it is a refusal.
    async fn call(
        &self,
        bound: &Bound,
        (hook, access): (HookKind, Access),
        exchange: &mut Option<Box<Exchange>>,
        ask: HookCall,
        check: &mut dyn FnMut(HookAnswer) -> Checked,
    ) -> Result<bool, Stop> {
        let Some(facts) = facts_for(bound, exchange) else { return Ok(false) };
        let (pool, spent) = (self.pool(bound), CpuTimer::begin());
        let call = GuestCall { bound, hook, access, pool, yielders: &self.yielders, make_room: &self.make_room, spent };
        let answer = call.run(exchange, (facts, ask), check).await;
        verdict(bound, hook, exchange, answer)
    }

    /// Runs `policy` of every plugin that applies, in order; `exchange` comes back rewritten.
    ///
    /// # Errors
    /// The first refusal, or the first fault of a plugin whose failure policy is `closed`.
    pub async fn policy(&self, chain: &Chain, exchange: &mut Option<Box<Exchange>>) -> Result<(), Stop> {
        for bound in chain.at(HookKind::Policy) {
            self.call(bound, (HookKind::Policy, Access::Request), exchange, HookCall::Policy, &mut allowed).await?;
        }
        forget_told(exchange);
        Ok(())
    }

    /// Runs `router` of every plugin that applies. Each sees the candidates as the one before it left them; the answer
    /// refers to the list that was handed in.
    ///
    /// # Errors
    /// As [`SandboxWorker::policy`]; a choice of a candidate that was not offered is a fault.
    pub async fn route(
        &self,
        chain: &Chain,
        exchange: &mut Option<Box<Exchange>>,
        candidates: &[Candidate],
    ) -> Result<Vec<Routed>, Stop> {
        let mut order: Vec<Routed> = (0..candidates.len()).map(|i| (i, Vec::new())).collect();
        for (router, bound) in chain.at(HookKind::Router).iter().enumerate() {
            let offered: Arc<[Candidate]> = order.iter().filter_map(|(i, _)| candidates.get(*i).cloned()).collect();
            let mut better = None;
            let mut check = |answer: HookAnswer| match answer.routing()? {
                Ok(routing) => {
                    better = Some(reorder(&order, routing, router)?);
                    Ok(None)
                }
                Err(refusal) => Ok(Some(refusal)),
            };
            self.call(bound, (HookKind::Router, Access::Read), exchange, HookCall::Router(offered), &mut check).await?;
            order = better.unwrap_or(order);
        }
        Ok(order)
    }

    /// What a router set for a candidate makes no request of what was asked: it broke the contract, as if its call had ended
    /// so.
    ///
    /// # Errors
    /// A fault of the router, if its failure policy is `closed`; else the request goes on without what it set.
    pub fn overrides_failed(
        &self,
        chain: &Chain,
        exchange: &Option<Box<Exchange>>,
        router: usize,
        why: String,
    ) -> Result<(), Stop> {
        let Some(bound) = chain.at(HookKind::Router).get(router) else { return Ok(()) };
        let fault = Fault::Answer(why);
        bound.stats(HookKind::Router).fault(&fault);
        bound.plugin().tally().fault(HookKind::Router, &fault);
        bound.standing().note(&fault);
        if bound.standing().faulted(Instant::now(), Admitted { trial: false }) {
            bound.plugin().tally().quarantine();
        }
        verdict(bound, HookKind::Router, exchange, Err(fault)).map(|_| ())
    }

    /// Runs `upstream-request` of every plugin that applies on the exchange's `attempt`, which is the request's `attempt`th.
    ///
    /// # Errors
    /// As [`SandboxWorker::policy`].
    pub async fn upstream_request(
        &self,
        chain: &Chain,
        exchange: &mut Option<Box<Exchange>>,
        attempt: u32,
    ) -> Result<(), Stop> {
        let at = (HookKind::UpstreamRequest, Access::Attempt);
        for bound in chain.at(HookKind::UpstreamRequest) {
            self.call(bound, at, exchange, HookCall::UpstreamRequest(attempt), &mut allowed).await?;
        }
        Ok(())
    }

    /// Runs `response` of every plugin that applies on the exchange's `reply`.
    ///
    /// # Errors
    /// As [`SandboxWorker::policy`].
    pub async fn response(
        &self,
        chain: &Chain,
        exchange: &mut Option<Box<Exchange>>,
        status: http::StatusCode,
    ) -> Result<(), Stop> {
        let at = (HookKind::Response, Access::Reply);
        for bound in chain.at(HookKind::Response) {
            if shows_reply(bound, exchange)? {
                self.call(bound, at, exchange, HookCall::Response(status.as_u16()), &mut allowed).await?;
            }
        }
        forget_told(exchange);
        Ok(())
    }

    /// An answer came in another form than the one that was asked for: it is shown to the hook of the form that it has. A
    /// plugin that has the hook of the form that was asked for and not this one cannot be shown it.
    ///
    /// # Errors
    /// A fault of such a plugin whose failure policy is `closed`.
    pub fn came_as(&self, chain: &Chain, model: &str, (asked, came): (HookKind, HookKind)) -> Result<(), Stop> {
        let form = match asked {
            HookKind::Event => "it came whole, where a stream was asked for",
            _ => "it came as a stream, where a whole answer was asked for",
        };
        let mut bound = chain.at(asked).iter().filter(|bound| bound.applies_to(model) && !bound.plugin().has(came));
        bound.try_for_each(|bound| cannot_show(bound, asked, &Unreadable::Form(form)))
    }

    /// Runs `event` of one plugin. `check` gets its edits, one for each event or none to pass them all, and answers what
    /// the caller makes of them, or why they break the contract: that is a fault like any other. None means that the
    /// events go on as they are, without the plugin.
    ///
    /// # Errors
    /// A refusal ends the stream; so does a fault of a plugin whose failure policy is `closed`.
    pub async fn event<T>(
        &self,
        bound: &Bound,
        exchange: &mut Option<Box<Exchange>>,
        events: Vec<StreamEvent>,
        last: bool,
        check: impl FnOnce(Vec<Edit>) -> Result<T, String>,
    ) -> Result<Option<T>, Stop> {
        let count = events.len();
        let (mut made, mut check) = (None, Some(check));
        let mut look = |answer: HookAnswer| match answer.edits()? {
            Ok(edits) if !edits.is_empty() && edits.len() != count => {
                Err(Fault::Answer(format!("{} edits for {count} events", edits.len())))
            }
            Ok(edits) => {
                made = check.take().map(|check| check(edits)).transpose().map_err(Fault::Answer)?;
                Ok(None)
            }
            Err(refusal) => Ok(Some(refusal)),
        };
        let ask = HookCall::Event(events, last);
        self.call(bound, (HookKind::Event, Access::Events), exchange, ask, &mut look).await?;
        Ok(made)
    }

    /// Runs `observe` of every plugin that applies. Faults are counted and logged, nothing more.
    pub async fn observe(&self, chain: &Chain, exchange: &mut Option<Box<Exchange>>, outcome: &Arc<Outcome>) {
        for origin in [Origin::Chain, Origin::Dropped] {
            self.observe_of(origin, chain, exchange, outcome).await;
        }
    }

    /// The same of those plugins alone that apply for one reason or the other.
    pub async fn observe_of(
        &self,
        origin: Origin,
        chain: &Chain,
        exchange: &mut Option<Box<Exchange>>,
        outcome: &Arc<Outcome>,
    ) {
        let at = (HookKind::Observe, Access::Read);
        for bound in chain.at(HookKind::Observe).iter().filter(|bound| bound.origin() == origin) {
            // What went wrong was logged, and nobody waits for it.
            let _told = self.call(bound, at, exchange, HookCall::Observe(Arc::clone(outcome)), &mut allowed).await;
        }
    }
}

/// Lets go of what the plugins of a hook have read.
fn forget_told(exchange: &mut Option<Box<Exchange>>) {
    if let Some(exchange) = exchange.as_deref_mut() {
        exchange.forget_told(Access::Read);
    }
}

/// Whether a plugin is to see the whole response: all of it can be shown, and it applies.
///
/// # Errors
/// A fault of a plugin whose failure policy is `closed`.
fn shows_reply(bound: &Bound, exchange: &mut Option<Box<Exchange>>) -> Result<bool, Stop> {
    let Some(exchange) = exchange.as_deref_mut().filter(|exchange| bound.applies_to(&exchange.about.model)) else {
        return Ok(false);
    };
    match exchange.reply.as_mut().map(|reply| reply.body.readable()) {
        Some(Err(why)) => cannot_show(bound, HookKind::Response, &why).map(|()| false),
        Some(Ok(())) | None => Ok(true),
    }
}

/// The check of an answer that is no more than a verdict.
fn allowed(answer: HookAnswer) -> Checked {
    Ok(answer.verdict()?.err())
}

/// The facts to tell a plugin, if it applies to the request.
fn facts_for(bound: &Bound, exchange: &Option<Box<Exchange>>) -> Option<Facts> {
    let about = &exchange.as_ref()?.about;
    bound.applies_to(&about.model).then_some(about.facts)
}

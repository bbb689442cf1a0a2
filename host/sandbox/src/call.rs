//! One call into a guest: bounded, measured, and with its exchange brought back whatever happens.

use crate::abi::call_hook;
use crate::abi::contract::{Facts, PluginRefusal};
use crate::abi::hook_call::{HookAnswer, HookCall};
use crate::bounds::cpu_timer::{CpuTimer, START, metered};
use crate::bounds::plugin_quota::Admitted;
use crate::bounds::yielding::YielderPool;
use crate::chain::Bound;
use crate::error::Fault;
use crate::exchange::{Access, Exchange};
use crate::hook::HookKind;
use crate::instance::{Instance, arm, diagnose};
use crate::meter::HookStats;
use crate::meter::tally::CallOutcome;
use crate::pool::{InstancePool, MakeRoom, Taken};
use crate::tenant::TenantId;
use std::pin::pin;
use std::rc::Rc;
use std::time::Instant;
use weir_config::Isolation;

/// The bill of one call. It is paid when this is dropped, so that a client that leaves in the middle of a call hides
/// nothing of what the plugin used.
struct CallAccounting<'a> {
    bound: &'a Bound,
    pool: &'a InstancePool,
    stats: &'a HookStats,
    hook: HookKind,
    ended: CallOutcome,
    /// What the call has to decide about a quarantine, and has not yet.
    trial: bool,
    spent: CpuTimer,
    /// Polls that it took to get an instance.
    taking: u64,
}

impl Drop for CallAccounting<'_> {
    fn drop(&mut self) {
        // The time ends here and not with the guest's last poll: reading its answer and giving the instance back are part of what
        // the plugin costs, and a plugin that answers a megabyte of nonsense pays for it.
        let end = self.spent.pause();
        let shared = self.bound.plugin().isolation() == Isolation::Shared;
        self.bound.plugin().tally().call(self.hook, self.spent.cpu, self.ended);
        self.pool.charge(shared, self.bound.standing(), end, self.spent.cpu);
        // Dropped in the middle: the next call has to try the plugin in its place, or nobody ever would.
        if self.trial {
            self.bound.standing().undecided();
        }
        // A call that never gave way takes one poll.
        let yields = (self.spent.polls - self.taking).saturating_sub(1);
        self.stats.call(u64::try_from(self.spent.cpu.as_nanos()).unwrap_or(u64::MAX), yields);
    }
}

/// An exchange that an instance has. When this is dropped it is back, so that a client that leaves in the middle of a call
/// takes nothing of it along: neither what was waited for nor what observers are told of.
struct Loan<'a> {
    instance: &'a mut Instance,
    exchange: &'a mut Option<Box<Exchange>>,
}

impl<'a> Loan<'a> {
    fn begin(instance: &'a mut Instance, exchange: &'a mut Option<Box<Exchange>>) -> Self {
        // Moved into the store and back, since host functions find it there and a reference could not be held over an await.
        instance.store.data_mut().exchange = exchange.take();
        Self { instance, exchange }
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        *self.exchange = self.instance.store.data_mut().exchange.take();
    }
}

/// What a look at an answer comes to: nothing more to say, a refusal, or what is wrong with it.
pub(crate) type Checked = Result<Option<PluginRefusal>, Fault>;

/// What one call needs to know beside its parameters.
pub(crate) struct GuestCall<'a> {
    pub(crate) bound: &'a Bound,
    pub(crate) hook: HookKind,
    pub(crate) access: Access,
    pub(crate) pool: Rc<InstancePool>,
    pub(crate) yielders: &'a Rc<YielderPool>,
    pub(crate) make_room: &'a MakeRoom,
    /// Begun when the call was prepared.
    pub(crate) spent: CpuTimer,
}

impl GuestCall<'_> {
    /// Makes the call, lending it the exchange, and has `check` look at the answer. After a fault the
    /// exchange is back, undone if the binding is open, and the instance is burned.
    pub(crate) async fn run(
        mut self,
        exchange: &mut Option<Box<Exchange>>,
        (facts, ask): (Facts, HookCall),
        check: &mut dyn FnMut(HookAnswer) -> Checked,
    ) -> Checked {
        let plugin = self.bound.plugin();
        let stats = self.bound.stats(self.hook);
        // Before an instance is taken, for what is not called must not cost a place that somebody else waits for.
        if plugin.is_revoked() {
            self.count(&Fault::Untrusted);
            return Err(Fault::Untrusted);
        }
        let worth = || plugin.settings().limits.worth(exchange.as_deref().map_or(0, Exchange::at_hand));
        let admitted =
            self.bound.standing().admit(self.spent.resume(), worth).inspect_err(|fault| self.count(fault))?;
        let (bound, pool, trial, hook) = (self.bound, &*self.pool, admitted.trial, self.hook);
        // From here on whatever happens is charged, also if this future is dropped and never polled again.
        let (spent, ended) = (std::mem::take(&mut self.spent), CallOutcome::Unanswered);
        let mut bill = CallAccounting { bound, pool, stats, hook, ended, trial, spent, taking: 0 };
        let taken = match self.pool.take_idle(self.bound.tenant_state(), stats) {
            Some(taken) => Ok(taken),
            None => {
                // Boxed, for most calls find an instance and need no room for making one.
                let taking = self.pool.take(plugin, self.bound.tenant_state(), stats, self.make_room);
                let taken = metered(Box::pin(taking).as_mut(), START, self.turns(), &mut bill.spent).await.flatten();
                // A deadline begins with the call: who finds no instance must not have less time to answer, and polls for making one
                // are no times that the guest gave way.
                bill.spent.pause();
                bill.taking = bill.spent.polls;
                taken
            }
        };
        let result = match taken {
            Ok(mut taken) => {
                let answer = self.enter(&mut taken, exchange, (facts, ask), &mut bill.spent).await;
                // An answer that breaks the contract is a fault like a trap: whoever wrote it is in a state that nobody knows, so
                // the instance is not used again. One that refuses has done its work.
                let result = answer.and_then(check);
                match result.is_ok() {
                    true => taken.give_back(plugin, bill.spent.resume()),
                    false => {
                        // Giving its memory back to the system is part of what it costs.
                        bill.spent.resume();
                        drop(taken);
                        stats.burn();
                    }
                }
                result
            }
            Err(fault) => Err(fault),
        };
        self.settle(&mut bill, admitted, &result);
        result
    }

    /// Says what a call that has ended means for the plugin: for its tally, and for its quarantine, which only faults of the guest's
    /// own lead to. A call that never came this far, because the client left, has decided nothing: its bill says so.
    fn settle(&self, bill: &mut CallAccounting<'_>, admitted: Admitted, result: &Checked) {
        match result {
            Err(fault) => {
                self.count(fault);
                if fault.is_guests() {
                    if self.bound.standing().faulted(Instant::now(), admitted) {
                        self.bound.plugin().tally().quarantine();
                    }
                    bill.trial = false;
                }
            }
            Ok(refusal) => {
                bill.ended = if refusal.is_some() { CallOutcome::Refused } else { CallOutcome::Answered };
                if admitted.trial {
                    self.bound.standing().recovered();
                    bill.trial = false;
                }
            }
        }
    }

    /// Counts a call that does not end with the plugin's answer: for the metrics, and against a version on trial.
    fn count(&self, fault: &Fault) {
        self.bound.stats(self.hook).fault(fault);
        self.bound.plugin().tally().fault(self.hook, fault);
        if !fault.is_skipped() {
            self.bound.standing().note(fault);
        }
    }

    /// Where it waits for its turn when it has given way, and with whom.
    fn turns(&self) -> (&Rc<YielderPool>, TenantId) {
        (self.yielders, self.bound.tenant())
    }

    async fn enter(
        &self,
        taken: &mut Taken,
        exchange: &mut Option<Box<Exchange>>,
        (facts, asked): (Facts, HookCall),
        spent: &mut CpuTimer,
    ) -> Result<HookAnswer, Fault> {
        let plugin = self.bound.plugin();
        let instance = taken.instance().ok_or_else(|| Fault::Start("no instance".to_owned()))?;
        let mut at_hand = 0;
        if let Some(exchange) = exchange.as_deref_mut() {
            exchange.begin(self.access, plugin.open());
            at_hand = exchange.at_hand();
        }
        arm(&mut instance.store, plugin, at_hand);
        let limit = plugin.settings().limits.deadline_for(at_hand);
        // On the stack of this call's future and not boxed: a box would be an allocation for each call.
        let answer = {
            let loan = Loan::begin(&mut *instance, &mut *exchange);
            let Instance { hooks, store, .. } = &mut *loan.instance;
            let guest = pin!(call_hook(hooks, store, facts, asked));
            metered(guest, limit, self.turns(), spent).await
        };
        let answer = answer.and_then(|answer| answer.map_err(|error| diagnose(&mut instance.store, &error)));
        // What a plugin wrote is read as part of its call, so that what is wrong with it is this plugin's fault and not the next one's.
        // Of a request that is refused nobody sees what was written.
        let answer = answer.and_then(|answer| match exchange.as_deref_mut() {
            Some(exchange) if matches!(answer, HookAnswer::Verdict(Ok(()))) => {
                exchange.read_what_is_left().map(|()| answer)
            }
            Some(_) | None => Ok(answer),
        });
        // Half of what it meant to write may be worse than nothing. What stood before was kept only where the request may go on
        // without this plugin.
        if let (Err(_), Some(exchange)) = (&answer, exchange.as_deref_mut()) {
            exchange.undo();
        }
        answer
    }
}

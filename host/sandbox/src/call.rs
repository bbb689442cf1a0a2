//! One call into a guest: bounded, measured, and with its exchange brought back whatever happens.

use crate::chain::Bound;
use crate::error::Fault;
use crate::exchange::{Access, Exchange};
use crate::hook::Hook;
use crate::instance::{Hooks, arm, diagnose};
use crate::pool::{Pool, Taken};
use crate::ticker::Heartbeat;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::time::{Duration, Instant};
use wasmtime::component::{ComponentNamedList, Lift, Lower, TypedFunc};

/// CPU time of a future: what its polls took. Waiting between polls does not count.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) cpu: Duration,
    pub(crate) polls: u64,
}

/// Runs a future and adds up what its polls take.
pub(crate) async fn metered<F: Future>(future: F, spent: &mut Spent) -> F::Output {
    let mut future = std::pin::pin!(future);
    poll_fn(|cx| {
        let start = Instant::now();
        let poll = future.as_mut().poll(cx);
        spent.cpu += start.elapsed();
        spent.polls += 1;
        poll
    })
    .await
}

/// What one call needs to know beside its parameters.
pub(crate) struct Call<'a> {
    pub(crate) bound: &'a Bound,
    pub(crate) hook: Hook,
    pub(crate) access: Access,
    pub(crate) pool: Rc<Pool>,
    pub(crate) heartbeat: &'a Heartbeat,
}

impl Call<'_> {
    /// Calls the hook that `pick` finds, lending it the exchange. After a fault the exchange is back, undone if the
    /// binding is open, and the instance is burned.
    pub(crate) async fn run<P, R>(
        self,
        lent: &mut Option<Box<Exchange>>,
        params: P,
        pick: impl FnOnce(&Hooks) -> Option<&TypedFunc<P, R>>,
    ) -> Result<R, Fault>
    where
        P: ComponentNamedList + Lower + 'static,
        R: ComponentNamedList + Lift + 'static,
    {
        let plugin = self.bound.plugin();
        let stats = self.bound.stats(self.hook);
        let mut spent = Spent::default();
        let inside = self.heartbeat.enter();
        let result = match metered(self.pool.take(plugin, self.bound.slots(), stats), &mut spent).await {
            Ok(mut taken) => {
                let result = self.enter(&mut taken, lent, params, pick, &mut spent).await;
                match result.is_ok() {
                    true => taken.give_back(plugin),
                    false => stats.burn(),
                }
                result
            }
            Err(fault) => Err(fault),
        };
        drop(inside);
        stats.call(u64::try_from(spent.cpu.as_nanos()).unwrap_or(u64::MAX), spent.polls.saturating_sub(2));
        if let Err(fault) = &result {
            stats.fault(fault);
        }
        result
    }

    async fn enter<P, R>(
        &self,
        taken: &mut Taken,
        lent: &mut Option<Box<Exchange>>,
        params: P,
        pick: impl FnOnce(&Hooks) -> Option<&TypedFunc<P, R>>,
        spent: &mut Spent,
    ) -> Result<R, Fault>
    where
        P: ComponentNamedList + Lower + 'static,
        R: ComponentNamedList + Lift + 'static,
    {
        let plugin = self.bound.plugin();
        let gone = || Fault::Start("no such hook".to_owned());
        let instance = taken.instance().ok_or_else(gone)?;
        let function = pick(&instance.hooks).ok_or_else(gone)?;
        arm(&mut instance.store, plugin, plugin.settings().limits.deadline);
        if let Some(exchange) = lent.as_deref_mut() {
            exchange.begin(self.access, plugin.open());
        }
        instance.store.data_mut().exchange = lent.take();
        let answer = metered(function.call_async(&mut instance.store, params), spent).await;
        *lent = instance.store.data_mut().exchange.take();
        answer.map_err(|error| {
            if let Some(exchange) = lent.as_deref_mut() {
                exchange.undo();
            }
            diagnose(&mut instance.store, &error)
        })
    }
}

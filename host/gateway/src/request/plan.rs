//! Who may answer, in which order: the model's targets in the operator's order, unless a router knows better. Who of them
//! is put aside is looked at when somebody is asked.

use crate::request::context::RequestContext;
use crate::request::refusal::Refusal;
use crate::worker::Worker;
use crate::worker::snapshot::{Model, Snapshot};
use std::pin::pin;
use std::sync::Arc;
use weir_sandbox::{Candidate, Chain, HookKind, Override};
use weir_upstream::{HealthStanding, Mode};

/// One step of the plan.
#[derive(Debug)]
pub(crate) struct PlanStep {
    /// Index of the target among the model's.
    pub(crate) target: usize,
    /// What a router set for it.
    pub(crate) overrides: Vec<Override>,
    /// A router wants it in this place although it was told that it is put aside.
    pub(crate) insisted: bool,
}

/// Makes the plan. It is never empty.
pub(crate) async fn plan(
    context: &mut RequestContext,
    worker: &Worker,
    chain: &Chain,
) -> Result<Vec<PlanStep>, Refusal> {
    let held = std::rc::Rc::clone(&context.record.held);
    let snapshot = &*held.snapshot;
    let Some(model) = snapshot.model(context.model) else { return Err(Refusal::Internal) };
    if chain.wants(HookKind::Router, &context.ask.model) {
        let candidates = candidates(snapshot, model, mode(context));
        let routed = pin!(worker.sandbox.route(chain, &mut context.record.exchange, &candidates)).await?;
        // A router that leaves the order as it is does not ask for anybody who is put aside.
        let is_kept = routed.iter().map(|(target, _)| *target).eq(0..candidates.len());
        let is_aside = |target: usize| candidates.get(target).is_some_and(|candidate| !candidate.healthy);
        let step = |(target, overrides)| PlanStep { target, overrides, insisted: !is_kept && is_aside(target) };
        debug_assert!(!routed.is_empty(), "a router chooses somebody");
        return Ok(routed.into_iter().map(step).collect());
    }
    let step = |target| PlanStep { target, overrides: Vec::new(), insisted: false };
    debug_assert!(!model.targets.is_empty(), "a model has a target");
    Ok((0..model.targets.len()).map(step).collect())
}

/// How the answer is to come.
pub(crate) fn mode(context: &RequestContext) -> Mode {
    if context.ask.streaming { Mode::Stream } else { Mode::Whole }
}

fn candidates(snapshot: &Snapshot, model: &Model, mode: Mode) -> Vec<Candidate> {
    let candidate = |target: &crate::worker::snapshot::Target| {
        let provider = snapshot.providers.get(target.provider)?;
        Some(Candidate {
            provider: Arc::clone(&provider.name),
            model: Arc::clone(&target.model),
            healthy: target.health.standing(mode) != HealthStanding::Aside,
            input_price: target.price.input_micro,
            output_price: target.price.output_micro,
        })
    };
    model.targets.iter().filter_map(candidate).collect()
}

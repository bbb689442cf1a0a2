//! Who may answer, in which order: the model's targets, healthy ones first, unless a router knows better.

use crate::journey::Trip;
use crate::refusal::Refusal;
use crate::snapshot::{Model, Snapshot};
use crate::worker::Worker;
use std::pin::pin;
use std::sync::Arc;
use weir_sandbox::{Assignment, Candidate, Chain, Hook};

/// One step of the plan.
#[derive(Debug)]
pub(crate) struct Step {
    /// Index of the target among the model's.
    pub(crate) target: usize,
    /// What a router set for it.
    pub(crate) overrides: Vec<Assignment>,
}

/// Makes the plan. It is never empty.
pub(crate) async fn plan(trip: &mut Trip, worker: &Worker, chain: &Chain) -> Result<Vec<Step>, Refusal> {
    let held = std::rc::Rc::clone(&trip.record.held);
    let snapshot = &*held.snapshot;
    let model = snapshot.model(trip.model).ok_or(Refusal::Internal)?;
    if chain.wants(Hook::Router, &trip.ask.model) {
        let candidates = candidates(snapshot, model);
        let routed = pin!(worker.sandbox.route(chain, &mut trip.record.lent, &candidates)).await?;
        return Ok(routed.into_iter().map(|(target, overrides)| Step { target, overrides }).collect());
    }
    let healthy = |step: &Step| {
        let target = model.targets.get(step.target);
        target.and_then(|t| snapshot.providers.get(t.provider)).is_some_and(|p| p.upstream.healthy())
    };
    let mut steps: Vec<Step> = (0..model.targets.len()).map(|target| Step { target, overrides: Vec::new() }).collect();
    if steps.len() > 1 {
        steps.sort_by_key(|step| !healthy(step));
    }
    Ok(steps)
}

fn candidates(snapshot: &Snapshot, model: &Model) -> Vec<Candidate> {
    let candidate = |target: &crate::snapshot::Target| {
        let provider = snapshot.providers.get(target.provider)?;
        Some(Candidate {
            provider: Arc::clone(&provider.name),
            model: Arc::clone(&target.model),
            healthy: provider.upstream.healthy(),
            input_price: target.price.input_micro,
            output_price: target.price.output_micro,
        })
    };
    model.targets.iter().filter_map(candidate).collect()
}

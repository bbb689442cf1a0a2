//! Whose turn it is: the first of the plan that is not put aside, and as often as the budget allows.

use crate::request::plan::PlanStep;
use crate::worker::snapshot::Model;
use weir_upstream::{Mode, Ticket};

/// Chooses whom the `n`th attempt asks (the first is 0), puts it into its place in the plan, and answers its ticket.
///
/// In the first round who is put aside is passed over as long as there are others; when all are, the first is asked
/// nevertheless. None if the plan names nobody.
pub(crate) fn choose(model: &Model, steps: &mut [PlanStep], n: usize, mode: Mode) -> Option<Ticket> {
    let at = n.checked_rem(steps.len())?;
    let is_first_round = n < steps.len();
    let left = steps.get_mut(at..)?;
    let candidates = if is_first_round { left.len() } else { 1 };
    for place in 0..candidates {
        let step = left.get(place)?;
        let health = &model.targets.get(step.target)?.health;
        let ticket = health.enter(mode).or_else(|| step.insisted.then(|| health.insist(mode)));
        if let Some(ticket) = ticket {
            left.get_mut(..=place)?.rotate_right(1);
            return Some(ticket);
        }
    }
    let first = left.first()?;
    Some(model.targets.get(first.target)?.health.insist(mode))
}

/// Whether the budget allows an attempt at this step after one that failed. Asking somebody who is well is free: it
/// multiplies nothing.
pub(crate) fn is_affordable(model: &Model, step: &PlanStep, mode: Mode) -> bool {
    let is_well = model.targets.get(step.target).is_some_and(|target| target.health.is_well(mode));
    is_well || model.budget.withdraw()
}

//! In which order candidates are tried, once routers have had their say.

use crate::abi::contract::{Assignment, Choice, Routing};
use crate::error::Fault;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// A router's choice: index of the candidate that the host offered, and what to set in the request for it.
pub type Routed = (usize, Vec<Override>);

/// What a router sets in the request for a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The router's place among those of its chain.
    pub router: usize,
    /// What it sets.
    pub set: Assignment,
}

/// Steps that a router may make of the candidates: the same one may be tried again with other parameters, but a plan
/// without end would be an attack on upstreams.
const STEPS: usize = 64;

/// Applies the answer of the router in this place to the order that it was shown.
pub(super) fn reorder(order: &[Routed], routing: Routing, router: usize) -> Result<Vec<Routed>, Fault> {
    let wrong = |what: String| Fault::Answer(what);
    let choices = match routing {
        Routing::Keep => return Ok(order.to_vec()),
        Routing::Order(choices) if choices.is_empty() => return Err(wrong("it chose no candidate".to_owned())),
        Routing::Order(choices) => choices,
    };
    let most = STEPS.max(order.len());
    if choices.len() > most {
        return Err(wrong(format!("it made a plan of {} steps; at most {most}", choices.len())));
    }
    let pick = |choice: Choice| {
        let chosen = usize::try_from(choice.candidate).ok().and_then(|index| order.get(index));
        let (index, overrides) =
            chosen.ok_or_else(|| wrong(format!("it chose candidate {} of {}", choice.candidate, order.len())))?;
        let own = choice.overrides.into_iter().map(|set| Override { router, set });
        Ok((*index, overrides.iter().cloned().chain(own).collect()))
    };
    choices.into_iter().map(pick).collect()
}

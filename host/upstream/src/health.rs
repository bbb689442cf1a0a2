//! Whether a provider, and a model of it, should be asked: breakers that all workers share, without a lock.
//!
//! There are two of them on every request's way: one for the provider as a whole, and one for the model that is asked
//! there, whole answers and streams apart. A request takes a [`Ticket`] and hands it back with an [`AttemptVerdict`], at the
//! end of the answer's body and not at its head; a ticket that is dropped says nothing, and gives its place as a probe back.

mod aside;
mod breaker;
mod events;
mod flow;
mod keyed;
mod model;
mod provider;
mod state;
mod ticket;

pub use aside::{Aside, Mode};
pub(crate) use keyed::FoundFault;
pub use model::ModelHealth;
pub(crate) use provider::ProviderHealth;
pub use state::{AsideReason, HealthStanding};
pub use ticket::{AttemptVerdict, Ticket};

#[cfg(test)]
mod tests;

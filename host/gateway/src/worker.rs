//! What one serving thread has: its upstream connections, its plugin instances, its figures. No request waits for another
//! thread's: docs/architecture.md says which locks there are all the same.

mod handle;
mod model_list;
mod observe_queue;
pub(crate) mod pins;
pub(crate) mod provider;
mod shared;
pub(crate) mod snapshot;
mod state;
mod unheard;
pub(crate) mod via;

pub(crate) use handle::SnapshotHandle;
pub(crate) use observe_queue::{Busy, ObserveJob, ObserveTurn};
pub(crate) use shared::{RefusedConnections, Shared};
pub(crate) use state::Worker;
pub(crate) use unheard::{UnheardAnswers, UnheardEnd};

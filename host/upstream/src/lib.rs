//! `async fn(&Upstream, Request<Bytes>, Deadlines) -> Result<Response<Body>, AttemptError>`
//!
//! The only crate of the gateway that dials out. An [`Upstream`] is a provider as all workers share it; a [`ConnectionPool`] is
//! what one worker has open to all upstreams; [`ConnectionPool::send`] makes one attempt, and [`status`] says what its answer means;
//! [`ModelHealth`] says whom to try, and [`plan`] whether and when to try again. An [`Egress`] sends the requests that
//! plugins make.
//!
//! What it promises:
//! - a worker takes no lock and makes no look-up of a name on the way of a request;
//! - connections, the queue for them and every wait have a limit, and no cancellation can leak a place;
//! - a request is never sent twice, unless nothing of it was sent the first time, and the caller is told where a kept
//!   connection had been closed before it was put on it;
//! - a body ends cleanly only if the upstream ended it cleanly;
//! - dropping a future or a body cancels the call upstream.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod address;
mod attempt;
mod body;
mod coding;
mod conn_limits;
mod connect;
mod deadlines;
mod dial;
mod egress;
mod error;
mod health;
mod http1;
mod http2;
mod name;
mod names;
mod path;
pub mod plan;
mod pool;
mod public;
mod sockets;
pub mod stats;
pub mod status;
mod tls;
mod trouble;
mod upstream;

pub use body::Body;
pub use coding::is_coded;
pub use deadlines::Deadlines;
pub use egress::{Egress, EgressError, EgressSetupError};
pub use error::{AttemptError, BodyError, Break, UpstreamError, Which};
pub use health::{Aside, AsideReason, AttemptVerdict, HealthStanding, Mode, ModelHealth, Ticket};
pub use names::{HostNames, Resolver, SystemResolver};
pub use pool::ConnectionPool;
pub use stats::UpstreamStats;
pub use tls::{TLS_KINDS, TlsFailure};
pub use upstream::Upstream;

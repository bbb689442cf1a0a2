//! `async fn(&Upstream, Request<Bytes>, Deadlines) -> Result<Response<Body>, AttemptError>`
//!
//! The only crate of the gateway that dials out. An [`Upstream`] is a provider as all workers share it; a [`ConnectionPool`]
//! is what one worker has open to all upstreams; [`ConnectionPool::send`] makes one attempt, and [`status`] says what its
//! answer means; [`ModelHealth`] says whom to try, [`Backoff`] and [`RetryBudget`] when to try again and how often. An
//! [`Egress`] sends the requests that plugins make.
//!
//! What it promises:
//! - a worker takes no lock and makes no look-up of a name on the way of a request;
//! - connections, the queue for them and every wait have a limit, and no cancellation can leak a place;
//! - a request is never sent twice, unless nothing of it was sent the first time, and the caller is told where a kept
//!   connection had been closed before it was put on it;
//! - a body ends cleanly only if the upstream ended it cleanly;
//! - dropping a future or a body cancels the call upstream.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod attempt;
mod auth;
mod body;
mod coding;
mod conn_limits;
mod deadlines;
mod dial;
mod egress;
mod error;
mod health;
mod http1;
mod http2;
mod key_ring;
mod pool;
mod retry;
pub mod stats;
mod upstream;

pub use body::Body;
pub use deadlines::Deadlines;
pub use dial::names::{HostNames, Resolver, SystemResolver};
pub use dial::tls::{TLS_KINDS, TlsFailure};
pub use egress::{Egress, EgressError, EgressSetupError};
pub use error::{AttemptError, BodyError, Break, UpstreamError, Which};
pub use health::{Aside, AsideReason, AttemptVerdict, HealthStanding, Mode, ModelHealth, Ticket};
pub use key_ring::{KeyAside, KeyFault};
pub use pool::ConnectionPool;
pub use retry::{AttemptFailure, Backoff, FailureKind, RetryBudget, RetryDecision, retry_after, status};
pub use stats::UpstreamStats;
pub use upstream::{RepeatedSecret, Upstream};

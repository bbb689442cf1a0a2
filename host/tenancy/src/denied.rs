//! Why a request may not go on.

use std::time::Duration;

use thiserror::Error;

/// A refusal of this crate. The gateway maps the first three to 401 and the last two to 429 (RFC 9110 section 15.5.2,
/// RFC 6585 section 4). No variant carries any part of a token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Denied {
    /// The request carries no key.
    #[error("no API key: send `authorization: Bearer sk-weir-…`")]
    MissingKey,
    /// The token is not of the form `sk-weir-<id>-<secret>`.
    #[error("the API key is malformed: it reads `sk-weir-<id>-<secret>`; check that it was copied whole")]
    MalformedKey,
    /// No such id, or the wrong secret for it. The two are not told apart, in words or in time.
    #[error("the API key is not known here: check it, or ask for a new one")]
    UnknownKey,
    /// The requests of this minute are used up.
    #[error("the rate limit of this {scope} is used up ({} per minute): retry in {} ms", requests(*.limit), .retry_after.as_millis())]
    RateLimited {
        /// Whose limit it is: `key` or `tenant`.
        scope: &'static str,
        /// The limit, in requests per minute.
        limit: u32,
        /// After this long one request will fit, if no other takes it first.
        retry_after: Duration,
        /// After this long, with no further request, the whole limit is available again.
        reset: Duration,
    },
    /// As many requests as allowed are being answered right now.
    #[error("this {scope} has {} in flight, which is its limit: wait until one has ended", requests(*.limit))]
    TooManyConcurrent {
        /// Whose limit it is: `key` or `tenant`.
        scope: &'static str,
        /// The limit, in requests at the same time.
        limit: u32,
    },
}

fn requests(limit: u32) -> String {
    weir_config::counted(usize::try_from(limit).unwrap_or(usize::MAX), "request", "requests")
}

//! When a connection that was idle is believed, and what its end means.

use std::time::Duration;

/// After so much idleness the socket itself is asked whether the upstream has hung up: a server closes connections
/// that were idle for seconds, and the news may not have come through the event loop yet.
pub(crate) const LOOK_AFTER: Duration = Duration::from_millis(500);

/// When a kept connection ends so soon after a request was put on it, it had been closed before: the news takes one round
/// trip, and some more where either end is busy. A connection that ends later was open, and the request may have been
/// worked on.
pub(crate) const STALE_WITHIN: Duration = Duration::from_secs(2);

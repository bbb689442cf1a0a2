//! The time, coarse (WIT `clock`): it moves in steps of some milliseconds and does not move within a call, so it measures
//! nothing. A plugin that reads it needs the grant `clock`.

use crate::host::clock as host;

/// Milliseconds since 1970-01-01 00:00 UTC.
#[must_use]
pub fn now_ms() -> u64 {
    host::now_ms()
}

//! `[providers.NAME.health]`: when a provider, or one model of it, is put aside, and for how long.

use std::time::Duration;

use crate::table::ConfigTable;
use crate::units::show_duration;
use crate::units::{LONGEST, SHORTEST};

/// When a provider, or one model of it, is put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthSettings {
    /// So many failures in a row put it aside, 1 to 100; 5 by default.
    pub failures: u8,
    /// For how long the first time; doubled whenever the request that tries it out fails. 1 s by default, 1 ms to 24 h.
    pub aside: Duration,
    /// The longest that failures put it aside; 30 s by default, 1 ms to 24 h.
    pub aside_limit: Duration,
    /// So many requests in a row without an answer's head are piling up, 0 to 10,000; 5 by default, and 0 for never.
    pub unanswered: u32,
    /// The least that each of these must have waited, 1 ms to 24 h; 1 s by default, and never more than half of the
    /// time that the head may take.
    pub unanswered_after: Duration,
    /// The longest that a provider's own `retry-after` puts a model of it aside; 1 h by default, 0 to 24 h.
    pub retry_after_limit: Duration,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            failures: 5,
            aside: Duration::from_secs(1),
            aside_limit: Duration::from_secs(30),
            unanswered: 5,
            unanswered_after: Duration::from_secs(1),
            retry_after_limit: Duration::from_hours(1),
        }
    }
}

impl HealthSettings {
    pub(super) fn read(table: ConfigTable<'_>) -> Self {
        let default = Self::default();
        let time = SHORTEST..=LONGEST;
        let health = Self {
            failures: table.whole("failures", default.failures, 1..=100),
            aside: table.duration("aside", default.aside, time.clone()),
            aside_limit: table.duration("aside_limit", default.aside_limit, time.clone()),
            unanswered: table.whole("unanswered", default.unanswered, 0..=10_000),
            unanswered_after: table.duration("unanswered_after", default.unanswered_after, time),
            retry_after_limit: table.duration("retry_after_limit", default.retry_after_limit, Duration::ZERO..=LONGEST),
        };
        table.finish();
        health
    }

    /// Every key with what it says, for the difference of two configurations.
    pub(crate) fn facts(&self) -> [(&'static str, String); 6] {
        [
            ("health.failures", self.failures.to_string()),
            ("health.aside", show_duration(self.aside)),
            ("health.aside_limit", show_duration(self.aside_limit)),
            ("health.unanswered", self.unanswered.to_string()),
            ("health.unanswered_after", show_duration(self.unanswered_after)),
            ("health.retry_after_limit", show_duration(self.retry_after_limit)),
        ]
    }
}

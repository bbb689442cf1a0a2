//! `[providers.NAME.health]`: when a provider, or one model of it, is put aside, and for how long.

use std::time::Duration;

use crate::keys::{CountKey, TimeKey, keys};
use crate::table::ConfigTable;
use crate::units::{LONGEST, SHORTEST};

/// The longest that a `retry-after` counts for where nothing is said.
const HOUR: Duration = Duration::from_hours(1);

keys! {
    /// When a provider, or one model of it, is put aside.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct HealthSettings(table), with defaults {
        /// So many failures in a row put it aside, 1 to 100; 5 by default.
        pub failures: u8 = 5 => "failures" CountKey(1..=100);
        /// For how long the first time; doubled whenever the request that tries it out fails. 1 s by default, 1 ms to 24 h.
        pub aside: Duration = Duration::from_secs(1) => "aside" TimeKey(SHORTEST..=LONGEST);
        /// The longest that failures put it aside; 30 s by default, 1 ms to 24 h.
        pub aside_limit: Duration = Duration::from_secs(30) => "aside_limit" TimeKey(SHORTEST..=LONGEST);
        /// So many requests in a row without an answer's head are piling up, 0 to 10,000; 5 by default, and 0 for never.
        pub unanswered: u32 = 5 => "unanswered" CountKey(0..=10_000);
        /// The least that each of these must have waited, 1 ms to 24 h; 1 s by default, and never more than half of the
        /// time that the head may take.
        pub unanswered_after: Duration = Duration::from_secs(1) => "unanswered_after" TimeKey(SHORTEST..=LONGEST);
        /// The longest that a provider's own `retry-after` puts a model of it aside; 1 h by default, 0 to 24 h.
        pub retry_after_limit: Duration = HOUR => "retry_after_limit" TimeKey(Duration::ZERO..=LONGEST);
    }
}

impl HealthSettings {
    pub(super) fn read(table: ConfigTable<'_>) -> Self {
        let health = Self::of(&table);
        table.finish();
        health
    }
}

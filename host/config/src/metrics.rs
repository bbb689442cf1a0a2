//! `[metrics]`: what is measured.

use std::time::Duration;

use crate::keys::{FlagKey, TimeKey, keys};
use crate::table::ConfigTable;

/// The longest that a scrape shows what is no longer there.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

keys! {
    /// `[metrics]`: what is measured.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct MetricsConfig(table), with defaults {
        /// Whether histograms are kept for each tenant, and not only for each model or plugin; false by default.
        pub tenant_histograms: bool = false => "tenant_histograms" FlagKey();
        /// How long a scrape shows what was counted of a tenant, model, provider or plugin that the configuration no longer
        /// has; 15 minutes by default, at most a day.
        pub keep_removed: Duration = Duration::from_secs(15 * 60) => "keep_removed" TimeKey(Duration::ZERO..=DAY);
    }
}

impl MetricsConfig {
    pub(crate) fn read(table: ConfigTable<'_>) -> Self {
        let metrics = Self::of(&table);
        table.finish();
        metrics
    }
}

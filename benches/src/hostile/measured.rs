//! What was measured of a run.

use super::memory::Memory;
use super::setup::{GOOD, TAP};
use super::watch::ReadinessLog;
use crate::load::LoadReport;
use crate::metrics::Scrape;

/// Two measurements, one after the other.
#[derive(Debug)]
pub(super) struct LoadPair {
    pub(super) alone: LoadReport,
    pub(super) beside: LoadReport,
}

/// All that was measured.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) pairs: Vec<LoadPair>,
    pub(super) metrics: Scrape,
    pub(super) before: Memory,
    /// The most of each, beyond what there was before: while attackers are there, and once they are gone.
    pub(super) most: Memory,
    pub(super) left: Memory,
    pub(super) seen: ReadinessLog,
    /// Requests that a guard denied, of those that it has to deny.
    pub(super) denied: (u64, u64),
    /// What the tenant whose folder was broken is told at the start and at the end: a status, and whether it is closed.
    pub(super) broken: [(u16, bool); 2],
}

impl Measured {
    /// Whether the tenant that behaves has lost nothing.
    pub(super) fn others_are_well(&self) -> bool {
        let good = [("tenant", GOOD)];
        let faults = self.metrics.count("weir_plugin_faults_total", &good);
        let (requests, seen) = (self.metrics.count("weir_requests_total", &good), observed(&self.metrics));
        faults == 0 && requests == seen && self.pairs.iter().all(|pair| lost(&pair.beside) == 0)
    }
}

/// Requests that the tap has counted of the tenant that behaves.
pub(super) fn observed(metrics: &Scrape) -> u64 {
    metrics.count("weir_plugin_calls_total", &[("plugin", TAP), ("tenant", GOOD), ("hook", "observe")])
}

/// Requests without an answer, or that were never sent.
pub(super) fn lost(report: &LoadReport) -> u64 {
    report.failures.values().sum::<u64>() + unsent(report)
}

pub(super) fn unsent(report: &LoadReport) -> u64 {
    report.open.map_or(0, |open| open.unsent)
}

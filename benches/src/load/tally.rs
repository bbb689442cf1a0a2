//! What happened to the measured requests.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;

use super::failure::LoadFailure;

/// Histograms hold nanoseconds from a microsecond to an hour, to three digits.
const SHORTEST: u64 = 1_000;
const LONGEST: u64 = 3_600_000_000_000;

/// The measured requests of one thread, or of several added up.
#[derive(Debug)]
pub(crate) struct LoadTally {
    pub(super) whole: Histogram<u64>,
    pub(super) first: Histogram<u64>,
    /// Pauses between events of streams.
    pub(super) gaps: Histogram<u64>,
    /// In an open loop, how much later than due requests were sent.
    pub(super) late: Histogram<u64>,
    pub(super) failures: BTreeMap<LoadFailure, u64>,
    /// Pauses longer than [`Self::stall`].
    pub(super) stalls: u64,
    stall: Duration,
}

/// One request that has ended.
#[derive(Debug)]
pub(super) struct EndedRequest<'a> {
    pub(super) took: Duration,
    pub(super) outcome: Result<(), LoadFailure>,
    /// For a stream, the time to its first text, and the pauses after it.
    pub(super) first: Option<Duration>,
    pub(super) gaps: &'a [Duration],
    pub(super) late: Option<Duration>,
}

impl LoadTally {
    pub(super) fn new(stall: Duration) -> Result<Self> {
        // Grows with what is recorded.
        let mut whole = Histogram::new_with_bounds(SHORTEST, 2 * SHORTEST, 3).context("the bounds are valid")?;
        whole.auto(true);
        let (first, gaps, late) = (whole.clone(), whole.clone(), whole.clone());
        Ok(Self { whole, first, gaps, late, failures: BTreeMap::new(), stalls: 0, stall })
    }

    pub(super) fn record(&mut self, ended: &EndedRequest<'_>) {
        if let Some(late) = ended.late {
            note(&mut self.late, late);
        }
        if let Err(failure) = ended.outcome {
            *self.failures.entry(failure).or_default() += 1;
            return;
        }
        note(&mut self.whole, ended.took);
        if let Some(first) = ended.first {
            note(&mut self.first, first);
        }
        for gap in ended.gaps {
            note(&mut self.gaps, *gap);
            self.stalls += u64::from(*gap > self.stall);
        }
    }

    pub(super) fn add(&mut self, other: &Self) -> Result<()> {
        self.whole.add(&other.whole)?;
        self.first.add(&other.first)?;
        self.gaps.add(&other.gaps)?;
        self.late.add(&other.late)?;
        self.stalls += other.stalls;
        for (failure, count) in &other.failures {
            *self.failures.entry(*failure).or_default() += count;
        }
        Ok(())
    }

    /// Requests that have ended, failed ones included.
    pub(super) fn ended(&self) -> u64 {
        self.whole.len() + self.failures.values().sum::<u64>()
    }
}

fn note(histogram: &mut Histogram<u64>, took: Duration) {
    let nanos = u64::try_from(took.as_nanos()).unwrap_or(LONGEST).min(LONGEST);
    // Cannot fail: the histogram grows.
    let _recorded = histogram.record(nanos);
}

//! Times of calls in buckets: what half of them, or nearly all, do not exceed.

use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Reads a quantile off a histogram: the value that so many of a thousand do not exceed. `buckets` are the upper bound of
/// each and how many values it holds, the lowest first. None if they hold nothing.
pub(crate) fn quantile(buckets: impl Iterator<Item = (u64, u64)> + Clone, of_thousand: u64) -> Option<u64> {
    let all: u64 = buckets.clone().map(|(_, count)| count).sum();
    let rank = (all * of_thousand).div_ceil(1000).max(1);
    let (mut below, mut floor) = (0, 0);
    for (bound, count) in buckets {
        if below + count >= rank && count > 0 {
            // Within a bucket values are taken to be spread evenly.
            return Some(floor + (bound - floor) * (rank - below) / count);
        }
        (below, floor) = (below + count, bound);
    }
    None
}

/// So many buckets for each power of two: none is wider than a sixteenth of the values in it, so that what is twice as
/// much as something else is known to be.
const FINE: usize = 1 << FINE_BITS;
const FINE_BITS: u32 = 4;
/// Buckets: what takes 2³⁷ ns (two minutes) or longer is counted in the last one.
const BUCKETS: usize = FINE * 34;

/// In which bucket a time in nanoseconds is counted.
fn bucket(ns: u64) -> usize {
    let shift = ns.max(1 << FINE_BITS).ilog2() - FINE_BITS;
    let fine = usize::try_from(ns >> shift).unwrap_or(usize::MAX);
    (shift as usize * FINE).saturating_add(fine).min(BUCKETS - 1)
}

/// Where a bucket begins, in nanoseconds: the first sixteen hold one value each.
fn floor(bucket: usize) -> u64 {
    match bucket / FINE {
        0 => bucket as u64,
        octave => ((FINE + bucket % FINE) as u64) << (octave - 1),
    }
}

/// Counts of times, written by many threads at once: one addition for each time.
#[derive(Debug)]
pub(crate) struct Histogram(Box<[AtomicU64]>);

impl Default for Histogram {
    fn default() -> Self {
        Self((0..BUCKETS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Histogram {
    pub(crate) fn add(&self, ns: u64) {
        if let Some(count) = self.0.get(bucket(ns)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn times(&self) -> HistogramSnapshot {
        HistogramSnapshot(self.0.iter().map(|count| count.load(Ordering::Relaxed)).collect())
    }
}

/// What a [`Histogram`] held at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HistogramSnapshot(Box<[u64]>);

impl HistogramSnapshot {
    /// How many times were counted.
    pub(crate) fn len(&self) -> u64 {
        self.0.iter().sum()
    }

    /// What was counted since an earlier moment.
    pub(crate) fn since(mut self, earlier: &Self) -> Self {
        for (count, earlier) in self.0.iter_mut().zip(&earlier.0) {
            *count = count.saturating_sub(*earlier);
        }
        self
    }

    /// The time in nanoseconds that half of them do not exceed, accurate to a sixteenth; none if none was counted.
    pub(crate) fn median_ns(&self) -> Option<u64> {
        quantile(self.0.iter().enumerate().map(|(bucket, count)| (floor(bucket + 1), *count)), 500)
    }
}

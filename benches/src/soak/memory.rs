//! Whether memory stays where it is: at rest, and as the slope through looks at it, of which single peaks are no part.

use std::time::Duration;

/// A look: when, and KiB.
pub(super) type MemorySample = (Duration, u64);

/// What the looks after a warm-up come to, in MiB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trend {
    pub(super) median: f64,
    pub(super) most: f64,
    /// In ten minutes.
    pub(super) slope: f64,
}

/// A growth of less than this is none, in MiB: pages come and go.
const LEAST: f64 = 2.0;
/// So is less than this share of what there was.
const SHARE: f64 = 0.05;

/// Whether what is there at rest, in KiB, is no more than before.
pub(super) fn is_flat(before: u64, after: u64) -> bool {
    mib(after) - mib(before) <= LEAST.max(mib(before) * SHARE)
}

impl Trend {
    /// The trend of the looks from `warm` on: the median of the slopes of all pairs (Theil and Sen). None of fewer than ten
    /// looks.
    pub(super) fn of(looks: &[MemorySample], warm: Duration) -> Option<Self> {
        let looks: Vec<_> = looks.iter().filter(|(at, _)| *at >= warm).map(|look| (look.0, mib(look.1))).collect();
        if looks.len() < 10 {
            return None;
        }
        let mut slopes = Vec::new();
        for (number, (at, size)) in looks.iter().enumerate() {
            let later = looks.iter().skip(number + 1).filter(|(then, _)| then > at);
            slopes.extend(later.map(|(then, grown)| (grown - size) / (*then - *at).as_secs_f64()));
        }
        let slope = median(&mut slopes)?;
        let mut sizes: Vec<_> = looks.iter().map(|(_, size)| *size).collect();
        Some(Self { median: median(&mut sizes)?, most: sizes.last().copied()?, slope: slope * 600.0 })
    }
}

#[expect(clippy::cast_precision_loss, reason = "KiB of a process are far below 2^52")]
pub(super) fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}

fn median(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn looks(size: impl Fn(u64) -> u64) -> Vec<MemorySample> {
        (0..300).map(|second| (Duration::from_secs(second), 1_024 * size(second))).collect()
    }

    #[test]
    fn a_leak_is_a_slope_and_peaks_and_a_warm_up_are_not() {
        let flat = looks(|second| if second < 60 { second } else { 60 + u64::from(second % 20 == 0) * 40 });
        let trend = Trend::of(&flat, Duration::from_secs(60)).unwrap();
        assert!(trend.slope.abs() < 0.2, "{trend:?}");
        assert!((trend.most - 100.0).abs() < 0.1 && (trend.median - 60.0).abs() < 0.1, "{trend:?}");
        let leak = looks(|second| 60 + second / 30);
        let trend = Trend::of(&leak, Duration::from_secs(60)).unwrap();
        assert!((trend.slope - 20.0).abs() < 1.0, "{trend:?}");
    }

    #[test]
    fn what_is_more_at_rest_is_a_leak_unless_it_is_next_to_nothing() {
        let mib = |mib: u64| mib << 10;
        for (before, after) in [(30, 30), (30, 32), (100, 104), (60, 20)] {
            assert!(is_flat(mib(before), mib(after)), "{before} {after}");
        }
        for (before, after) in [(30, 33), (100, 106), (20, 60)] {
            assert!(!is_flat(mib(before), mib(after)), "{before} {after}");
        }
    }

    #[test]
    fn a_few_looks_are_no_trend() {
        assert_eq!(Trend::of(&looks(|_| 1), Duration::from_secs(295)), None);
    }
}

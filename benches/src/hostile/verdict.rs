//! What was measured, held against the bars.

use super::measured::{LoadPair, Measured, lost, observed};
use super::setup::{GOOD, TAP};
use super::shown::HostileReport;
use crate::bar::Bar;
use crate::load::LoadReport;

/// The most that the 99th of a hundred requests may take, in multiples of what it takes alone: the median of all pairs.
const P99: f64 = 1.2;
/// The most that the gateway may grow by, in MiB: by all but its guests' memory while they are there, and by all once they are
/// gone.
const GROWTH: f64 = 64.0;

/// The bars, and what is shown beside them.
pub(super) fn bars(measured: &Measured, shown: &[HostileReport]) -> Vec<Bar> {
    let mut bars = times(&measured.pairs);
    bars.extend(counts(measured, shown));
    bars.extend(memory(measured));
    bars
}

fn times(pairs: &[LoadPair]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = pairs
        .iter()
        .enumerate()
        .map(|(n, pair)| {
            let (alone, beside) = (p99(&pair.alone), p99(&pair.beside));
            let remark = format!("{alone:.1} ms alone, {beside:.1} ms beside them");
            Bar::shown(format!("p99 beside attackers, pair {}", n + 1), beside / alone, "×").with(remark)
        })
        .collect();
    let mut ratios: Vec<f64> = pairs.iter().map(|pair| p99(&pair.beside) / p99(&pair.alone)).collect();
    let what = "p99 beside attackers, in multiples of p99 alone, the median of all pairs";
    bars.push(Bar::most(what, median(&mut ratios), "×", P99));
    bars
}

/// The one in the middle, or the larger one of two; no number if there is none, or one that is none.
fn median(numbers: &mut [f64]) -> f64 {
    if numbers.iter().any(|number| number.is_nan()) {
        return f64::NAN;
    }
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

fn counts(measured: &Measured, shown: &[HostileReport]) -> Vec<Bar> {
    let (metrics, good) = (&measured.metrics, [("tenant", GOOD)]);
    let (requests, seen) = (metrics.count("weir_requests_total", &good), observed(metrics));
    let sum = |of: fn(&LoadPair) -> &LoadReport| count(measured.pairs.iter().map(|pair| lost(of(pair))).sum());
    let missing = |is: fn(&HostileReport) -> bool| count(shown.iter().filter(|shown| !is(shown)).map(|_| 1).sum());
    vec![
        Bar::most("requests lost alone", sum(|pair| &pair.alone), "", 0.0),
        Bar::most("requests lost beside attackers", sum(|pair| &pair.beside), "", 0.0),
        Bar::most("observations lost", count(requests.abs_diff(seen)), "", 0.0)
            .with(format!("{requests} requests, {seen} seen by {TAP}")),
        Bar::most("observations skipped", metrics.sum("weir_plugin_observe_skipped_total", &good), "", 0.0),
        Bar::most("faults of the plugins of who behaves", metrics.sum("weir_plugin_faults_total", &good), "", 0.0),
        Bar::most("attackers that were not met with", missing(|shown| shown.met), "", 0.0),
        Bar::most("attackers that were not contained", missing(|shown| shown.contained), "", 0.0)
            .with(format!("of {}", shown.len())),
    ]
}

fn memory(measured: &Measured) -> Vec<Bar> {
    let Measured { before, most, left, .. } = measured;
    vec![
        Bar::shown("memory before", mib(before.all()), "MiB"),
        Bar::most("while they are there: counted for guests", mib(most.counted), "MiB", mib(most.limit))
            .with("plugins.memory"),
        Bar::shown("while they are there: guests' memory grows by, as far as it is used", mib(most.guests), "MiB"),
        Bar::most("while they are there: all but guests' memory grows by", mib(most.host), "MiB", GROWTH),
        Bar::shown("while they are there: processes that compile", mib(most.compilers), "MiB"),
        Bar::most("once they are gone: all memory has grown by", mib(left.all()), "MiB", GROWTH).with(format!(
            "guests' {:.1}, all else {:.1}",
            mib(left.guests),
            mib(left.host)
        )),
    ]
}

fn p99(report: &LoadReport) -> f64 {
    report.latency.map_or(f64::NAN, |latency| latency.p99 / 1e3)
}

#[expect(clippy::cast_precision_loss, reason = "KiB of a process are far below 2^52")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
fn count(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_noisy_pair_of_three_decides_nothing_and_what_was_not_measured_is_no_number() {
        assert!((median(&mut [1.1, 9.0, 1.05]) - 1.1).abs() < 1e-9);
        assert!((median(&mut [1.1, 9.0]) - 9.0).abs() < 1e-9);
        assert!(median(&mut [1.1, f64::NAN, 1.0]).is_nan() && median(&mut []).is_nan());
    }
}

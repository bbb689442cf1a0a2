//! The outcome of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::check::RunCheck;
use super::failure::LoadFailure;
use super::tally::LoadTally;
use super::watch::UsedResources;

/// Times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quantiles {
    pub(crate) mean: f64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

impl Quantiles {
    fn of(histogram: &Histogram<u64>) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "an hour in nanoseconds is exact in an f64")]
        let micros = |nanos: u64| nanos as f64 / 1_000.0;
        let at = |quantile| micros(histogram.value_at_quantile(quantile));
        (!histogram.is_empty()).then(|| Self {
            mean: histogram.mean() / 1_000.0,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: micros(histogram.max()),
        })
    }

    fn json(&self) -> Value {
        json!({
            "mean": self.mean,
            "p50": self.p50,
            "p90": self.p90,
            "p99": self.p99,
            "p999": self.p999,
            "max": self.max,
        })
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mean: _, p50, p90, p99, p999, max } = self;
        write!(f, "p50 {p50:.1} µs  p90 {p90:.1} µs  p99 {p99:.1} µs  p99.9 {p999:.1} µs  max {max:.1} µs")
    }
}

/// What a run measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LoadReport {
    /// Requests answered as they should be.
    pub(crate) requests: u64,
    pub(crate) failures: BTreeMap<LoadFailure, u64>,
    pub(crate) seconds: f64,
    pub(crate) per_second: f64,
    /// From the first byte sent, in an open loop from when that was due, to the last byte read; `None` if there was no
    /// request.
    pub(crate) latency: Option<Quantiles>,
    /// For streams, to the first text.
    pub(crate) first: Option<Quantiles>,
    /// Of streams.
    pub(crate) gaps: Option<Gaps>,
    /// Of an open loop.
    pub(crate) open: Option<PacedReport>,
    /// Of the process tree under test, in microseconds; failed requests count as requests here, for they cost CPU too.
    pub(crate) cpu_per_request: Option<f64>,
    /// The same of the mock, if it was watched, and of the load itself.
    pub(crate) mock_cpu_per_request: Option<f64>,
    pub(crate) load_cpu_per_request: Option<f64>,
    /// Of the process tree under test: when it was looked at, in seconds, and KiB (PSS).
    pub(crate) memory: Vec<(f64, u64)>,
    pub(crate) check: Option<RunCheck>,
}

/// Pauses between the events of streams.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gaps {
    pub(crate) gaps: u64,
    pub(crate) times: Quantiles,
    /// The longest one beyond what the provider makes, in microseconds.
    pub(crate) worst_excess: f64,
    pub(crate) stalls: u64,
}

/// How the set rate was kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PacedReport {
    pub(crate) rate: u32,
    /// Requests that were due in the measured time and never sent, for every user was busy until its end.
    pub(crate) unsent: u64,
    /// How much later than due the others were sent.
    pub(crate) late: Option<Quantiles>,
}

impl LoadReport {
    pub(super) fn new(tally: &LoadTally, watched: &UsedResources, gap: Duration) -> Self {
        let requests = tally.whole.len();
        let seconds = watched.took.as_secs_f64();
        let each = |cpu: Duration| (tally.ended() > 0).then(|| cpu.as_secs_f64() * 1e6 / float(tally.ended()));
        let gaps = |times: Quantiles| Gaps {
            gaps: tally.gaps.len(),
            times,
            worst_excess: (times.max - gap.as_secs_f64() * 1e6).max(0.0),
            stalls: tally.stalls,
        };
        let subject = watched.subject.as_ref();
        let memory = subject.iter().flat_map(|series| &series.memory).map(|(at, kib)| (at.as_secs_f64(), *kib));
        Self {
            requests,
            failures: tally.failures.clone(),
            seconds,
            per_second: float(requests) / seconds.max(1e-9),
            latency: Quantiles::of(&tally.whole),
            first: Quantiles::of(&tally.first),
            gaps: Quantiles::of(&tally.gaps).map(gaps),
            open: None,
            cpu_per_request: subject.and_then(|series| each(series.cpu)),
            mock_cpu_per_request: watched.mock_cpu.and_then(each),
            load_cpu_per_request: each(watched.own_cpu),
            memory: memory.collect(),
            check: None,
        }
    }

    pub(super) fn open(rate: u32, due: u64, tally: &LoadTally) -> PacedReport {
        PacedReport { rate, unsent: due.saturating_sub(tally.ended()), late: Quantiles::of(&tally.late) }
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// The most that the process tree under test held in the measured time, in KiB (PSS).
    pub(crate) fn most_memory(&self) -> Option<u64> {
        self.memory.iter().map(|(_, kib)| *kib).max()
    }

    pub(crate) fn json(&self) -> Value {
        let failures: BTreeMap<_, _> = self.failures.iter().map(|(kind, count)| (kind.to_string(), count)).collect();
        json!({
            "requests": self.requests,
            "failures": failures,
            "seconds": self.seconds,
            "requests_per_second": self.per_second,
            "latency_us": self.latency.as_ref().map(Quantiles::json),
            "first_token_us": self.first.as_ref().map(Quantiles::json),
            "gaps": self.gaps.map(|gaps| json!({
                "gaps": gaps.gaps,
                "times_us": gaps.times.json(),
                "worst_excess_us": gaps.worst_excess,
                "stalls": gaps.stalls,
            })),
            "open_loop": self.open.as_ref().map(|open| json!({
                "rate": open.rate,
                "unsent": open.unsent,
                "sent_late_us": open.late.as_ref().map(Quantiles::json),
            })),
            "cpu_us_per_request": self.cpu_per_request,
            "mock_cpu_us_per_request": self.mock_cpu_per_request,
            "load_cpu_us_per_request": self.load_cpu_per_request,
            "pss_kib": self.most_memory(),
            "pss_kib_over_time": self.memory.iter().map(|(at, kib)| json!([at, kib])).collect::<Vec<_>>(),
            "check": self.check.as_ref().map(RunCheck::json),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests in {:.2} s: {:.0} per second", self.requests, self.seconds, self.per_second)?;
        if let Some(latency) = &self.latency {
            write!(f, "\nlatency      {latency}")?;
        }
        if let Some(first) = &self.first {
            write!(f, "\nfirst token  {first}")?;
        }
        if let Some(gaps) = &self.gaps {
            write!(f, "\ngaps         {}", gaps.times)?;
            write!(f, "\nstalls       {} of {} gaps, the worst {:.1} µs", gaps.stalls, gaps.gaps, gaps.worst_excess)?;
        }
        if let Some(open) = &self.open {
            write!(f, "\nrate         {} per second, {} not sent", open.rate, open.unsent)?;
            if let Some(late) = &open.late {
                write!(f, "\nsent late    {late}")?;
            }
        }
        let cpu = [("CPU", self.cpu_per_request), ("CPU, mock", self.mock_cpu_per_request)];
        for (name, cpu) in cpu.into_iter().chain([("CPU, load", self.load_cpu_per_request)]) {
            if let Some(cpu) = cpu {
                write!(f, "\n{name:12} {cpu:.1} µs per request")?;
            }
        }
        if let (Some((_, first)), Some((_, last)), Some(most)) =
            (self.memory.first(), self.memory.last(), self.most_memory())
        {
            write!(f, "\nmemory       {most} KiB (PSS) at most, {first} first, {last} last")?;
        }
        for (failure, count) in &self.failures {
            write!(f, "\nfailed       {count} × {failure}")?;
        }
        match &self.check {
            Some(check) => write!(f, "\njournal      {check}"),
            None => Ok(()),
        }
    }
}

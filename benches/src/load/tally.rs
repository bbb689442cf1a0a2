//! What happened to the measured requests.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::process::Used;

/// Histograms hold nanoseconds from a microsecond to five minutes, to three digits.
const SHORTEST: u64 = 1_000;
const LONGEST: u64 = 300_000_000_000;

/// Why a request was not answered as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failure {
    /// Another status than 200.
    Status(u16),
    /// The connection could not be made, or broke.
    Transport,
    /// The status was 200, but the body is not a reply or the stream does not end with `[DONE]`.
    Body,
    /// It took longer than allowed.
    Timeout,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::Transport => f.write_str("transport"),
            Self::Body => f.write_str("bad body"),
            Self::Timeout => f.write_str("timeout"),
        }
    }
}

/// The measured requests of one connection, or of several added up.
#[derive(Debug)]
pub(crate) struct Tally {
    whole: Histogram<u64>,
    first: Histogram<u64>,
    failures: BTreeMap<Failure, u64>,
}

impl Tally {
    pub(crate) fn new() -> Result<Self> {
        // Grows with what is recorded, so that thousands of connections cost little memory.
        let mut whole = Histogram::new_with_bounds(SHORTEST, 2 * SHORTEST, 3).context("the bounds are lawful")?;
        whole.auto(true);
        Ok(Self { first: whole.clone(), whole, failures: BTreeMap::new() })
    }

    pub(super) fn record(&mut self, took: Duration, outcome: Result<Option<Duration>, Failure>) {
        let note = |histogram: &mut Histogram<u64>, took: Duration| {
            let nanos = u64::try_from(took.as_nanos()).unwrap_or(LONGEST).min(LONGEST);
            // Cannot fail: the histogram grows.
            let _recorded = histogram.record(nanos);
        };
        match outcome {
            Ok(first) => {
                note(&mut self.whole, took);
                if let Some(first) = first {
                    note(&mut self.first, first);
                }
            }
            Err(failure) => *self.failures.entry(failure).or_default() += 1,
        }
    }

    pub(super) fn add(&mut self, other: &Self) -> Result<()> {
        self.whole.add(&other.whole)?;
        self.first.add(&other.first)?;
        for (failure, count) in &other.failures {
            *self.failures.entry(*failure).or_default() += count;
        }
        Ok(())
    }
}

/// Latencies in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Quantiles {
    fn of(histogram: &Histogram<u64>) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "five minutes in nanoseconds are exact in an f64")]
        let micros = |nanos: u64| nanos as f64 / 1_000.0;
        (!histogram.is_empty()).then(|| Self {
            p50: micros(histogram.value_at_quantile(0.5)),
            p90: micros(histogram.value_at_quantile(0.9)),
            p99: micros(histogram.value_at_quantile(0.99)),
            max: micros(histogram.max()),
        })
    }

    fn json(&self) -> Value {
        json!({"p50": self.p50, "p90": self.p90, "p99": self.p99, "max": self.max})
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:.1} µs  p90 {:.1} µs  p99 {:.1} µs  max {:.1} µs", self.p50, self.p90, self.p99, self.max)
    }
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    /// Requests answered as they should be.
    pub(crate) requests: u64,
    pub(crate) failures: BTreeMap<Failure, u64>,
    pub(crate) seconds: f64,
    pub(crate) per_second: f64,
    /// From the first byte sent to the last byte read; `None` if there was no request.
    pub(crate) latency: Option<Quantiles>,
    /// For streams, to the first text.
    pub(crate) first: Option<Quantiles>,
    /// Of the watched process, in microseconds; failed requests count as requests here, for they cost CPU too.
    pub(crate) cpu_per_request: Option<f64>,
    /// Of the watched process, at the end.
    pub(crate) pss_kib: Option<u64>,
}

impl Report {
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
    pub(super) fn new(tally: &Tally, took: Duration, used: Option<Used>) -> Self {
        let requests = tally.whole.len();
        let all = requests + tally.failures.values().sum::<u64>();
        let seconds = took.as_secs_f64();
        let cpu = used.filter(|_| all > 0).map(|used| used.cpu.as_secs_f64() * 1e6 / all as f64);
        Self {
            requests,
            failures: tally.failures.clone(),
            seconds,
            per_second: requests as f64 / seconds.max(1e-9),
            latency: Quantiles::of(&tally.whole),
            first: Quantiles::of(&tally.first),
            cpu_per_request: cpu,
            pss_kib: used.map(|used| used.pss_kib),
        }
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failures.values().sum()
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
            "cpu_us_per_request": self.cpu_per_request,
            "pss_kib": self.pss_kib,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests in {:.2} s: {:.0} per second", self.requests, self.seconds, self.per_second)?;
        if let Some(latency) = &self.latency {
            write!(f, "\nlatency      {latency}")?;
        }
        if let Some(first) = &self.first {
            write!(f, "\nfirst token  {first}")?;
        }
        if let Some(cpu) = self.cpu_per_request {
            write!(f, "\nCPU          {cpu:.1} µs per request")?;
        }
        if let Some(pss) = self.pss_kib {
            write!(f, "\nmemory       {pss} KiB (PSS)")?;
        }
        for (failure, count) in &self.failures {
            write!(f, "\nfailed       {count} × {failure}")?;
        }
        Ok(())
    }
}

//! `/metrics`: what the atomics of all parts say, written as OpenMetrics when somebody scrapes, and not before.

mod plugins;
mod requests;
mod upstreams;

use crate::control::Status;
use crate::removed;
use crate::stats::HistogramTotal;
use crate::worker::Shared;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelValue, LabelValueEncoder, MetricEncoder,
    NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The media type of the answer (OpenMetrics 1.0).
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything there is to see.
#[derive(Debug)]
struct Everything {
    shared: Arc<Shared>,
    status: Arc<Status>,
    names: removed::ServingNames,
}

/// The registry that [`render`] reads.
pub(crate) fn registry(shared: &Arc<Shared>, status: &Arc<Status>) -> Registry {
    let mut registry = Registry::with_prefix("weir");
    let (shared, status) = (Arc::clone(shared), Arc::clone(status));
    registry.register_collector(Box::new(Everything { shared, status, names: removed::ServingNames::default() }));
    registry
}

/// The answer to a scrape.
pub(crate) fn render(registry: &Registry) -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(32 << 10);
    prometheus_client::encoding::text::encode(&mut text, registry)?;
    Ok(text)
}

impl Collector for Everything {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.names.let_go(&self.shared);
        let mut out = Writer { encoder };
        requests::write(&mut out, &self.shared)?;
        upstreams::write(&mut out, &self.shared)?;
        plugins::write(&mut out, &self.shared)?;
        self.write_series(&mut out)?;
        self.write_own(&mut out)
    }
}

impl Everything {
    /// What is kept under labels of its own, and what had to be counted as `other`.
    fn write_series(&self, out: &mut Writer<'_>) -> fmt::Result {
        let Shared { stats, ledger, .. } = &*self.shared;
        let mut kinds = vec![
            ("requests", stats.requests.kept(), stats.requests.beyond()),
            ("histograms", stats.times.kept(), stats.times.beyond()),
            ("refusals", stats.codes.taken(), stats.codes.beyond() + stats.refusals.beyond()),
            ("ledger", ledger.kept(), ledger.beyond()),
        ];
        kinds.extend(self.shared.sandbox.meter().kept());
        out.gauge("series", "Combinations of labels that figures are kept for, by kind", |g| {
            kinds.iter().try_for_each(|(kind, kept, _)| g.add(&[("kind", kind)], *kept as u64))
        })?;
        out.counter(
            "series_beyond",
            "Times that a combination of labels found no room and is counted as `other`",
            |c| kinds.iter().try_for_each(|(kind, _, beyond)| c.add(&[("kind", kind)], *beyond)),
        )
    }

    fn write_own(&self, out: &mut Writer<'_>) -> fmt::Result {
        let (generation, closed) = {
            let snapshot = self.shared.snapshot.load();
            (snapshot.chains.generation, snapshot.chains.closed().len() as u64)
        };
        out.gauge("generation", "Generation of plugins and bindings that serves now", |g| g.add(&[], generation))?;
        let help = "Tenants that are not served, for a plugin that is meant to apply to them has never loaded";
        out.gauge("tenants_closed", help, |g| g.add(&[], closed))?;
        out.gauge("plugin_problems", "Plugins that are not served as folder and configuration say", |g| {
            g.add(&[], self.status.problems().len() as u64)
        })?;
        let (live, kept) = self.status.reloads();
        out.counter("reloads", "Changes of plugins or configuration, by whether they went live", |c| {
            c.add(&[("result", "live")], live)?;
            c.add(&[("result", "refused")], kept.refused)?;
            c.add(&[("result", "held")], kept.held)
        })?;
        let refused = &self.shared.refused;
        out.counter("connections_refused", "Client connections that were closed at once, by why", |c| {
            c.add(&[("reason", "limit")], refused.limit.load(Ordering::Relaxed))?;
            c.add(&[("reason", "descriptors")], refused.descriptors.load(Ordering::Relaxed))
        })?;
        let stats = &self.shared.stats;
        out.counter("connections_ended", "Client connections that were ended for what the client sent, by why", |c| {
            c.add(&[("reason", "control_frames")], stats.flooded.load(Ordering::Relaxed))?;
            c.add(&[("reason", "untaken")], stats.untaken.load(Ordering::Relaxed))?;
            c.add(&[("reason", "pipelined")], stats.overrun.load(Ordering::Relaxed))
        })?;
        out.gauge("build", "Always 1; the version is in the label", |g| {
            g.add(&[("version", env!("CARGO_PKG_VERSION"))], 1_u64)
        })
    }
}

/// Labels as the library takes them.
type Labels<'a> = &'a [(&'a str, &'a str)];

/// A label's value as it may stand in an answer. The library escapes what its format knows (OpenMetrics 1.0, ABNF:
/// `escaped-string`); other control characters are lawful there, and what they do to whoever reads it in a terminal is not.
#[derive(Debug)]
struct Shown<'a>(&'a str);

impl EncodeLabelValue for Shown<'_> {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        let mut pieces = self.0.split(|c: char| c.is_control() && c != '\n');
        encoder.write_str(pieces.next().unwrap_or_default())?;
        pieces.try_for_each(|piece| {
            encoder.write_char(char::REPLACEMENT_CHARACTER)?;
            encoder.write_str(piece)
        })
    }
}

fn shown<'a>(labels: Labels<'a>) -> Vec<(&'a str, Shown<'a>)> {
    labels.iter().map(|(name, value)| (*name, Shown(value))).collect()
}

/// Writes families of metrics.
struct Writer<'a> {
    encoder: DescriptorEncoder<'a>,
}

/// Writes the members of one family.
struct Family<'a> {
    encoder: MetricEncoder<'a>,
    kind: MetricType,
}

impl Writer<'_> {
    fn family(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        write: impl FnOnce(&mut Family<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let encoder = self.encoder.encode_descriptor(name, help, None, kind)?;
        write(&mut Family { encoder, kind })
    }

    fn counter(&mut self, name: &str, help: &str, write: impl FnOnce(&mut Family<'_>) -> fmt::Result) -> fmt::Result {
        self.family(name, help, MetricType::Counter, write)
    }

    fn gauge(&mut self, name: &str, help: &str, write: impl FnOnce(&mut Family<'_>) -> fmt::Result) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, write)
    }

    fn histogram(&mut self, name: &str, help: &str, write: impl FnOnce(&mut Family<'_>) -> fmt::Result) -> fmt::Result {
        self.family(name, help, MetricType::Histogram, write)
    }
}

impl Family<'_> {
    fn add<V: EncodeCounterValue + EncodeGaugeValue>(&mut self, labels: Labels<'_>, value: V) -> fmt::Result {
        let write = |member: &mut MetricEncoder<'_>| match self.kind {
            MetricType::Counter => member.encode_counter::<NoLabelSet, _, f64>(&value, None),
            _ => member.encode_gauge(&value),
        };
        if labels.is_empty() {
            return write(&mut self.encoder);
        }
        write(&mut self.encoder.encode_family(&shown(labels))?)
    }

    /// A histogram of seconds from counts for each bound and one for the rest.
    fn seconds(&mut self, labels: Labels<'_>, sum: f64, bounds: &[f64], counts: &[u64]) -> fmt::Result {
        let labels = shown(labels);
        let bounds = bounds.iter().copied().chain(std::iter::once(f64::INFINITY));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts.iter().copied()).collect();
        let count = counts.iter().sum();
        self.encoder.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn total(&mut self, labels: Labels<'_>, total: &HistogramTotal) -> fmt::Result {
        let bounds: Vec<f64> = total.bounds.iter().map(|us| *us as f64 / 1e6).collect();
        self.seconds(labels, total.sum_us as f64 / 1e6, &bounds, &total.buckets)
    }
}

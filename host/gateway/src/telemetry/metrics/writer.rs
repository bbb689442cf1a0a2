//! Families of metrics, as the library writes them.

use crate::telemetry::stats::HistogramTotal;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelValue, LabelValueEncoder, MetricEncoder,
    NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use std::fmt::{self, Write as _};

/// Labels as the library takes them.
pub(super) type LabelPairs<'a> = &'a [(&'a str, &'a str)];

/// A label's value as it may stand in an answer. The library escapes what its format knows (OpenMetrics 1.0, ABNF:
/// `escaped-string`); other control characters are valid there, and what they do to whoever reads it in a terminal is not.
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

fn shown<'a>(labels: LabelPairs<'a>) -> Vec<(&'a str, Shown<'a>)> {
    labels.iter().map(|(name, value)| (*name, Shown(value))).collect()
}

/// Writes families of metrics.
pub(super) struct Writer<'a> {
    pub(super) encoder: DescriptorEncoder<'a>,
}

/// Writes the members of one family.
pub(super) struct Family<'a> {
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

    /// Writes a family of counters.
    pub(super) fn counter(
        &mut self,
        name: &str,
        help: &str,
        write: impl FnOnce(&mut Family<'_>) -> fmt::Result,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Counter, write)
    }

    /// Writes a family of gauges.
    pub(super) fn gauge(
        &mut self,
        name: &str,
        help: &str,
        write: impl FnOnce(&mut Family<'_>) -> fmt::Result,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, write)
    }

    /// Writes a family of histograms.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        help: &str,
        write: impl FnOnce(&mut Family<'_>) -> fmt::Result,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Histogram, write)
    }
}

impl Family<'_> {
    /// Adds a member with these labels.
    pub(super) fn add<V: EncodeCounterValue + EncodeGaugeValue>(
        &mut self,
        labels: LabelPairs<'_>,
        value: V,
    ) -> fmt::Result {
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
    pub(super) fn seconds(&mut self, labels: LabelPairs<'_>, sum: f64, bounds: &[f64], counts: &[u64]) -> fmt::Result {
        let labels = shown(labels);
        let bounds = bounds.iter().copied().chain(std::iter::once(f64::INFINITY));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts.iter().copied()).collect();
        let count = counts.iter().sum();
        self.encoder.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    /// A histogram from counts of microseconds.
    pub(super) fn total(&mut self, labels: LabelPairs<'_>, total: &HistogramTotal) -> fmt::Result {
        let bounds: Vec<f64> = total.bounds.iter().map(|us| *us as f64 / 1e6).collect();
        self.seconds(labels, total.sum_us as f64 / 1e6, &bounds, &total.buckets)
    }
}

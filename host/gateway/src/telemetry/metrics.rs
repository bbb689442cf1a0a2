//! `/metrics`: what the atomics of all parts say, written as OpenMetrics when somebody scrapes, and not before.

mod plugins;
mod requests;
mod upstreams;
mod writer;

use crate::control::Status;
use crate::telemetry::removed;
use crate::worker::Shared;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use writer::Writer;

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
        let server = &self.shared.server;
        out.counter("connections_ended", "Client connections that were ended for what the client sent, by why", |c| {
            c.add(&[("reason", "control_frames")], server.flooded.load(Ordering::Relaxed))?;
            c.add(&[("reason", "untaken")], server.untaken.load(Ordering::Relaxed))?;
            c.add(&[("reason", "pipelined")], server.overrun.load(Ordering::Relaxed))
        })?;
        out.gauge("build", "Always 1; the version is in the label", |g| {
            g.add(&[("version", env!("CARGO_PKG_VERSION"))], 1_u64)
        })
    }
}

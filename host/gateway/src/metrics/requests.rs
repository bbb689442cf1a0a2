//! Requests, refusals, connections, and what the ledger holds.

use super::Writer;
use crate::stats::{STATUSES, Series, Shard, Total};
use crate::worker::Shared;
use std::fmt;
use std::sync::atomic::Ordering;
use weir_ledger::{Provenance, Reason};

pub(super) fn write(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    counts(out, shared)?;
    latencies(out, shared)?;
    ledger(out, shared)
}

fn counts(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    let stats = &shared.stats;
    out.counter(
        "requests",
        "Requests that have ended, by the status that the client saw; 499 if it left before",
        |c| {
            let mut result = Ok(());
            stats.each_series(|series| {
                for (place, status) in STATUSES.iter().enumerate() {
                    let count: u64 = series.shards().filter_map(|s| s.statuses().nth(place)).sum();
                    let status = if *status == 0 { "other".to_owned() } else { status.to_string() };
                    if count > 0 && result.is_ok() {
                        result =
                            c.add(&[("tenant", &series.tenant), ("model", &series.model), ("status", &status)], count);
                    }
                }
            });
            result
        },
    )?;
    out.gauge("in_flight", "Requests being answered", |g| {
        each(shared, |series| {
            let now: i64 = series.shards().map(|s| s.in_flight.load(Ordering::Relaxed)).sum();
            g.add(&[("tenant", &series.tenant), ("model", &series.model)], now.max(0) as u64)
        })
    })?;
    out.counter("refusals", "Answers of the gateway's own in place of a model's, by code", |c| {
        stats.refusals().iter().try_for_each(|(code, count)| c.add(&[("code", code)], *count))
    })?;
    out.gauge("connections", "Client connections open", |g| g.add(&[], shared.connections.inside() as u64))?;
    out.counter("connections_accepted", "Client connections accepted", |c| {
        c.add(&[], stats.accepted.load(Ordering::Relaxed))
    })?;
    out.counter("observe_skipped", "Finished requests whose observers were skipped, for the queue was full", |c| {
        c.add(&[], stats.unobserved.load(Ordering::Relaxed))
    })
}

fn latencies(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    let mut family = |name: &str, help: &str, add: fn(&Shard, &mut Total)| {
        out.histogram(name, help, |h| {
            each(shared, |series| {
                let mut total = Total::default();
                series.shards().for_each(|shard| add(shard, &mut total));
                h.total(&[("tenant", &series.tenant), ("model", &series.model)], &total)
            })
        })
    };
    family("request_duration_seconds", "From the request's head to the response's last byte", |shard, total| {
        shard.duration.add_to(total);
    })?;
    family("first_byte_seconds", "From the request's head to the response's head", |shard, total| {
        shard.first_byte.add_to(total);
    })?;
    family("overhead_seconds", "The gateway's own share of the time to the response's head", |shard, total| {
        shard.overhead.add_to(total);
    })
}

fn each(shared: &Shared, mut write: impl FnMut(&Series) -> fmt::Result) -> fmt::Result {
    let mut result = Ok(());
    shared.stats.each_series(|series| {
        if result.is_ok() {
            result = write(series);
        }
    });
    result
}

const REASONS: [(Reason, &str); 4] = [
    (Reason::Completed, "completed"),
    (Reason::ClientGone, "client_gone"),
    (Reason::UpstreamFailed, "upstream_failed"),
    (Reason::PluginRefused, "plugin_refused"),
];
const PROVENANCES: [(Provenance, &str); 3] =
    [(Provenance::Reported, "reported"), (Provenance::Partial, "partial"), (Provenance::Estimated, "estimated")];

fn ledger(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    let totals = shared.ledger.totals();
    out.counter("ledger_closed", "Attempts that could cost money, by how they ended", |c| {
        for total in &totals {
            for (reason, name) in REASONS {
                let labels = [
                    ("tenant", &*total.tenant),
                    ("model", &*total.model),
                    ("provider", &*total.provider),
                    ("reason", name),
                ];
                c.add(&labels, *total.reasons.of(reason))?;
            }
        }
        Ok(())
    })?;
    out.counter("tokens", "Tokens used, by direction and by where the count comes from", |c| {
        for total in &totals {
            for (provenance, name) in PROVENANCES {
                let sum = total.tokens.of(provenance);
                for (direction, tokens) in [
                    ("input", sum.input),
                    ("output", sum.output),
                    ("cached_input", sum.cached_input),
                    ("reasoning", sum.reasoning),
                ] {
                    let labels = [
                        ("tenant", &*total.tenant),
                        ("model", &*total.model),
                        ("provider", &*total.provider),
                        ("direction", direction),
                        ("provenance", name),
                    ];
                    if tokens > 0 {
                        c.add(&labels, tokens)?;
                    }
                }
            }
        }
        Ok(())
    })?;
    out.counter("cost_usd", "What the tokens cost at the prices of the configuration", |c| {
        for total in &totals {
            let labels = [("tenant", &*total.tenant), ("model", &*total.model), ("provider", &*total.provider)];
            c.add(&labels, total.cost_micro_usd as f64 / 1e6)?;
        }
        Ok(())
    })
}

//! Requests, refusals, connections, and what the ledger holds.

use super::writer::Writer;
use crate::request::waits::Waits;
use crate::telemetry::stats::{ENDED, HistogramTotal, Pair, RequestStats, RequestTimes, STATUSES};
use crate::worker::Shared;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use weir_ledger::{EndReason, Provenance};

pub(super) fn write(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    counts(out, &shared.stats)?;
    connections(out, shared)?;
    latencies(out, &shared.stats)?;
    ledger(out, shared)
}

/// What was counted for one tenant and model.
struct Counted {
    of: Pair,
    /// By how the body ended, and by status.
    ended: [[u64; STATUSES.len()]; ENDED.len()],
    /// Microseconds, by what was waited for.
    waits: [u64; Waits::NAMES.len()],
    in_flight: i64,
    failed_over: u64,
}

fn counted(stats: &RequestStats) -> Vec<Counted> {
    let mut all = Vec::new();
    stats.requests.each(|of, shards| {
        let (ended, waits) = ([[0; STATUSES.len()]; ENDED.len()], [0; Waits::NAMES.len()]);
        let mut counted = Counted { of: of.clone(), ended, waits, in_flight: 0, failed_over: 0 };
        for shard in shards.all() {
            let sums = counted.ended.iter_mut().flatten();
            sums.zip(shard.counts().as_flattened()).for_each(|(sum, count)| *sum += count);
            counted.waits.iter_mut().zip(shard.waits()).for_each(|(sum, us)| *sum += us);
            counted.in_flight += shard.in_flight.load(Ordering::Relaxed);
            counted.failed_over += shard.failed_over.load(Ordering::Relaxed);
        }
        all.push(counted);
    });
    all.sort_by(|a, b| a.of.cmp(&b.of));
    all
}

fn counts(out: &mut Writer<'_>, stats: &RequestStats) -> fmt::Result {
    let all = counted(stats);
    let help = "Requests that have ended, by the status that the client saw and by how the body ended";
    out.counter("requests", help, |c| {
        for Counted { of, ended, .. } in &all {
            let rows =
                ENDED.iter().zip(ended).flat_map(|(how, row)| row.iter().zip(&STATUSES).map(move |at| (how, at)));
            for (how, (count, status)) in rows.filter(|(_, (count, _))| **count > 0) {
                let status = if *status == 0 { "other".to_owned() } else { status.to_string() };
                let (tenant, model) = (("tenant", &*of.tenant), ("model", &*of.model));
                c.add(&[tenant, model, ("status", &status), ("ended", how)], *count)?;
            }
        }
        Ok(())
    })?;
    out.counter("request_wait_seconds", "What requests that have ended waited for", |c| {
        for Counted { of, waits, .. } in &all {
            for (name, us) in Waits::NAMES.iter().zip(waits).filter(|(_, us)| **us > 0) {
                c.add(&[("tenant", &of.tenant), ("model", &of.model), ("for", name)], *us as f64 / 1e6)?;
            }
        }
        Ok(())
    })?;
    out.counter("requests_failed_over", "Requests that were answered after an attempt had failed", |c| {
        all.iter().filter(|counted| counted.failed_over > 0).try_for_each(|Counted { of, failed_over, .. }| {
            c.add(&[("tenant", &of.tenant), ("model", &of.model)], *failed_over)
        })
    })?;
    out.counter("retries_skipped", "Attempts that were not made, for limits.retry_budget was used up", |c| {
        c.add(&[], stats.unaffordable.load(Ordering::Relaxed))
    })?;
    out.gauge("in_flight", "Requests being answered", |g| {
        all.iter().try_for_each(|Counted { of, in_flight, .. }| {
            g.add(&[("tenant", &of.tenant), ("model", &of.model)], (*in_flight).max(0) as u64)
        })
    })?;
    out.counter("refusals", "Answers of the gateway's own in place of a model's, by code", |c| {
        refusals(stats)
            .iter()
            .try_for_each(|(tenant, code, count)| c.add(&[("code", code), ("tenant", tenant)], *count))
    })
}

fn refusals(stats: &RequestStats) -> Vec<(Arc<str>, String, u64)> {
    let mut all = Vec::new();
    stats.refusals.each(|tenant, codes| {
        codes.each(|code, shards| {
            let count = shards.all().iter().map(|count| count.load(Ordering::Relaxed)).sum();
            all.push((Arc::clone(tenant), code.to_owned(), count));
        });
    });
    all.sort();
    all
}

fn connections(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    let stats = &shared.stats;
    out.gauge("request_memory_bytes", "Bytes of requests' bodies that are held", |g| {
        g.add(&[], shared.request_memory.held() as u64)
    })?;
    out.gauge("response_memory_bytes", "Bytes of whole answers that were not sent yet", |g| {
        g.add(&[], shared.response_memory.held() as u64)
    })?;
    out.gauge("connections", "Client connections open", |g| g.add(&[], shared.connections.inside() as u64))?;
    out.gauge("drains", "Answers that are read to their end although their clients have left", |g| {
        g.add(&[], shared.unheard.reading.inside() as u64)
    })?;
    out.counter("drained", "Answers whose clients had left and whose providers are to be read on, by the end", |c| {
        shared.unheard.ended().try_for_each(|(end, count)| c.add(&[("end", end)], count))
    })?;
    out.counter("connections_accepted", "Client connections accepted", |c| {
        c.add(&[], shared.server.accepted.load(Ordering::Relaxed))
    })?;
    out.counter("observe_skipped", "Finished requests whose observers were skipped, for the queue was full", |c| {
        c.add(&[], stats.unobserved.load(Ordering::Relaxed))
    })
}

fn latencies(out: &mut Writer<'_>, stats: &RequestStats) -> fmt::Result {
    let mut all: Vec<(Pair, Vec<Arc<RequestTimes>>)> = Vec::new();
    stats.times.each(|of, shards| all.push((of.clone(), shards.all())));
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let mut family = |name: &str, help: &str, add: fn(&RequestTimes, &mut HistogramTotal)| {
        out.histogram(name, help, |h| {
            all.iter().try_for_each(|(of, shards)| {
                let mut total = HistogramTotal::default();
                shards.iter().for_each(|shard| add(shard, &mut total));
                if of.tenant.is_empty() {
                    return h.total(&[("model", &of.model)], &total);
                }
                h.total(&[("tenant", &of.tenant), ("model", &of.model)], &total)
            })
        })
    };
    family("request_duration_seconds", "From the request's head to the response's last byte", |shard, total| {
        shard.duration.add_to(total);
    })?;
    family("first_byte_seconds", "From the request's head to the response's head", |shard, total| {
        shard.first_byte.add_to(total);
    })?;
    family(
        "overhead_seconds",
        "The gateway's own share of that: without waiting for client, upstream and callouts",
        |shard, total| {
            shard.overhead.add_to(total);
        },
    )
}

const REASONS: [(EndReason, &str); 5] = [
    (EndReason::Completed, "completed"),
    (EndReason::ClientGone, "client_gone"),
    (EndReason::UpstreamFailed, "upstream_failed"),
    (EndReason::GatewayFailed, "gateway_failed"),
    (EndReason::PluginRefused, "plugin_refused"),
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
                let count = *total.reasons.of(reason);
                if count > 0 {
                    c.add(&labels, count)?;
                }
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

//! What plugins cost, for each plugin, hook and tenant.

use super::writer::{Family, Writer};
use crate::worker::Shared;
use std::collections::BTreeMap;
use std::fmt;
use weir_sandbox::{CPU_BUCKETS_NS, CalloutStats, HookStats};

pub(super) fn write(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    let counters: [(&str, &str, fn(&HookStats) -> u64); 6] = [
        ("plugin_calls", "Calls of hooks, faults included", HookStats::calls),
        ("plugin_pool_hits", "Calls that found an instance in the pool", HookStats::hits),
        ("plugin_pool_misses", "Calls that had to make an instance", HookStats::misses),
        ("plugin_pool_waits", "Calls that had to wait for an instance", HookStats::waits),
        ("plugin_burned", "Instances thrown away after a fault", HookStats::burned),
        ("plugin_yields", "Times that a plugin gave way in the middle of a call", HookStats::yields),
    ];
    for (name, help, read) in counters {
        out.counter(name, help, |c| {
            each(shared, |labels, stats| if read(stats) > 0 { c.add(labels, read(stats)) } else { Ok(()) })
        })?;
    }
    out.counter("plugin_cpu_seconds", "CPU time of plugins, host calls included and waiting excluded", |c| {
        each(
            shared,
            |labels, stats| {
                if stats.calls() > 0 { c.add(labels, stats.cpu_ns() as f64 / 1e9) } else { Ok(()) }
            },
        )
    })?;
    out.counter("plugin_faults", "Calls that did not end with the plugin's answer, by reason", |c| {
        each(shared, |labels, stats| {
            for (reason, count) in stats.faults().filter(|(_, count)| *count > 0) {
                let mut labels = labels.to_vec();
                labels.push(("reason", reason));
                c.add(&labels, count)?;
            }
            Ok(())
        })
    })?;
    out.counter(
        "plugin_observe_skipped",
        "Finished requests that an observer was not shown, for too many waited",
        |c| {
            each(shared, |labels, stats| match (labels, stats.skipped()) {
                (_, 0) => Ok(()),
                ([plugin, _, tenant], skipped) => c.add(&[*plugin, *tenant], skipped),
                (_, _) => Ok(()),
            })
        },
    )?;
    out.histogram("plugin_call_cpu_seconds", "CPU time of one call", |h| cpu(h, shared))?;
    callouts(out, shared)?;
    instances(out, shared)?;
    trials(out, shared)?;
    quarantines(out, shared)?;
    quotas(out, shared)?;
    compiles(out, shared)?;
    out.counter("plugin_counter", "Counters that plugins keep themselves", |c| {
        let mut result = Ok(());
        shared.sandbox.meter().each_counter(|plugin, tenant, name, value| {
            if result.is_ok() {
                result = c.add(&[("plugin", plugin), ("tenant", tenant), ("name", name)], value);
            }
        });
        result
    })
}

/// New versions on trial, and what they and the old ones have done since the trials began.
fn trials(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    let snapshot = shared.snapshot.load();
    let trials = snapshot.chains.on_trial();
    out.gauge("plugin_canary_percent", "Share of the requests that see a new version on trial", |g| {
        trials
            .iter()
            .try_for_each(|trial| g.add(&[("plugin", &**trial.new_version().name())], u64::from(trial.percent())))
    })?;
    out.gauge("plugin_trial_calls", "Calls of both versions since a trial began, by how they ended", |g| {
        trials.iter().try_for_each(|trial| {
            let (old, new) = trial.counted();
            [("old", trial.old(), old), ("new", trial.new_version(), new)].iter().try_for_each(
                |(version, plugin, of)| {
                    let passed = of.answered().saturating_sub(of.refused());
                    let results = [("passed", passed), ("refused", of.refused()), ("faulted", of.faulted())];
                    results.into_iter().try_for_each(|(result, count)| {
                        g.add(&[("plugin", &**plugin.name()), ("version", *version), ("result", result)], count)
                    })
                },
            )
        })
    })
}

fn compiles(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    let compiles = shared.sandbox.compiles();
    let (running, waiting) = compiles.under_way();
    out.gauge("plugin_compiling", "Plugins that are compiled now, or wait for it", |g| {
        g.add(&[("state", "running")], running)?;
        g.add(&[("state", "waiting")], waiting)
    })?;
    out.counter("plugin_compiles", "Plugins that were compiled or not, by how that ended", |c| {
        compiles.ended().try_for_each(|(result, count)| c.add(&[("result", result)], count))
    })?;
    out.counter("plugin_compile_seconds", "Time that compiling plugins took", |c| c.add(&[], compiles.seconds()))
}

fn callouts(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    let each = |write: &mut dyn FnMut(&[(&str, &str)], &CalloutStats) -> fmt::Result| {
        let mut result = Ok(());
        shared.sandbox.meter().each_callout(|plugin, tenant, stats| {
            if result.is_ok() {
                result = write(&[("plugin", plugin), ("tenant", tenant)], stats);
            }
        });
        result
    };
    out.counter("plugin_callouts", "HTTP requests of plugins, by how they ended", |c| {
        each(&mut |labels, stats| {
            for (how, count) in stats.results().filter(|(_, count)| *count > 0) {
                let mut labels = labels.to_vec();
                labels.push(("result", how));
                c.add(&labels, count)?;
            }
            Ok(())
        })
    })?;
    out.counter("plugin_callout_seconds", "Time that plugins waited for answers to their HTTP requests", |c| {
        each(&mut |labels, stats| c.add(labels, stats.waited_ns() as f64 / 1e9))
    })
}

fn each(shared: &Shared, mut write: impl FnMut(&[(&str, &str)], &HookStats) -> fmt::Result) -> fmt::Result {
    let mut result = Ok(());
    shared.sandbox.meter().each_hook(|plugin, hook, tenant, stats| {
        if result.is_ok() {
            result = write(&[("plugin", plugin), ("hook", hook), ("tenant", tenant)], stats);
        }
    });
    result
}

fn instances(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    let mut gauge = |name: &str, help: &str, pick: fn(i64, i64) -> i64| {
        out.gauge(name, help, |g| {
            let mut result = Ok(());
            shared.sandbox.meter().each_pool(|plugin, tenant, live, idle| {
                let count = pick(live, idle);
                if result.is_ok() && count > 0 {
                    result = g.add(&[("plugin", plugin), ("tenant", tenant)], count as u64);
                }
            });
            result
        })
    };
    gauge("plugin_instances", "Instances alive", |live, _| live)?;
    let waited = "Instances that waited in their pool at the last look, once a second";
    gauge("plugin_instances_idle", waited, |_, idle| idle)?;
    let (alive, limit, bytes) = shared.sandbox.instances();
    let mut idle = 0;
    shared.sandbox.meter().each_pool(|_, _, _, count| idle += usize::try_from(count).unwrap_or_default());
    out.gauge("plugin_places", "Places for instances of all plugins, by what they are used for", |g| {
        g.add(&[("state", "in_use")], alive.saturating_sub(idle) as u64)?;
        g.add(&[("state", "idle")], idle.min(alive) as u64)?;
        g.add(&[("state", "free")], limit.saturating_sub(alive) as u64)
    })?;
    let (most, kept) = shared.sandbox.memory();
    let gauges = [
        ("plugin_memory_bytes", "Linear memory and tables of all instances together", bytes),
        ("plugin_memory_limit_bytes", "What they may have together", most),
        ("plugin_memory_kept_bytes", "Memory that ended instances have left for the next ones", kept),
    ];
    gauges.into_iter().try_for_each(|(name, help, bytes)| out.gauge(name, help, |g| g.add(&[], bytes as u64)))
}

fn quarantines(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    let each = |write: &mut dyn FnMut(&[(&str, &str)], u64, u64) -> fmt::Result| {
        let mut result = Ok(());
        shared.sandbox.meter().each_quarantine(|plugin, tenant, now, ever| {
            if result.is_ok() {
                result = write(&[("plugin", plugin), ("tenant", tenant)], now.max(0) as u64, ever);
            }
        });
        result
    };
    out.gauge(
        "plugin_quarantined",
        "Bindings of a plugin that are not called for a tenant, for they faulted too often",
        |g| each(&mut |labels, now, _| g.add(labels, now)),
    )?;
    out.counter("plugin_quarantines", "Quarantines so far", |c| each(&mut |labels, _, ever| c.add(labels, ever)))
}

/// What plugins wanted and did not get.
fn quotas(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    let mut counter = |name: &str, help: &str, pick: fn(u64, u64) -> u64| {
        out.counter(name, help, |c| {
            let mut result = Ok(());
            shared.sandbox.meter().each_quota(|plugin, tenant, log, kv| {
                let count = pick(log, kv);
                if result.is_ok() && count > 0 {
                    result = c.add(&[("plugin", plugin), ("tenant", tenant)], count);
                }
            });
            result
        })
    };
    counter("plugin_log_dropped_bytes", "Bytes of what plugins wanted to log that were left out", |log, _| log)?;
    counter("plugin_kv_refused", "Times that a full key-value store took nothing more", |_, kv| kv)
}

/// The histograms: of all tenants together, unless the operator wants them one by one.
fn cpu(h: &mut Family<'_>, shared: &Shared) -> fmt::Result {
    let by_tenant = shared.snapshot.load().config.metrics.tenant_histograms;
    let mut sums: BTreeMap<(String, String, String), (f64, Vec<u64>)> = BTreeMap::new();
    shared.sandbox.meter().each_hook(|plugin, hook, tenant, stats| {
        if stats.calls() == 0 {
            return;
        }
        let tenant = if by_tenant { tenant } else { "" };
        let key = (plugin.to_owned(), hook.to_owned(), tenant.to_owned());
        let (seconds, counts) = sums.entry(key).or_default();
        *seconds += stats.cpu_ns() as f64 / 1e9;
        counts.resize(CPU_BUCKETS_NS.len() + 1, 0);
        counts.iter_mut().zip(stats.buckets()).for_each(|(sum, count)| *sum += count);
    });
    let bounds = CPU_BUCKETS_NS.map(|ns| ns as f64 / 1e9);
    sums.iter().try_for_each(|((plugin, hook, tenant), (seconds, counts))| {
        let labels = [("plugin", plugin.as_str()), ("hook", hook.as_str()), ("tenant", tenant.as_str())];
        let labels = if by_tenant { labels.as_slice() } else { labels.get(..2).unwrap_or_default() };
        h.seconds(labels, *seconds, &bounds, counts)
    })
}

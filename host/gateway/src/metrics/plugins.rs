//! What plugins cost, for each plugin, hook and tenant.

use super::{Family, Writer};
use crate::worker::Shared;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use weir_sandbox::{CPU_BUCKETS_NS, CalloutStats, HookStats, Standing};

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
        out.counter(name, help, |c| each(shared, |labels, stats| c.add(labels, read(stats))))?;
    }
    out.counter("plugin_cpu_seconds", "CPU time of plugins, host calls included and waiting excluded", |c| {
        each(shared, |labels, stats| c.add(labels, stats.cpu_ns() as f64 / 1e9))
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
    out.histogram("plugin_call_cpu_seconds", "CPU time of one call", |h| {
        each(shared, |labels, stats| cpu(h, labels, stats))
    })?;
    callouts(out, shared)?;
    instances(out, shared)?;
    out.gauge("plugin_canary_percent", "Share of the requests that see a new version on trial", |g| {
        let snapshot = shared.snapshot.load();
        let shares: BTreeMap<&str, u8> =
            snapshot.chains.on_trial().iter().map(|(p, share)| (&**p.name(), *share)).collect();
        shares.into_iter().try_for_each(|(plugin, share)| g.add(&[("plugin", plugin)], u64::from(share)))
    })?;
    out.gauge("plugin_quarantined", "1 while a plugin is not called for a tenant, for it faulted too often", |g| {
        standings(shared, |labels, state| g.add(labels, u64::from(state.quarantined.is_some())))
    })?;
    out.counter("plugin_quarantines", "Quarantines of the versions that serve now", |c| {
        standings(shared, |labels, state| c.add(labels, state.quarantines))
    })?;
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
    out.gauge("plugin_instances", "Instances alive", |g| {
        let mut result = Ok(());
        shared.sandbox.meter().each_pool(|plugin, tenant, count, _| {
            if result.is_ok() {
                result = g.add(&[("plugin", plugin), ("tenant", tenant)], count.max(0) as u64);
            }
        });
        result
    })?;
    out.gauge("plugin_instances_idle", "Instances that waited in their pool at the last look, once a second", |g| {
        let mut result = Ok(());
        shared.sandbox.meter().each_pool(|plugin, tenant, _, idle| {
            if result.is_ok() {
                result = g.add(&[("plugin", plugin), ("tenant", tenant)], idle.max(0) as u64);
            }
        });
        result
    })
}

fn standings(shared: &Shared, mut write: impl FnMut(&[(&str, &str)], Standing) -> fmt::Result) -> fmt::Result {
    // A plugin that is bound several times has one series, and the worst of its states.
    let mut states: BTreeMap<(Arc<str>, String), Standing> = BTreeMap::new();
    for plugin in shared.snapshot.load().chains.plugins() {
        plugin.each_standing(|tenant, state| {
            let kept = states.entry((Arc::clone(plugin.name()), tenant.to_owned())).or_insert(state);
            kept.quarantined = kept.quarantined.max(state.quarantined);
            kept.quarantines = kept.quarantines.max(state.quarantines);
        });
    }
    for ((plugin, tenant), state) in states {
        write(&[("plugin", &plugin), ("tenant", &tenant)], state)?;
    }
    Ok(())
}

fn cpu(h: &mut Family<'_>, labels: &[(&str, &str)], stats: &HookStats) -> fmt::Result {
    let bounds = CPU_BUCKETS_NS.map(|ns| ns as f64 / 1e9);
    let counts: Vec<u64> = stats.buckets().collect();
    h.seconds(labels, stats.cpu_ns() as f64 / 1e9, &bounds, &counts)
}

//! `/admin/v1/plugins`: every plugin in service, what it may do, what it costs whom, and how it stands.

use crate::control::{Status, named};
use crate::worker::Shared;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use weir_config::OnFailure;
use weir_sandbox::{Counted, HookStats, LoadedPlugin, OnTrial};

/// Figures by plugin's name and tenant.
type Figures = BTreeMap<(String, String), Map<String, Value>>;

/// The whole answer.
pub(super) fn list(shared: &Arc<Shared>, status: &Status) -> Value {
    let snapshot = shared.snapshot.load();
    let figures = figures(shared);
    let problems = status.problems();
    let trials = snapshot.chains.on_trial();
    // A version that serves beside one on trial is compared with it.
    let beside = |plugin: &Arc<LoadedPlugin>| trials.iter().find(|trial| Arc::ptr_eq(trial.old(), plugin));
    let serving = snapshot.chains.plugins().iter().map(|plugin| {
        let counted = beside(plugin).map(|trial| trial.counted().0);
        one(plugin, (None, counted), &figures, &problems)
    });
    let on_trial = trials
        .iter()
        .map(|trial| one(trial.new_version(), (Some(trial), Some(trial.counted().1)), &figures, &problems));
    let plugins = serving.chain(on_trial);
    json!({
        "generation": snapshot.chains.generation,
        "plugins": plugins.collect::<Vec<_>>(),
        "problems": problems,
        "compiling": status.compiling(),
        "warnings": status.warnings(),
        "closed": snapshot.chains.closed().iter().map(|tenant| &**tenant).collect::<Vec<&str>>(),
    })
}

/// One version: on trial or not, with what it has done since a trial began in which it takes part.
fn one(
    plugin: &Arc<LoadedPlugin>,
    (on_trial, counted): (Option<&OnTrial>, Option<Counted>),
    figures: &Figures,
    problems: &[String],
) -> Value {
    let settings = plugin.settings();
    let mut tenants = Map::new();
    let mut quarantined = false;
    plugin.each_standing(|tenant, state| {
        quarantined |= state.quarantined.is_some();
        let mut about = figures.get(&(plugin.name().to_string(), tenant.to_owned())).cloned().unwrap_or_default();
        about.insert("state".to_owned(), if state.quarantined.is_some() { "quarantined" } else { "live" }.into());
        about.insert("quarantined_ms".to_owned(), state.quarantined.map(|left| left.as_millis() as u64).into());
        about.insert("quarantines".to_owned(), state.quarantines.into());
        about.insert("budget_left_us".to_owned(), (state.budget_left.as_micros() as u64).into());
        about.insert("last_fault".to_owned(), state.last_fault.into());
        tenants.insert(tenant.to_owned(), Value::Object(about));
    });
    let named = format!("{}: ", named(&plugin.file(), plugin.name()));
    let said = |problem: &&String| problem.starts_with(&named);
    json!({
        "name": &**plugin.name(),
        "file": plugin.file(),
        "blake3": plugin.hash(),
        "state": match on_trial {
            _ if quarantined => "quarantined",
            Some(_) => "canary",
            None => "live",
        },
        "canary_percent": on_trial.map(OnTrial::percent),
        "trial": counted.as_ref().map(of_trial),
        "hooks": plugin.hooks().map(|hook| hook.name()).collect::<Vec<_>>(),
        "isolation": settings.isolation.name(),
        "on_failure": on_failure(settings.on_failure),
        "grants": settings.grants.iter().map(|grant| grant.name()).collect::<Vec<_>>(),
        "limits": settings.limits.shown().into_iter().collect::<BTreeMap<_, _>>(),
        "last_load_error": problems.iter().find(said),
        "tenants": tenants,
    })
}

fn of_trial(counted: &Counted) -> Value {
    let faults: Map<_, _> =
        counted.faults().filter(|(_, n)| *n > 0).map(|(reason, n)| (reason.to_owned(), n.into())).collect();
    let cpu: Map<_, _> = counted.cpu_p50_us().map(|(hook, us)| (hook.name().to_owned(), us.into())).collect();
    json!({
        "requests": counted.requests(),
        "calls": counted.answered() + counted.faulted(),
        "answered": counted.answered(),
        "refused": counted.refused(),
        "faults": faults,
        "quarantines": counted.quarantines(),
        "cpu_p50_us": cpu,
    })
}

fn figures(shared: &Arc<Shared>) -> Figures {
    let mut figures = Figures::new();
    let meter = shared.sandbox.meter();
    meter.each_pool(|plugin, tenant, live, idle| {
        let about = figures.entry((plugin.to_owned(), tenant.to_owned())).or_default();
        about.insert("instances".to_owned(), json!({"live": live.max(0), "idle": idle.max(0)}));
    });
    meter.each_hook(|plugin, hook, tenant, stats| {
        let about = figures.entry((plugin.to_owned(), tenant.to_owned())).or_default();
        let hooks = about.entry("hooks").or_insert_with(|| json!({}));
        if let Some(hooks) = hooks.as_object_mut() {
            hooks.insert(hook.to_owned(), of_hook(stats));
        }
    });
    figures
}

fn of_hook(stats: &HookStats) -> Value {
    let us = |ns: u64| ns as f64 / 1e3;
    let faults: Map<_, _> =
        stats.faults().filter(|(_, n)| *n > 0).map(|(reason, n)| (reason.to_owned(), n.into())).collect();
    json!({
        "calls": stats.calls(),
        "faults": faults,
        "cpu_us": us(stats.cpu_ns()),
        "cpu_p50_us": stats.quantile_ns(500).map(us),
        "cpu_p99_us": stats.quantile_ns(990).map(us),
        "pool_hits": stats.hits(),
        "pool_misses": stats.misses(),
        "waits": stats.waits(),
        "burned": stats.burned(),
        "yields": stats.yields(),
    })
}

fn on_failure(on_failure: OnFailure) -> &'static str {
    match on_failure {
        OnFailure::Closed => "closed",
        OnFailure::Open => "open",
    }
}

//! `/admin/v1/plugins`: every plugin in service, what it may do, what it costs whom, and how it stands.

use crate::control::Status;
use crate::worker::Shared;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use weir_config::{Isolation, OnFailure};
use weir_sandbox::{HookStats, Plugin};

/// Figures by plugin's name and tenant.
type Figures = BTreeMap<(String, String), Map<String, Value>>;

/// The whole answer.
pub(super) fn list(shared: &Arc<Shared>, status: &Status) -> Value {
    let snapshot = shared.snapshot.load();
    let mut figures = figures(shared);
    let problems = status.problems();
    let serving = snapshot.chains.plugins().iter().map(|plugin| (plugin, None));
    let on_trial = snapshot.chains.on_trial().iter().map(|(plugin, percent)| (plugin, Some(*percent)));
    let plugins = serving.chain(on_trial).map(|(plugin, percent)| one(plugin, percent, &mut figures, &problems));
    json!({
        "generation": snapshot.chains.generation,
        "plugins": plugins.collect::<Vec<_>>(),
        "problems": problems,
    })
}

fn one(plugin: &Arc<Plugin>, percent: Option<u8>, figures: &mut Figures, problems: &[String]) -> Value {
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
        tenants.insert(tenant.to_owned(), Value::Object(about));
    });
    let counted = plugin.counted();
    let (calls, faults) = (counted.calls(), counted.faults());
    let trial = counted.cpu_p50_us().map(|us| json!({"calls": calls, "faults": faults, "cpu_p50_us": us}));
    let said =
        |problem: &&String| problem.starts_with("plugin ") && problem.contains(&format!("{}.wasm", plugin.name()));
    json!({
        "name": &**plugin.name(),
        "blake3": plugin.hash(),
        "state": match percent {
            _ if quarantined => "quarantined",
            Some(_) => "canary",
            None => "live",
        },
        "canary_percent": percent,
        "trial": trial,
        "hooks": plugin.hooks().map(|hook| hook.name()).collect::<Vec<_>>(),
        "isolation": isolation(settings.isolation),
        "on_failure": on_failure(settings.on_failure),
        "grants": settings.grants.iter().map(|grant| grant.name()).collect::<Vec<_>>(),
        "last_load_error": problems.iter().find(said),
        "tenants": tenants,
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

fn isolation(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::Request => "request",
        Isolation::Tenant => "tenant",
        Isolation::Shared => "shared",
    }
}

fn on_failure(on_failure: OnFailure) -> &'static str {
    match on_failure {
        OnFailure::Closed => "closed",
        OnFailure::Open => "open",
    }
}

//! A gateway with the bundled plugins.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use weir_tenancy::key;

use super::harness::{BarsHarness, config, mib, settle, well};
use crate::bar::Bar;
use crate::gateway::quote;
use crate::load;
use crate::weir::{PEPPER, settings};

const CHAIN: [&str; 4] = ["prompt-guard", "redact-pii", "route-by-cost", "usage-tap"];

pub(super) fn bars(harness: &BarsHarness<'_>) -> Result<Vec<Bar>> {
    let provider = well()?;
    let key = key::generate("one")?;
    let hash = key.hash_line(PEPPER.as_bytes());
    let tenants = format!("[tenants.one]\nmodels = [\"*\"]\nkeys = [{{ id = \"one\", hash = \"{hash}\" }}]\n");
    let plugins = std::fs::canonicalize(&harness.args.program.plugins)?;
    let none = harness.folder.join("compiled");
    let mut text = config(&provider, "[models.m]\ntargets = [\"p/m\"]\n", &tenants, &none);
    text = text.replace(
        &format!("folder = {}", quote(&none.to_string_lossy())),
        &format!("folder = {}", quote(&plugins.to_string_lossy())),
    );
    for plugin in CHAIN {
        let _ok = writeln!(text, "[[plugins.chain]]\nplugin = {}\n{}", quote(plugin), settings(plugin));
    }
    // The first start compiles, which no start after it does.
    drop(harness.start(&text)?);
    let gateway = harness.start(&text)?;
    settle(Duration::from_secs(3));
    let idle = mib(gateway.memory());
    let load = load::LoadArgs {
        key: Some(key.token()),
        model: "m".to_owned(),
        connections: 16,
        duration: Duration::from_secs(3),
        ..load::LoadArgs::to(&gateway.url)
    };
    let report = load::run(&load)?;
    settle(Duration::from_secs(3));
    let after = mib(gateway.memory());
    let remark = format!("{} requests of 16 clients, three seconds ago", report.requests);
    Ok(vec![
        Bar::most("idle with the four plugins: memory", idle, "MiB", 40.0),
        Bar::shown("the same after a load", after, "MiB").with(remark),
    ])
}

//! `weir plugin check`: whether a plugin would load, and what it needs for that.

use std::path::Path;

use serde_json::{Value as Json, json};
use weir_config::{Grant, Isolation};
use weir_sandbox::{Compiler, LoadError};

use crate::artefact::{InspectedComponent, grants, grants_line};
use crate::harness::{Bench, Bind};
use crate::logs;
use crate::show::{bytes, time, us};
use crate::{AuthorError, ToolOutcome};

/// What was found out, a line each, and what is wrong.
#[derive(Debug, Default)]
struct Found {
    lines: Vec<(&'static str, String)>,
    json: serde_json::Map<String, Json>,
    wrong: Option<String>,
}

impl Found {
    fn say(&mut self, key: &'static str, text: String, json: Json) {
        self.lines.push((key, text));
        self.json.insert(key.to_owned(), json);
    }
}

/// Looks a plugin over, compiles it and starts it once. With `granted`, it must need nothing else; without, it gets what
/// it needs and the answer says the line that grants it.
pub(crate) fn check(
    file: &Path,
    granted: Option<&[String]>,
    json: bool,
    compiler: Compiler,
) -> Result<ToolOutcome, AuthorError> {
    // An empty value is the empty set, as `[]` is in a configuration.
    let granted = granted.map(|names| if names == [""] { Default::default() } else { names });
    let allowed = granted.map(grants).transpose()?;
    let plugin = InspectedComponent::read(file)?;
    let mut found = Found::default();
    border(&plugin, granted, &mut found);
    start(&plugin, allowed, compiler, &mut found)?;
    let good = found.wrong.is_none();
    let text = if json {
        found.json.insert("file".to_owned(), json!(file));
        found.json.insert("good".to_owned(), json!(good));
        found.json.insert("wrong".to_owned(), json!(found.wrong));
        Json::Object(found.json).to_string()
    } else {
        let verdict = found.wrong.as_ref().map_or("good".to_owned(), |wrong| format!("does not load: {wrong}"));
        let lines = found.lines.iter().map(|(key, text)| format!("  {key:<9} {text}"));
        let lines: Vec<String> = std::iter::once(format!("{}: {verdict}", file.display())).chain(lines).collect();
        lines.join("\n")
    };
    Ok(ToolOutcome { text, good })
}

fn border(plugin: &InspectedComponent, granted: Option<&[String]>, found: &mut Found) {
    let contracts = plugin.contracts();
    found.say("contract", or_none(contracts.join(", ")), json!(contracts));
    let mut hooks: Vec<&str> = plugin.hooks().iter().map(|hook| hook.name()).collect();
    found.say("hooks", or_none(hooks.join(", ")), json!(hooks));
    hooks.clear();
    let settings = plugin.has_settings();
    found.say("settings", if settings { "taken by `init`" } else { "none" }.to_owned(), json!(settings));
    let imports: Vec<&str> =
        plugin.border.imports.iter().map(|i| i.name().unwrap_or(&i.full)).filter(|name| *name != "types").collect();
    found.say("imports", or_none(imports.join(", ")), json!(imports));
    let needs = plugin.needs();
    let line = grants_line(needs.iter().map(String::as_str));
    let usual = [Grant::Log, Grant::Counters].map(Grant::name);
    let chains = [Grant::Secrets, Grant::Callouts].map(Grant::name);
    let why = if needs.iter().all(|need| usual.contains(&need.as_str())) {
        "  # within the default, so it may be left out"
    } else if needs.iter().any(|need| chains.contains(&need.as_str())) {
        "  # must be in the plugin's [[plugins.chain]]: no NAME.toml may grant secrets or callouts"
    } else {
        "  # must be in the plugin's [[plugins.chain]], or in NAME.toml and [plugins.dropped]"
    };
    found.say("grants", format!("{line}{why}"), json!({ "needs": needs, "line": line, "given": granted }));
    found.say("size", bytes(plugin.wasm.len()), json!(plugin.wasm.len()));
}

fn start(
    plugin: &InspectedComponent,
    allowed: Option<Vec<Grant>>,
    compiler: Compiler,
    found: &mut Found,
) -> Result<(), AuthorError> {
    let bench = Bench::new(compiler)?;
    let bind = Bind {
        tenant: "acme".to_owned(),
        settings: json!({}),
        grants: allowed.unwrap_or_else(|| plugin.grants()),
        isolation: Isolation::Tenant,
    };
    let (started, lines) = logs::captured(|| bench.start(plugin, &bind));
    let started = started?;
    if let Some(compile) = bench.compiled() {
        found.say("compiles", format!("in {}", time(compile)), json!({ "us": us(compile) }));
    }
    match started {
        Ok(harness) => {
            let text = format!("with the settings {{}}, in {}", time(harness.start));
            found.say("starts", text, json!({ "us": us(harness.start), "settings_error": null }));
        }
        // A plugin may need settings: that is no mistake of the file.
        Err(LoadError::Settings(why)) => {
            let text = format!("not with the settings {{}}: {why}");
            found.say("starts", text, json!({ "settings_error": why }));
        }
        Err(error) => found.wrong = Some(format!("{error}{}", logs::below(&lines))),
    }
    Ok(())
}

fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

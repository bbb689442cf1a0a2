//! What the gateway says to whoever started it. The one place that prints.

use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use weir_config::Config;
use weir_sandbox::{Chains, LibraryEvent};

/// Whether lines are JSON objects, as those of the log are.
static JSON: AtomicBool = AtomicBool::new(false);

/// From now on, lines are JSON objects of the log's form: whoever collects both gets one kind of line.
pub(crate) fn speak_json() {
    JSON.store(true, Ordering::Relaxed);
}

/// One line on standard output.
pub(crate) fn say(line: &str) {
    print(&mut std::io::stdout().lock(), "INFO", line);
}

/// One line on standard error.
pub(crate) fn complain(line: &str) {
    print(&mut std::io::stderr().lock(), "ERROR", line);
}

/// The same, of what does not keep anything from working.
pub(crate) fn warn(line: &str) {
    print(&mut std::io::stderr().lock(), "WARN", line);
}

/// Whoever started us may have gone; that is no reason to end, so what cannot be written is not.
fn print(out: &mut impl Write, level: &str, line: &str) {
    if !JSON.load(Ordering::Relaxed) {
        let _ = writeln!(out, "{line}");
        return;
    }
    if line.trim().is_empty() {
        return;
    }
    let mut timestamp = String::new();
    let _ = SystemTime.format_time(&mut Writer::new(&mut timestamp));
    let fields = json!({"message": line});
    let _ = writeln!(out, "{}", json!({"timestamp": timestamp, "level": level, "fields": fields, "target": "weir"}));
}

/// Progress while plugins are loaded.
pub(crate) fn progress(event: LibraryEvent) {
    match event {
        LibraryEvent::Compiling { source, bytes } => {
            say(&format!("plugin   compiling {source} ({} KiB) …", bytes / 1024))
        }
        LibraryEvent::Compiled { source, took } => {
            say(&format!("plugin   {source} compiled in {} ms", took.as_millis()))
        }
        LibraryEvent::Cached { source, took } => {
            say(&format!("plugin   {source} from the cache in {:.1} ms", took.as_secs_f64() * 1000.0));
        }
    }
}

/// The start's summary: what serves whom, where, and one command to try.
pub(crate) fn ready(config: &Config, chains: &Chains, listen: SocketAddr, admin: SocketAddr) {
    for plugin in chains.plugins() {
        let hooks: Vec<&str> = plugin.hooks().map(|hook| hook.name()).collect();
        say(&format!("plugin   {}: {}", plugin.name(), hooks.join(", ")));
    }
    for tenant in &config.tenants {
        let keys: Vec<String> = tenant.keys.iter().map(|key| shown(&config.pepper, key)).collect();
        say(&format!("tenant   {}: {}", tenant.name, keys.join(", ")));
    }
    let models: Vec<&str> = config.models.iter().map(|m| m.name.as_str()).collect();
    say(&format!("models   {}", models.join(", ")));
    crate::control::nobody(config).iter().for_each(|none| warn(&format!("WARNING: {none}")));
    say(&format!("gateway  http://{listen}"));
    say(&format!("admin    http://{admin}"));
    if let Some((key, model)) = example(config) {
        say("");
        say(&format!(
            "try      curl -s http://{listen}/v1/chat/completions -H 'authorization: Bearer {key}' \\\n           \
             -H 'content-type: application/json' \\\n           \
             -d '{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello, Weir\"}}]}}'"
        ));
    }
}

/// The secret of the keys that come with the default configuration. It is printed because it is no secret.
const DEMO: &str = "demo";

/// A key as it may be shown: the whole token if it is a demo key, else its public part.
fn shown(pepper: &weir_config::Secret, key: &weir_config::KeyConfig) -> String {
    match is_demo(pepper, key) {
        true => format!("sk-weir-{}-{DEMO} (demo key)", key.id),
        false => format!("sk-weir-{}-…", key.id),
    }
}

fn is_demo(pepper: &weir_config::Secret, key: &weir_config::KeyConfig) -> bool {
    weir_tenancy::key::hash(pepper.expose().as_bytes(), &key.id, DEMO) == key.hash
}

fn example(config: &Config) -> Option<(String, &str)> {
    let model = config.models.first()?;
    let keys = config.tenants.iter().flat_map(|t| &t.keys);
    let key = keys.filter(|k| is_demo(&config.pepper, k)).map(|k| format!("sk-weir-{}-{DEMO}", k.id)).next();
    Some((key.unwrap_or_else(|| "$WEIR_KEY".to_owned()), &model.name))
}

//! What the gateway says to whoever started it. The one place that prints.

use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use weir_config::{Config, KeyConfig, Secret, glob};
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
    if let Some((token, model)) = example(config) {
        say("");
        if token.is_none() {
            say(
                "token    the next command sends what is in WEIR_KEY, a whole token as `weir key new` printed it: export WEIR_KEY=…",
            );
        }
        say(&format!("try      {}", command(listen, token.as_deref(), model)));
    }
}

/// A command for a shell, over several lines.
fn command(listen: SocketAddr, token: Option<&str>, model: &str) -> String {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "Hello, Weir"}]}).to_string();
    // A shell puts the variable's value in between these quotes, and takes the others word for word.
    format!(
        "curl -s 'http://{listen}/v1/chat/completions' -H \"authorization: Bearer {}\" \\\n           \
         -H 'content-type: application/json' \\\n           \
         -d '{}'",
        token.unwrap_or("$WEIR_KEY"),
        body.replace('\'', r"'\''")
    )
}

/// The secret of the keys that come with the default configuration. It is printed because it is no secret.
const DEMO: &str = "demo";

/// A key as it may be shown: the whole token if it is a demo key, else its public part.
fn shown(pepper: &Secret, key: &KeyConfig) -> String {
    match is_demo(pepper, key) {
        true => format!("{} (demo key)", token(key)),
        false => format!("sk-weir-{}-…", key.id),
    }
}

fn is_demo(pepper: &Secret, key: &KeyConfig) -> bool {
    weir_tenancy::key::hash(pepper.expose().as_bytes(), &key.id, DEMO) == key.hash
}

/// What to ask with: a demo key and a model that it may use; without such a key the first model, and whatever token there is.
fn example(config: &Config) -> Option<(Option<String>, &str)> {
    let keys = config.tenants.iter().flat_map(|tenant| tenant.keys.iter().map(move |key| (tenant, key)));
    let demo = keys.filter(|(_, key)| is_demo(&config.pepper, key)).find_map(|(tenant, key)| {
        let of_tenant = |model: &str| tenant.models.iter().any(|pattern| glob(pattern, model));
        let of_key = |model: &str| key.models.as_ref().is_none_or(|own| own.iter().any(|pattern| glob(pattern, model)));
        let model = config.models.iter().map(|model| model.name.as_str()).find(|m| of_tenant(m) && of_key(m))?;
        Some((Some(token(key)), model))
    });
    demo.or_else(|| Some((None, config.models.first()?.name.as_str())))
}

/// The token of a demo key.
fn token(key: &KeyConfig) -> String {
    format!("sk-weir-{}-{DEMO}", key.id)
}

//! Each key of the tables that a file has several of is told of when it changes. Which keys there are, the reader says.

use std::collections::BTreeSet;
use std::path::Path;

use weir_config::{Config, Overrides, PluginLimit, PluginLimits, Problems, diff, parse};

/// One of everything. Behind each comment further keys of its table can stand.
const BASE: &str = r#"[providers.p]
kind = "demo"
[providers.q]
kind = "demo"
[models.m]
targets = [{ provider = "p", model = "n", price = { input = 1, output = 2 } }, "p/o"]
price = { input = 3, output = 4 } # model
[tenants.t]
models = ["*"]
[[tenants.t.keys]]
id = "k"
hash = "blake3:1"
# key
[plugins]
dropped.grants = ["log"]
# plugins
[[plugins.chain]]
plugin = "guard"
grants = ["secrets", "callouts"]
secrets = { TOKEN = "s3cret-1" }
callouts = { allow = ["https://a.example"] }
config = { word = "s3cret-2" }
window = {}
canary = {}
# chain
"#;

/// The base with another text in place of one that stands in it once.
fn read(from: &str, to: &str) -> Result<Config, Problems> {
    assert_eq!(BASE.matches(from).count(), 1, "{from}");
    let mut text = BASE.replace(from, to);
    for digit in ["1", "2"] {
        text = text.replace(&format!("\"blake3:{digit}\""), &format!("\"blake3:{}\"", digit.repeat(64)));
    }
    let read = parse(&text, Path::new("/etc/weir/weir.toml"), &|_| None, &Overrides::default());
    read.map(|loaded| loaded.config)
}

/// What is told of the change.
fn told(from: &str, to: &str) -> Vec<String> {
    let config = |to: &str| read(from, to).unwrap_or_else(|problems| panic!("{to}: {problems}"));
    let lines = diff(&config(from), &config(to));
    assert!(lines.iter().all(|line| !line.contains("s3cret")), "{lines:#?}");
    lines
}

/// Holds that each change is told of as its row says, and that the rows are of all keys that the table may have: those that are
/// known where `zzz` is not. A row is a key, what is replaced by what, and the line.
fn hold(rows: &[(&str, &str, &str, &str)], (from, with_zzz): (&str, &str)) {
    for (_, from, to, line) in rows {
        let lines = told(from, to);
        assert!(lines.iter().any(|told| told == line), "{line}: {lines:#?}");
    }
    let problems = read(from, with_zzz).unwrap_err();
    let fix = &problems.0.iter().find(|problem| problem.key.ends_with("zzz")).expect("zzz").fix;
    let known: BTreeSet<&str> = fix.split_once("known here: ").unwrap().1.split(", ").collect();
    assert_eq!(rows.iter().map(|(key, ..)| *key).collect::<BTreeSet<_>>(), known, "held here, and known");
}

#[test]
fn each_key_of_a_binding() {
    let hash = "2".repeat(64);
    let blake3 = format!("plugins.chain[0].blake3: any → {hash}");
    hold(
        &[
            ("plugin", "plugin = \"guard\"", "plugin = \"tap\"", "plugins.chain: [guard] → [tap]"),
            ("name", "# chain", "name = \"a\"", "plugins.chain: [guard] → [guard#a]"),
            ("tenants", "# chain", "tenants = [\"t\"]", "plugins.chain[0].tenants: [] → [\"t\"]"),
            ("models", "# chain", "models = [\"m\"]", "plugins.chain[0].models: [] → [\"m\"]"),
            ("isolation", "# chain", "isolation = \"shared\"", "plugins.chain[0].isolation: tenant → shared"),
            ("on_failure", "# chain", "on_failure = \"open\"", "plugins.chain[0].on_failure: closed → open"),
            (
                "grants",
                "\"callouts\"]",
                "\"callouts\", \"kv\"]",
                "plugins.chain[0].grants: [secrets, callouts] → [secrets, callouts, kv]",
            ),
            ("secrets", "s3cret-1", "s3cret-3", "plugins.chain[0].secrets.TOKEN: changed"),
            (
                "callouts",
                "https://a.example",
                "https://b.example",
                "plugins.chain[0].callouts.allow: [\"https://a.example\"] → [\"https://b.example\"]",
            ),
            ("config", "s3cret-2", "s3cret-3", "plugins.chain[0].config.word: changed"),
            ("window", "window = {}", "", "plugins.chain[0].window: 256B + 64B, 15s → none"),
            ("canary", "canary = {}", "", "plugins.chain[0].canary: 10 %, 5m, 100 calls → none"),
            ("blake3", "# chain", "blake3 = \"blake3:2\"", &blake3),
            ("limits", "# chain", "limits.wait = \"7ms\"", "plugins.chain[0].limits.wait: 50ms → 7ms"),
        ],
        ("# chain", "zzz = 1"),
    );
}

#[test]
fn each_key_of_a_window_and_of_a_trial() {
    let window = "plugins.chain[0].window: 256B + 64B, 15s";
    hold(
        &[
            ("size", "window = {}", "window = { size = 1 }", &format!("{window} → 1B + 64B, 15s")),
            ("overlap", "window = {}", "window = { overlap = 1 }", &format!("{window} → 256B + 1B, 15s")),
            ("keep_alive", "window = {}", "window = { keep_alive = \"9s\" }", &format!("{window} → 256B + 64B, 9s")),
        ],
        ("window = {}", "window = { zzz = 1 }"),
    );
    let canary = "plugins.chain[0].canary: 10 %, 5m, 100 calls";
    hold(
        &[
            ("percent", "canary = {}", "canary = { percent = 20 }", &format!("{canary} → 20 %, 5m, 100 calls")),
            ("for", "canary = {}", "canary = { for = \"9s\" }", &format!("{canary} → 10 %, 9s, 100 calls")),
            ("calls", "canary = {}", "canary = { calls = 9 }", &format!("{canary} → 10 %, 5m, 9 calls")),
            (
                "more_refusals",
                "canary = {}",
                "canary = { more_refusals = 3 }",
                &format!("{canary} → 10 %, 5m, 100 calls, 3 % more refusals"),
            ),
        ],
        ("canary = {}", "canary = { zzz = 1 }"),
    );
}

#[test]
fn each_key_of_callouts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem()).unwrap();
    let ca_file = format!("a.example\"], ca_file = \"{}\"", file.display());
    let from = "a.example\"]";
    hold(
        &[
            (
                "allow",
                from,
                "a.example/v1\"]",
                "plugins.chain[0].callouts.allow: [\"https://a.example\"] → [\"https://a.example/v1\"]",
            ),
            ("private", from, "a.example\"], private = true", "plugins.chain[0].callouts.private: false → true"),
            ("timeout", from, "a.example\"], timeout = \"9s\"", "plugins.chain[0].callouts.timeout: 2s → 9s"),
            ("per_call", from, "a.example\"], per_call = 9", "plugins.chain[0].callouts.per_call: 4 → 9"),
            ("bytes", from, "a.example\"], bytes = 9", "plugins.chain[0].callouts.bytes: 1MiB → 9B"),
            ("ca_file", from, &ca_file, &format!("plugins.chain[0].callouts.ca_file: none → {}", file.display())),
        ],
        (from, "a.example\"], zzz = 1"),
    );
}

#[test]
fn each_key_of_a_model_a_target_and_a_price() {
    let targets = "models.m.targets: [\"p/n\", \"p/o\"]";
    let price = "models.m.price: [{ input = 1, output = 2 }, { input = 3, output = 4 }]";
    hold(
        &[
            ("targets", ", \"p/o\"", ", \"q/o\"", &format!("{targets} → [\"p/n\", \"q/o\"]")),
            (
                "price",
                "price = { input = 3, output = 4 }",
                "",
                &format!("{price} → [{{ input = 1, output = 2 }}, {{ input = 0, output = 0 }}]"),
            ),
            (
                "max_output_tokens",
                " # model",
                "\nmax_output_tokens = 5",
                "models.m.max_output_tokens: the catalogue's → 5",
            ),
            ("context_window", " # model", "\ncontext_window = 5", "models.m.context_window: the catalogue's → 5"),
        ],
        (" # model", "\nzzz = 1"),
    );
    hold(
        &[
            ("provider", "provider = \"p\"", "provider = \"q\"", &format!("{targets} → [\"q/n\", \"p/o\"]")),
            ("model", "model = \"n\"", "model = \"a\"", &format!("{targets} → [\"p/a\", \"p/o\"]")),
            (
                "price",
                ", price = { input = 1, output = 2 }",
                "",
                &format!("{price} → [{{ input = 3, output = 4 }}, {{ input = 3, output = 4 }}]"),
            ),
        ],
        ("provider = \"p\"", "zzz = 1, provider = \"p\""),
    );
    hold(
        &[
            (
                "input",
                "input = 1",
                "input = 9",
                &format!("{price} → [{{ input = 9, output = 2 }}, {{ input = 3, output = 4 }}]"),
            ),
            (
                "output",
                "output = 4",
                "output = 9",
                &format!("{price} → [{{ input = 1, output = 2 }}, {{ input = 3, output = 9 }}]"),
            ),
        ],
        ("input = 1", "zzz = 1, input = 1"),
    );
}

#[test]
fn each_key_of_a_tenants_key_and_of_the_ceilings() {
    hold(
        &[
            ("id", "\"k\"", "\"l\"", "tenants.t.keys.l: added"),
            ("hash", "blake3:1", "blake3:2", "tenants.t.keys.k.hash: changed"),
            ("secret", "# key", "secret = \"s3cret\"", "tenants.t.keys.k.secret: added"),
            (
                "requests_per_minute",
                "# key",
                "requests_per_minute = 9",
                "tenants.t.keys.k.requests_per_minute: unlimited → 9",
            ),
            ("concurrency", "# key", "concurrency = 9", "tenants.t.keys.k.concurrency: unlimited → 9"),
            ("models", "# key", "models = [\"m\"]", "tenants.t.keys.k.models: the tenant's → [\"m\"]"),
        ],
        ("# key", "zzz = 1"),
    );
    hold(
        &[
            ("grants", "[\"log\"]", "[\"kv\"]", "plugins.dropped.grants: [log] → [kv]"),
            (
                "isolation",
                "# plugins",
                "dropped.isolation = \"request\"",
                "plugins.dropped.isolation: tenant → request",
            ),
            ("limits", "# plugins", "dropped.limits.wait = \"7ms\"", "plugins.dropped.limits.wait: 50ms → 7ms"),
        ],
        ("# plugins", "dropped.zzz = 1"),
    );
}

#[test]
fn each_limit_of_a_plugin_wherever_it_stands() {
    for PluginLimit { key, default, least, most, .. } in PluginLimits::table() {
        let value = if default == least { &most } else { &least };
        let written =
            if value.bytes().all(|byte| byte.is_ascii_digit()) { value.clone() } else { format!("\"{value}\"") };
        for (from, table, path) in [
            ("# plugins", "defaults", "plugins.defaults"),
            ("# plugins", "dropped.limits", "plugins.dropped.limits"),
            ("# chain", "limits", "plugins.chain[0].limits"),
        ] {
            let lines = told(from, &format!("{table}.{key} = {written}"));
            let line = format!("{path}.{key}: {default} → {value}");
            assert!(lines.contains(&line), "{line}: {lines:#?}");
        }
    }
}

use std::path::Path;

use super::diff;
use crate::{Config, Overrides, parse};

const BASE: &str = r#"pepper = "s3cret-1"
[server]
listen = "127.0.0.1:8080"
[providers.p]
kind = "openai"
api_key = "s3cret-2"
headers.x-a = "s3cret-3"
[models."gpt-4.1"]
targets = ["p/m"]
price = { input = 0.1, output = 2 }
[tenants.acme]
models = ["*"]
requests_per_minute = 600
[[tenants.acme.keys]]
id = "k"
hash = "blake3:1111111111111111111111111111111111111111111111111111111111111111"
[[plugins.chain]]
plugin = "guard"
config = { deny = ["s3cret-4"] }
[[plugins.chain]]
plugin = "tap"
grants = ["secrets", "callouts"]
secrets = { TOKEN = "s3cret-5" }
callouts = { allow = ["https://a.example/v1/"] }
"#;

fn config(text: &str) -> Config {
    parse(text, Path::new("/weir.toml"), &|_| None, &Overrides::default()).unwrap().config
}

/// The lines after some texts of the file were replaced by others.
fn changes(replace: &[(&str, &str)]) -> Vec<String> {
    let mut text = BASE.to_owned();
    for (from, to) in replace {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let lines = diff(&config(BASE), &config(&text));
    assert!(lines.iter().all(|line| !line.contains("s3cret") && !line.contains("1111")), "{lines:#?}");
    lines
}

#[test]
fn nothing_changed_is_nothing_said() {
    assert!(changes(&[]).is_empty());
    let moved = parse(BASE, Path::new("/elsewhere/../weir.toml"), &|_| None, &Overrides::default()).unwrap().config;
    let lines = diff(&config(BASE), &moved);
    assert_eq!(lines, ["plugins.folder: /plugins → /elsewhere/../plugins"], "where it came from does not matter");
}

#[test]
fn a_changed_key_is_named_by_its_path_with_both_values() {
    let table = [
        ("requests_per_minute = 600", "requests_per_minute = 1_200", "tenants.acme.requests_per_minute: 600 → 1200"),
        ("requests_per_minute = 600", "concurrency = 5", "tenants.acme.requests_per_minute: 600 → unlimited"),
        ("127.0.0.1:8080", "127.0.0.1:8081", "server.listen: 127.0.0.1:8080 → 127.0.0.1:8081"),
        ("[server]", "[server]\ndrain = \"90s\"", "server.drain: 30s → 90s"),
        ("[server]", "[limits]\nbody = \"1MiB\"\n[server]", "limits.body: 32MiB → 1MiB"),
        ("models = [\"*\"]", "models = [\"gpt-*\"]", "tenants.acme.models: [\"*\"] → [\"gpt-*\"]"),
        ("kind = \"openai\"", "kind = \"openai\"\nhealth.aside = \"9s\"", "providers.p.health.aside: 1s → 9s"),
        ("[server]", "[limits]\nretry_budget = 7\n[server]", "limits.retry_budget: 20 → 7"),
        ("[\"p/m\"]", "[\"p/n\"]", "models.\"gpt-4.1\".targets: [\"p/m\"] → [\"p/n\"]"),
        (
            "input = 0.1,",
            "input = 0.25,",
            "models.\"gpt-4.1\".price: [{ input = 0.1, output = 2 }] → [{ input = 0.25, output = 2 }]",
        ),
        ("plugin = \"tap\"", "plugin = \"tap\"\non_failure = \"open\"", "plugins.chain[1].on_failure: closed → open"),
        (
            "plugin = \"tap\"",
            "plugin = \"tap\"\nlimits.deadline = \"5ms\"",
            "plugins.chain[1].limits.deadline: 50ms → 5ms",
        ),
        (
            "\"secrets\", \"c",
            "\"secrets\", \"clock\", \"c",
            "plugins.chain[1].grants: [secrets, callouts] → [secrets, clock, callouts]",
        ),
        (
            "[\"https://a.example/v1/\"]",
            "[\"https://a.example\"]",
            "plugins.chain[1].callouts.allow: [\"https://a.example/v1\"] → [\"https://a.example\"]",
        ),
        ("v1/\"]", "v1/\"], private = true", "plugins.chain[1].callouts.private: false → true"),
    ];
    for (from, to, wanted) in table {
        assert!(changes(&[(from, to)]).contains(&wanted.to_owned()), "{wanted}: {:#?}", changes(&[(from, to)]));
    }
}

#[test]
fn secrets_hashes_and_settings_of_plugins_are_only_said_to_have_changed() {
    let table = [
        ("s3cret-1", "s3cret-x", "pepper: changed"),
        ("s3cret-2", "s3cret-x", "providers.p.api_key: changed"),
        ("api_key = \"s3cret-2\"\n", "", "providers.p.api_key: removed"),
        ("s3cret-3", "s3cret-x", "providers.p.headers.x-a: changed"),
        ("headers.x-a", "headers.x-b", "providers.p.headers.x-b: added"),
        ("blake3:1", "blake3:2", "tenants.acme.keys.k.hash: changed"),
        ("s3cret-4", "s3cret-x", "plugins.chain[0].config.deny: changed"),
        ("s3cret-5", "s3cret-x", "plugins.chain[1].secrets.TOKEN: changed"),
        ("TOKEN", "KEY", "plugins.chain[1].secrets.KEY: added"),
        ("{ deny", "{ block = 1, deny", "plugins.chain[0].config.block: added"),
    ];
    for (from, to, wanted) in table {
        assert!(changes(&[(from, to)]).contains(&wanted.to_owned()), "{wanted}: {:#?}", changes(&[(from, to)]));
    }
}

#[test]
fn what_came_and_went_is_one_line_each() {
    assert_eq!(
        changes(&[("[tenants.acme]", "[tenants.globex]\nmodels = [\"*\"]\n[tenants.acme]")]),
        ["tenants.globex: added"]
    );
    assert_eq!(
        changes(&[("[tenants.acme", "[tenants.beta")]),
        ["tenants.beta: added", "tenants.beta.keys.k: added", "tenants.acme: removed", "tenants.acme.keys.k: removed"]
    );
    assert_eq!(
        changes(&[(&BASE[BASE.find("[[plugins.chain]]\nplugin = \"tap\"").unwrap()..], "")]),
        ["plugins.chain: [guard, tap] → [guard]", "plugins.chain[1] (tap): removed"]
    );
}

#[test]
fn a_chain_in_another_order_says_only_that() {
    let first = &BASE[BASE.find("[[plugins.chain]]\nplugin = \"tap\"").unwrap()..];
    let order = changes(&[
        (first, ""),
        ("[[plugins.chain]]\nplugin = \"guard\"", &format!("{first}[[plugins.chain]]\nplugin = \"guard\"")),
    ]);
    assert_eq!(order, ["plugins.chain: [guard, tap] → [tap, guard]"]);
}

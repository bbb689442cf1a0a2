//! `[plugins.dropped]`: settings beside a plugin can only tighten what the operator allows, whichever key they use.

use std::collections::BTreeSet;
use std::path::Path;
use weir_config::{
    Dropped, Grant, Isolation, Overrides, PluginLimit, PluginLimits, PluginSettings, Plugins, Problems, Tighter, parse,
    sidecar,
};

fn plugins(text: &str) -> Result<Plugins, Problems> {
    let read = parse(text, Path::new("/etc/weir/weir.toml"), &|_| None, &Overrides::default());
    read.map(|loaded| loaded.config.plugins)
}

fn ceilings(text: &str) -> Dropped {
    plugins(text).unwrap_or_else(|problems| panic!("{text}: {problems}")).dropped
}

fn beside(text: &str, ceilings: &Dropped) -> Result<PluginSettings, Problems> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guard.toml");
    std::fs::write(&file, text).unwrap();
    sidecar(&file, ceilings)
}

/// The loosest value that can be given, and the tightest, as a file has them.
fn extremes(limit: &PluginLimit) -> (String, String) {
    let written = |value: &str| match value.parse::<u64>() {
        Ok(number) => number.to_string(),
        Err(_) => format!("\"{value}\""),
    };
    let (least, most) = (written(&limit.least), written(&limit.most));
    match limit.tighter {
        Tighter::Less => (most, least),
        Tighter::More => (least, most),
        Tighter::LessNotZero => ("0".to_owned(), "1".to_owned()),
    }
}

#[test]
fn no_limit_can_be_loosened_beside_a_plugin_and_each_can_be_tightened() {
    let table = PluginLimits::table();
    assert!(table.len() >= 16, "{table:?}");
    for limit in &table {
        let (loose, tight) = extremes(limit);
        let key = limit.key;
        let found = beside(&format!("limits.{key} = {loose}"), &ceilings("")).unwrap_err();
        let [problem] = found.0.as_slice() else { panic!("{found}") };
        assert_eq!((problem.key.as_str(), problem.line), (format!("limits.{key}").as_str(), 1), "{problem}");
        let value = loose.trim_matches('"');
        assert!(
            problem.what.starts_with(&format!("`{value}` is past"))
                || problem.what.starts_with(&format!("{value} is past")),
            "{problem}"
        );
        assert!(problem.what.contains(&format!("{} (plugins.dropped.limits.{key})", limit.default)), "{problem}");
        beside(&format!("limits.{key} = {tight}"), &ceilings("")).unwrap_or_else(|p| panic!("{p}"));
        beside(&format!("limits.{key} = {}", written(&limit.default)), &ceilings("")).unwrap_or_else(|p| panic!("{p}"));
        // The operator may let it.
        let raised = ceilings(&format!("[plugins.dropped]\nlimits.{key} = {loose}"));
        let given = beside(&format!("limits.{key} = {loose}"), &raised).unwrap_or_else(|p| panic!("{p}"));
        assert_eq!(given.limits, raised.limits, "{key}");
        assert_eq!(
            sidecar(Path::new("/nowhere/guard.toml"), &raised).unwrap().limits,
            PluginLimits::default(),
            "{key}"
        );
        // And may allow less than is usual: then that is what applies where nothing is said.
        let lowered = ceilings(&format!("[plugins.dropped]\nlimits.{key} = {tight}"));
        assert_eq!(beside("on_failure = \"open\"", &lowered).unwrap().limits, lowered.limits, "{key}");
        assert!(beside(&format!("limits.{key} = {}", written(&limit.default)), &lowered).is_err(), "{key}");
    }
}

fn written(value: &str) -> String {
    if value.bytes().all(|b| b.is_ascii_digit()) { value.to_owned() } else { format!("\"{value}\"") }
}

#[test]
fn ceilings_are_the_defaults_that_the_operator_set() {
    let own = ceilings("[plugins.defaults]\ndeadline = \"10ms\"\nquarantine = \"1m\"");
    assert!(beside("limits.deadline = \"11ms\"", &own).is_err() && beside("limits.deadline = \"10ms\"", &own).is_ok());
    assert!(beside("limits.quarantine = \"59s\"", &own).is_err() && beside("limits.quarantine = \"2m\"", &own).is_ok());
    let raised = ceilings("[plugins.defaults]\ndeadline = \"10ms\"\n[plugins.dropped.limits]\ndeadline = \"1s\"");
    let settings = beside("limits.memory = \"1MiB\"", &raised).unwrap();
    assert_eq!(settings.limits.deadline.as_millis(), 10, "what is allowed is not what is usual");
}

#[test]
fn grants_and_isolation_have_ceilings_as_well() {
    let usual = ceilings("");
    assert_eq!((usual.isolation, &usual.grants[..]), (Isolation::Tenant, &[Grant::Log, Grant::Counters][..]));
    for (text, value, ceiling) in [
        ("isolation = \"shared\"", "`shared`", "\"request\" or \"tenant\" (plugins.dropped.isolation)"),
        ("grants = [\"log\", \"kv\"]", "[\"log\", \"kv\"]", "[\"log\", \"counters\"] (plugins.dropped.grants)"),
        ("grants = [\"clock\"]", "[\"clock\"]", "(plugins.dropped.grants)"),
    ] {
        let found = beside(text, &usual).unwrap_err().to_string();
        assert!(found.contains(value) && found.contains(ceiling), "{found}");
    }
    let wide = ceilings("[plugins.dropped]\nisolation = \"shared\"\ngrants = [\"kv\", \"clock\"]");
    let settings = beside("isolation = \"shared\"\ngrants = [\"kv\"]", &wide).unwrap();
    assert_eq!((settings.isolation, &settings.grants[..]), (Isolation::Shared, &[Grant::Kv][..]));
    // What is usual and not allowed is not granted where nothing is said, either.
    let said_nothing = beside("on_failure = \"open\"", &wide).unwrap();
    assert_eq!((said_nothing.isolation, &said_nothing.grants[..]), (Isolation::Tenant, &[][..]));
    let narrow = ceilings("[plugins.dropped]\nisolation = \"request\"\ngrants = []");
    let said_nothing = beside("on_failure = \"open\"", &narrow).unwrap();
    assert_eq!((said_nothing.isolation, &said_nothing.grants[..]), (Isolation::Request, &[][..]));
    for grant in ["secrets", "callouts"] {
        let found = plugins(&format!("[plugins.dropped]\ngrants = [\"{grant}\"]")).unwrap_err().to_string();
        assert!(found.contains("which none may"), "{found}");
    }
}

#[test]
fn every_key_of_settings_is_bounded_denied_or_free_beside_a_plugin() {
    // Whoever may take a plugin away, or write what it decides, may also say what becomes of its faults, how much of a
    // stream it sees, which file it is, and on which share of its own tenants' requests a new one is tried.
    let (free, bounded) = (["on_failure", "canary", "blake3", "window", "config"], ["isolation", "grants", "limits"]);
    let denied = ["plugin", "name", "tenants", "models", "secrets", "callouts"];
    let known = |problems: Problems| -> BTreeSet<String> {
        let fix = problems.0.into_iter().find(|problem| problem.key.ends_with("zzz")).unwrap().fix;
        fix.split_once("known here: ").unwrap().1.split(", ").map(str::to_owned).collect()
    };
    let chain = known(plugins("[[plugins.chain]]\nplugin = \"a\"\nzzz = 1").unwrap_err());
    let decided: BTreeSet<String> = free.iter().chain(&bounded).chain(&denied).map(|key| (*key).to_owned()).collect();
    assert_eq!(chain, decided, "a key that is new has to be decided about");
    let ceilings_of = known(plugins("[plugins.dropped]\nzzz = 1").unwrap_err());
    assert_eq!(ceilings_of, bounded.iter().map(|key| (*key).to_owned()).collect());
    for key in denied {
        let value = match key {
            "plugin" | "name" => "\"a\"",
            "secrets" => "{ A = \"x\" }",
            "callouts" => "{ allow = [\"https://a.example\"] }",
            _ => "[\"a\"]",
        };
        assert!(beside(&format!("{key} = {value}"), &ceilings("")).is_err(), "{key}");
    }
}

#[test]
fn what_was_good_under_other_ceilings_is_brought_down_to_those_of_now() {
    let wide =
        ceilings("[plugins.dropped]\nisolation = \"shared\"\ngrants = [\"kv\", \"log\"]\nlimits.kv_entries = 50000");
    let settings = beside("isolation = \"shared\"\ngrants = [\"kv\"]\nlimits.kv_entries = 50000\nconfig.a = 1", &wide);
    let settings = settings.unwrap();
    assert_eq!(settings.clone().within(&wide), settings);
    let within = settings.clone().within(&ceilings(""));
    assert_eq!((within.isolation, &within.grants[..], within.limits.kv_entries), (Isolation::Tenant, &[][..], 10_000));
    assert_eq!((within.config, within.on_failure), (settings.config, settings.on_failure));
}

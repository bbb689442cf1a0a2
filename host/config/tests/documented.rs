//! docs/operating.md is held to what the configuration is: its keys, all of them, and their defaults.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::path::Path;
use weir_config::{Config, Overrides, PluginLimits, Problems, Tighter, parse};

const DOCS: &str = include_str!("../../../docs/operating.md");

const PLUGINS: &str = include_str!("../../../docs/plugins.md");

/// A section of the file: its heading in the documentation, and where a line of it goes in [`text`].
const SECTIONS: [(&str, &str); 7] = [
    ("### `[server]`, `[log]` and the pepper", "server"),
    ("### `[server]`, `[log]` and the pepper", "log"),
    ("### `[limits]`", "limits"),
    ("### `[metrics]`", "metrics"),
    ("### `[providers.NAME]`", "provider"),
    ("### `[tenants.NAME]`", "tenant"),
    ("### `[plugins]`", "plugins"),
];

/// A good configuration with this line in this section.
fn text(section: &str, line: &str) -> String {
    let here = |name: &str| if name == section { line } else { "" };
    format!(
        "[server]\n{}\n[log]\n{}\n[limits]\n{}\n[metrics]\n{}\n[providers.p]\nkind = \"openai\"\n{}\n[models.m]\n\
         targets = [\"p/m\"]\n[tenants.t]\nmodels = [\"*\"]\n{}\n[plugins]\n{}\n",
        here("server"),
        here("log"),
        here("limits"),
        here("metrics"),
        here("provider"),
        here("tenant"),
        here("plugins"),
    )
}

fn read(text: &str) -> Result<Config, Problems> {
    parse(text, Path::new("/etc/weir/weir.toml"), &|_| None, &Overrides::default()).map(|loaded| loaded.config)
}

/// Keys and defaults of the first table under a heading, as they are written there.
fn rows(heading: &str) -> Vec<(String, String)> {
    let after = &DOCS[DOCS.find(heading).unwrap_or_else(|| panic!("no {heading}"))..];
    let table = after.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let cells = table.take_while(|line| line.starts_with('|')).map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        (cells[1].to_owned(), cells[2].to_owned())
    });
    let row = |(keys, defaults): (String, String)| -> Vec<(String, String)> {
        let keys: Vec<String> = keys.split(", ").map(|key| key.trim_matches('`').to_owned()).collect();
        // Two keys in one row have two defaults.
        let defaults = if keys.len() == 1 { vec![defaults] } else { defaults.split(", ").map(str::to_owned).collect() };
        assert_eq!(keys.len(), defaults.len(), "{keys:?}");
        keys.into_iter().zip(defaults).collect()
    };
    cells.flat_map(row).collect()
}

/// The keys that are documented for a section, without its name, and their defaults.
fn documented(heading: &str, section: &str) -> Vec<(String, String)> {
    let shared = heading.contains("[log]");
    let own = |(key, default): (String, String)| match key.split_once('.') {
        Some((table, key)) if shared => (table == section).then(|| (key.to_owned(), default)),
        None if shared => None,
        _ => Some((key, default)),
    };
    rows(heading).into_iter().filter_map(own).collect()
}

/// A default as the file would have it; none where it is nothing that could be written.
fn literal(default: &str) -> Option<String> {
    let plain = default.trim_matches('`');
    let digits = plain.replace(',', "");
    let counted = plain.split_once(' ').filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
    match (plain, counted) {
        ("true" | "false", _) => Some(plain.to_owned()),
        _ if plain.starts_with("0: ") => Some("0".to_owned()),
        _ if digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty() => Some(digits),
        (_, Some((number, "min"))) => Some(format!("\"{number}m\"")),
        (_, Some((number, unit @ ("KiB" | "MiB" | "h" | "s" | "ms")))) => Some(format!("\"{number}{unit}\"")),
        _ if default.starts_with('`') && !plain.contains('`') => Some(format!("\"{plain}\"")),
        _ => None,
    }
}

#[test]
fn documented_defaults_are_the_defaults() {
    let plain = read(&text("", "")).unwrap();
    let mut written = 0;
    for (heading, section) in SECTIONS {
        for (key, default) in documented(heading, section) {
            let Some(literal) = literal(&default) else { continue };
            let line = format!("{key} = {literal}");
            let config = read(&text(section, &line)).unwrap_or_else(|problems| panic!("{section}: {line}: {problems}"));
            assert!(config == plain, "{section}: {line} is not what applies without it");
            written += 1;
        }
    }
    assert!(written > 30, "most have one: {written}");
}

#[test]
fn every_key_is_documented_and_every_documented_key_is_one() {
    for (heading, section) in SECTIONS {
        let problems = read(&text(section, "zzz = 1")).unwrap_err();
        let fix = problems.0.iter().find(|problem| problem.key.ends_with("zzz")).map(|problem| problem.fix.clone());
        let fix = fix.unwrap_or_else(|| panic!("{section}: {problems}"));
        let known: BTreeSet<&str> = fix.split_once("known here: ").unwrap().1.split(", ").collect();
        let documented = documented(heading, section);
        let named: BTreeSet<&str> = documented
            .iter()
            .filter_map(|(key, _)| match key.strip_prefix("[[") {
                // `[[tenants.NAME.keys]]`, `[[plugins.chain]]`.
                Some(table) => table.trim_end_matches("]]").rsplit('.').next(),
                // `headers.NAME`, `health.failures`.
                None => key.split('.').next(),
            })
            .collect();
        assert_eq!(known, named, "{section}: known, and documented");
    }
}

#[test]
fn every_limit_of_a_plugin_is_documented_with_its_default_and_what_is_tighter() {
    let after = &PLUGINS[PLUGINS.find("| limit | default |").expect("the table of limits")..];
    let rows = after.lines().skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<&str>> = rows.map(|line| line.split('|').map(str::trim).collect()).collect();
    let table = PluginLimits::table();
    let keys: Vec<String> = table.iter().map(|limit| format!("`{}`", limit.key)).collect();
    assert_eq!(rows.iter().map(|row| row[1]).collect::<Vec<_>>(), keys);
    let plain = read(&text("", "")).unwrap();
    for (row, limit) in rows.iter().zip(&table) {
        let default = literal(row[2]).unwrap_or_else(|| panic!("{row:?}"));
        let line = format!("defaults.{} = {default}", limit.key);
        let config = read(&text("plugins", &line)).unwrap_or_else(|problems| panic!("{line}: {problems}"));
        assert!(config == plain, "{line} is not what applies without it");
        let tighter = match limit.tighter {
            Tighter::Less => "less",
            Tighter::More => "more",
            Tighter::LessNotZero => "less, but not 0",
        };
        assert_eq!(row[4], tighter, "{}", limit.key);
    }
}

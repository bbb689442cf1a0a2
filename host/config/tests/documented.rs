//! docs/operating.md is held to what the configuration is: its keys, all of them, and their defaults.

use std::collections::BTreeSet;
use std::path::Path;
use weir_config::{Config, Overrides, PluginLimits, Problems, Tighter, diff, parse};

const DOCS: &str = include_str!("../../../docs/operating.md");

const PLUGINS: &str = include_str!("../../../docs/plugins.md");

/// A section of the file: its heading in the documentation, and where a line of it goes in [`text`].
const SECTIONS: [(&str, &str); 9] = [
    ("### `[server]`, `[log]` and the pepper", "server"),
    ("### `[server]`, `[log]` and the pepper", "log"),
    ("### `[limits]`", "limits"),
    ("### `[metrics]`", "metrics"),
    ("### `[cors]`", "cors"),
    ("### `[providers.NAME]`", "provider"),
    ("### `[models.NAME]`", "model"),
    ("### `[tenants.NAME]`", "tenant"),
    ("### `[plugins]`", "plugins"),
];

/// What has a table of its own: the section, where it is in there, the document, and how the table begins.
const WITHIN: [(&str, &str, &str, &str); 9] = [
    ("provider", "api_keys", DOCS, "| key of `api_keys` |"),
    ("tenant", "keys", DOCS, "| key of a tenant's key |"),
    ("plugins", "chain", PLUGINS, "| key of `[[plugins.chain]]` |"),
    ("plugins", "chain.callouts", PLUGINS, "| key of `callouts` |"),
    ("plugins", "chain.window", PLUGINS, "| key of `window` |"),
    ("plugins", "chain.canary", PLUGINS, "| key of `canary` |"),
    ("plugins", "chain.limits", PLUGINS, "| limit | default |"),
    ("plugins", "defaults", PLUGINS, "| limit | default |"),
    ("plugins", "dropped.limits", PLUGINS, "| limit | default |"),
];

/// A good configuration with this line in this section, in place of the line there that gives the same key.
fn text(section: &str, line: &str) -> String {
    let key = |line: &str| line.split(" = ").next().unwrap_or_default().to_owned();
    let mut text = String::new();
    for (header, name, given) in [
        ("server", "server", ""),
        ("log", "log", ""),
        ("limits", "limits", ""),
        ("metrics", "metrics", ""),
        ("cors", "cors", ""),
        ("providers.p", "provider", "kind = \"openai\""),
        ("providers.q", "another provider", "kind = \"demo\""),
        ("models.m", "model", "targets = [\"p/m\"]"),
        ("tenants.t", "tenant", "models = [\"*\"]"),
        ("plugins", "plugins", ""),
    ] {
        let line = if name == section { line } else { "" };
        let given = if key(given) == key(line) { "" } else { given };
        text.push_str(&format!("[{header}]\n{given}\n{line}\n"));
    }
    text
}

fn read(text: &str) -> Result<Config, Problems> {
    parse(text, Path::new("/etc/weir/weir.toml"), &|_| None, &Overrides::default()).map(|loaded| loaded.config)
}

/// Keys and defaults of the first table of a document behind these words, as they are written there.
fn rows(document: &str, words: &str) -> Vec<(String, String)> {
    let after = &document[document.find(words).unwrap_or_else(|| panic!("no {words}"))..];
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
    rows(DOCS, heading).into_iter().filter_map(own).collect()
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
        (_, Some((number, unit @ ("KiB" | "MiB" | "GiB" | "h" | "s" | "ms")))) => Some(format!("\"{number}{unit}\"")),
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

/// Keys whose default is nothing that one could be added to: what their line is before, and what it becomes.
const OTHERS: &[(&str, &str, &str, &str)] = &[
    ("server", "listen", "", "listen = \"127.0.0.1:8081\""),
    ("server", "admin", "", "admin = \"127.0.0.1:9091\""),
    ("server", "name", "", "name = \"weir-b\""),
    ("log", "level", "", "level = \"debug\""),
    ("cors", "origins", "", "origins = [\"*\"]"),
    ("provider", "kind", "", "kind = \"demo\""),
    ("provider", "speaks", "kind = \"demo\"", "kind = \"demo\"\nspeaks = \"gemini\""),
    ("provider", "base_url", "", "base_url = \"https://other.example/v1\""),
    ("provider", "api_key", "api_key = \"s3cret-1\"", "api_key = \"s3cret-2\""),
    (
        "provider",
        "api_keys",
        "api_keys = [{ key = \"s3cret-1\" }, { key = \"s3cret-2\" }]",
        "api_keys = [{ key = \"s3cret-3\", weight = 2 }, { key = \"s3cret-2\", name = \"b\" }]",
    ),
    ("provider", "headers.NAME", "headers.x-a = \"s3cret-1\"", "headers.x-a = \"s3cret-2\""),
    (
        "provider",
        "api_version",
        "kind = \"azure\"\nbase_url = \"https://a.example\"\napi_key = \"k\"",
        "kind = \"azure\"\nbase_url = \"https://a.example\"\napi_key = \"k\"\napi_version = \"2025-04-01-preview\"",
    ),
    ("provider", "region", "AWS\nregion = \"us-west-1\"", "AWS\nregion = \"us-west-2\""),
    (
        "provider",
        "access_key_id",
        "AWS\nsecret_access_key = \"a\"\naccess_key_id = \"s3cret-1\"",
        "AWS\nsecret_access_key = \"a\"\naccess_key_id = \"s3cret-2\"",
    ),
    (
        "provider",
        "secret_access_key",
        "AWS\naccess_key_id = \"a\"\nsecret_access_key = \"s3cret-1\"",
        "AWS\naccess_key_id = \"a\"\nsecret_access_key = \"s3cret-2\"",
    ),
    (
        "provider",
        "session_token",
        "AWS\naccess_key_id = \"a\"\nsecret_access_key = \"a\"\nsession_token = \"s3cret-1\"",
        "AWS\naccess_key_id = \"a\"\nsecret_access_key = \"a\"\nsession_token = \"s3cret-2\"",
    ),
    ("provider", "project", "GCP\nlocation = \"l\"\nproject = \"p\"", "GCP\nlocation = \"l\"\nproject = \"q\""),
    ("provider", "location", "GCP\nproject = \"p\"\nlocation = \"l\"", "GCP\nproject = \"p\"\nlocation = \"m\""),
    ("provider", "credentials", "GCP\nlocation = \"l\"\nproject = \"p\"", "GCP2\nlocation = \"l\"\nproject = \"p\""),
    ("provider", "ca_file", "", "ca_file = \"AUTHORITIES\""),
    ("provider", "http2", "", "http2 = \"never\""),
    ("provider", "on_unsupported", "", "on_unsupported = \"drop\""),
    ("provider", "on_client_gone", "", "on_client_gone = \"drain\""),
    ("provider", "endpoints", "", "endpoints = [\"chat\"]"),
    ("provider", "first_byte_timeout", "", "first_byte_timeout = \"9s\""),
    ("model", "targets", "", "targets = [\"p/n\"]"),
    ("model", "targets.provider", "targets = [{ provider = \"p\", model = \"m\" }]", "targets = [\"q/m\"]"),
    ("model", "targets.model", "targets = [{ provider = \"p\", model = \"m\" }]", "targets = [\"p/n\"]"),
    (
        "model",
        "targets.price",
        "targets = [{ provider = \"p\", model = \"m\" }]",
        "targets = [{ provider = \"p\", model = \"m\", price = { input = 1, output = 2 } }]",
    ),
    ("model", "price.input", "price = { input = 1, output = 2 }", "price = { input = 3, output = 2 }"),
    ("model", "price.output", "price = { input = 1, output = 2 }", "price = { input = 1, output = 3 }"),
    ("model", "max_output_tokens", "", "max_output_tokens = 5"),
    ("model", "context_window", "context_window = 5", "context_window = 6"),
    ("tenant", "models", "", "models = [\"m\"]"),
    ("tenant", "requests_per_minute", "", "requests_per_minute = 5"),
    ("tenant", "concurrency", "", "concurrency = 5"),
    (
        "tenant",
        "[[tenants.NAME.keys]]",
        "keys = [{ id = \"k\", hash = \"blake3:11\" }]",
        "keys = [{ id = \"k\", hash = \"blake3:22\" }]",
    ),
    ("plugins", "folder", "", "folder = \"elsewhere\""),
    ("plugins", "cache", "", "cache = \"elsewhere\""),
    ("plugins", "keys", "", "keys = [PUBLIC]"),
    (
        "plugins",
        "require_signature",
        "require_signature = false\nkeys = [PUBLIC]",
        "require_signature = true\nkeys = [PUBLIC]",
    ),
    ("plugins", "allow_older", "", "allow_older = [\"guard\"]"),
    ("plugins", "memory", "", "memory = \"1GiB\""),
    ("plugins", "defaults", "", "dropped.limits.wait = \"50ms\"\ndefaults.wait = \"51ms\""),
    ("plugins", "dropped.limits", "", "dropped.limits.wait = \"49ms\""),
    ("plugins", "dropped.grants", "", "dropped.grants = [\"kv\"]"),
    ("plugins", "dropped.isolation", "", "dropped.isolation = \"request\""),
    ("plugins", "compile.processes", "compile.processes = 3", "compile.processes = 4"),
    ("plugins", "[[plugins.chain]]", "", "chain = [{ plugin = \"guard\" }]"),
];

/// Another value than this one, as the file has it: one more, or the other of two.
fn other(literal: &str) -> Option<String> {
    let (digits, rest) = literal.split_at(literal.rfind(|c: char| c.is_ascii_digit()).map_or(0, |last| last + 1));
    let (quote, digits) = digits.split_at(digits.find(|c: char| c.is_ascii_digit()).unwrap_or(digits.len()));
    match (literal, digits.parse::<u64>()) {
        ("true", _) => Some("false".to_owned()),
        ("false", _) => Some("true".to_owned()),
        (_, Ok(number)) => Some(format!("{quote}{}{rest}", number + 1)),
        (_, Err(_)) => None,
    }
}

/// What is written for a key that one cannot be added to, with what stands for long texts in it.
fn line_of(written: &str, authorities: &Path) -> String {
    let hash = |digit: &str| format!("blake3:{}", digit.repeat(64));
    let line = written.replace("AUTHORITIES", &authorities.display().to_string());
    let key = |name: &str| {
        let pem = "-----BEGIN PRIVATE KEY-----\\nczNjcmV0\\n-----END PRIVATE KEY-----";
        let file = format!(r#"{{"type":"service_account","client_email":"{name}","private_key":"{pem}"}}"#);
        format!("kind = \"vertex\"\nbase_url = \"https://g.example\"\ncredentials = '{file}'")
    };
    let line = match line.split_once('\n') {
        Some(("AWS", rest)) if rest.contains("access_key_id") => {
            format!("kind = \"bedrock\"\nregion = \"us-west-1\"\n{rest}")
        }
        Some(("AWS", rest)) => format!("kind = \"bedrock\"\nbase_url = \"https://b.example\"\napi_key = \"k\"\n{rest}"),
        Some(("GCP", rest)) => format!("{}\n{rest}", key("one")),
        Some(("GCP2", rest)) => format!("{}\n{rest}", key("other")),
        _ => line,
    };
    let line = line.replace("PUBLIC", &format!("\"ed25519:{}=\"", "A".repeat(43)));
    line.replace("blake3:11", &hash("1")).replace("blake3:22", &hash("2"))
}

#[test]
fn each_documented_key_that_changes_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("ca.pem");
    std::fs::write(&authorities, rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem())
        .unwrap();
    let config = |section: &str, line: &str| {
        let text = text(section, &line_of(line, &authorities));
        read(&text).unwrap_or_else(|problems| panic!("{text}: {problems}"))
    };
    let pepper = |pepper: &str| read(&format!("pepper = \"{pepper}\"\n")).unwrap();
    assert_eq!(diff(&pepper("s3cret-1"), &pepper("s3cret-2")), ["pepper: changed"]);
    for (heading, section) in SECTIONS {
        for (key, default) in documented(heading, section) {
            let one_more = || format!("{key} = {}", literal(&default).and_then(|one| other(&one)).expect(&key));
            let given = OTHERS.iter().find(|(table, name, ..)| (*table, *name) == (section, &*key));
            let (before, after) =
                given.map_or_else(|| (String::new(), one_more()), |(.., b, a)| ((*b).into(), (*a).into()));
            let lines = diff(&config(section, &before), &config(section, &after));
            let table = match section {
                "provider" => "providers.p",
                "model" => "models.m",
                "tenant" => "tenants.t",
                section => section,
            };
            let name = key.trim_matches(['[', ']']).rsplit_once("NAME.").map_or(&*key, |(_, keys)| keys);
            let name = name.trim_matches(['[', ']']).trim_start_matches("plugins.").replace("NAME", "x-a");
            let path = format!("{table}.{name}");
            // A model's prices, and a target, are told of as a whole.
            let whole = name.split('.').next().filter(|_| section == "model").map(|whole| format!("{table}.{whole}:"));
            let price = key.ends_with("price").then(|| format!("{table}.price:"));
            let is_of_key = |line: &String| {
                let is_own = line.strip_prefix(&path).is_some_and(|rest| rest.starts_with([':', '.', '[']));
                let is_of = |whole: &Option<String>| whole.as_ref().is_some_and(|whole| line.starts_with(whole));
                (is_own || is_of(&whole) || is_of(&price)) && !line.contains("s3cret")
            };
            // Where a provider is of another kind its URL is another one, too.
            let others = usize::from(key == "kind");
            let of_key = lines.iter().filter(|line| is_of_key(line)).count();
            assert!(of_key > 0 && of_key + others == lines.len(), "{path}: {lines:#?}");
        }
    }
}

/// The keys that the reader knows where this stands in a section, if it says which: `zzz` is none that it knows.
fn known_at(section: &str, line: &str) -> Option<Vec<String>> {
    let problems = read(&text(section, line)).err()?;
    let fixes = problems.0.iter().filter(|problem| problem.key.ends_with("zzz")).map(|problem| &problem.fix);
    let keys = fixes.into_iter().find_map(|fix| fix.split_once("known here: "))?.1;
    Some(keys.split(", ").map(str::to_owned).collect())
}

/// The keys that the reader knows, by their whole paths, of the table that has its keys in place of `KEYS`. Those of a table
/// within it, and of the tables of a list, stand for it.
fn known(section: &str, table: &str, path: &str) -> BTreeSet<String> {
    let keys = known_at(section, &table.replace("KEYS", "zzz = 1")).unwrap_or_else(|| panic!("{section}: {path}"));
    let mut known_keys = BTreeSet::new();
    for key in keys {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let forms = [format!("{key} = {{ KEYS }}"), format!("{key} = [{{ KEYS }}]")];
        let mut within = forms.iter().map(|form| table.replace("KEYS", form));
        match within.find(|within| known_at(section, &within.replace("KEYS", "zzz = 1")).is_some()) {
            Some(within) => known_keys.extend(known(section, &within, &path)),
            None => assert!(known_keys.insert(path)),
        }
    }
    known_keys
}

#[test]
fn every_key_is_documented_and_every_documented_key_is_one() {
    for (heading, section) in SECTIONS {
        let mut named: BTreeSet<String> = documented(heading, section)
            .into_iter()
            .filter(|(key, _)| !key.starts_with("[["))
            .map(|(key, _)| key.trim_end_matches(".NAME").to_owned())
            .collect();
        for (_, path, document, table) in WITHIN.iter().filter(|(of, ..)| *of == section) {
            let keys = rows(document, table).into_iter().map(|(key, _)| key.trim_end_matches(".NAME").to_owned());
            named.extend(keys.map(|key| format!("{path}.{key}")));
        }
        if section == "model" {
            // A target's price has what a model's has.
            named.extend(["targets.price.input".to_owned(), "targets.price.output".to_owned()]);
        }
        let has_keys = |path: &String| named.iter().any(|key| key.starts_with(&format!("{path}.")));
        let documented: BTreeSet<String> = named.iter().filter(|path| !has_keys(path)).cloned().collect();
        assert_eq!(known(section, "KEYS", ""), documented, "{section}: known, and documented");
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

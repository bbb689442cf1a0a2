//! Whatever stands in the file, reading it ends in a configuration or in problems, never in a panic.

use std::path::Path;

use proptest::prelude::*;
use weir_config::{Dropped, Overrides, PluginLimits, diff, parse, sidecar};

const DEFAULT: &str = include_str!("../../../config/weir.toml");
const PLUGINS: &str = include_str!("../../../config/examples/plugins.toml");

/// Reads the text; what is found must be sound in form whatever it is.
fn read(text: &str) {
    match parse(text, Path::new("weir.toml"), &|_| None, &Overrides::default()) {
        Ok(loaded) => {
            assert!(diff(&loaded.config, &loaded.config).is_empty());
            assert!(loaded.config.plugins.folder.is_absolute());
        }
        Err(problems) => {
            let lines = u32::try_from(text.split('\n').count()).unwrap();
            assert!(!problems.0.is_empty());
            for problem in &problems.0 {
                assert!((1..=lines.max(1)).contains(&problem.line), "{problem} of {lines} lines");
                assert!(!problem.what.is_empty() && !problem.fix.is_empty(), "{problem:?}");
            }
        }
    }
}

/// Text that gets past the parser more often than arbitrary text does.
#[allow(clippy::too_many_lines)] // a table of fragments, one to a line
fn likely() -> impl Strategy<Value = String> {
    let table = prop::sample::select(vec![
        "[server]",
        "[limits]",
        "[log]",
        "[plugins]",
        "[plugins.defaults]",
        "[[plugins.chain]]",
        "[providers.a]",
        "[models.m]",
        "[tenants.t]",
        "[[tenants.t.keys]]",
        "[x.\"y z\"]",
        "",
    ]);
    let key = prop::sample::select(vec![
        "listen",
        "admin",
        "drain",
        "head",
        "headers",
        "body",
        "level",
        "json",
        "folder",
        "chain",
        "deadline",
        "plugin",
        "config",
        "kind",
        "base_url",
        "api_key",
        "targets",
        "price",
        "models",
        "keys",
        "id",
        "hash",
        "pepper",
        "server",
        "requests_per_minute",
        "limits",
        "grants",
        "\"\"",
        "a.b",
    ]);
    let value = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| format!("{n:?}").replace("NaN", "nan")),
        "[ -~]{0,12}".prop_map(|text| format!("{text:?}")),
        prop::sample::select(vec![
            "true",
            "nan",
            "1979-05-27",
            "[]",
            "{}",
            "[[1], {a = 1}]",
            "{ input = 1, output = 2.5 }",
            "\"${A}\"",
            "\"${A:-1s}\"",
            "\"1KiB\"",
            "\"5m\"",
            "[\"a/b\"]",
            "[\"*\"]",
            "[{ provider = \"a\", model = \"b\" }]",
            "\"demo\"",
            "\"openai\"",
            "\"http://[::1]:1\"",
            "\"file:/dev/null\"",
            "0xffffffffffffffffffff",
        ])
        .prop_map(str::to_owned),
    ];
    let line = (table, key, value).prop_map(|(table, key, value)| format!("{table}\n{key} = {value}\n"));
    prop::collection::vec(line, 0..6).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn arbitrary_lines_never_panic(text in "[\\[\\]{}=\"'.,#\\\\$a-c0-9 \n\r\t\u{feff}]{0,80}") {
        read(&text);
    }

    #[test]
    fn likely_text_never_panics(text in likely()) {
        read(&text);
    }

    #[test]
    fn a_real_file_with_a_hole_never_panics(plugins in any::<bool>(), at in any::<prop::sample::Index>(), length in 0_usize..60, put in "[\\[\\]{}=\"'.,$a-z0-9 \n]{0,4}") {
        let chars: Vec<char> = if plugins { PLUGINS } else { DEFAULT }.chars().collect();
        let at = at.index(chars.len());
        let rest = (at + length).min(chars.len());
        let text: String = chars[..at].iter().copied().chain(put.chars()).chain(chars[rest..].iter().copied()).collect();
        read(&text);
    }
}

#[test]
fn deep_nesting_is_a_problem_not_a_crash() {
    for text in ["[".repeat(100_000), format!("a = {}", "[".repeat(100_000)), format!("a = {}", "{b=".repeat(50_000))] {
        read(&text);
    }
    read(&format!("a{} = 1", ".b".repeat(20_000)));
}

#[test]
fn settings_beside_a_plugin_have_bounds_in_bytes_and_in_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin.toml");
    let problems = |text: &str| {
        std::fs::write(&file, text).unwrap();
        sidecar(&file, &Dropped::new(PluginLimits::default())).unwrap_err().0
    };
    assert_eq!(problems(&"=\n".repeat(100_000)).len(), 1, "there is no telling what else is wrong in it");
    let unknown: String = (0..20_000).map(|n| format!("k{n}=1\n")).collect();
    let found = problems(&unknown);
    assert_eq!((found.len(), found[20].what.as_str()), (21, "has 19980 more mistakes"));
    let long = problems(&"# and more\n".repeat(30_000));
    assert_eq!(long[0].what, "is more than 256 KiB long");
    assert_eq!(long.len(), 1);
}

//! Every kind of mistake is a problem that names its file, line and key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;

use weir_config::{Overrides, parse};

mod form;
mod meaning;

/// What each case is put behind: a valid configuration of fifteen lines.
const BASE: &str = r#"[providers.demo]
kind = "demo"

[models.demo-small]
targets = ["demo/demo-small"]

[tenants.acme]
models = ["*"]

[[tenants.acme.keys]]
id = "acme"
hash = "blake3:0000000000000000000000000000000000000000000000000000000000000000"



"#;

fn problems(text: &str) -> Vec<String> {
    let env = |name: &str| (name == "SET").then(|| "s3cret-value".to_owned());
    match parse(text, Path::new("weir.toml"), &env, &Overrides::default()) {
        Ok(loaded) => panic!("no problem in {text:?}, warnings {:?}", loaded.warnings),
        Err(found) => found.0.iter().map(ToString::to_string).collect(),
    }
}

/// Each case, put behind `BASE`, has exactly one problem that begins with the given text; the case begins in line 16.
fn each_is(cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        let found = problems(&format!("{BASE}{text}"));
        assert_eq!(found.len(), 1, "{text}\n{found:#?}");
        assert!(found[0].starts_with(wanted), "{text}\nfound  {}\nwanted {wanted}", found[0]);
        assert!(found[0].contains("; "), "says what to do: {}", found[0]);
        assert!(!found[0].contains("s3cret"), "shows no value of the environment: {}", found[0]);
    }
}

#[test]
fn all_problems_come_at_once_in_the_order_of_their_lines() {
    let text = "log = { level = \"loud\" }\npepper = 1\n[server]\nadmin = \"0.0.0.0:1\"\nx = 1\n[tenants.a]\n[models.m]\ntargets = [\"a/b\"]\n";
    let found = problems(text);
    let places: Vec<String> =
        found.iter().map(|problem| problem.split(": ").take(2).collect::<Vec<_>>().join(": ")).collect();
    let wanted = [
        "weir.toml:1: log.level",
        "weir.toml:2: pepper",
        "weir.toml:4: server.admin",
        "weir.toml:5: server.x",
        "weir.toml:6: tenants.a.models",
        "weir.toml:8: models.m.targets[0]",
    ];
    assert_eq!(places, wanted, "{found:#?}");
    let all = parse(text, Path::new("weir.toml"), &|_| None, &Overrides::default()).unwrap_err().to_string();
    assert_eq!(all, found.join("\n"));
}

#[test]
fn values_of_the_environment_are_never_shown() {
    for line in [
        "[server]\nlisten = \"${SET}\"",
        "[server]\ndrain = \"${SET}\"",
        "[limits]\nbody = \"${SET}\"",
        "[log]\nlevel = \"${SET}\"",
        "[providers.x]\nkind = \"${SET}\"",
        "[models.m]\ntargets = [\"${SET}\"]",
        "[models.m]\ntargets = [\"${SET}/m\"]",
        "[tenants.b]\nmodels = [\"${SET} x\"]",
        "[[plugins.chain]]\nplugin = \"${SET}/\"",
        "[[plugins.chain]]\nplugin = \"a\"\ntenants = [\"${SET}\"]",
        "[providers.x]\nkind = \"openai\"\nbase_url = \"${SET}\"",
        "[providers.x]\nkind = \"openai\"\napi_key = \"${SET}\\n\"",
        "[providers.x]\nkind = \"openai\"\nca_file = \"${SET}\"",
    ] {
        let found = problems(&format!("{BASE}{line}")).join("\n");
        assert!(!found.contains("s3cret"), "{found}");
    }
}

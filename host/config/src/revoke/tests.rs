use super::*;
use crate::{Overrides, parse};
use std::path::Path;

const SERVING: &str = r#"[providers.p]
kind = "demo"
[models.small]
targets = ["p/small"]
[models.large]
targets = ["p/large"]
[tenants.a]
models = ["*"]
requests_per_minute = 600
[[tenants.a.keys]]
id = "one"
hash = "blake3:1111111111111111111111111111111111111111111111111111111111111111"
[[tenants.a.keys]]
id = "two"
hash = "blake3:2222222222222222222222222222222222222222222222222222222222222222"
models = ["small"]
[tenants.b]
models = ["*"]
[[tenants.b.keys]]
id = "three"
hash = "blake3:3333333333333333333333333333333333333333333333333333333333333333"
"#;

fn config(text: &str) -> Config {
    parse(text, Path::new("weir.toml"), &|_| None, &Overrides::default()).unwrap().config
}

/// What is left of what serves, key by key: tenant, key, the models that it may use, the requests per minute of tenant and key.
fn left(next: &str) -> Option<Vec<String>> {
    let left = without_revoked(&config(SERVING), &config(next))?;
    let show = |limit: Option<u32>| limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string());
    let mut lines = Vec::new();
    for tenant in &left.tenants {
        for key in &tenant.keys {
            let may = |model: &&str| {
                let admits = |patterns: &[String]| patterns.iter().any(|pattern| glob(pattern, model));
                admits(&tenant.models) && key.models.as_deref().is_none_or(admits)
            };
            let models: Vec<&str> = left.models.iter().map(|m| m.name.as_str()).filter(may).collect();
            let limits = (show(tenant.requests_per_minute), show(key.requests_per_minute));
            lines.push(format!("{}/{}: {} {}/{}", tenant.name, key.id, models.join("+"), limits.0, limits.1));
        }
    }
    Some(lines)
}

const ONE: &str = "a/one: small+large 600/-";
const TWO: &str = "a/two: small 600/-";
const THREE: &str = "b/three: small+large -/-";

/// The table or entry that begins with this line, taken out with all its lines.
fn without(start: &str) -> String {
    let at = SERVING.find(start).unwrap();
    let rest = &SERVING[at + start.len()..];
    let end = rest.find("\n[").map_or(SERVING.len(), |end| at + start.len() + end + 1);
    format!("{}{}", &SERVING[..at], &SERVING[end..])
}

#[test]
fn what_only_adds_or_changes_what_is_no_right_takes_nothing_away() {
    for next in [
        SERVING.to_owned(),
        format!("{SERVING}[models.new]\ntargets = [\"p/new\"]\n[tenants.c]\nmodels = [\"*\"]\n"),
        SERVING.replace("requests_per_minute = 600", "requests_per_minute = 6000"),
        SERVING.replace("requests_per_minute = 600\n", ""),
        SERVING.replace("p/small", "p/other"),
        // Another way to say the same.
        SERVING.replace("models = [\"*\"]", "models = [\"small\", \"large\"]"),
        format!("[limits]\nbody = \"1KiB\"\n{SERVING}"),
    ] {
        assert_eq!(left(&next), None, "{next}");
    }
}

#[test]
fn what_is_no_longer_there_is_taken_away_and_nothing_else() {
    let cases: [(String, &[&str]); 9] = [
        (without("[[tenants.a.keys]]\nid = \"one\""), &[TWO, THREE]),
        (SERVING.replace("111", "444"), &[TWO, THREE]),
        (SERVING.replace("\"one\"", "\"uno\""), &[TWO, THREE]),
        (SERVING.split("[tenants.b]").next().unwrap().to_owned(), &[ONE, TWO]),
        (format!("pepper = \"another\"\n{SERVING}"), &[]),
        (without("[models.large]"), &["a/one: small 600/-", TWO, "b/three: small -/-"]),
        (
            SERVING.replace("models = [\"*\"]", "models = [\"large\"]"),
            &["a/one: large 600/-", "a/two:  600/-", "b/three: large -/-"],
        ),
        (SERVING.replace("= 600", "= 6"), &["a/one: small+large 6/-", "a/two: small 6/-", THREE]),
        (
            SERVING.replace("id = \"one\"", "id = \"one\"\nrequests_per_minute = 5\nmodels = [\"s*\"]"),
            &["a/one: small 600/5", TWO, THREE],
        ),
    ];
    for (next, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(left(&next), Some(expected), "{next}");
    }
}

#[test]
fn a_key_that_moves_to_another_tenant_stays_with_what_both_let_it_use() {
    let renamed = SERVING.replace("tenants.b", "tenants.c");
    assert_eq!(left(&renamed), None, "the same rights under another name");
    let moved = renamed.replace("[tenants.c]\nmodels = [\"*\"]", "[tenants.c]\nmodels = [\"small\"]");
    assert_eq!(left(&moved).unwrap(), [ONE, TWO, "b/three: small -/-"]);
    let moved_and_another = moved.replace("333", "555");
    assert_eq!(left(&moved_and_another).unwrap(), [ONE, TWO], "its tenant has gone with its last key");
}

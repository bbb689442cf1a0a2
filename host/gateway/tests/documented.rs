//! docs/operating.md is held to what the program does: its options, probes, metrics and errors, all of them.

use crate::support;

use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, config, post, until};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

const DOCS: &str = include_str!("../../../docs/operating.md");

/// The part under a heading, up to the next one of its kind.
fn part(heading: &str) -> &'static str {
    let after = DOCS.split_once(heading).unwrap_or_else(|| panic!("no {heading}")).1;
    after.split_once("\n## ").map_or(after, |(part, _)| part)
}

/// The cells of each row of every table in a part whose header begins like this.
fn rows(part: &'static str, header: &str) -> Vec<Vec<&'static str>> {
    let after = part.split_once(header).unwrap_or_else(|| panic!("no table {header}")).1;
    let table = after.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    table.take_while(|line| line.starts_with('|')).map(|line| line.split('|').map(str::trim).collect()).collect()
}

/// What stands between back quotes in a cell.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn weir(arguments: &[&str]) -> String {
    let output = Command::new(support::weir()).args(arguments).env_remove("WEIR_CONFIG").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_options_are_those_of_the_commands() {
    let documented: BTreeSet<String> = rows(part("## Run"), "| option |")
        .iter()
        .map(|row| quoted(row[1])[0].split(' ').next().unwrap().to_owned())
        .collect();
    let of = |command: &[&str]| -> BTreeSet<String> {
        let help = weir(&[command, &["--help"]].concat());
        let words = help.split([' ', ',', '\n']).filter(|word| word.starts_with("--") && word.len() > 2);
        words.map(str::to_owned).filter(|word| word != "--help" && word != "--version").collect()
    };
    let set = |options: &[&str]| options.iter().map(|option| (*option).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(documented, set(&["--config", "--listen", "--admin", "--plugins"]));
    assert_eq!(of(&["serve"]), documented);
    assert_eq!(of(&["check"]), set(&["--config", "--plugins"]));
    assert_eq!(of(&["key", "new"]), set(&["--config", "--sigv4"]));
}

#[test]
fn the_probes_answer_what_is_said_of_them() {
    const SOURCE: &str = include_str!("../src/admin.rs");
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let mut documented = BTreeSet::new();
    for row in rows(part("## Probes"), "| path |") {
        for path in quoted(row[1]) {
            assert_eq!(gateway.admin_get(&path).status, 200, "{path}");
            documented.insert(path.split('?').next().unwrap().to_owned());
        }
    }
    let table = SOURCE.split_once("const ALL").unwrap().1.split_once("];").unwrap().0;
    let rows = table.lines().filter_map(|line| line.trim().strip_prefix("(\""));
    let pages: BTreeSet<String> = rows.map(|row| row.split('"').next().unwrap().to_owned()).collect();
    assert_eq!(pages, documented, "the pages that there are, and those that are documented");
    let ready = gateway.ready();
    let fields: BTreeSet<&str> = ready.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        Vec::from_iter(fields),
        [
            "closed",
            "compiling",
            "generation",
            "plugins",
            "pooling",
            "problems",
            "providers",
            "reloads",
            "status",
            "warnings"
        ]
    );
    // One that nobody documented is not there.
    for path in ["/", "/healthz", "/ready", "/admin", "/debug"] {
        assert_eq!(gateway.admin_get(path).status, 404, "{path}");
    }
}

/// Metrics by name, as a scrape and as the documentation have them: the type, and labels.
type Metrics = BTreeMap<String, (String, BTreeSet<String>)>;

fn documented_metrics() -> Metrics {
    let row = |row: &Vec<&str>| {
        let labels = row[3].split(", ").filter(|label| !label.is_empty()).map(str::to_owned).collect();
        (quoted(row[1])[0].clone(), (row[2].to_owned(), labels))
    };
    rows(part("## Metrics"), "| metric |").iter().map(row).collect()
}

fn scraped_metrics(text: &str) -> Metrics {
    let mut metrics = Metrics::new();
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let name = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
            metrics.insert(name, (kind.to_owned(), BTreeSet::new()));
        }
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, rest)) = line.split_once('{') else { continue };
        let name = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let labels = rest.split_once('}').unwrap().0.split("\",").filter_map(|label| label.split_once('='));
        let labels = labels.map(|(label, _)| label.to_owned()).filter(|label| label != "le");
        metrics.get_mut(name).unwrap_or_else(|| panic!("{line}")).1.extend(labels);
    }
    metrics
}

#[test]
fn every_metric_is_documented_and_every_documented_metric_is_one() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    assert_eq!(post(gateway.address, "sk-weir-a-b", &chat("hi")).status, 401);
    until("all is settled", || (gateway.metric("weir_ledger_closed_total", &[]) == 1.0).then_some(()));
    let (documented, scraped) = (documented_metrics(), scraped_metrics(&gateway.admin_get("/metrics").text()));
    let names = |metrics: &Metrics| metrics.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&scraped), names(&documented));
    for (name, (kind, labels)) in &scraped {
        let (documented_kind, documented_labels) = &documented[name];
        assert_eq!(kind, documented_kind, "{name}");
        assert!(labels.is_subset(documented_labels), "{name}: {labels:?}, documented are {documented_labels:?}");
    }
    let text = gateway.admin_get("/metrics").text();
    let kinds = text.lines().filter(|line| line.starts_with("weir_upstream_errors_total{"));
    let kinds: BTreeSet<String> =
        kinds.map(|line| line.split_once("kind=\"").unwrap().1.split_once('"').unwrap().0.to_owned()).collect();
    let sentence =
        part("## Metrics").split_once("Kinds of `weir_upstream_errors_total`:").unwrap().1.split_once(".\n").unwrap().0;
    assert_eq!(kinds, quoted(sentence).into_iter().collect());
}

#[test]
fn the_statuses_that_have_a_series_of_their_own_are_those_that_are_documented() {
    const SOURCE: &str = include_str!("../src/telemetry/stats.rs");
    let after = SOURCE.split_once("const STATUSES").unwrap().1.split_once('=').unwrap().1;
    let listed = after.split_once('[').unwrap().1.split(']').next().unwrap();
    let coded: BTreeSet<u16> = listed.split(',').map(|status| status.trim().parse().unwrap()).collect();
    let row = rows(part("## Metrics"), "| metric |").into_iter().find(|row| row[1] == "`weir_requests_total`").unwrap();
    let list = row[4].split_once("`status` is ").unwrap().1.split_once(", and `other`").unwrap().0;
    let documented: BTreeSet<u16> =
        list.replace(" or ", ", ").split(", ").map(|status| status.parse().unwrap()).collect();
    // 0 stands for all others.
    assert_eq!(coded, documented.into_iter().chain([0]).collect());
}

/// What the table of refusals says: codes with their statuses, where both stand in the source.
fn coded() -> BTreeSet<(String, u16)> {
    const SOURCE: &str = include_str!("../src/request/refusal/table.rs");
    let mut found = BTreeSet::new();
    for after in SOURCE.split("row(").skip(1) {
        let Some((status, rest)) =
            after.trim_start().strip_prefix("StatusCode::").and_then(|rest| rest.split_once(','))
        else {
            continue;
        };
        let Some(code) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"')) else { continue };
        found.insert((code.0.to_owned(), number(status)));
    }
    found
}

fn number(name: &str) -> u16 {
    let wanted = name.replace('_', " ");
    let all = (400..600).filter_map(support::h2::status);
    let found = all.into_iter().find(|(_, reason)| reason.to_uppercase().replace('-', " ") == wanted);
    found.unwrap_or_else(|| panic!("what is {name}?")).0
}

#[test]
fn every_refusal_is_documented_with_its_status() {
    let mut documented: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for row in rows(part("## Errors"), "| code |") {
        let statuses: BTreeSet<u16> = row[2].split(", ").filter_map(|status| status.parse().ok()).collect();
        quoted(row[1]).into_iter().for_each(|code| documented.entry(code).or_default().extend(&statuses));
    }
    let coded = coded();
    assert!(coded.len() > 20, "{coded:?}");
    for (code, status) in &coded {
        let found = documented.get(code).unwrap_or_else(|| panic!("`{code}` ({status}) is not documented"));
        assert!(found.contains(status), "`{code}` is {status}, documented as {found:?}");
    }
    // The other way: a code that is documented stands in the source of refusals, of the law of heads, or of requests.
    const SOURCES: [&str; 3] = [
        include_str!("../src/request/refusal/table.rs"),
        concat!(include_str!("../../http/src/head/invalid.rs"), include_str!("../../http/src/request.rs")),
        include_str!("../../dialect/src/ask/error.rs"),
    ];
    for code in documented.keys().filter(|code| *code != "content_filter") {
        assert!(SOURCES.iter().any(|source| source.contains(&format!("\"{code}\""))), "nobody says `{code}`");
    }
}

#[test]
fn what_takes_effect_at_the_next_start_is_said_of_each_key() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let plain = std::fs::read_to_string(gateway.config_file()).unwrap();
    let row = rows(part("## Reload"), "| what changed |")
        .into_iter()
        .find(|row| row[2].contains("at the next start"))
        .unwrap();
    let changed = |key: &str| match key {
        "server.listen" => plain.replacen("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:1\"", 1),
        "server.admin" => plain.replacen("admin = \"127.0.0.1:0\"", "admin = \"127.0.0.1:1\"", 1),
        "server.workers" => plain.replacen("workers = 2", "workers = 1", 1),
        "server.huge_pages" => plain.replacen("[server]\n", "[server]\nhuge_pages = true\n", 1),
        "plugins.folder" => plain.replacen("folder = \"plugins\"", "folder = \"elsewhere\"", 1),
        "plugins.cache" => plain.replacen("cache = \"", "cache = \"/nowhere", 1),
        "plugins.reload" => plain.replacen("[plugins]\n", "[plugins]\nreload = false\n", 1),
        "log" => plain.replacen("[plugins]\n", "[log]\njson = true\n[plugins]\n", 1),
        other => panic!("{other}"),
    };
    const SOURCE: &str = include_str!("../src/control/fixed.rs");
    let fixed = SOURCE.split("key: \"").skip(1).map(|row| row.split('"').next().unwrap().to_owned());
    assert_eq!(quoted(row[1]), Vec::from_iter(fixed), "the keys that are documented, and those that no reload changes");
    for key in quoted(row[1]) {
        std::fs::write(gateway.config_file(), changed(&key)).unwrap();
        let said = format!("configuration: {key} takes effect at the next start");
        until(&said, || gateway.log().contains(&said).then_some(()));
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200, "{key}");
    }
}

//! docs/running.md, the unit for systemd and the rules for Prometheus are held to what the program does.

use crate::support;

use crate::support::frames;
use crate::support::upstream::{Upstream, wait_for_close};
use crate::support::{ACME, Gateway, PATIENCE, chat, config, demo_config, post, until, with_folders};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::{Command, Output};

const DOCS: &str = include_str!("../../../docs/running.md");
const UNIT: &str = include_str!("../../../config/examples/weir.service");
const RULES: &str = include_str!("../../../config/examples/alerts.yml");
const METRICS: &str = include_str!("../../../docs/operating.md");
const REFUSALS: &str = include_str!("../src/request/refusal/table.rs");

/// The first cells of the rows of a table.
fn first_cells(header: &str) -> Vec<&'static str> {
    let after = DOCS.split_once(header).unwrap_or_else(|| panic!("no table {header}")).1;
    let rows = after.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).unwrap().trim()).collect()
}

fn weir(arguments: &[&str]) -> Output {
    Command::new(support::weir()).args(arguments).env_remove("WEIR_CONFIG").output().unwrap()
}

/// A folder with a configuration that is good.
fn good() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("plugins")).unwrap();
    fs::write(folder.path().join("weir.toml"), with_folders(&demo_config(""))).unwrap();
    folder
}

/// An upstream that never answers.
fn silent() -> Upstream {
    Upstream::start(|_, _, stream| {
        wait_for_close(stream);
        false
    })
}

/// A request that is on its way.
fn asking(gateway: &Gateway, upstream: &Upstream) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let (body, bearer) = (chat("hi"), format!("Bearer {ACME}"));
    let headers = [("authorization", bearer.as_str())];
    support::client::write_request(&mut stream, "POST", "/v1/chat/completions", &headers, body.as_bytes());
    stream.flush().unwrap();
    until("it is upstream", || (upstream.seen().len() == 1).then_some(()));
    stream
}

#[test]
fn exit_codes_are_those_that_are_documented() {
    let folder = good();
    let (file, bad) = (folder.path().join("weir.toml"), folder.path().join("bad.toml"));
    fs::write(&bad, "[limits]\nboddy = 3\n").unwrap();
    let mut codes = BTreeSet::new();
    let mut ends = |code: Option<i32>, wanted: i32, what: &str| {
        assert_eq!(code, Some(wanted), "{what}");
        codes.insert(wanted.to_string());
    };
    ends(weir(&["check", "--config", file.to_str().unwrap()]).status.code(), 0, "a check that finds nothing");
    ends(weir(&["check", "--config", bad.to_str().unwrap()]).status.code(), 1, "a check that finds something");
    ends(weir(&["serve", "--config", bad.to_str().unwrap()]).status.code(), 1, "a start that fails");
    ends(weir(&["--version"]).status.code(), 0, "a word about itself");
    ends(weir(&["serve", "--prot", "1"]).status.code(), 2, "a line that there is not");

    let upstream = silent();
    let mut gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", "\"50ms\""));
    let _asking = asking(&gateway, &upstream);
    gateway.signal("TERM");
    ends(gateway.wait().code(), 0, "a drain that cut what was in flight");
    let upstream = silent();
    let mut gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", "\"600s\""));
    let _asking = asking(&gateway, &upstream);
    gateway.signal("TERM");
    gateway.says("draining");
    gateway.signal("TERM");
    ends(gateway.wait().code(), 1, "a second signal");
    let documented: BTreeSet<String> = first_cells("| exit code |").into_iter().map(str::to_owned).collect();
    assert_eq!(documented, codes);
}

#[test]
fn a_client_that_closes_its_side_while_it_waits_has_left() {
    let upstream = silent();
    let gateway = Gateway::start(&config(upstream.address));
    let mut stream = asking(&gateway, &upstream);
    stream.shutdown(Shutdown::Write).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0, "there is no answer");
    until("it is counted", || {
        (gateway.metric("weir_requests_total", &["status=\"499\"", "ended=\"client_gone\""]) == 1.0).then_some(())
    });
    assert!(DOCS.contains("closes its side for writing while it waits for an answer counts as gone"));
}

#[test]
fn a_silent_connection_is_kept_by_the_deadline_that_is_documented() {
    let upstream = Upstream::chat();
    let with = |head: &str, idle: &str| {
        let limits = format!("[limits]\nhead_timeout = \"{head}\"\nkeep_alive_timeout = \"{idle}\"\n");
        Gateway::start(&support::config_with(upstream.address, "", &limits))
    };
    // Only one of the two is shorter than the test's patience.
    let gateway = with("200ms", "1000s");
    for start in ["", "PRI * HT", "GET /v1/mod", "GET /v1/models HTTP/1.1\r\nhost: a\r\n"] {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(start.as_bytes()).unwrap();
        assert!(stream.read_to_end(&mut Vec::new()).is_ok(), "{start:?} is kept by keep_alive_timeout");
    }
    let gateway = with("1000s", "400ms");
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    assert!(stream.read_to_end(&mut Vec::new()).is_ok(), "between two requests");
    for unfinished in [Vec::new(), frames::frame(frames::HEADERS, frames::END_STREAM, 1, &[0x82])] {
        let mut stream = frames::connect(gateway.address);
        stream.write_all(&unfinished).unwrap();
        let mut kinds = Vec::new();
        while let Some(frame) = frames::next(&mut stream) {
            kinds.push(frame.kind);
        }
        assert!(kinds.contains(&frames::PING), "it was asked whether it is there: {kinds:?}");
    }
}

#[test]
fn systemd_is_told_that_it_serves_and_that_it_drains() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("weir-test-{}", std::process::id());
    let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
    let path = folder.path().join("notify");
    for (socket, is_at) in [
        (UnixDatagram::bind(&path).unwrap(), path.to_str().unwrap().to_owned()),
        (UnixDatagram::bind_addr(&abstract_name).unwrap(), format!("@{name}")),
    ] {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let heard = || {
            let mut got = [0; 64];
            let length = socket.recv(&mut got).unwrap();
            String::from_utf8(got[..length].to_vec()).unwrap()
        };
        let mut gateway = Gateway::start_by(&demo_config(""), |mut command| {
            command.env("NOTIFY_SOCKET", &is_at);
            command
        });
        assert_eq!(heard(), "READY=1");
        gateway.signal("TERM");
        assert_eq!(heard(), "STOPPING=1");
        assert!(gateway.wait().success());
    }
    // Nobody there is no reason not to serve.
    let mut gateway = Gateway::start_by(&demo_config(""), |mut command| {
        command.env("NOTIFY_SOCKET", folder.path().join("nobody"));
        command
    });
    gateway.signal("TERM");
    assert!(gateway.wait().success());
    assert_eq!(of_unit("Type"), ["notify"]);
}

/// The values of a key of the unit.
fn of_unit(key: &str) -> Vec<&'static str> {
    UNIT.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

#[test]
fn the_unit_for_systemd_starts_checks_and_stops_what_there_is() {
    let folder = good();
    let file = folder.path().join("weir.toml");
    let help = String::from_utf8(weir(&["serve", "--help"]).stdout).unwrap();
    for command in of_unit("ExecStart").into_iter().chain(of_unit("ExecReload")) {
        let Some(arguments) = command.strip_prefix("/usr/local/bin/weir ") else { continue };
        let arguments: Vec<&str> = arguments.split(' ').collect();
        if arguments[0] == "serve" {
            assert!(arguments.iter().filter(|word| word.starts_with("--")).all(|option| help.contains(option)));
            continue;
        }
        let replaced: Vec<&str> = arguments
            .iter()
            .map(|word| if word.starts_with("/etc/") { file.to_str().unwrap() } else { word })
            .collect();
        assert!(weir(&replaced).status.success(), "{command}");
    }
    assert!(of_unit("ExecReload").contains(&"/bin/kill -HUP $MAINPID"));
    let seconds = |key: &str| of_unit(key)[0].parse::<u64>().unwrap();
    let (server, limits) = (weir_config::Server::default(), weir_config::Limits::default());
    assert!(seconds("TimeoutStopSec") > server.drain.as_secs() + 2);
    let files = seconds("LimitNOFILE");
    assert!(files - (files / 8).clamp(24, 1_024) >= limits.connections as u64);
    // With it no plugin could be compiled, or run.
    assert_eq!(of_unit("MemoryDenyWriteExecute"), ["no"]);
    // What the page has for a cluster leaves as much time.
    let grace = DOCS.split_once("terminationGracePeriodSeconds: ").unwrap().1.split(' ').next().unwrap();
    let pause = DOCS.split_once("\"sleep\", \"").unwrap().1.split('"').next().unwrap();
    assert!(grace.parse::<u64>().unwrap() > pause.parse::<u64>().unwrap() + server.drain.as_secs() + 2);
}

/// The expressions of the rules, by the alert's name.
fn rules() -> BTreeMap<&'static str, String> {
    let mut all = BTreeMap::new();
    for rule in RULES.split("- alert: ").skip(1) {
        let name = rule.lines().next().unwrap().trim();
        let expression = rule.split_once("expr: ").unwrap_or_else(|| panic!("{name} has no expr")).1;
        let end = ["\n        for:", "\n        labels:"].iter().filter_map(|key| expression.find(key)).min().unwrap();
        assert!(rule.contains("labels: { severity: ") && rule.contains("annotations: { summary: \""), "{name}");
        all.insert(name, expression[..end].to_owned());
    }
    all
}

/// Metrics as they are documented, which another test holds to a scrape: kind and labels by name.
fn documented() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let table = METRICS.split_once("| metric | type | labels | |").unwrap().1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let row = |row: &str| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let labels = cells[3].split(", ").filter(|label| !label.is_empty()).map(str::to_owned).collect();
        (cells[1].trim_matches('`').to_owned(), (cells[2].to_owned(), labels))
    };
    rows.map(row).collect()
}

#[test]
fn the_alert_rules_name_metrics_labels_and_codes_that_there_are() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    let scrape = gateway.admin_get("/metrics").text();
    let (documented, rules) = (documented(), rules());
    assert!(rules.len() > 15 && documented.len() > 40, "{} rules", rules.len());
    for (alert, expression) in &rules {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut named = 0;
        for (at, _) in expression.match_indices("weir_") {
            let name = expression[at..].split(|c| !is_name(c)).next().unwrap();
            if at > 0 && expression[..at].ends_with('"') {
                continue;
            }
            named += 1;
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            let (kind, labels) = documented.get(base).unwrap_or_else(|| panic!("{alert}: there is no {name}"));
            assert_eq!(kind == "histogram", base != name, "{alert}: {name}");
            let family = if kind == "counter" { base.strip_suffix("_total").unwrap() } else { base };
            assert!(scrape.contains(&format!("# TYPE {family} {kind}")), "{alert}: no {name} in a scrape");
            let Some(selector) = expression[at + name.len()..].strip_prefix('{') else { continue };
            for matcher in selector.split('}').next().unwrap().split("\",") {
                let label = matcher.trim().split(|c| !is_name(c)).next().unwrap();
                assert!(labels.contains(label), "{alert}: {name} has no {label}, only {labels:?}");
                let values = matcher.split('"').nth(1).unwrap();
                for code in values.split('|').filter(|_| label == "code") {
                    assert!(REFUSALS.contains(&format!("\"{code}\"")), "{alert}: no code {code}");
                }
                let known = METRICS.contains(&format!("`{values}`")) || matches!(label, "code" | "status");
                assert!(known, "{alert}: {label}={values} is documented nowhere");
            }
        }
        assert!(named > 0 || expression.starts_with("up{"), "{alert}");
        // What it adds up by has to be a label of something.
        for by in expression.split(" by (").skip(1) {
            for label in by.split(')').next().unwrap().split(", ") {
                assert!(
                    label == "le" || documented.values().any(|(_, labels)| labels.contains(label)),
                    "{alert}: {label}"
                );
            }
        }
    }
}

/// The fields of every line that is logged anywhere in the sources.
fn logged() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = fs::read_to_string(path).unwrap();
                for level in ["error", "warn", "info", "debug"] {
                    text.split(&format!("tracing::{level}!(")).skip(1).for_each(|line| fields(line, &mut found));
                }
            }
        }
    }
    found
}

/// Takes the fields that stand before a line's text.
fn fields(line: &str, into: &mut BTreeSet<String>) {
    let line = line.trim_start();
    // A target of its own is no field.
    let own = line.strip_prefix("target: \"").and_then(|rest| rest.split_once("\","));
    let line = own.map_or(line, |(_, rest)| rest);
    let (mut depth, mut begin) = (0, 0);
    for (at, c) in line.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                let field = line[begin..at].trim().trim_start_matches(['%', '?']);
                into.insert(field.split([' ', '=', '.']).next().unwrap().to_owned());
                begin = at + 1;
            }
            // Its text begins.
            '"' if line[begin..at].trim().is_empty() => return,
            _ => {}
        }
        if depth < 0 {
            return;
        }
    }
}

#[test]
fn the_log_has_the_fields_that_are_documented_and_names_no_key() {
    let cells = first_cells("| field | |");
    let documented: BTreeSet<String> =
        cells.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    let mut logged = logged();
    logged.insert("message".to_owned());
    assert_eq!(logged, documented);
    // A line as it is, and the one that the page has.
    let upstream = Upstream::fixed("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n");
    let keyed = config(upstream.address).replace("id = \"globex\"", "id = \"the_keys_id\"");
    let gateway = Gateway::start(&format!("{keyed}[log]\njson = true\n"));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 502);
    gateway.says("refused: ");
    let log = gateway.log();
    let refused = log.lines().find(|line| line.contains("refused: ")).unwrap();
    let example = DOCS.split_once("```json\n").unwrap().1.lines().next().unwrap();
    for line in [refused, example] {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(["timestamp", "level", "target"].iter().all(|name| line[name].is_string()), "{line}");
        assert_eq!(line["fields"]["tenant"], "acme", "{line}");
        for name in ["message", "request", "code", "status"] {
            assert!(!line["fields"][name].is_null(), "{line} has no {name}");
        }
        for name in line["fields"].as_object().unwrap().keys() {
            assert!(documented.contains(name), "{name} of {line}");
        }
    }
    let at_work = log.lines().filter(|line| !line.contains("\"tenant   "));
    assert!(at_work.clone().count() > 0 && at_work.clone().all(|line| !line.contains("the_keys_id")), "{log}");
}

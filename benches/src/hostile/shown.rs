//! Of each attacker: that it was met, and what came of it.

use weir_pack::hostile_folders::{HOSTILE_FOLDERS, RENAMED};

use super::measured::Measured;
use super::setup::own;
use crate::metrics::Scrape;

/// How a call may end that did not end with the guest's answer, or gave way on the way.
const WAYS: [&str; 2] = ["weir_plugin_faults_total", "weir_plugin_yields_total"];

/// One attacker.
#[derive(Debug)]
pub(super) struct HostileReport {
    pub(super) attacker: String,
    /// Whether the run met it, and whether it hurt nobody but itself.
    pub(super) met: bool,
    pub(super) contained: bool,
    /// What the gateway says of it.
    pub(super) said: String,
}

/// All of them: files, then plugins.
pub(super) fn all(measured: &Measured) -> Vec<HostileReport> {
    let mut shown = files(measured);
    shown.push(configuration(measured));
    shown.push(renamed(measured));
    shown.extend(weir_pack::hostiles().unwrap_or_default().iter().map(|attacker| plugin(attacker, measured)));
    shown
}

/// What lies in a folder: readiness has to name it, with the words that belong to it.
fn files(measured: &Measured) -> Vec<HostileReport> {
    let one = |tenant: &str, (file, words): &(&str, &str)| {
        let at = format!("tenants/{tenant}/{file}");
        let line = measured.seen.find(&at, words);
        HostileReport {
            attacker: format!("{at}: {words}"),
            met: measured.seen.find(&at, "").is_some(),
            contained: line.is_some(),
            said: line.unwrap_or("nothing of the kind is in readiness").to_owned(),
        }
    };
    let mut shown: Vec<HostileReport> = HOSTILE_FOLDERS
        .iter()
        .chain([&RENAMED])
        .flat_map(|folder| folder.said.iter().map(move |said| one(folder.tenant, said)))
        .collect();
    let [(at_start, is_closed), (status, _)] = measured.broken;
    shown.push(HostileReport {
        attacker: "a broken file at the start closes its tenant".to_owned(),
        met: measured.seen.find("tenant broken", "is closed").is_some(),
        contained: (at_start, is_closed, status) == (503, true, 200),
        said: format!("{at_start} while the file was there, {status} once it was gone"),
    });
    let dropped = measured.metrics.count("weir_plugin_compiles_total", &[("result", "dropped")]);
    shown.push(HostileReport {
        attacker: "what compiles without end is ended when its file goes".to_owned(),
        met: measured.most.compilers > 0 || dropped > 0,
        contained: dropped > 0,
        said: format!("{dropped} processes were ended"),
    });
    shown
}

/// What stood in the place of the configuration.
fn configuration(measured: &Measured) -> HostileReport {
    let find = |what| measured.seen.find("weir.toml", what);
    HostileReport {
        attacker: "a pipe, and a file without an end, in the place of weir.toml".to_owned(),
        met: find("it is a pipe").or_else(|| find("it is a device")).is_some(),
        contained: find("it is a pipe").is_some() && measured.seen.unanswered == 0,
        said: find("it is a pipe").unwrap_or("nothing of the kind is in readiness").to_owned(),
    }
}

/// A counter that was signed, in the place of a guard.
fn renamed(measured: &Measured) -> HostileReport {
    let (denied, asked) = measured.denied;
    HostileReport {
        attacker: "a signed counter in the place of a guard: the guard serves on".to_owned(),
        met: asked > 0,
        contained: asked > 0 && denied == asked,
        said: format!("it denied {denied} of {asked} requests that it has to deny"),
    }
}

/// A plugin in a tenant's folder: it was called, or does not load, which readiness has to say.
fn plugin(attacker: &str, measured: &Measured) -> HostileReport {
    let (metrics, tenant) = (&measured.metrics, own(attacker));
    let name = format!("tenants/{tenant}/{attacker}");
    let of = [("plugin", name.as_str()), ("tenant", tenant.as_str())];
    let calls = metrics.count("weir_plugin_calls_total", &of);
    let problem = measured.seen.find(&format!("{name}.wasm"), "");
    let said = match (calls, problem) {
        (0, Some(problem)) => problem.to_owned(),
        _ => ways(metrics, &of, calls),
    };
    HostileReport {
        attacker: attacker.to_owned(),
        met: calls > 0 || problem.is_some(),
        contained: measured.others_are_well(),
        said,
    }
}

/// `120 calls: 10 deadline, 90 quarantined; gave way 4,000 times`
fn ways(metrics: &Scrape, of: &[(&str, &str)], calls: u64) -> String {
    let [faults, yields] = WAYS;
    let mut ends: Vec<(String, u64)> = Vec::new();
    for sample in metrics.all(faults).filter(|sample| of.iter().all(|(name, value)| sample.label(name) == *value)) {
        let reason = sample.label("reason");
        match ends.iter_mut().find(|(known, _)| known == reason) {
            Some((_, count)) => *count += sample.count(),
            None => ends.push((reason.to_owned(), sample.count())),
        }
    }
    let mut said = format!("{calls} calls");
    for (n, (reason, count)) in ends.iter().enumerate() {
        said.push_str(&format!("{} {count} {reason}", if n == 0 { ":" } else { "," }));
    }
    let gave = metrics.count(yields, of);
    if gave > 0 {
        said.push_str(&format!("; gave way {gave} times"));
    }
    said
}

/// Prints them.
pub(super) fn print(shown: &[HostileReport]) {
    println!("\n| attacker | | what is said of it |\n|---|---|---|");
    for HostileReport { attacker, met, contained, said } in shown {
        let word = match (met, contained) {
            (false, _) => "NOT MET WITH",
            (true, false) => "NOT CONTAINED",
            (true, true) => "contained",
        };
        println!("| {attacker} | {word} | {} |", said.replace('|', "/").replace('\n', " "));
    }
}

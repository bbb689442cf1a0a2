//! The runners from outside: what they write, and that they leave nobody behind however they end. A mock stands in for
//! the gateway, so nothing else has to be installed.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

const TOOL: &str = env!("CARGO_BIN_EXE_weir-bench");
const PATIENCE: Duration = Duration::from_secs(60);
/// Between looks at other processes: to look without a pause would take the cores from those that are waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const USERS: usize = 30;

/// A runner with one gateway that is none: it answers by itself after 10 ms and never asks the provider.
fn runner(words: &[&str], results: &Path) -> Command {
    let stand_in =
        format!("name=stand-in,command={TOOL} mock --listen 127.0.0.1:{{port}} --threads 1 --delay 10ms --gap 1ms");
    let mut command = Command::new(TOOL);
    command.args(words).args(["--peers", "none", "--peer", &stand_in, "--warmup", "50ms", "--results"]).arg(results);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn only(folder: &Path, extension: &str) -> String {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|other| other == extension)).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    fs::read_to_string(&files[0]).unwrap()
}

#[test]
fn a_ladder_writes_what_it_measured_and_sees_a_gateway_that_answers_by_itself() {
    let results = tempfile::tempdir().unwrap();
    let words = [
        "ladder",
        "--subjects",
        "direct",
        "--users",
        "2,4",
        "--delay",
        "10ms",
        "--repeats",
        "2",
        "--duration",
        "200ms",
    ];
    assert!(runner(&words, results.path()).status().unwrap().success());
    let json: Value = serde_json::from_str(&only(results.path(), "json")).unwrap();
    let trials = json["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 2 * 2 * 2, "repeats, steps, subjects");
    for trial in trials {
        let (report, check) = (&trial["report"], &trial["report"]["check"]);
        assert!(report["requests"].as_u64() > Some(0) && report["failures"] == serde_json::json!({}), "{trial}");
        assert_eq!(check["sent"], check["answered"], "{trial}");
        let lost = if trial["subject"] == "direct" { &Value::from(0) } else { &check["answered"] };
        assert_eq!((&check["answered_without_mock"], &check["doubled"]), (lost, &Value::from(0)), "{trial}");
        assert_eq!(report["cpu_us_per_request"].is_number(), trial["subject"] == "stand-in", "{trial}");
        assert!(report["mock_cpu_us_per_request"].is_number(), "{trial}");
    }
    let text = only(results.path(), "md");
    for words in
        ["cargo run --release -p weir-bench -- ladder", "## 4 users: no more than 400 requests/s", "| stand-in |"]
    {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(only(results.path(), "svg").contains("ceiling"));
}

#[test]
fn a_comparison_has_a_table_for_each_cell() {
    let results = tempfile::tempdir().unwrap();
    let words = [
        "compare",
        "--subjects",
        "direct",
        "--cells",
        "latency,streams,open",
        "--gap",
        "1ms",
        "--rate",
        "100",
        "--repeats",
        "1",
        "--duration",
        "200ms",
    ];
    assert!(runner(&words, results.path()).status().unwrap().success());
    let text = only(results.path(), "md");
    for words in ["| direct again |", "added p50", "added to first token, p99", "unsent", "does for each request"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let json: Value = serde_json::from_str(&only(results.path(), "json")).unwrap();
    let trials = json["trials"].as_array().unwrap();
    let count = |cell: &str| trials.iter().filter(|trial| trial["cell"] == cell).count();
    assert_eq!([count("latency"), count("streams"), count("open")], [3, 3, 2], "direct again only for differences");
    let streams = trials.iter().find(|trial| trial["cell"] == "streams").unwrap();
    assert!(streams["report"]["first_token_us"]["p50"].as_f64() > Some(60_000.0), "{streams}");
    assert!(only(results.path(), "svg").contains("CPU per stream"));
}

/// A runner with a load that takes longer than any test.
fn endless(results: &Path, scratch: &Path) -> Command {
    let mut command = runner(
        &["ladder", "--subjects", "none", "--users", &USERS.to_string(), "--repeats", "1", "--duration", "2m"],
        results,
    );
    command.env("TMPDIR", scratch);
    command
}

/// A runner that does not outlive its test, should that fail.
struct Runner(Child);

impl Drop for Runner {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Every process below a runner, once its load runs: its guard, the mock, and the stand-in with its users.
fn busy(runner: u32) -> BTreeSet<u32> {
    let until = Instant::now() + PATIENCE;
    loop {
        let below = below(runner);
        if below.len() == 3 && below.iter().any(|pid| connections(*pid) >= USERS) {
            return below;
        }
        assert!(Instant::now() < until, "the load does not begin: {below:?}");
        thread::sleep(LOOK_AGAIN);
    }
}

/// Sockets that a process has open.
fn connections(pid: u32) -> usize {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    open.filter(|entry| fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))).count()
}

fn below(pid: u32) -> BTreeSet<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let children =
        lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>());
    children.flat_map(|child| below(child).into_iter().chain([child])).collect()
}

/// Whether all of them end: a process that only waits to be reaped has.
fn end(pids: &BTreeSet<u32>) -> bool {
    let until = Instant::now() + PATIENCE;
    let runs = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    };
    while pids.iter().any(runs) {
        if Instant::now() > until {
            return false;
        }
        thread::sleep(LOOK_AGAIN);
    }
    true
}

#[test]
fn ctrl_c_ends_the_runner_and_everything_that_it_started() {
    let (results, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut runner = Runner(endless(results.path(), scratch.path()).spawn().unwrap());
    let below = busy(runner.0.id());
    kill(Pid::from_raw(runner.0.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(runner.0.wait().unwrap().code(), Some(130));
    assert!(end(&below), "{below:?}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "nor a folder");
    assert_eq!(fs::read_dir(results.path()).unwrap().count(), 0, "half a measurement is none");
}

#[test]
fn a_runner_that_is_killed_outright_leaves_nobody_behind_either() {
    let (results, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut runner = Runner(endless(results.path(), scratch.path()).spawn().unwrap());
    let below = busy(runner.0.id());
    runner.0.kill().unwrap();
    runner.0.wait().unwrap();
    assert!(end(&below), "{below:?}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "nor a folder");
}

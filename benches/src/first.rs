//! `first`: what the gateway adds to a direct request.
//!
//! Three mocks run throughout: one that answers at once and streams in one burst, one that answers at once and spaces
//! its events, and one that waits 60 ms first. Each repeat measures the mock directly, the same again, a gateway
//! without plugins, and a gateway with the plugins. Every gateway is freshly started, and each repeat has another order,
//! so that a drift of the machine meets all of them alike. Differences are taken within a repeat; reported are their
//! median over the repeats and their extremes.

mod gateway;
mod report;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::brood::{Brood, Running};
use crate::load::{self, Report};
use crate::units;
use gateway::{Gateway, Setup};

/// How long a child may take to say where it listens, and a gateway to be ready: plugins may have to be compiled.
const PATIENCE: Duration = Duration::from_secs(120);
/// The models of the gateway, each sent to the mock of the same place.
const MODELS: [&str; 3] = ["burst", "fast", "slow"];
/// What those mocks are started with: the delay in milliseconds, and whether events are spaced.
const MOCKS: [(u64, bool); 3] = [(0, false), (0, true), (60, true)];

#[derive(clap::Args, Debug, Clone)]
pub(crate) struct Args {
    /// The gateway to measure
    #[arg(long, default_value = "target/release/weir")]
    pub(crate) gateway: PathBuf,
    /// The folder of compiled plugins
    #[arg(long, default_value = "plugins/installed")]
    pub(crate) plugins: PathBuf,
    /// The plugins of the second gateway, in the order of its chain
    #[arg(long, value_delimiter = ',', default_value = "prompt-guard,redact-pii,route-by-cost,usage-tap")]
    pub(crate) chain: Vec<String>,
    /// Measure the gateway without plugins only
    #[arg(long)]
    pub(crate) bare: bool,
    /// How often everything is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub(crate) repeats: u32,
    /// Time that each single load is measured
    #[arg(long, default_value = "4s", value_parser = units::duration)]
    pub(crate) duration: Duration,
    /// Time before it that is not measured
    #[arg(long, default_value = "1s", value_parser = units::duration)]
    pub(crate) warmup: Duration,
    /// Time between the events of a stream
    #[arg(long, default_value = "1ms", value_parser = units::duration)]
    pub(crate) gap: Duration,
    /// Worker threads of the gateway; 0 is one per core
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=256))]
    pub(crate) workers: u16,
    /// Where the results go
    #[arg(long, default_value = "benches/results")]
    pub(crate) results: PathBuf,
}

/// One kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    /// Index into [`MODELS`] and [`MOCKS`].
    mock: usize,
    connections: u32,
    stream: bool,
}

const CELLS: [Cell; 6] = [
    Cell { mock: 0, connections: 1, stream: false },
    Cell { mock: 0, connections: 1, stream: true },
    Cell { mock: 1, connections: 50, stream: false },
    Cell { mock: 1, connections: 50, stream: true },
    Cell { mock: 2, connections: 50, stream: false },
    Cell { mock: 2, connections: 50, stream: true },
];

/// Whom a load is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Direct,
    /// The same again: what it "adds" is the noise that every other difference has to be read against.
    Control,
    Bare,
    Plugins,
}

impl Subject {
    const ALL: [Self; 4] = [Self::Direct, Self::Control, Self::Bare, Self::Plugins];

    fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Control => "direct again",
            Self::Bare => "gateway",
            Self::Plugins => "gateway + plugins",
        }
    }
}

/// One load that was measured.
#[derive(Debug)]
struct Measured {
    repeat: u32,
    subject: Subject,
    cell: Cell,
    report: Report,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(
        args.gateway.is_file(),
        "there is no {}: cargo build --release -p weir -p weir-bench",
        args.gateway.display()
    );
    if !args.bare {
        for plugin in &args.chain {
            let file = args.plugins.join(format!("{plugin}.wasm"));
            ensure!(file.is_file(), "there is no {}: build the plugins, or measure with --bare", file.display());
        }
    }
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let brood = Brood::guarded()?;
    let mocks = MOCKS.map(|(delay, spaced)| mock(&brood, delay, if spaced { args.gap } else { Duration::ZERO }));
    let mocks = mocks.into_iter().collect::<Result<Vec<_>>>()?;
    let urls = mocks.iter().map(|mock| mock.url_after("mock", PATIENCE)).collect::<Result<Vec<_>>>()?;
    let mut all = Vec::new();
    for repeat in 1..=args.repeats {
        for subject in order(repeat).filter(|subject| !(args.bare && *subject == Subject::Plugins)) {
            let gateway = match subject {
                Subject::Direct | Subject::Control => None,
                Subject::Bare => Some(Gateway::start(&brood, &setup(args, &urls, &folder, &[]))?),
                Subject::Plugins => Some(Gateway::start(&brood, &setup(args, &urls, &folder, &args.chain))?),
            };
            for cell in CELLS {
                let report = load::run(&load_of(args, cell, &urls, gateway.as_ref()))?;
                println!("repeat {repeat}: {}, {cell}\n{report}\n", subject.name());
                ensure!(report.requests > 0, "{}, {cell}: no request was answered as it should be", subject.name());
                all.push(Measured { repeat, subject, cell, report });
            }
        }
    }
    report::write(args, &all)
}

/// Each repeat begins with another one, so that none is always measured first.
fn order(repeat: u32) -> impl Iterator<Item = Subject> {
    let first = usize::try_from(repeat).unwrap_or(0) % Subject::ALL.len();
    Subject::ALL.into_iter().cycle().skip(first).take(Subject::ALL.len())
}

fn mock(brood: &Brood, delay: u64, gap: Duration) -> Result<Running> {
    let (delay, gap) = (format!("{delay}ms"), format!("{}us", gap.as_micros()));
    let this = std::env::current_exe().context("this program does not know where it is")?;
    brood.start(Command::new(this).args(["mock", "--until-stdin-ends", "--delay", &delay, "--gap", &gap]))
}

fn setup<'a>(args: &'a Args, mocks: &'a [String], folder: &'a tempfile::TempDir, chain: &'a [String]) -> Setup<'a> {
    Setup { program: &args.gateway, plugins: &args.plugins, workers: args.workers, mocks, folder: folder.path(), chain }
}

fn load_of(args: &Args, cell: Cell, mocks: &[String], gateway: Option<&Gateway>) -> load::Args {
    let direct = mocks.get(cell.mock).cloned().unwrap_or_default();
    load::Args {
        url: gateway.map_or(direct, |gateway| gateway.url.clone()),
        path: "/v1/chat/completions".to_owned(),
        key: gateway.map(|gateway| gateway.token.clone()),
        model: MODELS.get(cell.mock).copied().unwrap_or_default().to_owned(),
        stream: cell.stream,
        request_bytes: 512,
        connections: cell.connections,
        threads: 1,
        warmup: args.warmup,
        duration: args.duration,
        requests: u64::MAX,
        timeout: Duration::from_secs(10),
        pid: gateway.map(Gateway::pid),
        json: false,
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (delay, spaced) = MOCKS.get(self.mock).copied().unwrap_or_default();
        let kind = match (self.stream, spaced) {
            (false, _) => "whole, 0.5 KiB",
            (true, false) => "stream of 24 deltas at once",
            (true, true) => "stream of 24 spaced deltas",
        };
        let plural = if self.connections == 1 { "" } else { "s" };
        write!(f, "{kind}, delay {delay} ms, {} connection{plural}", self.connections)
    }
}

//! `hostile`: everything hostile that a tenant's plugin folder can hold, at once, and what another tenant notices of it.
//!
//! A tenant that behaves is measured alone and then beside all of them, three times over: every attacker of `plugins/hostile`
//! lies in other tenants' folders and is asked, and what is worse than a plugin is put there and taken away. Each pair of
//! measurements has a ratio, and their median is judged, so that one noisy stretch decides nothing. Of every attacker it is
//! shown that it was met, and what came of it; memory is told apart into the guests' own, which a setting bounds, and all else.

mod clients;
mod folders;
mod measured;
mod memory;
mod setup;
mod shown;
mod verdict;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::bar::{self, Bar};
use crate::gateway::{self, Gateway, Program};
use crate::load::{self, LoadReport};
use crate::metrics::Scrape;
use crate::mock::{self, ReplyShape};
use crate::process_groups::ProcessGroups;
use crate::{control, units};
use clients::HostileOutcome;
use measured::{LoadPair, Measured, observed};
use memory::Memory;
use setup::{GOOD, HostileSetup};
use watch::ReadinessLog;

#[derive(clap::Args, Debug)]
pub(crate) struct HostileArgs {
    #[command(flatten)]
    program: Program,
    /// Requests per second of the tenant that behaves
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    rate: u32,
    /// Requests per second of all attackers together
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    attackers: u32,
    /// How long each measurement takes
    #[arg(long, default_value = "10s", value_parser = units::duration)]
    duration: Duration,
    /// Pairs of measurements, alone and beside attackers; the median of their ratios is judged
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=15))]
    pairs: u32,
    /// How long the provider takes for an answer
    #[arg(long, default_value = "60ms", value_parser = units::duration)]
    delay: Duration,
}

/// How long what was begun may take to end, and the memory of what has ended to go back.
const REST: Duration = Duration::from_secs(30);
/// For how long memory has to stay as it is to be at rest, and between two looks.
const STILL: Duration = Duration::from_secs(6);
const LOOK: Duration = Duration::from_secs(1);
/// Looks at memory while attackers are there and nobody is measured: one costs as much as some hundred requests.
const LOOKS: u32 = 3;

pub(crate) fn run(args: &HostileArgs) -> Result<()> {
    println!("attackers: {}", gateway::version(&args.program.gateway));
    let process_groups = ProcessGroups::guarded()?;
    let shape = ReplyShape { delay: args.delay, ..ReplyShape::default() };
    let mock = mock::MockArgs { listen: ([127, 0, 0, 1], 0).into(), threads: 1, shape, until_stdin_ends: false };
    let (provider, _threads) = mock::start(&mock)?;
    let folder = process_groups.scratch().join("attackers");
    std::fs::create_dir_all(&folder)?;
    let setup = HostileSetup::new(&folder, &args.program, provider)?;
    let gateway = Gateway::start(&process_groups, &args.program.gateway, &folder, &setup.config())?;
    let measured = measure(args, &setup, &gateway)?;
    let shown = shown::all(&measured);
    shown::print(&shown);
    let bars = verdict::bars(&measured, &shown);
    bar::header();
    bars.iter().for_each(|bar| println!("{bar}"));
    let missed: Vec<&str> = bars.iter().filter(|bar| !bar.is_met()).map(Bar::what).collect();
    ensure!(missed.is_empty(), "not met: {}", missed.join("; "));
    Ok(())
}

fn measure(args: &HostileArgs, setup: &HostileSetup, gateway: &Gateway) -> Result<Measured> {
    let load = load::LoadArgs {
        key: Some(setup.good.clone()),
        model: "m".to_owned(),
        connections: (args.rate / 2).max(8),
        rate: Some(args.rate),
        duration: args.duration,
        warmup: Duration::from_secs(2),
        ..load::LoadArgs::to(&gateway.url)
    };
    let (mut pairs, mut before, mut most) = (Vec::new(), None, Memory::default());
    let (mut asked, mut seen, mut denied) = (HostileOutcome::default(), watch::look(&gateway.admin), (0, 0));
    let at_start = setup.broken(gateway)?;
    for number in 1..=args.pairs {
        setup.take_away(false)?;
        watch::wait_until_gone(&gateway.admin, REST)?;
        let alone = load::run(&load)?;
        let quiet = Memory::of(gateway.pid())?;
        let before = before.get_or_insert(quiet);
        println!("alone:         {}", line(&alone));
        let loose = Loose::let_loose(args.attackers, number, setup, gateway)?;
        let beside = load::run(&load);
        for _ in 0..LOOKS {
            most = most.most(&Memory::of(gateway.pid())?.beyond(before, &gateway.metrics()?));
            thread::sleep(LOOK);
        }
        denied = clients::denied(control::loopback(&gateway.url)?, &setup.renamed, denied)?;
        loose.end(&mut asked, &mut seen)?;
        let beside = beside?;
        println!("with attackers: {}", line(&beside));
        pairs.push(LoadPair { alone, beside });
        settle(gateway, &[])?;
    }
    println!("the attackers:  {asked}");
    let metrics = settle(gateway, &[("tenant", GOOD)])?;
    setup.take_away(true)?;
    watch::wait_until_gone(&gateway.admin, REST)?;
    let before = before.context("there is no pair of measurements")?;
    let left = rested(gateway)?.beyond(&before, &gateway.metrics()?);
    let broken = [at_start, setup.broken(gateway)?];
    Ok(Measured { pairs, metrics, before, most, left, seen, denied, broken })
}

/// The attackers at work, until they are told to end.
struct Loose {
    over: Arc<AtomicBool>,
    asking: JoinHandle<Result<HostileOutcome>>,
    meddling: JoinHandle<Result<()>>,
    watching: JoinHandle<ReadinessLog>,
}

impl Loose {
    fn let_loose(rate: u32, number: u32, setup: &HostileSetup, gateway: &Gateway) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let (to, over_) = (control::loopback(&gateway.url)?, Arc::clone(&over));
        let tokens = setup.bad.clone();
        setup.lay(number)?;
        let asking = thread::spawn(move || clients::all(to, &tokens, rate, &over_));
        let meddling = folders::meddle(setup, &gateway.config, number, &over)?;
        let watching = watch::watch(&gateway.admin, &over);
        Ok(Self { over, asking, meddling, watching })
    }

    fn end(self, asked: &mut HostileOutcome, seen: &mut ReadinessLog) -> Result<()> {
        self.over.store(true, Ordering::Relaxed);
        let died = |who| move |_| anyhow!("the thread of the attackers' {who} has died");
        asked.add(&self.asking.join().map_err(died("clients"))??);
        self.meddling.join().map_err(died("files"))??;
        seen.add(self.watching.join().map_err(died("watch"))?);
        Ok(())
    }
}

/// The metrics once what was asked is settled and seen, or after a while as they are.
fn settle(gateway: &Gateway, of: &[(&str, &str)]) -> Result<Scrape> {
    let until = Instant::now() + REST;
    loop {
        let metrics = gateway.metrics().context("the gateway no longer says how it is")?;
        let requests = metrics.count("weir_requests_total", &[("tenant", GOOD)]);
        let done = metrics.count("weir_in_flight", of) == 0 && observed(&metrics) >= requests;
        if done || Instant::now() > until {
            return Ok(metrics);
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// The memory once what has ended has given back what it had: when it has been the least for a while.
fn rested(gateway: &Gateway) -> Result<Memory> {
    let until = Instant::now() + REST;
    let (mut least, mut since) = (Memory::of(gateway.pid())?, Instant::now());
    while since.elapsed() < STILL && Instant::now() < until {
        thread::sleep(LOOK);
        let now = Memory::of(gateway.pid())?;
        if now.all() < least.all() {
            // What is a quarter of a MiB is no news.
            since = if least.all() - now.all() > 256 { Instant::now() } else { since };
            least = now;
        }
    }
    Ok(least)
}

fn line(report: &LoadReport) -> String {
    let failures: u64 = report.failures.values().sum();
    let times = report.latency.map_or_else(|| "no answer".to_owned(), |latency| latency.to_string());
    format!("{} answered, {failures} failed, {} never sent; {times}", report.requests, measured::unsent(report))
}

//! `villains`: everything hostile that a tenant's plugin folder can hold, at once, and what another tenant notices of it.
//!
//! First a tenant that behaves is measured alone; then again, while every villain of `plugins/hostile` lies in other tenants'
//! folders and is asked, and what is worse than a plugin is put there and taken away. Its requests, what observers saw of them,
//! and how long they took are held against the first measurement, and so is the gateway's memory.

mod bombs;
mod clients;
mod setup;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::bar::{self, Bar};
use crate::brood::Brood;
use crate::gateway::{self, Gateway, Program};
use crate::load::{self, Report};
use crate::metrics::Metrics;
use crate::mock::{self, Shape};
use crate::{control, units};
use setup::{GOOD, Setup, TAP};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    program: Program,
    /// Requests per second of the tenant that behaves
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    rate: u32,
    /// Requests per second of all villains together
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    villains: u32,
    /// How long each of the two measurements takes
    #[arg(long, default_value = "20s", value_parser = units::duration)]
    duration: Duration,
    /// How long the provider takes for an answer
    #[arg(long, default_value = "60ms", value_parser = units::duration)]
    delay: Duration,
    /// Leave out what is worse than a plugin: bombs for the compiler, endless files, pipes
    #[arg(long)]
    plugins_only: bool,
}

/// The most that the 99th of a hundred requests may take, in multiples of what it takes alone.
const P99: f64 = 1.2;
/// The most that the gateway's memory may have grown when all is over, in MiB.
const GROWTH: f64 = 64.0;
/// How long the memory of what has ended may take to go back.
const REST: Duration = Duration::from_secs(20);

pub(crate) fn run(args: &Args) -> Result<()> {
    println!("villains: {}", gateway::version(&args.program.gateway));
    let brood = Brood::guarded()?;
    let shape = Shape { delay: args.delay, ..Shape::default() };
    let mock = mock::Args { listen: ([127, 0, 0, 1], 0).into(), threads: 1, shape, until_stdin_ends: false };
    let (provider, _threads) = mock::start(&mock)?;
    let folder = brood.scratch().join("villains");
    std::fs::create_dir_all(&folder)?;
    let setup = Setup::new(&folder, &args.program.plugins, provider)?;
    let gateway = Gateway::start(&brood, &args.program.gateway, &folder, &setup.config())?;
    let bars = measure(args, &setup, &gateway)?;
    bar::header();
    bars.iter().for_each(|bar| println!("{bar}"));
    ensure!(bars.iter().all(Bar::is_met), "not every bar is met");
    Ok(())
}

fn measure(args: &Args, setup: &Setup, gateway: &Gateway) -> Result<Vec<Bar>> {
    let load = load::Args {
        key: Some(setup.good.clone()),
        model: "m".to_owned(),
        connections: (args.rate / 2).max(8),
        rate: Some(args.rate),
        duration: args.duration,
        warmup: Duration::from_secs(3),
        ..load::Args::to(&gateway.url)
    };
    let alone = load::run(&load)?;
    let before = mib(gateway.memory());
    println!("alone:         {}", line(&alone));
    let over = Arc::new(AtomicBool::new(false));
    let (to, over_) = (control::loopback(&gateway.url)?, Arc::clone(&over));
    let (tokens, rate) = (setup.bad.clone(), args.villains);
    let asking = thread::spawn(move || clients::all(to, &tokens, rate, &over_));
    let meddling = (!args.plugins_only).then(|| bombs::meddle(&setup.plugins, &over)).transpose()?;
    let beside = load::run(&load);
    let most = mib(gateway.memory());
    over.store(true, Ordering::Relaxed);
    if let Some(meddling) = meddling {
        meddling.join().map_err(|_| anyhow!("the thread that puts files into folders has died"))??;
    }
    let asked = asking.join().map_err(|_| anyhow!("the thread of the villains' clients has died"))??;
    let beside = beside?;
    println!("with villains: {}\nthe villains:  {asked}", line(&beside));
    let metrics = settled(gateway)?;
    let after = rested(gateway, before);
    Ok(judge(&alone, &beside, &metrics, (before, most, after)))
}

/// What the tenant that behaves has to say.
fn judge(alone: &Report, beside: &Report, metrics: &Metrics, (before, most, after): (f64, f64, f64)) -> Vec<Bar> {
    let p99 = |report: &Report| report.latency.map_or(f64::NAN, |latency| latency.p99 / 1e3);
    let lost = |report: &Report| count(report.failures.values().sum::<u64>() + unsent(report));
    let good = [("tenant", GOOD)];
    let (requests, observed) = (metrics.count("weir_requests_total", &good), observed(metrics));
    vec![
        Bar::shown("p99 alone", p99(alone), "ms"),
        Bar::shown("p99 beside villains", p99(beside), "ms"),
        Bar::most("p99 beside villains, in multiples of p99 alone", p99(beside) / p99(alone), "×", P99),
        Bar::most("requests lost alone", lost(alone), "", 0.0),
        Bar::most("requests lost beside villains", lost(beside), "", 0.0),
        Bar::most("observations lost", count(requests.abs_diff(observed)), "", 0.0)
            .with(format!("{requests} requests, {observed} seen")),
        Bar::most("observations skipped", metrics.sum("weir_plugin_observe_skipped_total", &good), "", 0.0),
        Bar::shown("memory before", before, "MiB"),
        Bar::shown("memory while they are there, plugins' own included", most, "MiB"),
        Bar::most("memory that is left of it, beyond what there was before", after - before, "MiB", GROWTH),
    ]
}

/// Requests that the tap has counted of the tenant that behaves.
fn observed(metrics: &Metrics) -> u64 {
    metrics.count("weir_plugin_calls_total", &[("plugin", TAP), ("tenant", GOOD), ("hook", "observe")])
}

fn unsent(report: &Report) -> u64 {
    report.open.map_or(0, |open| open.unsent)
}

/// The metrics once what was asked is settled and seen, or after a while as they are.
fn settled(gateway: &Gateway) -> Result<Metrics> {
    let until = Instant::now() + REST;
    loop {
        let metrics = gateway.metrics().context("the gateway no longer says how it is")?;
        let (requests, good) = (metrics.count("weir_requests_total", &[("tenant", GOOD)]), [("tenant", GOOD)]);
        let done = metrics.count("weir_in_flight", &good) == 0 && observed(&metrics) >= requests;
        if done || Instant::now() > until {
            return Ok(metrics);
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// MiB once what has ended has given back what it had, or after a while what there is.
fn rested(gateway: &Gateway, before: f64) -> f64 {
    let until = Instant::now() + REST;
    loop {
        let now = mib(gateway.memory());
        if now - before <= GROWTH || Instant::now() > until {
            return now;
        }
        thread::sleep(Duration::from_millis(500));
    }
}

fn line(report: &Report) -> String {
    let failures: u64 = report.failures.values().sum();
    let times = report.latency.map_or_else(|| "no answer".to_owned(), |latency| latency.to_string());
    format!("{} answered, {failures} failed, {} never sent; {times}", report.requests, unsent(report))
}

#[expect(clippy::cast_precision_loss, reason = "KiB of a process and counts of a run are far below 2^52")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
fn count(number: u64) -> f64 {
    number as f64
}

//! `soak`: a mixed load at a modest rate, with everything that goes wrong in production, and the accounts afterwards.
//!
//! Whole and streamed requests, providers with faults, clients that leave or read slowly, reloads of configuration and
//! plugins meanwhile. What each request is, the seed says. At the end memory has to be flat, every request counted once as
//! its client saw it, and all seats and permits free.

mod clients;
mod meddle;
mod memory;
mod plan;
mod script;
mod setup;
mod tally;
mod verdict;

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::gateway::{self, Gateway, Program};
use crate::process_groups::ProcessGroups;
use crate::provider::FakeProvider;
use crate::{control, units};
use clients::{Rest, Ways};
use meddle::Meddler;
use memory::{MemorySample, Trend};
use setup::SoakSetup;
use tally::SoakTally;
use verdict::SoakVerdict;

/// How long the last requests may be in flight once all clients have gone.
const PATIENCE: Duration = Duration::from_secs(40);
/// Looks at memory at rest, a second apart: at most, and in a row without any that is less.
const LOOKS: u32 = 40;
const SAME: u32 = 8;

#[derive(clap::Args, Debug)]
pub(crate) struct SoakArgs {
    #[command(flatten)]
    program: Program,
    /// How long requests are sent
    #[arg(long, default_value = "10m", value_parser = units::duration)]
    duration: Duration,
    /// Requests per second
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rate: u32,
    /// What the requests are; the same seed makes the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Time between two changes of the gateway's files
    #[arg(long, default_value = "3s", value_parser = units::duration)]
    meddle: Duration,
    /// Memory counts from here on, where the clients rest [default: a fifth of the duration]
    #[arg(long, value_parser = units::duration)]
    warmup: Option<Duration>,
}

/// What was seen from outside while the load ran.
struct Watched {
    tally: SoakTally,
    looks: Vec<MemorySample>,
    /// KiB at rest after the warm-up.
    rested: Option<u64>,
    changes: BTreeMap<&'static str, u32>,
}

pub(crate) fn run(args: &SoakArgs) -> Result<()> {
    let process_groups = ProcessGroups::guarded()?;
    let seed = args.seed;
    let well = FakeProvider::start(move |request| script::well(seed, request))?;
    let faulty = FakeProvider::start(move |request| script::faulty(seed, request))?;
    let folder = process_groups.scratch().join("soak");
    std::fs::create_dir_all(&folder)?;
    let setup = SoakSetup::new(&folder, &args.program.plugins, well.address, faulty.address)?;
    let gateway = Gateway::start(&process_groups, &args.program.gateway, &folder, &setup.config(0))?;
    println!(
        "soak: {} for {:?} at {}/s, seed {seed}",
        gateway::version(&args.program.gateway),
        args.duration,
        args.rate
    );
    let descriptors = gateway.descriptors();
    let ways = Ways::new(control::loopback(&gateway.url)?, &setup, 1, seed);
    let mut meddler = Meddler::default();
    let Watched { tally, looks, rested, changes } = watch(args, &setup, &gateway, &ways, &mut meddler)?;

    let mut verdict = SoakVerdict::default();
    let tidy = meddler.tidy(&setup, &gateway);
    verdict.say(
        "files that are good again are taken",
        tidy.is_ok(),
        tidy.map_or_else(|error| format!("{error:#}"), |()| "no problem is left".to_owned()),
    );
    wait_until_empty(&gateway)?;
    let metrics = gateway.metrics()?;
    let table = verdict.counting(&tally, &metrics);
    verdict.attempts(&tally, &metrics, &[("well", &well), ("faulty", &faulty)]);
    for (what, (count, number)) in &tally.wrong {
        verdict.say("no client sees what it should not", false, format!("{count} × {what} (one is number {number})"));
    }
    if tally.wrong.is_empty() {
        verdict.say("no client sees what it should not", true, format!("{} clients", tally.requests));
    }
    let live = metrics.count("weir_reloads_total", &[("result", "live")]);
    verdict.say("changes went live", live > 0, format!("{live} changes live; {changes:?}"));
    for (tenant, guarded) in [("guarded", true), ("plain", false)] {
        verdict.filled(tenant, clients::fill(ways.clone(), guarded)?);
    }
    wait_until_empty(&gateway)?;
    verdict.at_rest(&gateway.metrics()?, (descriptors, gateway.descriptors()));
    verdict.memory(Trend::of(&looks, warmup(args)), rested.zip(Some(at_rest(&gateway)?)));
    println!(
        "{} requests, {} of them streams; {} clients left\n\n{table}\n{verdict}",
        tally.requests, tally.streams, tally.left
    );
    ensure!(verdict.is_good(), "the soak is not clean");
    Ok(())
}

fn warmup(args: &SoakArgs) -> Duration {
    args.warmup.unwrap_or(args.duration / 5).min(args.duration)
}

/// Lets the clients work; looks at memory each second and meddles meanwhile.
fn watch(args: &SoakArgs, setup: &SoakSetup, gateway: &Gateway, ways: &Ways, meddler: &mut Meddler) -> Result<Watched> {
    let start = Instant::now();
    let (ways, rate, warm) = (ways.clone(), args.rate, warmup(args));
    let stretches = [warm, args.duration.saturating_sub(warm)];
    let ((reached, resting), (end, over)) = (mpsc::channel(), mpsc::channel());
    let clients = thread::spawn(move || clients::all(ways, rate, stretches, &Rest { reached, over }));
    let (mut looks, mut changes, mut next) = (Vec::new(), BTreeMap::new(), start + args.meddle);
    let mut rested = None;
    while !clients.is_finished() {
        thread::sleep(Duration::from_secs(1));
        looks.push((start.elapsed(), gateway.memory()));
        ensure!(gateway.descriptors() > 0, "the gateway has ended, after {:?}", start.elapsed());
        if resting.try_recv().is_ok() {
            rested = Some(at_rest(gateway)?);
            end.send(()).context("the thread of the clients has died")?;
        }
        if Instant::now() >= next {
            next = Instant::now() + args.meddle;
            *changes.entry(meddler.step(setup, gateway)?).or_default() += 1;
        }
    }
    let tally = clients.join().map_err(|_| anyhow!("the thread of the clients has died"))??;
    Ok(Watched { tally, looks, rested, changes })
}

/// What the gateway has when nobody asks for anything, in KiB: the least, until it falls no more. What a load holds for
/// clients that read slowly is no part of that, and is many times what could leak.
fn at_rest(gateway: &Gateway) -> Result<u64> {
    wait_until_empty(gateway)?;
    let (mut least, mut same) = (gateway.memory(), 0);
    for _ in 0..LOOKS {
        thread::sleep(Duration::from_secs(1));
        let now = gateway.memory();
        same = if now < least { 0 } else { same + 1 };
        least = least.min(now);
        if same == SAME {
            break;
        }
    }
    Ok(least)
}

/// Waits until the gateway has noticed that all clients have gone.
fn wait_until_empty(gateway: &Gateway) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        let metrics = gateway.metrics().context("the gateway's metrics")?;
        let held = metrics.count("weir_in_flight", &[]) + metrics.count("weir_connections", &[]);
        // What is held for longer is judged, and not waited for.
        if held == 0 || Instant::now() > until {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(200));
    }
}

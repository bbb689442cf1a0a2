//! `load`: users who ask, and what they see.
//!
//! In a closed loop each user asks, reads the whole answer, and asks again; so the rate is what the other side can do.
//! In an open loop requests are due at a set rate, are sent by a user who is free, and their latency counts from when
//! they were due: if the other side stops for a second, all that were due in it show that. What ends during the
//! warm-up is forgotten, and what begins in the measured time is waited for, so no request is broken off.

mod answer;
mod args;
mod ask;
mod check;
mod failure;
pub(crate) mod framing;
mod h1;
mod h2;
mod patience;
mod report;
mod run;
mod tally;
mod turns;
mod user;
mod watch;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Result, anyhow, ensure};

use crate::control;
use crate::stamp::Numbers;
pub(crate) use args::LoadArgs;
use ask::LoadRequest;
use check::RunCheck;
pub(crate) use failure::LoadFailure;
pub(crate) use report::{LoadReport, Quantiles};
use run::LoadRun;
use tally::LoadTally;
use user::Share;

pub(crate) fn command(args: &LoadArgs) -> Result<()> {
    let report = run(args)?;
    if args.json {
        println!("{}", report.json());
    } else {
        println!("{report}");
    }
    ensure!(report.requests > 0, "no request was answered as it should be");
    Ok(())
}

/// Runs the load and reports what it measured.
///
/// # Errors
/// The address is none, or not loopback; a process to measure is not there; a thread died.
pub(crate) fn run(args: &LoadArgs) -> Result<LoadReport> {
    let ask = Arc::new(LoadRequest::new(args, control::loopback(&args.url)?)?);
    let (run, enough) = LoadRun::new(args, check::run_number()?);
    let run = Arc::new(run);
    let sum = Arc::new(Mutex::new((LoadTally::new(args.gap + args.stall)?, Numbers::default())));
    let hands: Vec<_> = shares(args)
        .into_iter()
        .map(|share| {
            let (ask, run, sum, stall) = (Arc::clone(&ask), Arc::clone(&run), Arc::clone(&sum), args.gap + args.stall);
            thread::spawn(move || -> Result<()> {
                let (tally, answered) = user::all(share, ask, run, stall)?;
                let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                sum.0.add(&tally)?;
                sum.1.join(&answered);
                Ok(())
            })
        })
        .collect();
    let watched = watch::watch(args, &run, &enough);
    run.end();
    for hand in hands {
        hand.join().map_err(|_| anyhow!("a thread of the load has died"))??;
    }
    let watched = watched?;
    let sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
    let (tally, answered) = &*sum;
    let mut report = LoadReport::new(tally, &watched, args.gap);
    report.open = args.rate.zip(run.due(watched.end)).map(|(rate, due)| LoadReport::open(rate, due, tally));
    if let Some(journal) = &args.journal {
        report.check = Some(RunCheck::new(journal, run.number, run.stamps(), answered)?);
    }
    Ok(report)
}

/// The users of each thread: whole connections, as evenly as they go.
fn shares(args: &LoadArgs) -> Vec<Share> {
    let threads = args.threads.min(args.connections);
    let streams = if args.http2 { args.streams } else { 1 };
    let mut first = 0;
    let share = |thread| {
        let connections = args.connections / threads + u32::from(thread < args.connections % threads);
        let share = Share { http2: args.http2, connections, streams, first, users: args.users() };
        first += connections * streams;
        share
    };
    (0..threads).map(share).collect()
}

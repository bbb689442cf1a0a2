//! `load`: a closed loop over a constant number of kept-alive connections.
//!
//! Each connection asks, reads the whole answer, and asks again; so the rate is what the other side can do. What ends
//! during the warm-up is forgotten, and what begins in the measured time is waited for, so no request is broken off.

mod exchange;
mod tally;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::process::{self, Used};
use crate::units;
use exchange::{Ask, Link};
#[cfg(test)]
pub(crate) use tally::Quantiles;
pub(crate) use tally::{Report, Tally};

#[derive(clap::Args, Debug, Clone)]
pub(crate) struct Args {
    /// Where to, without a path: http://127.0.0.1:8080
    #[arg(long)]
    pub(crate) url: String,
    /// Path of the requests
    #[arg(long, default_value = "/v1/chat/completions")]
    pub(crate) path: String,
    /// Sent as `authorization: Bearer <key>`
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// The model to ask for
    #[arg(long, default_value = "mock")]
    pub(crate) model: String,
    /// Ask for streams
    #[arg(long)]
    pub(crate) stream: bool,
    /// Size of the request body; shorter than the smallest lawful one gives that
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(0..=32 << 20))]
    pub(crate) request_bytes: u32,
    /// Connections, each with one request at a time
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) connections: u32,
    /// Threads that the connections are spread over
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) threads: u32,
    /// Time that is not measured, at the start
    #[arg(long, default_value = "1s", value_parser = units::duration)]
    pub(crate) warmup: Duration,
    /// Time that is measured
    #[arg(long, default_value = "5s", value_parser = units::duration)]
    pub(crate) duration: Duration,
    /// End sooner, after this many measured requests
    #[arg(long, default_value_t = 100_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) requests: u64,
    /// Longest time that one request may take
    #[arg(long, default_value = "10s", value_parser = units::duration)]
    pub(crate) timeout: Duration,
    /// Measure CPU time and memory of this process and its children meanwhile
    #[arg(long)]
    pub(crate) pid: Option<u32>,
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the run stands, seen by every connection.
struct Phase {
    measuring: AtomicBool,
    over: AtomicBool,
    /// Measured requests that are still wanted.
    left: AtomicU64,
    enough: SyncSender<()>,
}

impl Phase {
    fn new(requests: u64) -> (Arc<Self>, Receiver<()>) {
        let (enough, wait) = sync_channel(1);
        let phase = Self { measuring: false.into(), over: false.into(), left: requests.into(), enough };
        (Arc::new(phase), wait)
    }

    /// Whether a request that has just ended is one of those that are measured.
    fn counts(&self) -> bool {
        if !self.measuring.load(Relaxed) {
            return false;
        }
        match self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) {
            Ok(1) => {
                self.over.store(true, Relaxed);
                // The channel holds one message, and this is the only one.
                let _sent = self.enough.try_send(());
                true
            }
            counted => counted.is_ok(),
        }
    }
}

pub(crate) fn command(args: &Args) -> Result<()> {
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
/// The address is none, or not loopback; the process to measure is not there; a thread died.
pub(crate) fn run(args: &Args) -> Result<Report> {
    let address = loopback(&args.url)?;
    let ask = Arc::new(Ask::new(args, address)?);
    let (phase, enough) = Phase::new(args.requests);
    let threads = args.threads.min(args.connections);
    let tallies = Arc::new(RwLock::new(Vec::new()));
    let hands: Vec<_> = (0..threads)
        .map(|thread| {
            let share = args.connections / threads + u32::from(thread < args.connections % threads);
            let (ask, phase, tallies) = (Arc::clone(&ask), Arc::clone(&phase), Arc::clone(&tallies));
            thread::spawn(move || -> Result<()> {
                let tally = connections(share, &ask, &phase)?;
                tallies.write().unwrap_or_else(PoisonError::into_inner).push(tally);
                Ok(())
            })
        })
        .collect();
    let measured = measure(args, &phase, &enough);
    phase.over.store(true, Relaxed);
    for hand in hands {
        hand.join().map_err(|_| anyhow!("a thread of the load has died"))??;
    }
    let mut sum = Tally::new()?;
    for tally in tallies.read().unwrap_or_else(PoisonError::into_inner).iter() {
        sum.add(tally)?;
    }
    let (seconds, used) = measured?;
    Ok(Report::new(&sum, seconds, used))
}

/// Lets the warm-up and the measured time pass; answers how long that was and what the watched process used in it.
fn measure(args: &Args, phase: &Phase, enough: &Receiver<()>) -> Result<(Duration, Option<Used>)> {
    thread::sleep(args.warmup);
    let before = args.pid.map(process::used).transpose()?;
    let start = Instant::now();
    phase.measuring.store(true, Relaxed);
    let _why = enough.recv_timeout(args.duration);
    phase.measuring.store(false, Relaxed);
    let took = start.elapsed();
    let after = args.pid.map(process::used).transpose()?;
    let used = before.zip(after).map(|(before, after)| Used { cpu: after.cpu.saturating_sub(before.cpu), ..after });
    Ok((took, used))
}

/// All connections of one thread.
fn connections(count: u32, ask: &Arc<Ask>, phase: &Arc<Phase>) -> Result<Tally> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut sum = Tally::new()?;
    runtime.block_on(async {
        let tasks: Vec<_> = (0..count).map(|_| tokio::spawn(connection(Arc::clone(ask), Arc::clone(phase)))).collect();
        for task in tasks {
            sum.add(&task.await.context("a connection's task has died")??)?;
        }
        Ok(sum)
    })
}

async fn connection(ask: Arc<Ask>, phase: Arc<Phase>) -> Result<Tally> {
    let mut tally = Tally::new()?;
    let mut link = Link::default();
    while !phase.over.load(Relaxed) {
        let start = Instant::now();
        let outcome = link.exchange(&ask, start).await;
        let took = start.elapsed();
        let failed = outcome.is_err();
        if phase.counts() {
            tally.record(took, outcome);
        }
        if failed {
            // Something is wrong: do not turn it into a flood.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    Ok(tally)
}

fn loopback(url: &str) -> Result<SocketAddr> {
    let authority = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let address: SocketAddr = authority
        .and_then(|authority| authority.parse().ok())
        .with_context(|| format!("`{url}` cannot be asked: write http://127.0.0.1:PORT, with no path"))?;
    ensure!(address.ip().is_loopback(), "`{url}` is not on the loopback interface, and the load stays there");
    Ok(address)
}

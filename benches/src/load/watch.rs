//! What the watched processes use while the load runs.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::LoadArgs;
use super::run::LoadRun;
use crate::process;

/// What was used in the measured time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UsedResources {
    pub(crate) took: Duration,
    pub(super) end: Instant,
    /// Of the process tree under test; none if none is watched.
    pub(crate) subject: Option<Series>,
    pub(crate) mock_cpu: Option<Duration>,
    /// Of the load itself, with the looking.
    pub(crate) own_cpu: Duration,
}

/// CPU time and memory over time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) cpu: Duration,
    /// At the start of the measured time, then at each look, at last at its end: when, and KiB (PSS).
    pub(crate) memory: Vec<(Duration, u64)>,
}

/// Lets the warm-up and the measured time pass, and looks on.
///
/// # Errors
/// A process to watch is not there.
pub(super) fn watch(args: &LoadArgs, run: &LoadRun, enough: &Receiver<()>) -> Result<UsedResources> {
    let idle = (run.start + args.warmup).saturating_duration_since(Instant::now());
    std::thread::sleep(idle);
    // Memory takes the longer look, so it stands outside the measured time.
    let mut memory: Vec<_> = args.pid.iter().map(|pid| (Duration::ZERO, process::memory(*pid))).collect();
    let before = args.pid.map(process::cpu).transpose()?;
    let mock_before = args.mock_pid.map(process::cpu).transpose()?;
    let (own_before, start) = (process::own_cpu(), Instant::now());
    run.measure(true);
    let until = start + args.duration;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match enough.recv_timeout(left.min(args.sample.max(Duration::from_millis(10)))) {
            Err(RecvTimeoutError::Timeout) if left > args.sample => {}
            _ => break,
        }
        memory.extend(args.pid.map(|pid| (start.elapsed(), process::memory(pid))));
    }
    run.measure(false);
    let end = Instant::now();
    let after = args.pid.map(process::cpu).transpose()?;
    let mock_after = args.mock_pid.map(process::cpu).transpose()?;
    let own_cpu = process::own_cpu().saturating_sub(own_before);
    memory.extend(args.pid.map(|pid| (end - start, process::memory(pid))));
    let spent = |(before, after): (Duration, Duration)| after.saturating_sub(before);
    Ok(UsedResources {
        took: end - start,
        end,
        subject: before.zip(after).map(|times| Series { cpu: spent(times), memory }),
        mock_cpu: mock_before.zip(mock_after).map(spent),
        own_cpu,
    })
}

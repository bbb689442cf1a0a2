//! The measuring itself: the mock, each subject freshly started, its load, and the progress of all that.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::control;
use crate::load::{self, LoadReport};
use crate::mock::ReplyShape;
use crate::peers::{Peer, PeerSetup, Up};
use crate::plan::{BenchPlan, BenchStep};
use crate::process;
use crate::process_groups::{ChildProcess, ProcessGroups};
use crate::subject::Skipped;

/// How long the mock may take to say where it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// A step and what came of it.
#[derive(Debug)]
pub(crate) struct BenchTrial {
    pub(crate) step: BenchStep,
    /// Before the load, KiB (PSS).
    pub(crate) idle: Option<u64>,
    pub(crate) outcome: Result<LoadReport, String>,
}

struct Mock {
    url: String,
    running: ChildProcess,
}

/// Takes every step of the plan.
///
/// # Errors
/// The mock or the load does not work. What a gateway does wrong is part of the trials.
pub(crate) fn all(plan: &mut BenchPlan, process_groups: &ProcessGroups) -> Result<Vec<BenchTrial>> {
    let mock = start_mock(plan, process_groups)?;
    rehearse(plan, process_groups, &mock)?;
    let steps = plan.steps();
    ensure!(!steps.is_empty(), "there is nothing to measure: choose by --subjects, --peers, --peer and --cells");
    let start = Instant::now();
    let mut trials = Vec::new();
    for (done, step) in steps.iter().enumerate() {
        announce(plan, *step, done, steps.len(), start);
        let trial = one(plan, process_groups, &mock, *step)?;
        match &trial.outcome {
            Ok(report) => eprintln!("{}", brief(report)),
            Err(why) => eprintln!("FAILED: {why}"),
        }
        trials.push(trial);
    }
    Ok(trials)
}

/// Starts every gateway once, so that all of them find what they compile at their first start, and those that do not
/// start at all are known at once.
fn rehearse(plan: &mut BenchPlan, process_groups: &ProcessGroups, mock: &Mock) -> Result<()> {
    mock.shape(&ReplyShape { delay: Duration::ZERO, ..ReplyShape::default() })?;
    let cores = plan.workers();
    for subject in std::mem::take(&mut plan.subjects) {
        if let Some(gateway) = subject.gateway() {
            eprint!("[first start] {} … ", gateway.name());
            let started = start(gateway, process_groups, mock, &plan.tools, cores);
            eprintln!("{}", if started.is_ok() { "runs" } else { "FAILED" });
            match started {
                Err(error) if !subject.is_weir() => {
                    let why = format!("does not start: {error:#}");
                    plan.skipped.push(Skipped { name: gateway.name().to_owned(), why });
                    continue;
                }
                started => drop(started?),
            }
        }
        plan.subjects.push(subject);
    }
    Ok(())
}

fn start(
    gateway: &dyn Peer,
    process_groups: &ProcessGroups,
    mock: &Mock,
    tools: &Path,
    cores: u16,
) -> Result<(Up, TempDir)> {
    let folder = tempfile::tempdir_in(process_groups.scratch()).context("no folder for a gateway")?;
    let upstream = control::loopback(&mock.url)?;
    let up = gateway.start(&PeerSetup { process_groups, upstream, folder: folder.path(), tools, cores })?;
    Ok((up, folder))
}

fn start_mock(plan: &BenchPlan, process_groups: &ProcessGroups) -> Result<Mock> {
    let this = std::env::current_exe().context("this program does not know where it is")?;
    let threads = plan.pace.mock_threads.to_string();
    let running =
        process_groups.start(Command::new(this).args(["mock", "--until-stdin-ends", "--threads", &threads]))?;
    Ok(Mock { url: running.url_after("mock", PATIENCE)?, running })
}

impl Mock {
    fn shape(&self, shape: &ReplyShape) -> Result<()> {
        let (status, _) = control::ask(&self.url, "POST", &format!("/shape?{}", shape.query()))?;
        ensure!(status == 200, "the mock does not take its shape: it answers {status}");
        Ok(())
    }
}

fn one(plan: &BenchPlan, process_groups: &ProcessGroups, mock: &Mock, step: BenchStep) -> Result<BenchTrial> {
    let (cell, subject) = plan.cells.get(step.cell).zip(plan.subjects.get(step.subject)).context("no such step")?;
    let mut args =
        load::LoadArgs { mock_pid: Some(mock.running.pid), journal: Some(mock.url.clone()), ..cell.load(&plan.pace) };
    // Without a delay, so that starts are short.
    mock.shape(&ReplyShape { delay: Duration::ZERO, gap: Duration::ZERO, ..cell.shape })?;
    args.url.clone_from(&mock.url);
    let up = match subject
        .gateway()
        .map(|gateway| start(gateway, process_groups, mock, &plan.tools, plan.workers()))
        .transpose()
    {
        Ok(up) => up,
        Err(error) => return Ok(BenchTrial { step, idle: None, outcome: Err(format!("does not start: {error:#}")) }),
    };
    if let Some((up, _)) = &up {
        args.url.clone_from(&up.url);
        args.key.clone_from(&up.key);
        args.model.clone_from(&up.model);
        args.headers.clone_from(&up.headers);
        args.pid = Some(up.running.pid);
    }
    let idle = up.as_ref().map(|(up, _)| process::memory(up.running.pid));
    mock.shape(&cell.shape)?;
    let outcome = load::run(&args).map_err(|error| format!("{error:#}"));
    if outcome.is_err() {
        // Whatever the gateway does, the mock has to be there for the others.
        process::cpu(mock.running.pid).context("the mock has died")?;
    }
    Ok(BenchTrial { step, idle, outcome })
}

fn announce(plan: &BenchPlan, step: BenchStep, done: usize, all: usize, start: Instant) {
    let name = |name: Option<&str>| name.unwrap_or_default().to_owned();
    let cell = name(plan.cells.get(step.cell).map(|cell| cell.name.as_str()));
    let subject = name(plan.subjects.get(step.subject).map(|subject| subject.name()));
    let left = match u32::try_from(done) {
        Ok(done) if done > 0 => {
            let seconds = (start.elapsed() / done).as_secs_f64() * f64::from(u32::try_from(all).unwrap_or(done) - done);
            format!(", about {} left", human(seconds))
        }
        _ => String::new(),
    };
    eprint!("[{}/{all}, repeat {} of {}{left}] {cell}: {subject} … ", done + 1, step.repeat, plan.pace.repeats);
}

fn human(seconds: f64) -> String {
    if seconds < 100.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", (seconds / 60.0).ceil()) }
}

fn brief(report: &LoadReport) -> String {
    let mut text = format!("{:.0}/s", report.per_second);
    if let Some(latency) = &report.latency {
        text += &format!(", p50 {:.2} ms, p99 {:.2} ms", latency.p50 / 1e3, latency.p99 / 1e3);
    }
    if let Some(cpu) = report.cpu_per_request {
        text += &format!(", {cpu:.1} µs CPU");
    }
    if report.failed() > 0 {
        text += &format!(", {} FAILED", report.failed());
    }
    if let Some(check) = report.check.filter(|check| check.lost + check.doubled > 0) {
        text += &format!(", {} LOST, {} DOUBLED", check.lost, check.doubled);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_in_seconds_or_in_whole_minutes() {
        assert_eq!([human(7.4), human(99.4), human(100.0), human(3_599.0)], ["7 s", "99 s", "2 min", "60 min"]);
    }
}

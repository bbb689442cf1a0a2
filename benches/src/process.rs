//! What a process and its children use, read from `/proc` (proc(5)).

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Linux reports CPU time in this unit whatever the kernel's own tick is: `USER_HZ` is 100 on every common machine.
const TICK: Duration = Duration::from_millis(10);

/// CPU time since the start, and memory now, of a process tree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Used {
    /// User and system time of all threads, ended ones included, in steps of 10 ms.
    pub(crate) cpu: Duration,
    /// Proportional set size in KiB: shared pages count in part, so sums over a tree are true.
    pub(crate) pss_kib: u64,
}

/// Sums over `pid` and its descendants. A child that ends meanwhile is left out.
///
/// # Errors
/// There is no such process, or it is not ours to look at.
pub(crate) fn used(pid: u32) -> Result<Used> {
    let mut sum = one(pid).with_context(|| format!("process {pid} cannot be measured: is it running, and yours?"))?;
    let mut open = children(pid);
    // A tree cannot be deeper than this without being a bomb; stop rather than follow it.
    for _ in 0..10_000 {
        let Some(child) = open.pop() else { break };
        let Ok(used) = one(child) else { continue };
        sum.cpu += used.cpu;
        sum.pss_kib += used.pss_kib;
        open.extend(children(child));
    }
    Ok(sum)
}

fn one(pid: u32) -> Result<Used> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let cpu = cpu(&stat).context("its stat line is not as proc(5) says")?;
    // The roll-up needs the right to trace; without it CPU is still worth having.
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    Ok(Used { cpu, pss_kib: pss(&rollup).unwrap_or(0) })
}

/// Fields 14 and 15 (`utime`, `stime`: all threads) and 16 and 17 (those of children that were waited for), counted
/// after the command's name, which is in parentheses and may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let times: Vec<u32> = fields.split(' ').skip(11).take(4).map(str::parse).collect::<Result<_, _>>().ok()?;
    (times.len() == 4).then(|| TICK * times.iter().sum())
}

fn pss(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Children are listed by the thread that forked them.
fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}

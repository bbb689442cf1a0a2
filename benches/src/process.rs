//! What a process and its children use, read from `/proc` (proc(5)) and from their CPU clocks.
//!
//! The ticks of `/proc/PID/stat` are 10 ms long, which is a third of what some gateways use in a measured second. A
//! process's CPU clock (`clock_getcpuclockid(3)`) counts the same time in nanoseconds, with threads that have ended.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::time::ClockId;
use nix::unistd::Pid;

/// Linux reports CPU time in this unit whatever the kernel's own tick is: `USER_HZ` is 100 on every common machine.
const TICK: Duration = Duration::from_millis(10);
/// A tree cannot be larger than this without being a bomb; it is looked at no further.
const MOST: usize = 10_000;

/// User and system time of `pid` and its descendants since their start: of all threads, ended ones included, and in
/// steps of 10 ms of children that were waited for. A child that ends meanwhile is left out.
///
/// # Errors
/// There is no such process, or it is not ours to look at.
pub(crate) fn cpu(pid: u32) -> Result<Duration> {
    let root = one(pid).with_context(|| format!("process {pid} cannot be measured: is it running, and yours?"))?;
    let children = tree(pid).into_iter().skip(1).filter_map(|child| one(child).ok());
    Ok(root + children.sum::<Duration>())
}

/// Proportional set size of `pid` and its descendants in KiB: shared pages count in part, so sums over a tree are true.
pub(crate) fn memory(pid: u32) -> u64 {
    tree(pid).into_iter().map(pss_of).sum()
}

/// CPU time of this process since its start.
pub(crate) fn own_cpu() -> Duration {
    ClockId::CLOCK_PROCESS_CPUTIME_ID.now().map_or(Duration::ZERO, Duration::from)
}

/// A process and its descendants, the root first.
pub(crate) fn tree(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied().filter(|_| found.len() < MOST) {
        found.extend(children(parent));
        next += 1;
    }
    found
}

/// The process group of a process.
pub(crate) fn group(pid: u32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    fields(&stat)?.nth(2)?.parse().ok()
}

fn one(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let [user, system, waited_user, waited_system] = times(&stat).context("its stat line is not as proc(5) says")?;
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(i32::try_from(pid)?)).and_then(ClockId::now);
    let own = clock.map_or_else(|_| TICK * (user + system), Duration::from);
    Ok(own + TICK * (waited_user + waited_system))
}

/// What stands behind the command's name, which is in parentheses and may hold anything: the state, the parent, …
fn fields(stat: &str) -> Option<impl Iterator<Item = &str>> {
    Some(stat.rsplit_once(") ")?.1.split(' '))
}

/// Fields 14 and 15 (`utime`, `stime`: all threads) and 16 and 17 (those of children that were waited for), in ticks.
fn times(stat: &str) -> Option<[u32; 4]> {
    let times: Vec<u32> = fields(stat)?.skip(11).take(4).map(str::parse).collect::<Result<_, _>>().ok()?;
    times.try_into().ok()
}

/// Needs the right to trace; without it CPU is still worth having.
fn pss_of(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    pss(&rollup).unwrap_or(0)
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

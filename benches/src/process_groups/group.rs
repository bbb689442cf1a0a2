//! The end of process groups: asked first, then made.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::process;

/// How long a group may take to end by itself: what it leaves behind otherwise (shared memory, for one) stays.
const GRACE: Duration = Duration::from_secs(2);

/// Ends the groups that these children lead, and waits for the leaders.
pub(super) fn stop(leaders: &mut [Child]) {
    for leader in leaders.iter() {
        ask(leader.id());
    }
    let until = Instant::now() + GRACE;
    for leader in leaders.iter_mut() {
        while runs(leader.id()) && Instant::now() < until {
            thread::sleep(Duration::from_millis(2));
        }
        // The leader is not yet waited for, so nobody else can have got its number.
        end(leader.id());
        let _reaped = leader.wait();
    }
}

/// Kills whatever is left of a group.
pub(super) fn end(leader: u32) {
    if let Some(group) = number(leader) {
        // An error means that nobody is left.
        let _gone = killpg(group, Signal::SIGKILL);
    }
}

/// Kills a single process.
pub(super) fn end_one(pid: u32) {
    if let Some(pid) = number(pid) {
        let _gone = kill(pid, Signal::SIGKILL);
    }
}

fn ask(leader: u32) {
    let Some(group) = number(leader) else { return };
    for pid in process::tree(leader).into_iter().skip(1) {
        // One that made a group of its own would not hear what is said to the leader's.
        if process::group(pid) != Some(group.as_raw()) {
            end_one(pid);
        }
    }
    let _gone = killpg(group, Signal::SIGTERM);
}

/// Whether a child has not ended; it is left to be waited for.
fn runs(pid: u32) -> bool {
    let Some(pid) = number(pid) else { return false };
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    matches!(waitid(Id::Pid(pid), flags), Ok(WaitStatus::StillAlive))
}

/// The number as a group: 0 and 1 would mean others.
fn number(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().filter(|pid| *pid > 1).map(Pid::from_raw)
}

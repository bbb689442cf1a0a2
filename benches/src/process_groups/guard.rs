//! The process that ends what the runner leaves behind, and takes its folder away.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context as _, Result};

use super::group;

/// What every child has in its environment: the runner's folder, which no other runner has.
const MARK: &str = "WEIR_BENCH_SCRATCH";
/// How often the guard looks whether all have ended.
const ROUNDS: u32 = 200;

/// The runner's end of the guard.
#[derive(Debug)]
pub(super) struct GroupGuard {
    process: Child,
}

impl GroupGuard {
    pub(super) fn start(scratch: &Path) -> Result<Self> {
        let this = std::env::current_exe().context("this program does not know where it is")?;
        let mut command = Command::new(this);
        // A group of its own: Ctrl-C is for the runner, and the guard has to outlive it.
        command.arg("guard").arg(scratch).stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0);
        Ok(Self { process: command.spawn().context("the guard of the child processes cannot be started")? })
    }

    pub(super) fn add(&mut self, leader: u32) {
        self.tell('+', leader);
    }

    pub(super) fn remove(&mut self, leader: u32) {
        self.tell('-', leader);
    }

    fn tell(&mut self, sign: char, leader: u32) {
        if let Some(stdin) = &mut self.process.stdin {
            // Without its guard the runner still stops its children, unless it is killed.
            let _told = writeln!(stdin, "{sign}{leader}");
        }
    }
}

/// Marks a child before it is started, so that it is found also if the runner dies before it can say its number.
pub(super) fn mark(child: &mut Command, scratch: &Path) {
    child.env(MARK, scratch);
}

/// Reads which groups begin and end until the runner is gone; then kills the groups that have not ended and whoever else
/// is marked, and removes the folder.
pub(crate) fn watch(runner: impl BufRead, scratch: &Path) {
    for leader in left(runner) {
        group::end(leader);
    }
    for _ in 0..ROUNDS {
        let marked = marked(scratch);
        if marked.is_empty() {
            break;
        }
        marked.into_iter().for_each(group::end_one);
        thread::sleep(Duration::from_millis(5));
    }
    let _gone = fs::remove_dir_all(scratch);
}

fn left(runner: impl BufRead) -> BTreeSet<u32> {
    let mut groups = BTreeSet::new();
    for line in runner.lines().map_while(Result::ok) {
        match (line.strip_prefix('+').map(str::parse), line.strip_prefix('-').map(str::parse)) {
            (Some(Ok(leader)), _) => groups.insert(leader),
            (_, Some(Ok(leader))) => groups.remove(&leader),
            _ => false,
        };
    }
    groups
}

/// Every process with the mark in its environment.
fn marked(scratch: &Path) -> Vec<u32> {
    let mark = [MARK.as_bytes(), b"=", scratch.as_os_str().as_bytes()].concat();
    let number = |name: &OsStr| name.to_str()?.parse().ok();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| number(&entry.file_name()));
    let has_mark = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark)
    };
    pids.filter(has_mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_have_ended_are_left_alone() {
        assert_eq!(left(&b"+7\n+8\n-7\n+9\nnonsense\n-\n"[..]), BTreeSet::from([8, 9]));
        assert_eq!(left(&b""[..]), BTreeSet::new());
    }
}

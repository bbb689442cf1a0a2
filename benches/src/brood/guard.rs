//! The process that ends what a killed runner leaves behind.

use std::collections::BTreeSet;
use std::io::{BufRead, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use super::group;

/// The runner's end of the guard.
#[derive(Debug)]
pub(super) struct Guard {
    process: Child,
}

impl Guard {
    pub(super) fn start() -> Result<Self> {
        let this = std::env::current_exe().context("this program does not know where it is")?;
        let mut command = Command::new(this);
        // A group of its own: Ctrl-C is for the runner, and the guard has to outlive it.
        command.arg("guard").stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0);
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

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _reaped = self.process.wait();
    }
}

/// Reads which groups begin and end until the runner is gone, and kills those that have not ended.
pub(crate) fn watch(runner: impl BufRead) {
    for leader in left(runner) {
        group::end(leader);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_have_ended_are_left_alone() {
        assert_eq!(left(&b"+7\n+8\n-7\n+9\nnonsense\n-\n"[..]), BTreeSet::from([8, 9]));
        assert_eq!(left(&b""[..]), BTreeSet::new());
    }
}

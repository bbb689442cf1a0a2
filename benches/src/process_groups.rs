//! Child processes that never outlive the runner.
//!
//! Each child leads a process group, so that what it starts itself ends with it. A signal to the runner stops all
//! groups before it ends. Whatever is left then, also if the runner was killed outright, its guard ends: a process of
//! this same program that knows the groups and whose standard input ends with the runner.

mod group;
mod guard;

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::signal::unix::{SignalKind, signal};

pub(crate) use guard::watch;

/// Every child that was started and not yet stopped.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProcessGroups {
    children: Arc<Mutex<Children>>,
}

#[derive(Debug, Default)]
struct Children {
    running: Vec<Child>,
    guard: Option<guard::GroupGuard>,
    /// The guard takes it away.
    scratch: Option<PathBuf>,
    /// The runner is ending: nobody else is started.
    over: bool,
}

/// One child: stopped with all that it started when this is dropped.
#[derive(Debug)]
pub(crate) struct ChildProcess {
    process_groups: ProcessGroups,
    pub(crate) pid: u32,
    /// Its standard output, line by line; read on a thread, so that the child never blocks on a full pipe.
    lines: Receiver<String>,
}

impl ProcessGroups {
    /// Process groups that ends with this process, however that ends, and has a folder for what it needs.
    ///
    /// # Errors
    /// The guard cannot be started, or there is no room for temporary files.
    pub(crate) fn guarded() -> Result<Self> {
        let process_groups = Self::default();
        let scratch = tempfile::tempdir().context("no temporary folder")?;
        process_groups.lock().guard = Some(guard::GroupGuard::start(scratch.path())?);
        process_groups.lock().scratch = Some(scratch.keep());
        let signalled = process_groups.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut interrupt, mut terminate, mut hang_up) = {
            let _entered = runtime.enter();
            let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
            let [interrupt, terminate, hang_up] = kinds.map(signal);
            (interrupt?, terminate?, hang_up?)
        };
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hang_up.recv() => {}
                }
            });
            signalled.stop_all();
            std::process::exit(130);
        });
        Ok(process_groups)
    }

    /// Starts a program with its standard input and output connected to us.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(&self, command: &mut Command) -> Result<ChildProcess> {
        let what = command.get_program().to_string_lossy().into_owned();
        // Held over the spawn: no signal can fall between the start and the entry.
        let mut children = self.lock();
        ensure!(!children.over, "{what} is not started any more: the runner ends");
        if let Some(scratch) = &children.scratch {
            guard::mark(command, scratch);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {what}: is it there?"))?;
        let (pid, stdout) = (child.id(), child.stdout.take());
        children.running.push(child);
        if let Some(guard) = &mut children.guard {
            guard.add(pid);
        }
        drop(children);
        let (send, lines) = channel();
        if let Some(stdout) = stdout {
            thread::spawn(move || forward(stdout, &send));
        }
        Ok(ChildProcess { process_groups: self.clone(), pid, lines })
    }

    /// The folder of guarded groups.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.lock().scratch.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// Stops every child.
    fn stop_all(&self) {
        let mut children = self.lock();
        children.over = true;
        let mut running = std::mem::take(&mut children.running);
        group::stop(&mut running);
    }

    fn lock(&self) -> MutexGuard<'_, Children> {
        // A list of children is as good after a panic as before it.
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forward(stdout: ChildStdout, send: &std::sync::mpsc::Sender<String>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        // Nobody may be reading any more; go on, to keep the pipe empty.
        let _unread = send.send(line);
    }
}

impl ChildProcess {
    /// The base URL that the child prints behind `word`, as in `gateway  http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// The child ended, or printed no such line in time.
    pub(crate) fn url_after(&self, word: &str, patience: Duration) -> Result<String> {
        let until = std::time::Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(std::time::Instant::now());
            let line = self.lines.recv_timeout(left).with_context(|| {
                format!("process {} ended or printed no line with `{word}` and an address; see its messages", self.pid)
            })?;
            if let Some(url) = url_after(&line, word) {
                return Ok(url);
            }
        }
    }
}

fn url_after(line: &str, word: &str) -> Option<String> {
    const SCHEME: &str = "http://127.0.0.1:";
    let rest = line.get(line.find(word)? + word.len()..)?;
    let rest = rest.get(rest.find(SCHEME)? + SCHEME.len()..)?;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    port.parse::<u16>().ok().map(|port| format!("{SCHEME}{port}"))
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        let mut children = self.process_groups.lock();
        let Some(at) = children.running.iter().position(|child| child.id() == self.pid) else { return };
        // Kept in the list's lock until it is gone: a signal meanwhile finds it stopped, or waits.
        let child = children.running.swap_remove(at);
        group::stop(&mut [child]);
        if let Some(guard) = &mut children.guard {
            guard.remove(self.pid);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

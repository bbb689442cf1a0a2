//! Child processes that never outlive the runner.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};

/// Every child that was started and not yet stopped. A signal stops them all before it ends the runner.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brood {
    children: Arc<Mutex<Vec<Child>>>,
}

/// One child: stopped when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    brood: Brood,
    pub(crate) pid: u32,
    /// Its standard output, line by line; read on a thread, so that the child never blocks on a full pipe.
    lines: Receiver<String>,
}

impl Brood {
    /// A brood that SIGINT and SIGTERM end.
    pub(crate) fn guarded() -> Result<Self> {
        let brood = Self::default();
        let guard = brood.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut interrupt, mut terminate) = {
            let _entered = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
            guard.stop_all();
            std::process::exit(130);
        });
        Ok(brood)
    }

    /// Starts a program with its standard input and output connected to us.
    pub(crate) fn start(&self, command: &mut Command) -> Result<Running> {
        let what = command.get_program().to_string_lossy().into_owned();
        // Held over the spawn: no signal can fall between the start and the entry.
        let mut children = self.lock();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {what}: is it built?"))?;
        let (pid, stdout) = (child.id(), child.stdout.take());
        children.push(child);
        drop(children);
        let (send, lines) = channel();
        if let Some(stdout) = stdout {
            thread::spawn(move || forward(stdout, &send));
        }
        Ok(Running { brood: self.clone(), pid, lines })
    }

    fn stop_all(&self) {
        for mut child in self.lock().drain(..) {
            stop(&mut child);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Child>> {
        // A list of children is as good after a panic as before it.
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stop(child: &mut Child) {
    // An error means that it has ended already.
    let _ended = child.kill();
    let _reaped = child.wait();
}

fn forward(stdout: ChildStdout, send: &std::sync::mpsc::Sender<String>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        // Nobody may be reading any more; go on, to keep the pipe empty.
        let _unread = send.send(line);
    }
}

impl Running {
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

impl Drop for Running {
    fn drop(&mut self) {
        let mut children = self.brood.lock();
        if let Some(at) = children.iter().position(|child| child.id() == self.pid) {
            stop(&mut children.swap_remove(at));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

//! A gateway with a configuration that a tool writes: its start, its metrics, its signals, what it takes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::metrics::Scrape;
use crate::process_groups::{ChildProcess, ProcessGroups};
use crate::{process, weir};

/// Which program, and the plugins that it may load.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct Program {
    /// The gateway's program
    #[arg(long, default_value = "target/release/weir")]
    pub(crate) gateway: PathBuf,
    /// The folder of compiled plugins
    #[arg(long, default_value = "plugins/installed")]
    pub(crate) plugins: PathBuf,
}

/// A gateway that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Gateway {
    running: ChildProcess,
    /// `http://127.0.0.1:PORT`, for clients.
    pub(crate) url: String,
    /// The same of the admin listener.
    pub(crate) admin: String,
    /// Its configuration file.
    pub(crate) config: PathBuf,
    /// From its start to its first readiness.
    pub(crate) took: Duration,
}

impl Gateway {
    /// Starts the program in a folder that exists, with this configuration, and waits until it is ready.
    ///
    /// # Errors
    /// It cannot be started, or is not ready in time; its messages are part of the error.
    pub(crate) fn start(process_groups: &ProcessGroups, program: &Path, folder: &Path, config: &str) -> Result<Self> {
        let file = folder.join("weir.toml");
        fs::write(&file, config).with_context(|| format!("cannot write {}", file.display()))?;
        let messages = folder.join("messages.log");
        let program = fs::canonicalize(program)
            .with_context(|| format!("there is no {}: build it, or name it by --gateway", program.display()))?;
        let mut command = Command::new(program);
        command.arg("serve").arg("--config").arg(&file).args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        let start = Instant::now();
        let running = process_groups.start(command.stderr(File::create(&messages)?))?;
        let ready = running.url_after("gateway", weir::PATIENCE).and_then(|url| {
            let admin = running.url_after("admin", weir::PATIENCE)?;
            weir::wait_until_ready(&admin)?;
            Ok((url, admin))
        });
        let (url, admin) = ready.with_context(|| {
            format!("the gateway does not start; its messages:\n{}", fs::read_to_string(&messages).unwrap_or_default())
        })?;
        Ok(Self { running, url, admin, config: file, took: start.elapsed() })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.running.pid
    }

    /// # Errors
    /// The admin listener does not answer with metrics.
    pub(crate) fn metrics(&self) -> Result<Scrape> {
        Scrape::of(&self.admin)
    }

    /// Has it read its files anew.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn hang_up(&self) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.pid())?), Signal::SIGHUP).context("the gateway has ended")
    }

    /// Proportional set size in KiB.
    pub(crate) fn memory(&self) -> u64 {
        process::memory(self.pid())
    }

    /// CPU time since its start.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        process::cpu(self.pid())
    }

    /// Descriptors that it has open.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).map_or(0, Iterator::count)
    }
}

/// A text as TOML and JSON both write it.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The version and the place of a program, for a report.
pub(crate) fn version(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    match text.trim() {
        "" => program.display().to_string(),
        version => format!("{version} ({})", program.display()),
    }
}

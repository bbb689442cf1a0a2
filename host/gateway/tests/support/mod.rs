//! A real gateway on loopback ports, real upstreams, and clients that speak raw bytes.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

#[macro_use]
pub mod soon;

pub mod client;
pub mod clients;
pub mod dns;
pub mod frames;
pub mod h2;
pub mod h2_peer;
pub mod irregular;
pub mod no_answers;
pub mod program;
pub mod providers;
pub mod tls;
pub mod upstream;
pub mod wires;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

// Each test takes what it needs.
#[allow(unused_imports)]
pub use client::{Reply, get, post, raw, send};
#[allow(unused_imports)]
pub use program::{cache, installed, root, weir};
#[allow(unused_imports)]
pub use soon::{PATIENCE, until};

/// The keys that the configurations of tests use: secret `demo`, no pepper.
pub const ACME: &str = "sk-weir-acme-demo";
pub const GLOBEX: &str = "sk-weir-globex-demo";

/// A configuration with tenants `acme` (everything) and `globex` (model `m` alone), and the model `m` at `upstream`.
pub fn config(upstream: SocketAddr) -> String {
    config_with(upstream, "retries = 0", "")
}

/// The same with these lines in the provider's table, and further tables after all others.
pub fn config_with(upstream: SocketAddr, provider: &str, rest: &str) -> String {
    format!(
        r#"
{SERVER}

[providers.up]
kind = "openai"
base_url = "http://{upstream}/v1"
api_key = "upstream-secret"
{provider}

[models.m]
targets = ["up/m"]

{TENANTS}
{rest}
"#
    )
}

/// Two workers on ports that the system chooses.
const SERVER: &str = r#"[server]
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
workers = 2
drain = "5s""#;

pub const TENANTS: &str = r#"
[tenants.acme]
models = ["*"]
[[tenants.acme.keys]]
id = "acme"
hash = "blake3:1bded87ba73119e12f66b6082296d59328603a3d9e558fa7cbe2a70ddedb1675"

[tenants.globex]
models = ["m"]
[[tenants.globex.keys]]
id = "globex"
hash = "blake3:6e779aef6875a5c44c2b1e724e0d5a9d83ac784059bbb00faeb62999b18cc317"
"#;

/// A configuration whose provider is the gateway's own demo.
pub fn demo_config(rest: &str) -> String {
    format!(
        r#"
{SERVER}

[providers.demo]
kind = "demo"

[models.m]
targets = ["demo/demo-small"]

{TENANTS}
{rest}
"#
    )
}

/// A gateway in a process of its own, with a folder of its own for configuration and plugins.
pub struct Gateway {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub folder: TempDir,
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Gateway {
    /// Starts a gateway with this configuration and an empty plugin folder (unless the configuration names one).
    pub fn start(config: &str) -> Self {
        Self::start_with(config, |_| {})
    }

    /// The same, with everything in the log that anybody in the process has to say.
    pub fn start_traced(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("plugins")).unwrap();
        let file = folder.path().join("weir.toml");
        fs::write(&file, with_folders(config)).unwrap();
        let mut command = command(&file);
        command.env("WEIR_LOG", "trace");
        Self::spawn(command, folder)
    }

    /// The same, with `prepare` run on the plugin folder first.
    pub fn start_with(config: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plugins = folder.path().join("plugins");
        fs::create_dir_all(&plugins).unwrap();
        prepare(&plugins);
        let file = folder.path().join("weir.toml");
        fs::write(&file, with_folders(config)).unwrap();
        Self::spawn(command(&file), folder)
    }

    /// The same, with the command changed before it runs: its environment, or what it is run by.
    pub fn start_by(config: &str, change: impl FnOnce(Command) -> Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("plugins")).unwrap();
        let file = folder.path().join("weir.toml");
        fs::write(&file, with_folders(config)).unwrap();
        Self::spawn(change(command(&file)), folder)
    }

    /// The same, in a world with another name server.
    pub fn start_named(config: &str, server: &dns::NameServer) -> Self {
        Self::start_by(config, |command| server.around(&command))
    }

    /// A gateway of a configuration that is there already.
    pub fn start_file(file: &Path, arguments: &[&str]) -> Self {
        let mut command = command(file);
        command.args(arguments);
        Self::spawn(command, tempfile::tempdir().unwrap())
    }

    fn spawn(mut command: Command, folder: TempDir) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        follow(child.stderr.take().unwrap(), Arc::clone(&log));
        let (lines, out) = (Arc::clone(&log), BufReader::new(child.stdout.take().unwrap()));
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                lines.lock().unwrap().push_str(&format!("{line}\n"));
                let json = serde_json::from_str::<serde_json::Value>(&line).ok();
                let line = json.and_then(|json| Some(json["fields"]["message"].as_str()?.to_owned())).unwrap_or(line);
                if let Some((what, address)) = line.split_once(" http://")
                    && let Ok(address) = address.trim().parse::<SocketAddr>()
                {
                    let _ = sender.send((what.trim().to_owned(), address));
                }
            }
        });
        let wait = |what: &str| match receiver.recv_timeout(PATIENCE) {
            Ok((name, address)) if name == what => address,
            other => panic!("no {what} address ({other:?}): {}", log.lock().unwrap()),
        };
        let (address, admin) = (wait("gateway"), wait("admin"));
        Self { address, admin, folder, child, log }
    }

    /// Everything it has written to standard output and error so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until it has written a line with this in it: what it writes comes through a pipe, and after the fact.
    pub fn says(&self, what: &str) {
        until(&format!("the log says {what:?}"), || self.log().lines().any(|line| line.contains(what)).then_some(()));
    }

    pub fn plugins(&self) -> PathBuf {
        self.folder.path().join("plugins")
    }

    pub fn config_file(&self) -> PathBuf {
        self.folder.path().join("weir.toml")
    }

    /// Replaces the configuration file, as an editor does: a new file is renamed over it.
    pub fn write_config(&self, config: &str) {
        let new = self.folder.path().join("weir.toml.new");
        fs::write(&new, with_folders(config)).unwrap();
        fs::rename(new, self.config_file()).unwrap();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `GET` on the admin listener.
    pub fn admin_get(&self, path: &str) -> Reply {
        get(self.admin, path, None)
    }

    /// What `/readyz?verbose` says.
    pub fn ready(&self) -> serde_json::Value {
        serde_json::from_slice(&self.admin_get("/readyz?verbose").body).unwrap()
    }

    /// The value of a metric whose line begins with `name{` or `name ` and holds every one of `labels`.
    pub fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let text = String::from_utf8(self.admin_get("/metrics").body).unwrap();
        let lines = text.lines().filter(|l| l.split(['{', ' ']).next() == Some(name));
        let lines = lines.filter(|l| labels.iter().all(|label| l.contains(label)));
        lines.map(|l| l.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
    }

    /// Sends a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Bytes of memory that it has at most had at once (proc(5), `VmHWM`).
    pub fn most_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() << 10
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the gateway does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the gateway said ---\n{}", self.log());
        }
    }
}

/// `weir --config FILE`, with an environment of its own.
pub fn command(file: &Path) -> Command {
    let mut command = Command::new(weir());
    command.arg("serve").arg("--config").arg(file).env_remove("WEIR_CONFIG").env("WEIR_LOG", "debug");
    command
}

/// The configuration as a gateway of these tests has it in its file. Adds `folder` and `cache` to the configuration's `[plugins]` unless it names a folder itself.
pub fn with_folders(config: &str) -> String {
    let own = format!("folder = \"plugins\"\ncache = \"{}\"\n", cache().display());
    match config.split_once("[plugins]\n") {
        Some((before, after)) if after.contains("folder = ") => format!("{before}[plugins]\n{after}"),
        Some((before, after)) => format!("{before}[plugins]\n{own}{after}"),
        None => format!("{config}\n[plugins]\n{own}"),
    }
}

/// Whole lines only: two outputs are kept in one text.
fn follow(from: impl Read + Send + 'static, into: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let (mut from, mut line) = (BufReader::new(from), Vec::new());
        while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            into.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
}

/// A chat request for model `m`.
pub fn chat(text: &str) -> String {
    serde_json::json!({"model": "m", "messages": [{"role": "user", "content": text}]}).to_string()
}

/// The same as a stream.
pub fn chat_stream(text: &str) -> String {
    serde_json::json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": text}]}).to_string()
}

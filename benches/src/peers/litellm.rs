//! LiteLLM's proxy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::launch::{self, KEY, Launch, MODEL, UPSTREAM_KEY};
use super::{Peer, PeerSetup, Up, program};

const CONFIG: &str = include_str!("../../peers/litellm/config.yaml");

#[derive(Debug, Clone, Copy)]
pub(super) struct LiteLlm;

impl Peer for LiteLlm {
    fn name(&self) -> &str {
        "LiteLLM"
    }

    fn does(&self) -> &str {
        "key check, JSON parse, provider translation, usage metering"
    }

    fn settings(&self) -> &str {
        "as its production page asks: one worker per core, LITELLM_MODE=PRODUCTION, LITELLM_LOG=ERROR, a master key; \
         no database, so it keeps no keys, limits or spend"
    }

    fn missing(&self, tools: &Path) -> Option<String> {
        (!litellm(tools).is_file())
            .then(|| "LiteLLM is not installed (benches/peers/install.sh installs PyPI's litellm[proxy])".to_owned())
    }

    fn version(&self, tools: &Path) -> String {
        program::package_version(&tools.join("litellm/lib"), "litellm").unwrap_or_else(|| "unknown".to_owned())
    }

    fn start(&self, setup: &PeerSetup<'_>) -> Result<Up> {
        let port = launch::free_port()?;
        let upstream = setup.upstream.to_string();
        let words = [("upstream", upstream.as_str()), ("key", KEY), ("model", MODEL), ("upstream_key", UPSTREAM_KEY)];
        let config = launch::write(setup.folder, "config.yaml", CONFIG, &words)?;
        let program = litellm(setup.tools);
        let program = fs::canonicalize(&program).with_context(|| format!("there is no {}", program.display()))?;
        // What it says of its workers is on its standard output; the messages are where we look for it.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" >&2"]).arg(program).env("PYTHONUNBUFFERED", "1");
        command.arg("--config").arg(config).args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--num_workers", &setup.cores.to_string()]);
        // A worker that still imports would be taken for dead and started again, for ever on a busy machine.
        command.args(["--timeout_worker_healthcheck", "600"]);
        command.env("LITELLM_MODE", "PRODUCTION").env("LITELLM_LOG", "ERROR");
        // It would ask the network for these at every start.
        command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True").env("LITELLM_TELEMETRY", "False");
        let mut launch = Launch::new(self.name(), command, port);
        launch.key = Some(KEY.to_owned());
        launch.patience = Duration::from_secs(180);
        launch.announced = Some(("Proxy initialized with Config", usize::from(setup.cores)));
        launch.up(setup)
    }
}

fn litellm(tools: &Path) -> PathBuf {
    tools.join("litellm/bin/litellm")
}

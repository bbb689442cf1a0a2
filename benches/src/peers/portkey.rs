//! Portkey's open-source gateway.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::launch::{self, KEY, Launch};
use super::{Peer, PeerSetup, Up, program};

#[derive(Debug, Clone, Copy)]
pub(super) struct Portkey;

impl Peer for Portkey {
    fn name(&self) -> &str {
        "Portkey"
    }

    fn does(&self) -> &str {
        "JSON parse, provider routing, header mutation; the caller's key goes on to the provider"
    }

    fn settings(&self) -> &str {
        "its Node.js server as published, headless, NODE_ENV=production, the upstream among its trusted hosts; one \
         process, since it has no setting for more; its HTTP server at 1.13.8, as later ones break its streams"
    }

    fn missing(&self, tools: &Path) -> Option<String> {
        if program::on_path("node").is_none() {
            return Some("node is not on PATH (apt-get install nodejs npm)".to_owned());
        }
        (!server(tools).is_file()).then(|| {
            "Portkey is not installed (benches/peers/install.sh installs npm's @portkey-ai/gateway)".to_owned()
        })
    }

    fn version(&self, tools: &Path) -> String {
        let manifest = fs::read(package(tools).join("package.json")).unwrap_or_default();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap_or_default();
        manifest.get("version").and_then(serde_json::Value::as_str).unwrap_or("unknown").to_owned()
    }

    fn start(&self, setup: &PeerSetup<'_>) -> Result<Up> {
        let port = launch::free_port()?;
        let server = server(setup.tools);
        let server = fs::canonicalize(&server).with_context(|| format!("there is no {}", server.display()))?;
        let mut command = Command::new(program::on_path("node").context("node is not on PATH")?);
        command.arg(server).arg(format!("--port={port}")).arg("--headless");
        command.env("NODE_ENV", "production").env("TRUSTED_CUSTOM_HOSTS", setup.upstream.ip().to_string());
        let mut launch = Launch::new(self.name(), command, port);
        launch.key = Some(KEY.to_owned());
        launch.patience = Duration::from_secs(60);
        launch.headers = vec![
            ("x-portkey-provider".to_owned(), "openai".to_owned()),
            ("x-portkey-custom-host".to_owned(), format!("http://{}/v1", setup.upstream)),
        ];
        launch.up(setup)
    }
}

fn package(tools: &Path) -> PathBuf {
    tools.join("portkey/node_modules/@portkey-ai/gateway")
}

fn server(tools: &Path) -> PathBuf {
    package(tools).join("build/start-server.js")
}

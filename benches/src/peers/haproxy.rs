//! HAProxy as a plain reverse proxy.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::launch::{self, Launch};
use super::{Peer, PeerSetup, Up, program};

const CONFIG: &str = include_str!("../../peers/haproxy/haproxy.cfg");

#[derive(Debug, Clone, Copy)]
pub(super) struct Haproxy;

impl Peer for Haproxy {
    fn name(&self) -> &str {
        "HAProxy"
    }

    fn does(&self) -> &str {
        "forwards"
    }

    fn settings(&self) -> &str {
        "one thread per core, HTTP keep-alive on both sides, http-reuse always with an unbounded pool, no log"
    }

    fn missing(&self, _tools: &Path) -> Option<String> {
        program::on_path("haproxy").is_none().then(|| "haproxy is not on PATH (apt-get install haproxy)".to_owned())
    }

    fn version(&self, _tools: &Path) -> String {
        program::on_path("haproxy")
            .map_or_else(|| "unknown".to_owned(), |haproxy| program::version(Command::new(haproxy).arg("-v")))
    }

    fn start(&self, setup: &PeerSetup<'_>) -> Result<Up> {
        let haproxy = program::on_path("haproxy").context("haproxy is not on PATH")?;
        let port = launch::free_port()?;
        let words =
            [("cores", setup.cores.to_string()), ("port", port.to_string()), ("upstream", setup.upstream.to_string())];
        let words = words.each_ref().map(|(word, value)| (*word, value.as_str()));
        let config = launch::write(setup.folder, "haproxy.cfg", CONFIG, &words)?;
        let mut command = Command::new(haproxy);
        // In the foreground, without a master process.
        command.arg("-db").arg("-f").arg(config);
        Launch::new(self.name(), command, port).up(setup)
    }
}

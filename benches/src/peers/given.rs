//! A gateway that the command line names: `name=…,command=…,url=…,key=…,model=…`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::launch::{self, Launch, MODEL};
use super::{Peer, PeerSetup, Up};

/// The parts of a specification, in the order in which the help gives them.
const PARTS: [&str; 6] = ["name", "command", "url", "key", "model", "header"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GivenPeer {
    name: String,
    /// Run by `sh -c`, so that it can set variables.
    command: String,
    /// Where it answers, which may hold `{port}`.
    url: String,
    key: Option<String>,
    model: String,
    headers: Vec<(String, String)>,
    settings: String,
}

impl GivenPeer {
    pub(super) fn parse(spec: &str) -> Result<Self> {
        let (mut name, mut command, mut url, mut key, mut model) = (None, None, None, None, None);
        let mut headers = Vec::new();
        for (part, value) in parts(spec)? {
            ensure!(!value.is_empty(), "--peer: `{part}` is empty");
            let slot = match part {
                "name" => &mut name,
                "command" => &mut command,
                "url" => &mut url,
                "key" => &mut key,
                "model" => &mut model,
                _ => {
                    let (name, value) =
                        value.split_once(':').context("--peer: a `header` is written header=NAME:VALUE")?;
                    headers.push((name.trim().to_owned(), value.trim().to_owned()));
                    continue;
                }
            };
            ensure!(slot.replace(value).is_none(), "--peer: `{part}` is given twice");
        }
        let command: String = command.context("--peer: `command` is missing: what starts the gateway")?;
        Ok(Self {
            name: name.context("--peer: `name` is missing: what the table calls it")?,
            settings: format!("as given: {command}"),
            command,
            url: url.unwrap_or_else(|| "http://127.0.0.1:{port}".to_owned()),
            key,
            model: model.unwrap_or_else(|| MODEL.to_owned()),
            headers,
        })
    }
}

/// Splits at each comma that a known part follows, so that a command may hold commas.
fn parts(spec: &str) -> Result<Vec<(&'static str, String)>> {
    let known = |piece: &str| {
        let (part, value) = piece.split_once('=')?;
        PARTS.iter().find(|known| **known == part.trim()).map(|known| (*known, value.to_owned()))
    };
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for piece in spec.split(',') {
        match (known(piece), found.last_mut()) {
            (Some(part), _) => found.push(part),
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(piece);
            }
            (None, None) => bail!("--peer: `{piece}` is not one of {} with a value behind `=`", PARTS.join(", ")),
        }
    }
    Ok(found)
}

impl Peer for GivenPeer {
    fn name(&self) -> &str {
        &self.name
    }

    fn does(&self) -> &str {
        "as given by command line"
    }

    fn settings(&self) -> &str {
        &self.settings
    }

    fn missing(&self, _tools: &Path) -> Option<String> {
        None
    }

    fn version(&self, _tools: &Path) -> String {
        "unknown".to_owned()
    }

    fn start(&self, setup: &PeerSetup<'_>) -> Result<Up> {
        let port = launch::free_port()?.to_string();
        let (folder, tools) = (setup.folder.to_string_lossy(), setup.tools.to_string_lossy());
        let (upstream, cores) = (setup.upstream.to_string(), setup.cores.to_string());
        let words = [
            ("port", port.as_str()),
            ("upstream", &upstream),
            ("folder", &folder),
            ("tools", &tools),
            ("cores", &cores),
        ];
        let url = launch::replaced(&self.url, &words);
        let address = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let address = address.and_then(|address| address.parse::<std::net::SocketAddr>().ok());
        let address = address.filter(|address| address.ip().is_loopback()).with_context(|| {
            format!("--peer {}: `{url}` is not http:// with a loopback address and a port", self.name)
        })?;
        let mut command = Command::new("sh");
        // `exec`, so that the process that is measured is the gateway and not its shell.
        command.arg("-c").arg(format!("exec {}", launch::replaced(&self.command, &words)));
        let mut launch = Launch::new(&self.name, command, address.port());
        launch.address = address;
        launch.key.clone_from(&self.key);
        launch.model.clone_from(&self.model);
        launch.headers =
            self.headers.iter().map(|(name, value)| (name.clone(), launch::replaced(value, &words))).collect();
        launch.patience = Duration::from_secs(120);
        launch.up(setup)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

//! What a gateway is that can be measured beside Weir.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;

use crate::process_groups::{ChildProcess, ProcessGroups};

/// What a gateway under test is started with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerSetup<'a> {
    pub(crate) process_groups: &'a ProcessGroups,
    /// The mock provider.
    pub(crate) upstream: SocketAddr,
    /// A scratch folder of this start; it exists.
    pub(crate) folder: &'a Path,
    /// Where `benches/peers/install.sh` put what it installed.
    pub(crate) tools: &'a Path,
    /// Worker threads or processes to configure.
    pub(crate) cores: u16,
}

/// A gateway that runs and has answered a chat request. It is stopped when this is dropped.
#[derive(Debug)]
pub(crate) struct Up {
    /// `http://127.0.0.1:PORT`, with the OpenAI API under `/v1`.
    pub(crate) url: String,
    /// The bearer token that it lets in; none if it looks at no key.
    pub(crate) key: Option<String>,
    /// The model to ask for.
    pub(crate) model: String,
    /// Headers that every request has to carry besides.
    pub(crate) headers: Vec<(String, String)>,
    /// The root of its process tree.
    pub(crate) running: ChildProcess,
}

/// A gateway that can be measured beside Weir.
pub(crate) trait Peer {
    /// As it stands in the table.
    fn name(&self) -> &str;
    /// The work that it does for each request.
    fn does(&self) -> &str;
    /// The settings that it runs with, for the report.
    fn settings(&self) -> &str;
    /// Why it cannot run here; none if it can.
    fn missing(&self, tools: &Path) -> Option<String>;
    /// What it says of its version; a word that it is unknown if it says nothing.
    fn version(&self, tools: &Path) -> String;
    /// Starts it and waits until a chat request through it is answered, which the mock's journal then shows.
    ///
    /// # Errors
    /// It ended, or did not answer in time; its last messages are part of the error.
    fn start(&self, setup: &PeerSetup<'_>) -> Result<Up>;
}

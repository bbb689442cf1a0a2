//! Gateways that Weir is measured beside, each with its vendor's production settings.
//!
//! What they are started with lies under `benches/peers`, where `install.sh` brings what package registries have.

mod envoy;
mod given;
mod haproxy;
mod launch;
mod litellm;
mod nginx;
mod peer;
mod portkey;
mod program;
mod traefik;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]
mod tests;

use anyhow::Result;

pub(crate) use peer::{Peer, PeerSetup, Up};

/// All that are known, in the order of the report: from plain forwarding to whole AI gateways.
pub(crate) fn known() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(nginx::Nginx::Plain),
        Box::new(nginx::Nginx::Lua),
        Box::new(haproxy::Haproxy),
        Box::new(envoy::Envoy::Plain),
        Box::new(envoy::Envoy::Wasm),
        Box::new(traefik::Traefik::Plain),
        Box::new(traefik::Traefik::Wasm),
        Box::new(litellm::LiteLlm),
        Box::new(portkey::Portkey),
    ]
}

/// Any gateway, given as `name=…,command=…,url=…,key=…,model=…`.
///
/// # Errors
/// A part is missing, unknown or empty.
pub(crate) fn by_command_line(spec: &str) -> Result<Box<dyn Peer>> {
    Ok(Box::new(given::GivenPeer::parse(spec)?))
}

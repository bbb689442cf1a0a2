//! What of the host's functions a plugin is joined to: what every plugin is lent, and what it is granted.

use super::host_fn::{HostFn, LinkTarget};
use super::{callouts, clock, counters, events, kv, log, notes, random, reply, request, secrets, upstream};
use weir_component::contract::{HostFunction, HostInterface};
use weir_config::Grant;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Adds the lent data and the granted capabilities to a linker: of the contract's functions all that the plugin may call, and
/// nothing else.
pub(crate) fn link(mut target: LinkTarget<'_>, grants: &[Grant]) -> wasmtime::Result<()> {
    for function in HostFunction::all().filter(|function| is_open(function.interface(), grants)) {
        link_one(function, target.function(function)?)?;
    }
    Ok(())
}

/// Whether a plugin may import an interface.
fn is_open(interface: HostInterface, grants: &[Grant]) -> bool {
    !interface.needs_grant() || grants.iter().any(|grant| grant.name() == interface.name())
}

/// Puts what a function does in its place.
fn link_one(function: HostFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        HostFunction::Request(function) => request::link(function, here),
        HostFunction::Upstream(function) => upstream::link(function, here),
        HostFunction::Reply(function) => reply::link(function, here),
        HostFunction::Events(function) => events::link(function, here),
        HostFunction::Notes(function) => notes::link(function, here),
        HostFunction::Log(function) => log::link(function, here),
        HostFunction::Counters(function) => counters::link(function, here),
        HostFunction::Kv(function) => kv::link(function, here),
        HostFunction::Clock(function) => clock::link(function, here),
        HostFunction::Random(function) => random::link(function, here),
        HostFunction::Secrets(function) => secrets::link(function, here),
        HostFunction::Callouts(function) => callouts::link(function, here),
    }
}

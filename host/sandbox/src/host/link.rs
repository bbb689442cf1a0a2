//! What of the host's functions a plugin is joined to: what every plugin is lent, and what it is granted.

use super::offer::HostFn;
use super::{callouts, clock, counters, events, kv, log, notes, random, reply, request, secrets, upstream};
use crate::guest_state::GuestState;
use wasmtime::component::Linker;
use weir_config::Grant;

/// Where host functions go.
pub(crate) enum LinkTarget<'a> {
    /// To components.
    Component(&'a mut Linker<GuestState>),
    /// To core modules.
    Direct(&'a mut wasmtime::Linker<GuestState>),
}

impl LinkTarget<'_> {
    fn offer(&mut self, interface: &'static str) -> wasmtime::Result<HostFn<'_>> {
        Ok(match self {
            Self::Component(linker) => HostFn::Component(linker.instance(interface)?),
            Self::Direct(linker) => HostFn::Direct(linker, interface),
        })
    }
}

/// Adds the lent data and the granted capabilities to a linker.
pub(crate) fn link(mut links: LinkTarget<'_>, grants: &[Grant]) -> wasmtime::Result<()> {
    request::link(links.offer("weir:plugin/request@0.1.0")?)?;
    upstream::link(links.offer("weir:plugin/upstream@0.1.0")?)?;
    reply::link(links.offer("weir:plugin/reply@0.1.0")?)?;
    events::link(links.offer("weir:plugin/events@0.1.0")?)?;
    notes::link(links.offer("weir:plugin/notes@0.1.0")?)?;
    for grant in grants {
        match grant {
            Grant::Log => log::link(links.offer("weir:plugin/log@0.1.0")?)?,
            Grant::Counters => counters::link(links.offer("weir:plugin/counters@0.1.0")?)?,
            Grant::Kv => kv::link(links.offer("weir:plugin/kv@0.1.0")?)?,
            Grant::Clock => clock::link(links.offer("weir:plugin/clock@0.1.0")?)?,
            Grant::Random => random::link(links.offer("weir:plugin/random@0.1.0")?)?,
            Grant::Secrets => secrets::link(links.offer("weir:plugin/secrets@0.1.0")?)?,
            Grant::Callouts => callouts::link(links.offer("weir:plugin/callouts@0.1.0")?)?,
        }
    }
    Ok(())
}

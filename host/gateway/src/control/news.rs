//! Which plugins a change put in, replaced or took out, for the log.

use std::collections::BTreeMap;
use std::sync::Arc;
use weir_sandbox::{Chains, Event, Plugin, Source};

type Bound<'c> = BTreeMap<(&'c Source, usize), &'c Arc<Plugin>>;

/// Logs what differs between two generations of plugins, one line for each place.
pub(super) fn log(old: &Chains, new: &Chains) {
    let (old, new) = (bound(old), bound(new));
    for (place @ (source, _), plugin) in &new {
        let blake3 = plugin.hash();
        match old.get(place) {
            None => tracing::info!(plugin = %source, %blake3, "plugin put in"),
            Some(before) if Arc::ptr_eq(before, plugin) => {}
            Some(before) if before.hash() == blake3 => tracing::info!(plugin = %source, "plugin has new settings"),
            Some(before) => tracing::info!(plugin = %source, %blake3, was = %before.hash(), "plugin replaced"),
        }
    }
    for (source, _) in old.keys().filter(|place| !new.contains_key(*place)) {
        tracing::info!(plugin = %source, "plugin taken out");
    }
}

/// Plugins by their file, and which of the bindings of that file it is.
fn bound(chains: &Chains) -> Bound<'_> {
    let mut bound = Bound::new();
    for (source, plugin) in chains.bound() {
        let nth = bound.range((source, 0)..=(source, usize::MAX)).count();
        bound.insert((source, nth), plugin);
    }
    bound
}

/// Logs what happens while plugins are loaded.
pub(super) fn log_event(event: Event) {
    match event {
        Event::Compiling { source, bytes } => tracing::info!(%source, bytes, "compiling"),
        Event::Compiled { source, took } => tracing::info!(%source, ?took, "compiled"),
        Event::Cached { source, took } => tracing::debug!(%source, ?took, "compiled code from the cache"),
    }
}

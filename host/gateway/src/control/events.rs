//! Which plugins a change put in, replaced or took out, for the log.

use super::words;
use std::collections::BTreeMap;
use std::sync::Arc;
use weir_sandbox::{Chains, LibraryEvent, LoadedPlugin, OnTrial, PluginSource};

/// Plugins by their file, and by the names of their bindings.
type Bound<'c> = BTreeMap<(&'c PluginSource, &'c str), &'c Arc<LoadedPlugin>>;

/// Logs what differs between two generations of plugins, one line for each place, and what is new in them to be warned of.
pub(super) fn log(old: &Chains, new: &Chains) {
    trials(old.on_trial(), new.on_trial());
    let (old, new) = (bound(old), bound(new));
    for (place @ (file, name), plugin) in &new {
        let blake3 = plugin.hash();
        match old.get(place) {
            None => tracing::info!(plugin = name, %file, %blake3, "plugin put in"),
            Some(before) if Arc::ptr_eq(before, plugin) => {}
            Some(before) if before.hash() == blake3 => tracing::info!(plugin = name, %file, "plugin has new settings"),
            Some(before) => tracing::info!(plugin = name, %file, %blake3, was = %before.hash(), "plugin replaced"),
        }
    }
    let is_new = |(place, plugin): &(&(&PluginSource, &str), &&Arc<LoadedPlugin>)| {
        old.get(*place).is_none_or(|before| !Arc::ptr_eq(before, plugin))
    };
    warn(new.iter().filter(is_new).map(|(_, plugin)| *plugin));
    for (file, name) in old.keys().filter(|place| !new.contains_key(*place)) {
        tracing::info!(plugin = name, %file, "plugin taken out");
    }
}

/// Logs which trials have begun. What comes of them is a line of its own.
fn trials(old: &[OnTrial], new: &[OnTrial]) {
    let has = |trials: &[OnTrial], trial: &OnTrial| {
        trials.iter().any(|other| Arc::ptr_eq(other.new_version(), trial.new_version()))
    };
    for trial in new.iter().filter(|trial| !has(old, trial)) {
        let (plugin, percent) = (&**trial.new_version().name(), trial.percent());
        let (blake3, was) = (trial.new_version().hash(), trial.old().hash());
        tracing::info!(plugin, %blake3, %was, percent, "a new version is on trial");
    }
}

fn bound(chains: &Chains) -> Bound<'_> {
    chains.bound().map(|(source, plugin)| ((source, &**plugin.name()), plugin)).collect()
}

/// Logs what an operator is to be warned of in plugins that go live.
pub(crate) fn warn<'p>(plugins: impl Iterator<Item = &'p Arc<LoadedPlugin>>) {
    plugins.filter_map(|plugin| words::half_of_answers(plugin)).for_each(|line| tracing::warn!("{line}"));
}

/// Logs what happens while plugins are loaded.
pub(super) fn log_event(event: LibraryEvent) {
    match event {
        LibraryEvent::Compiling { source, bytes } => tracing::info!(%source, bytes, "compiling"),
        LibraryEvent::Compiled { source, took } => tracing::info!(%source, ?took, "compiled"),
        LibraryEvent::Cached { source, took } => tracing::debug!(%source, ?took, "compiled code from the cache"),
    }
}

//! Counters in the gateway's metrics (WIT `counters`): `weir_plugin_counter_total{plugin,tenant,name}`. A plugin that
//! counts needs the grant `counters`.

use crate::host::counters as host;

/// Adds to the counter `name` (`a-z`, `0-9`, `_`; at most 64 characters) of this plugin and tenant.
pub fn add(name: &str, value: u64) {
    host::add(name, value);
}

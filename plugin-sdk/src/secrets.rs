//! Secrets that the operator hands to this plugin by name (WIT `secrets`). A plugin that reads them needs the grant
//! `secrets`; the operator gives them in the chain, as `secrets = { NAME = "${VARIABLE}" }`. Keep them out of logs,
//! refusals and counters: only the gateway keeps them out of its own.

use crate::host::secrets as host;

/// A secret; none if the operator gave none of this name.
#[must_use]
pub fn get(name: &str) -> Option<String> {
    host::get(name)
}

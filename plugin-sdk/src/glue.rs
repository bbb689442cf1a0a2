//! What [`export!`](crate::export) expands to besides the generated exports. Not for direct use.

use std::cell::OnceCell;

use crate::{Plugin, Refusal};

/// Holds the one plugin of an instance. Guests have one thread, so a thread-local slot is a plain static there.
#[derive(Debug)]
pub struct Slot<P>(OnceCell<P>);

impl<P: Plugin> Slot<P> {
    /// An empty slot.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceCell::new())
    }

    /// Fills the slot from the settings.
    ///
    /// # Errors
    /// What the plugin said against its settings, or that there is a plugin already.
    pub fn init(&self, settings: &str) -> Result<(), String> {
        let plugin = P::init(settings)?;
        self.0.set(plugin).map_err(|_| "lifecycle.init was called twice on one instance".to_owned())
    }

    /// The plugin.
    ///
    /// # Errors
    /// A refusal when the host called a hook without `lifecycle.init` before: nobody decided, so nothing passes.
    #[inline]
    pub fn plugin(&self) -> Result<&P, Refusal> {
        self.0.get().ok_or_else(not_ready)
    }
}

impl<P: Plugin> Default for Slot<P> {
    fn default() -> Self {
        Self::new()
    }
}

#[cold]
fn not_ready() -> Refusal {
    Refusal::new(500, "plugin_not_ready", "a plugin of this gateway was asked before it was given its settings")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

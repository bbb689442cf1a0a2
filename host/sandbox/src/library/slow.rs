//! Plugins that are not done with their start in time: each is tried once, and not at every look, or a folder of them would
//! keep every other change waiting.

use crate::call::START;
use crate::error::{Fault, LoadError};
use crate::plugin::LoadedPlugin;
use weir_config::PluginSettings;

/// How many are remembered; with one more all are forgotten.
const MOST: usize = 256;

/// Those that are remembered: a file, its settings, and which way it is called.
#[derive(Debug, Default)]
pub(super) struct Slow(Vec<(blake3::Hash, PluginSettings, bool)>);

impl Slow {
    /// Whether a plugin may be tried out.
    ///
    /// # Errors
    /// What came of it before, with the same settings.
    pub(super) fn check(&self, plugin: &LoadedPlugin) -> Result<(), LoadError> {
        let is_known = |(hash, settings, direct): &(blake3::Hash, PluginSettings, bool)| {
            *hash == plugin.code().hash && *direct == plugin.may_be_direct() && settings == plugin.settings()
        };
        if self.0.iter().any(is_known) { Err(LoadError::Start(Fault::Deadline)) } else { Ok(()) }
    }

    /// Notes what came of trying one out. Only time that it has used says something of it: what it asks others for in its
    /// start, and what room there is, may be another thing the next time.
    pub(super) fn note(&mut self, plugin: &LoadedPlugin, why: &LoadError) {
        if !matches!(why, LoadError::Start(Fault::Deadline)) {
            return;
        }
        tracing::debug!(plugin = &**plugin.name(), limit = ?START, "is not tried again until its file or its settings change");
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.push((plugin.code().hash, plugin.settings().clone(), plugin.may_be_direct()));
    }
}

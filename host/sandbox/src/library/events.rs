//! What a library tells whoever shows it to the operator.

use crate::error::LoadError;
use crate::source::{FilePlace, PluginSource};
use crate::which::WhichBinding;
use std::path::PathBuf;
use std::time::Duration;

/// Something that happened while plugins were loaded, for whoever shows it to the operator.
#[derive(Debug, Clone)]
pub enum LibraryEvent {
    /// Compilation begins; it takes 0.1 to 30 s.
    Compiling {
        /// The file.
        source: PluginSource,
        /// Its length.
        bytes: usize,
    },
    /// Compilation is done.
    Compiled {
        /// The file.
        source: PluginSource,
        /// How long it took.
        took: Duration,
    },
    /// The compiled code was in the cache.
    Cached {
        /// The file.
        source: PluginSource,
        /// How long loading took.
        took: Duration,
    },
}

/// A binding that is not served as the folder and the configuration say.
#[derive(Debug, Clone)]
pub struct LoadProblem {
    /// The file.
    pub source: PluginSource,
    /// The name of the binding of it that is meant; of a folder, its path.
    pub binding: String,
    /// Why.
    pub error: LoadError,
    /// Whether an earlier version serves on in its place.
    pub last_good: bool,
    /// Whether requests may go on without it (its failure policy is `open`).
    pub open: bool,
    /// Whether it closes tenants: those that it applies to, and that were not served before.
    pub closes: bool,
    /// Whether nobody who is trusted vouches for that earlier version any more: it is bound, and not called.
    pub revoked: bool,
    /// The configuration's file and the line in it that binds the plugin, if one does.
    pub line: Option<(PathBuf, u32)>,
}

impl LoadProblem {
    /// What keeps a file, or what is in a folder, from serving as it should; who is closed for it is found out later.
    pub(super) fn new(source: PluginSource, error: LoadError, last_good: bool, open: bool) -> Self {
        Self::of((source, WhichBinding::FIRST), error, last_good, open)
    }

    /// The same of one binding of a file.
    pub(super) fn of((source, which): FilePlace, error: LoadError, last_good: bool, open: bool) -> Self {
        let binding = source.binding(&which);
        Self { source, binding, error, last_good, open, closes: false, revoked: false, line: None }
    }

    /// Whether a tenant is without something that is meant to apply to it by where it stands.
    pub(super) fn is_missed_by(&self, tenant: &str) -> bool {
        let below = match &self.source {
            PluginSource::All(_) => return !self.last_good && !self.open,
            PluginSource::Tenant(of, _) => return !self.last_good && !self.open && of == tenant,
            // What the chain names is nobody's own: a configuration that names what cannot serve is not taken.
            PluginSource::Named(_) => return false,
            PluginSource::Folder(below) => below,
        };
        // The last good of the tenants' folders says nothing of a tenant that came since.
        match below.as_str() {
            "" | "tenants" => true,
            below => !self.last_good && below.strip_prefix("tenants/").is_none_or(|of| of == tenant),
        }
    }
}

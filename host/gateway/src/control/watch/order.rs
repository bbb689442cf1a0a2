//! What the watching thread is told, and what it tells.

use crate::control::latest::Join;
use std::collections::BTreeSet;
use std::path::PathBuf;
use tokio::sync::oneshot;
use weir_config::Looked;

/// What a look has found.
#[derive(Debug, Clone, Default)]
pub(crate) struct FileChange {
    /// Which files lie still, and which are being written.
    pub(crate) looked: Looked,
    /// Files that are not what they were at the look before.
    pub(crate) changed: BTreeSet<PathBuf>,
}

impl Join for FileChange {
    fn join(self, later: Self) -> Self {
        let mut changed = self.changed;
        changed.extend(later.changed);
        Self { looked: later.looked, changed }
    }
}

/// What the thread is told.
pub(super) enum WatchOrder {
    /// Something has changed somewhere.
    Event,
    /// These files are part of the configuration now.
    Named(Vec<PathBuf>),
    /// Look now, and say what was found.
    Look(oneshot::Sender<FileChange>),
}

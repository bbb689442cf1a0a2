//! What the second half of a reload is told by the first one.

use super::status::NotApplied;
use crate::control::latest::Join;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use weir_config::Config;

/// What is to be built.
#[derive(Clone)]
pub(crate) struct ReloadOrder {
    /// The configuration that was read and judged good, with the text that it was read from; none if what serves is to stay.
    pub(crate) next: Option<(Arc<Config>, String)>,
    /// Whether the configuration, or a file that it names, is not what it was.
    pub(crate) touched: bool,
    /// Files in the plugin folder that are not what they were.
    pub(crate) plugins: BTreeSet<PathBuf>,
    /// How many configurations were refused or held that are to be counted when this is over.
    pub(crate) kept: NotApplied,
    /// Whether a signal has asked for it.
    pub(crate) asked: bool,
    /// When the first of what is in it was read.
    pub(crate) start: Instant,
}

impl Join for ReloadOrder {
    fn join(mut self, later: Self) -> Self {
        self.plugins.extend(later.plugins);
        self.kept += later.kept;
        Self {
            next: later.next,
            touched: self.touched || later.touched,
            plugins: self.plugins,
            kept: self.kept,
            asked: self.asked || later.asked,
            start: self.start,
        }
    }
}

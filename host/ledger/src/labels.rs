//! Whose sums they are.

use std::sync::Arc;

use weir_series::OTHER;

/// Whose sums.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Labels {
    pub(crate) tenant: Arc<str>,
    pub(crate) model: Arc<str>,
    pub(crate) provider: Arc<str>,
}

impl Labels {
    /// Under which the entries are summed for which there is no room: whose money it was is still known by provider.
    pub(crate) fn shared(&self) -> Self {
        Self { tenant: OTHER.into(), model: OTHER.into(), provider: Arc::clone(&self.provider) }
    }
}

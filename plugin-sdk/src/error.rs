//! What the host says when it does not do what was asked.

use std::fmt;

use crate::Refusal;

/// The host's reason for not carrying out a write: not allowed in this hook, not a header that may be set, not JSON,
/// nothing at that pointer, a bound reached. The WIT item that was called says which of these it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostError(String);

impl HostError {
    pub(crate) fn new(reason: String) -> Self {
        Self(reason)
    }

    /// The reason in the host's words; for logs, not for matching.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HostError {}

/// A write that fails in the middle of a hook ends the request rather than let it pass half rewritten: `?` does that.
impl From<HostError> for Refusal {
    fn from(error: HostError) -> Self {
        Self::new(500, "plugin_error", format!("a plugin of this gateway could not do its work: {error}"))
    }
}

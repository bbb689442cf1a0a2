//! What decides how a request is written, and words that both ways know.

use crate::canon::TargetQuirks;
use crate::translate::marks;
use crate::wire::Vendor;

/// Thoughts in encrypted form, as `include` asks for them.
pub(super) const ENCRYPTED: &str = "reasoning.encrypted_content";
/// Probabilities of words, as `include` asks for them.
pub(super) const LOGPROBS: &str = "message.output_text.logprobs";

/// What decides how members are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines<'a> {
    /// The request is of this wire.
    pub(super) own: bool,
    /// What the provider does differently.
    pub(super) quirks: TargetQuirks,
    /// Whose model it is.
    pub(super) vendor: Vendor,
    /// For what is between the request and the model.
    pub(super) model: &'a str,
}

impl Lines<'_> {
    /// Whether the model takes marks for the cache.
    pub(super) fn takes_marks(&self) -> bool {
        marks::takes_marks(self.vendor, self.model)
    }
}

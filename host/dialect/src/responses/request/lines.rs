//! What decides how a request is written, and words that both ways know.

use crate::canon::TargetQuirks;
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

/// The first of OpenAI's models that take marks for the cache (OpenAI's specification, `PromptCacheOptions`).
const FIRST_WITH_MARKS: (u32, u32) = (5, 6);

impl Lines<'_> {
    /// Whether the model takes marks for the cache.
    pub(super) fn takes_marks(&self) -> bool {
        let name = self.model.rsplit_once('/').map_or(self.model, |(_, name)| name);
        let version = name.strip_prefix("gpt-").and_then(|rest| rest.split('-').next()).unwrap_or_default();
        let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
        let version = major.parse().ok().zip(minor.parse().ok());
        self.vendor == Vendor::OpenAi && version.is_some_and(|version| version >= FIRST_WITH_MARKS)
    }
}

//! Which of OpenAI's models take marks for the cache.

use crate::wire::Vendor;

/// The first of them (OpenAI's specification, `PromptCacheOptions`).
const FIRST: (u32, u32) = (5, 6);

/// Whether a model takes `prompt_cache_breakpoint`: others refuse the member. A model whose name tells no version takes none.
#[must_use]
pub fn takes_marks(vendor: Vendor, model: &str) -> bool {
    let name = model.rsplit_once('/').map_or(model, |(_, name)| name);
    let version = name.strip_prefix("gpt-").and_then(|rest| rest.split('-').next()).unwrap_or_default();
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    let version = major.parse().ok().zip(minor.parse().ok());
    vendor == Vendor::OpenAi && version.is_some_and(|version| version >= FIRST)
}

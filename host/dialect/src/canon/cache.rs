//! What a provider is to keep.

use super::{JsonText, RawMembers};

/// The provider is to keep what stands up to here in its cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheMark {
    /// For how long, in the wire's words, such as `5m`.
    pub ttl: Option<JsonText>,
    /// What only its wire has.
    pub extra: RawMembers,
}

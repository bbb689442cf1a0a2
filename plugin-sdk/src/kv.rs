//! A small key-value store of this plugin and tenant (WIT `kv`); no other plugin or tenant sees it, and it is not
//! durable. A plugin that uses it needs the grant `kv`. Times to live are in milliseconds; 0 is the operator's longest.

use crate::{HostError, host::kv as host};

/// Reads a value that has not expired.
#[must_use]
pub fn get(key: &str) -> Option<Vec<u8>> {
    host::get(key)
}

/// Writes a value.
///
/// # Errors
/// If the store's bounds are reached.
pub fn set(key: &str, value: &[u8], ttl_ms: u64) -> Result<(), HostError> {
    host::set(key, value, ttl_ms).map_err(HostError::new)
}

/// Adds to a number kept under a key (8 bytes, little endian; 0 if absent) in one step and answers the sum. The time to
/// live counts from the first write.
///
/// # Errors
/// If what is under the key is not such a number, or the store's bounds are reached.
pub fn increment(key: &str, by: i64, ttl_ms: u64) -> Result<i64, HostError> {
    host::increment(key, by, ttl_ms).map_err(HostError::new)
}

/// Removes a value; answers whether it was there.
pub fn delete(key: &str) -> bool {
    host::delete(key)
}

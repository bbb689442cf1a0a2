//! Notes of this plugin on this request (WIT `notes`): what must outlive a call, for instances do not stay with a
//! request. At most 16 notes and 16 KiB for each plugin and request; gone with the request.

use crate::{HostError, host::notes as host};

/// Reads a note.
#[must_use]
pub fn get(key: &str) -> Option<Vec<u8>> {
    host::get(key)
}

/// Writes a note.
///
/// # Errors
/// If the bounds are reached.
pub fn set(key: &str, value: &[u8]) -> Result<(), HostError> {
    host::set(key, value).map_err(HostError::new)
}

//! Random bytes, fit for keys (WIT `random`). A plugin that draws them needs the grant `random`.

use crate::host::random as host;

/// So many random bytes; 4,096 at most, what is asked beyond that is not answered.
#[must_use]
pub fn bytes(count: u32) -> Vec<u8> {
    host::bytes(count)
}

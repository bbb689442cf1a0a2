//! What a plugin may use for a call that can look at so many bytes.

use std::time::Duration;

use crate::plugin_limits::PluginLimits;

/// Bytes of the bodies at hand for each of which a call may make one more call of the host than it may anyway: no message that
/// a plugin might change is shorter.
const BYTES_PER_HOST_CALL: usize = 32;

impl PluginLimits {
    /// CPU time that the bytes are worth, beside what a call may use anyway.
    #[must_use]
    pub fn worth(&self, bytes: usize) -> Duration {
        let nanos = self.deadline_per_mib.as_nanos().saturating_mul(bytes as u128) >> 20;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// CPU time of such a call.
    #[must_use]
    pub fn deadline_for(&self, bytes: usize) -> Duration {
        self.deadline.saturating_add(self.worth(bytes))
    }

    /// Bytes of linear memory that the instance may have during it.
    #[must_use]
    pub fn memory_for(&self, bytes: usize) -> usize {
        let more = (self.memory_per_mib as u128).saturating_mul(bytes as u128) >> 20;
        self.memory.saturating_add(usize::try_from(more).unwrap_or(usize::MAX))
    }

    /// Calls of the host within it.
    #[must_use]
    pub fn host_calls_for(&self, bytes: usize) -> u32 {
        self.host_calls.saturating_add(u32::try_from(bytes / BYTES_PER_HOST_CALL).unwrap_or(u32::MAX))
    }
}

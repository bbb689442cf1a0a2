//! How long to wait between two attempts.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// Waits between attempts: exponential with full jitter, so that clients of a recovering upstream do not come back all
/// at once. One for each worker.
#[derive(Debug, Clone)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    random: u64,
}

impl Default for Backoff {
    /// From 100 ms up to 5 s.
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(5))
    }
}

impl Backoff {
    /// Waits of up to `base`, doubled with each retry, and never more than `cap`.
    #[must_use]
    pub fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, random: RandomState::new().hash_one(0_u8) }
    }

    /// How long to wait before retry number `retry` (the first is 1) of the same provider, which asked for `told`
    /// ([`retry_after`](super::retry_after)). `None` when it asked for more than the cap: ask somebody else, or give up and pass its wish on.
    pub fn delay(&mut self, retry: u32, told: Option<Duration>) -> Option<Duration> {
        if let Some(told) = told {
            return (told <= self.cap).then_some(told);
        }
        let doublings = retry.saturating_sub(1).min(31);
        let ceiling = self.base.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(self.cap);
        let nanos = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
        // The high half of the product is uniform in 0..nanos.
        let picked = (u128::from(self.next()) * u128::from(nanos)) >> 64;
        let wait = Duration::from_nanos(u64::try_from(picked).unwrap_or(nanos));
        debug_assert!(wait <= ceiling && ceiling <= self.cap, "nobody waits for longer than the cap");
        Some(wait)
    }

    /// SplitMix64 (Steele, Lea and Flood 2014): enough for spreading waits, not for secrets.
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests;

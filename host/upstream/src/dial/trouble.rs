//! What an operator should know of an upstream's TLS: counted by kind, and said in the library's words, though not often.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use weir_config::ProviderConfig;

use super::tls::{TLS_KINDS, TlsFailure};

/// The log speaks of one upstream's TLS no more often than this.
const SAY_AFTER: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(crate) struct TlsTrouble {
    counts: [AtomicU64; TLS_KINDS.len()],
    /// Whether the last handshake failed; looked at before the lock is taken.
    failing: AtomicBool,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    /// Why the last handshake failed, if it did.
    words: Option<String>,
    said: Option<Instant>,
    /// Failures since then that were not said.
    unsaid: u64,
}

impl TlsTrouble {
    pub(crate) fn failed(&self, provider: &ProviderConfig, failure: &TlsFailure) {
        if let Some(count) = self.counts.get(failure.kind as usize) {
            count.fetch_add(1, Relaxed);
        }
        self.failing.store(true, Relaxed);
        let (now, mut last) = (Instant::now(), self.last.lock().unwrap_or_else(PoisonError::into_inner));
        let mend = failure.mend(provider);
        last.words = Some(format!("{failure}; {mend}"));
        if last.said.is_some_and(|said| now.saturating_duration_since(said) < SAY_AFTER) {
            last.unsaid = last.unsaid.saturating_add(1);
            return;
        }
        let unsaid = std::mem::take(&mut last.unsaid);
        last.said = Some(now);
        drop(last);
        let (provider, kind) = (provider.name.as_str(), failure.kind());
        tracing::warn!(provider, kind, unsaid, "TLS with the provider is not agreed: {failure}; {mend}");
    }

    /// A handshake was good.
    pub(crate) fn passed(&self) {
        if self.failing.load(Relaxed) {
            self.failing.store(false, Relaxed);
            self.last.lock().unwrap_or_else(PoisonError::into_inner).words = None;
        }
    }

    /// Why the last handshake failed, if it did.
    pub(crate) fn words(&self) -> Option<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).words.clone()
    }

    /// How many handshakes failed, by kind.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        TLS_KINDS.into_iter().zip(self.counts.iter().map(|count| count.load(Relaxed)))
    }
}

//! What a provider that misbehaves is told to do, and what came to it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::request::Request;

/// One step of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// These bytes go out.
    Send(Bytes),
    /// Nothing, for so long.
    Wait(Duration),
    /// Nothing more, until the other side leaves or the provider is told to be well again.
    Hang,
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
}

/// What a request is answered with.
pub(crate) type Decide = dyn Fn(&Request) -> Vec<Act> + Send + Sync;

/// What a provider does with all that comes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProviderState {
    /// It answers as decided.
    Well,
    /// It takes requests and answers none.
    Hanging,
    /// Its connections are closed, and the system drops whoever wants to connect: SYNs stay without an answer.
    Deaf,
}

/// What came: every whole request, by its number.
#[derive(Debug, Default)]
pub(super) struct ProviderJournal(Mutex<Seen>);

#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How often each numbered request came.
    pub(super) attempts: HashMap<u32, u32>,
    /// All of them, those without a number included.
    pub(super) whole: u64,
    /// Connections that ended within a request.
    pub(super) broken: u64,
}

impl ProviderJournal {
    pub(super) fn lock(&self) -> MutexGuard<'_, Seen> {
        // Counts are as good after a panic as before it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a whole request; how often this number had come before.
    pub(super) fn note(&self, number: Option<u32>) -> u32 {
        let mut seen = self.lock();
        seen.whole += 1;
        let Some(number) = number else { return 0 };
        let attempts = seen.attempts.entry(number).or_default();
        *attempts += 1;
        *attempts - 1
    }

    pub(super) fn note_broken(&self) {
        self.lock().broken += 1;
    }
}

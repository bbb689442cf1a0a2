//! Providers that misbehave as they are told: each request is answered by a script of writes, pauses and breaks.
//!
//! Unlike the mock, which is fast and always well, these are there to hang, to break off and to stop listening. They
//! write bytes of their own, so that there is no fault that a library would refuse to make.

pub(crate) mod answer;
mod door;
mod request;
mod serve;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::sync::watch;

use crate::stamp::Numbers;
pub(crate) use request::Request;

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

/// A provider that runs on a thread of its own until the process ends.
#[derive(Debug, Clone)]
pub(crate) struct FakeProvider {
    pub(crate) address: SocketAddr,
    state: watch::Sender<ProviderState>,
    journal: Arc<Journal>,
}

/// What came: every whole request, by its number.
#[derive(Debug, Default)]
struct Journal(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// How often each numbered request came.
    attempts: HashMap<u32, u32>,
    /// All of them, those without a number included.
    whole: u64,
    /// Connections that ended within a request.
    broken: u64,
}

impl FakeProvider {
    /// A provider on a port of its own.
    ///
    /// # Errors
    /// No port is free.
    pub(crate) fn start(decide: impl Fn(&Request) -> Vec<Act> + Send + Sync + 'static) -> Result<Self> {
        let door = door::open(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).context("a provider has no port")?;
        let (state, watched) = watch::channel(ProviderState::Well);
        let provider = Self { address: door.local_addr()?, state, journal: Arc::default() };
        let (journal, decide): (_, Arc<Decide>) = (Arc::clone(&provider.journal), Arc::new(decide));
        thread::spawn(move || {
            if let Err(error) = serve::run(door, watched, &journal, &decide) {
                eprintln!("a provider has died: {error:#}");
            }
        });
        Ok(provider)
    }

    /// Changes what it does with all that comes from now on; what hangs goes on when it is well again.
    pub(crate) fn turn(&self, state: ProviderState) {
        self.state.send_replace(state);
    }

    /// Whole requests that came.
    pub(crate) fn seen(&self) -> u64 {
        self.journal.lock().whole
    }

    /// The numbers of those that have one.
    pub(crate) fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::default();
        for number in self.journal.lock().attempts.keys() {
            numbers.insert(*number);
        }
        numbers
    }

    /// The most that one numbered request came.
    pub(crate) fn most_attempts(&self) -> u32 {
        self.journal.lock().attempts.values().copied().max().unwrap_or_default()
    }

    /// Connections that ended within a request.
    pub(crate) fn broken(&self) -> u64 {
        self.journal.lock().broken
    }
}

impl Journal {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        // Counts are as good after a panic as before it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a whole request; how often this number had come before.
    fn note(&self, number: Option<u32>) -> u32 {
        let mut seen = self.lock();
        seen.whole += 1;
        let Some(number) = number else { return 0 };
        let attempts = seen.attempts.entry(number).or_default();
        *attempts += 1;
        *attempts - 1
    }

    fn note_broken(&self) {
        self.lock().broken += 1;
    }
}

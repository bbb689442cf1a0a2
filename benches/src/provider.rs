//! Providers that misbehave as they are told: each request is answered by a script of writes, pauses and breaks.
//!
//! Unlike the mock, which is fast and always well, these are there to hang, to break off and to stop listening. They
//! write bytes of their own, so that there is no fault that a library would refuse to make.

pub(crate) mod answer;
mod door;
mod request;
mod serve;
mod state;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;

use anyhow::{Context as _, Result};
use tokio::sync::watch;

use crate::stamp::Numbers;
use state::{Decide, ProviderJournal};

pub(crate) use request::Request;
pub(crate) use state::{Act, ProviderState};

/// A provider that runs on a thread of its own until the process ends.
#[derive(Debug, Clone)]
pub(crate) struct FakeProvider {
    pub(crate) address: SocketAddr,
    state: watch::Sender<ProviderState>,
    journal: Arc<ProviderJournal>,
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

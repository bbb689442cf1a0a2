//! How long the client of a stream is waited for. The stream's future is not polled meanwhile, and may be dropped: so who
//! settles the request looks for itself.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The time, as both the connection and the request see it.
#[derive(Debug, Clone, Default)]
pub struct ClientWait {
    shared: Rc<Times>,
}

#[derive(Debug, Default)]
struct Times {
    /// What nobody has taken yet.
    waited: Cell<Duration>,
    /// It is waited for now.
    since: Cell<Option<Instant>>,
}

impl ClientWait {
    /// It is waited for from this time on, unless it was before.
    pub(crate) fn begin(&self, since: Instant) {
        self.shared.since.set(self.shared.since.get().or(Some(since)));
    }

    /// It is waited for no longer. Asks for the time only if it was.
    pub(crate) fn end(&self) {
        let Times { waited, since } = &*self.shared;
        if let Some(since) = since.take() {
            waited.set(waited.get() + since.elapsed());
        }
    }

    /// How long it was waited for since somebody asked last, the wait at hand included.
    #[must_use]
    pub fn take(&self) -> Duration {
        let Times { waited, since } = &*self.shared;
        if let Some(begun) = since.get() {
            let now = Instant::now();
            since.set(Some(now));
            waited.set(waited.get() + now.saturating_duration_since(begun));
        }
        waited.take()
    }
}

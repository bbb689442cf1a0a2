//! What a request waits for: none of it is the gateway's own share of the time.

use std::time::{Duration, Instant};

/// Who is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitedFor {
    /// The client: for the rest of its body, or until it has taken the answer.
    Client,
    /// An upstream: for a connection, for its answer, until it is asked again.
    Upstream,
}

/// What a request has waited for, and waits for now.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    client: Duration,
    upstream: Duration,
    callout: Duration,
    now: Option<(WaitedFor, Instant)>,
}

impl Waits {
    /// The words for what is waited for, in the order of [`each`](Self::each).
    pub(crate) const NAMES: [&str; 3] = ["client", "upstream", "callout"];

    /// Waits since then, unless it waits already, and until [`end`](Self::end).
    pub(crate) fn begin(&mut self, wait: WaitedFor, since: Instant) {
        self.now.get_or_insert((wait, since));
    }

    /// The wait is over, if there was one. Asks for the time only then.
    pub(crate) fn end(&mut self) {
        if self.now.is_some() {
            self.end_at(Instant::now());
        }
    }

    /// The wait was over at this time, if there was one.
    pub(crate) fn end_at(&mut self, end: Instant) {
        if let Some((wait, since)) = self.now.take() {
            self.add(wait, end.saturating_duration_since(since));
        }
    }

    /// Of the wait that is going on, so much was somebody else's.
    pub(crate) fn put_off(&mut self, time: Duration) {
        if let Some((_, since)) = &mut self.now {
            *since += time;
        }
    }

    /// Adds what somebody else has measured.
    pub(crate) fn add(&mut self, wait: WaitedFor, time: Duration) {
        match wait {
            WaitedFor::Client => self.client += time,
            WaitedFor::Upstream => self.upstream += time,
        }
    }

    /// Sets how long its plugins have waited for what they asked over the network.
    pub(crate) fn set_callouts(&mut self, time: Duration) {
        self.callout = time;
    }

    /// All that has been waited for.
    pub(crate) fn each(&self) -> [Duration; 3] {
        [self.client, self.upstream, self.callout]
    }

    /// The sum of it.
    pub(crate) fn sum(&self) -> Duration {
        self.client + self.upstream + self.callout
    }
}

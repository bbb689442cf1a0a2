//! What a request waits for: none of it is the gateway's own share of the time.

use std::time::{Duration, Instant};
use weir_server::ClientWait;

/// Who is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitedFor {
    /// The client: for the rest of its body, or until it has taken the answer.
    Client,
    /// An upstream: for a connection, for its answer, until it is asked again.
    Upstream,
}

/// What a request has waited for, and waits for now. What is to be counted is [`close`](Self::close)'s to say: so no request
/// ends with a wait left open.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    client: Duration,
    upstream: Duration,
    callout: Duration,
    now: Option<(WaitedFor, Instant)>,
    /// Where the client of a stream is waited for.
    stream: Option<ClientWait>,
}

/// All that a request has waited for, from its beginning to its end.
#[derive(Debug)]
pub(crate) struct AllWaits([Duration; 3]);

impl Waits {
    /// The words for what is waited for, in the order of [`AllWaits::each`].
    pub(crate) const NAMES: [&str; 3] = ["client", "upstream", "callout"];

    /// Waits for this since then, and for nothing else any more.
    pub(crate) fn turn_to(&mut self, wait: WaitedFor, since: Instant) {
        if self.now.is_none_or(|(at_hand, _)| at_hand != wait) {
            self.add_streams();
            self.end_at(since);
            self.begin(wait, since);
        }
    }

    /// From here on the client takes a stream.
    pub(crate) fn follow(&mut self, stream: ClientWait) {
        self.stream = Some(stream);
    }

    /// Adds what the client of a stream was waited for since this was asked last: nothing else was meanwhile.
    pub(crate) fn add_streams(&mut self) {
        let client = self.stream.as_ref().map(ClientWait::take).unwrap_or_default();
        if !client.is_zero() {
            self.put_off(client);
            self.add(WaitedFor::Client, client);
        }
    }

    /// What was waited for is what somebody else has noted, and not from [`begin`](Self::begin) on.
    pub(crate) fn take_over(&mut self, other: Self) {
        self.now = None;
        self.client += other.client;
        self.upstream += other.upstream;
    }

    /// The request is over at this time, and with it whatever is waited for.
    pub(crate) fn close(mut self, end: Instant) -> AllWaits {
        self.add_streams();
        self.end_at(end);
        AllWaits([self.client, self.upstream, self.callout])
    }

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
    fn put_off(&mut self, time: Duration) {
        if let Some((_, since)) = &mut self.now {
            *since += time;
        }
    }

    fn add(&mut self, wait: WaitedFor, time: Duration) {
        match wait {
            WaitedFor::Client => self.client += time,
            WaitedFor::Upstream => self.upstream += time,
        }
    }

    /// Sets how long its plugins have waited for what they asked over the network.
    pub(crate) fn set_callouts(&mut self, time: Duration) {
        self.callout = time;
    }
}

impl AllWaits {
    /// Each of them, in the order of [`Waits::NAMES`].
    pub(crate) fn each(&self) -> [Duration; 3] {
        self.0
    }

    /// The sum of it.
    pub(crate) fn sum(&self) -> Duration {
        self.0.iter().sum()
    }
}

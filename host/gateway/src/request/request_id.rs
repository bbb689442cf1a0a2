//! Ids of requests: one of the gateway's own for each, and beside it the one that the client gave.
//!
//! Ours is a UUID of version 7 (RFC 9562 section 5.7): 48 bits of milliseconds since 1970, 12 that count within the
//! millisecond, 62 random ones. So ids sort by time, those of one worker in the order in which its requests came, and do not
//! repeat: the first 60 bits only ever grow on a worker, and the others are drawn anew for each worker and start. A worker
//! that makes more than 4,096 in a millisecond counts on in the next one (section 6.2). Neither a clock is read for an id
//! nor the system asked for anything: the moment is that at which the journey began.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use http::{HeaderMap, HeaderName, HeaderValue};
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use weir_http::hex;

/// The header that carries ours: in answers, and to upstreams. Libraries show it as the request's id.
const NAME: &str = "x-request-id";
/// The same, as a map knows it.
pub(crate) const HEADER: HeaderName = HeaderName::from_static(NAME);
/// The header that carries the client's in answers, and may carry it in requests; what a client or a proxy of its own
/// says in `x-request-id` is taken where it is missing.
const CLIENTS_NAME: &str = "x-client-request-id";

/// Longest id that is taken from a client.
const LONGEST: usize = 128;
/// Letters of ours.
const LENGTH: usize = 36;

/// The ids of one request.
#[derive(Debug, Clone)]
pub(crate) struct RequestId {
    own: Arc<str>,
    clients: Option<Arc<str>>,
}

impl RequestId {
    /// The gateway's.
    pub(crate) fn as_str(&self) -> &str {
        &self.own
    }

    /// The gateway's, shared.
    pub(crate) fn own(&self) -> Arc<str> {
        Arc::clone(&self.own)
    }

    /// The gateway's as a number of 128 bits.
    pub(crate) fn number(&self) -> u128 {
        let digits = self.own.bytes().filter_map(|digit| char::from(digit).to_digit(16));
        digits.fold(0, |number, digit| number << 4 | u128::from(digit))
    }

    /// The client's: visible ASCII.
    pub(crate) fn clients(&self) -> Option<&str> {
        self.clients.as_deref()
    }

    /// Gives the headers by which an answer says them.
    pub(crate) fn each(&self, mut put: impl FnMut(&'static str, &[u8])) {
        put(NAME, self.own.as_bytes());
        if let Some(clients) = &self.clients {
            put(CLIENTS_NAME, clients.as_bytes());
        }
    }
}

/// Makes ids on one worker.
#[derive(Debug)]
pub(crate) struct Ids {
    /// A moment on the clock that journeys are timed by, and the time since 1970 that it was then.
    clocks: Cell<(Instant, Duration)>,
    /// The first 60 bits of the latest id.
    last: Cell<u64>,
    /// What every id of this worker looks like, but for those 60 bits.
    shape: [u8; LENGTH],
}

impl Ids {
    pub(crate) fn new() -> Self {
        let mut random = [0; 8];
        // Without the system's randomness the hasher's own seed will do: ids are no secrets.
        let tail = match getrandom::fill(&mut random) {
            Ok(()) => u64::from_le_bytes(random),
            Err(_) => RandomState::new().hash_one(0_u8),
        };
        let mut shape = *b"00000000-0000-7000-8000-000000000000";
        // The variant takes the two highest bits (section 4.1).
        let tail = tail & (u64::MAX >> 2) | 1 << 63;
        hex::fill(shape.get_mut(19..23).unwrap_or_default(), tail >> 48);
        hex::fill(shape.get_mut(24..).unwrap_or_default(), tail);
        let ids = Self { clocks: Cell::new((Instant::now(), Duration::ZERO)), last: Cell::new(0), shape };
        ids.look_at_clock();
        ids
    }

    /// Compares the two clocks anew: the system's may have been set. For a timer.
    pub(crate) fn look_at_clock(&self) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.clocks.set((Instant::now(), since));
    }

    /// The ids of a request with these headers that began at this moment.
    pub(crate) fn of(&self, headers: &HeaderMap, began: Instant) -> RequestId {
        let (mut of_client, mut of_request) = (None, None);
        // One look at each name is cheaper than looking for two names. Of a header that came twice the first counts.
        for (name, value) in headers {
            let place = match name.as_str() {
                CLIENTS_NAME => &mut of_client,
                NAME => &mut of_request,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        let fit = |id: Option<&HeaderValue>| {
            id.filter(|id| is_fit(id.as_bytes())).and_then(|id| id.to_str().ok()).map(Arc::from)
        };
        RequestId { own: self.next(began), clients: fit(of_client).or_else(|| fit(of_request)) }
    }

    fn next(&self, began: Instant) -> Arc<str> {
        let (then, since) = self.clocks.get();
        let since = match began.checked_duration_since(then) {
            Some(later) => since + later,
            None => since.saturating_sub(then.saturating_duration_since(began)),
        };
        let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let number = (ms << 12).max(self.last.get() + 1);
        debug_assert!(number > self.last.get(), "the first 60 bits only ever grow");
        self.last.set(number);
        let mut text = self.shape;
        hex::fill(text.get_mut(..8).unwrap_or_default(), number >> 28);
        hex::fill(text.get_mut(9..13).unwrap_or_default(), number >> 12);
        hex::fill(text.get_mut(15..18).unwrap_or_default(), number);
        std::str::from_utf8(&text).unwrap_or_default().into()
    }
}

/// Whether a client's id may be logged and said again.
fn is_fit(id: &[u8]) -> bool {
    !id.is_empty() && id.len() <= LONGEST && id.iter().all(u8::is_ascii_graphic)
}

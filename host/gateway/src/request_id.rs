//! The id of a request: the client's own if it is fit to be logged, else one that no other request has.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// The header that carries it, in both directions.
pub(crate) const NAME: &str = "x-request-id";
/// The same, as a map knows it.
pub(crate) const HEADER: http::HeaderName = http::HeaderName::from_static(NAME);

/// Length of what an id begins with.
const PREFIX: usize = 20;

/// Longest id that is taken from a client.
const LONGEST: usize = 128;

/// Makes ids on one worker: 64 random bits that tell workers and starts apart, and a count.
#[derive(Debug)]
pub(crate) struct Ids {
    /// What every id of this worker begins with: `req-` and 16 digits.
    prefix: [u8; PREFIX],
    count: Cell<u64>,
}

impl Ids {
    pub(crate) fn new() -> Self {
        let mut random = [0; 8];
        // Without the system's randomness the hasher's own seed will do: ids are no secrets.
        let prefix = match getrandom::fill(&mut random) {
            Ok(()) => u64::from_le_bytes(random),
            Err(_) => RandomState::new().hash_one(0_u8),
        };
        let mut text = *b"req-0000000000000000";
        hex(text.get_mut(4..).unwrap_or_default(), prefix);
        Self { prefix: text, count: Cell::new(0) }
    }

    /// The id of a request with these headers.
    pub(crate) fn of(&self, headers: &http::HeaderMap) -> Arc<str> {
        let theirs = headers.get(HEADER).and_then(|v| v.to_str().ok());
        if let Some(id) =
            theirs.filter(|id| !id.is_empty() && id.len() <= LONGEST && id.bytes().all(|b| b.is_ascii_graphic()))
        {
            return id.into();
        }
        let count = self.count.get();
        self.count.set(count.wrapping_add(1));
        let mut text = [b'0'; PREFIX + 8];
        let (prefix, number) = text.split_at_mut(PREFIX);
        prefix.copy_from_slice(&self.prefix);
        hex(number, count);
        std::str::from_utf8(&text).unwrap_or_default().into()
    }
}

/// Writes the low digits of a number, as many as there is room for.
fn hex(room: &mut [u8], mut number: u64) {
    for digit in room.iter_mut().rev() {
        *digit = b"0123456789abcdef".get((number & 15) as usize).copied().unwrap_or(b'0');
        number >>= 4;
    }
}

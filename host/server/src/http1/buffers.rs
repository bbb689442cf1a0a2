//! What the client connections of a worker have in common: the block that is read into and the buffer that answers are
//! written in. A connection that waits holds neither.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use httpdate::HttpDate;
use weir_net::ReadBuffers;

/// The last second that an HTTP date can say: the end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;
/// What the buffer for answers keeps.
const ANSWER: usize = 64 * 1024;

/// The buffers of a worker, and the date that its answers carry.
#[derive(Default)]
pub(crate) struct ServerBuffers {
    /// What is read into.
    pub(crate) reads: ReadBuffers,
    answer: Cell<Vec<u8>>,
    /// The second that it says, and its text.
    date: RefCell<(u64, String)>,
}

impl fmt::Debug for ServerBuffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuffers").finish_non_exhaustive()
    }
}

impl ServerBuffers {
    /// Lends an empty buffer for an answer.
    pub(super) fn with_answer<T>(&self, work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let mut answer = self.answer.take();
        answer.clear();
        let done = work(&mut answer);
        self.answer.set(answer);
        done
    }

    /// Writes the date of this second.
    pub(super) fn put_date(&self, out: &mut Vec<u8>) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut date = self.date.borrow_mut();
        if date.0 != now || date.1.is_empty() {
            date.0 = now;
            date.1.clear();
            // A string takes everything.
            let _ = write!(date.1, "{}", http_date(now));
        }
        out.extend_from_slice(date.1.as_bytes());
    }

    /// Lets go of what only unusually large messages needed. To be called now and then.
    pub(crate) fn trim(&self) {
        self.reads.trim();
        let mut answer = self.answer.take();
        answer.shrink_to(ANSWER);
        self.answer.set(answer);
    }
}

/// The date so many seconds after 1970 began (RFC 9110 section 5.6.7).
fn http_date(seconds: u64) -> HttpDate {
    HttpDate::from(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND)))
}

#[cfg(test)]
mod tests;

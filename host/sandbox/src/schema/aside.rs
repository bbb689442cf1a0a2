//! A thread for judging a schema, with room for its recursion. It cannot be ended; whoever waits for it can give it up, and
//! while too many that were given up are still at it, no other begins.

use crate::error::LoadError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// How long a schema may take. What is reckoned beforehand takes a fraction of it on any machine.
const DEADLINE: Duration = Duration::from_secs(10);
/// Schemas that may be at it at once.
const MOST: usize = 3;
/// Bytes of the thread's stack; only what is used of it is memory.
const STACK: usize = 32 << 20;

static AT_WORK: AtomicUsize = AtomicUsize::new(0);

/// One that is at work, until it ends or breaks off.
struct Work;

impl Work {
    fn begin() -> Option<Self> {
        let more = |now: usize| (now < MOST).then_some(now + 1);
        AT_WORK.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok().map(|_| Self)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        AT_WORK.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Does the work on a thread of its own, and waits no longer than [`DEADLINE`] for it.
pub(super) fn in_time(work: impl FnOnce() -> Result<(), LoadError> + Send + 'static) -> Result<(), LoadError> {
    let bad = |why: String| Err(LoadError::BadSchema(why));
    let Some(begun) = Work::begin() else { return bad("others that do not come to an end are still at it".to_owned()) };
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::Builder::new().name("weir-schema".to_owned()).stack_size(STACK);
    let started = thread.spawn(move || {
        let _begun = begun;
        let _ = sender.send(work());
    });
    if let Err(why) = started {
        return bad(format!("there is no thread for it: {why}"));
    }
    match receiver.recv_timeout(DEADLINE) {
        Ok(done) => done,
        Err(RecvTimeoutError::Timeout) => bad(format!("it takes longer than {} s", DEADLINE.as_secs())),
        Err(RecvTimeoutError::Disconnected) => bad("judging it broke off".to_owned()),
    }
}

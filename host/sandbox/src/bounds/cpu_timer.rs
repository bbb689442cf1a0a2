//! What a guest is charged for its polls, and when it is cut off.

use crate::bounds::yielding::YielderPool;
use crate::error::Fault;
use crate::tenant::TenantId;
use nix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::{Duration, Instant};

/// CPU time of one call: what its polls take, with what comes before and after the guest in them. Waiting between polls
/// does not count.
///
/// Most calls are one poll, and that one is timed by the cheap clock, which goes on while the system runs something else. A
/// guest that comes back is timed by its thread's own clock: nobody is cut off for what others did.
#[derive(Debug, Default)]
pub(crate) struct CpuTimer {
    /// Of the polls that have ended.
    pub(crate) cpu: Duration,
    /// Of these, what was used after the guest had given way for the first time.
    sure: Duration,
    pub(crate) polls: u64,
    /// When the poll at hand began; none while the call waits.
    since: Option<Instant>,
    /// The guest had come back then.
    again: bool,
    /// What the thread's own clock showed then, if the guest had come back.
    thread: Option<Duration>,
}

/// CPU time of this thread so far.
fn thread_time() -> Option<Duration> {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).ok().map(Duration::from)
}

impl CpuTimer {
    /// A call that begins now.
    pub(crate) fn begin() -> Self {
        Self { since: Some(Instant::now()), ..Self::default() }
    }

    /// When the poll at hand began: now, if it did not begin before.
    pub(crate) fn resume(&mut self) -> Instant {
        if self.since.is_none() && self.polls > 0 {
            (self.again, self.thread) = (true, thread_time());
        }
        *self.since.get_or_insert_with(Instant::now)
    }

    /// Ends the poll at hand, if one is under way; answers the time.
    pub(crate) fn pause(&mut self) -> Instant {
        let now = Instant::now();
        if let Some(since) = self.since.take() {
            let own = self.thread.take().and_then(|before| Some(thread_time()?.saturating_sub(before)));
            let took = own.unwrap_or_else(|| now.saturating_duration_since(since));
            self.cpu += took;
            if self.again {
                self.sure += took;
            }
        }
        now
    }
}

thread_local! {
    /// When the poll at hand began, on this thread.
    static RESUMED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// How long the guest at hand has run since it last gave way.
pub(crate) fn since_resumed() -> Duration {
    RESUMED.get().map_or(Duration::ZERO, |start| start.elapsed())
}

/// CPU time for instantiation and `init` together; more than a call's, for guests build their tables there.
pub(crate) const START: Duration = Duration::from_secs(2);

/// Runs a guest, adds up what its polls take, and ends it when that is more than `limit`. The last poll goes on when this
/// is done: what the host does with the answer is part of the call.
///
/// What counts is the time that the thread has really used: one host call or one filling of memory can last many slices.
/// The first poll is bounded by its slice, and does not count.
pub(crate) async fn metered<F: Future>(
    mut guest: Pin<&mut F>,
    limit: Duration,
    (yielders, tenant): (&Rc<YielderPool>, TenantId),
    spent: &mut CpuTimer,
) -> Result<F::Output, Fault> {
    let mut yielder = yielders.lend(tenant);
    let limit = spent.sure + limit;
    poll_fn(|cx| {
        ready!(yielder.poll_open(cx));
        RESUMED.set(Some(spent.resume()));
        spent.polls += 1;
        if let Poll::Ready(done) = yielder.poll(guest.as_mut(), cx) {
            return Poll::Ready(Ok(done));
        }
        spent.pause();
        if spent.sure > limit { Poll::Ready(Err(Fault::Deadline)) } else { Poll::Pending }
    })
    .await
}

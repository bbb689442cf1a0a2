//! Timers that keep the moment to some ten microseconds.
//!
//! tokio's own fire on whole milliseconds: a delay of 60 ms takes 61 to 62, events of many streams leave in one burst,
//! and an arrival every 200 µs becomes five at once. Here one `timerfd` for each thread is set to the next deadline.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd, RawFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};
use tokio::io::unix::AsyncFd;

/// The timers of one thread.
#[derive(Debug, Clone)]
pub(crate) struct Clock(Rc<Timers>);

#[derive(Debug)]
struct Timers {
    timer: AsyncFd<Alarm>,
    /// Who waits for when; the number tells those of the same moment apart.
    waiting: RefCell<BTreeMap<Key, Waker>>,
    next: Cell<u64>,
}

type Key = (Instant, u64);

/// The system's timer, as tokio wants to have it.
#[derive(Debug)]
struct Alarm(TimerFd);

impl AsRawFd for Alarm {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Clock {
    /// Starts the timers of this thread's runtime, which must be a `LocalRuntime`.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub(crate) fn start() -> io::Result<Self> {
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        #[expect(
            deprecated,
            reason = "what replaces it is `unsafe`, for types whose descriptor may change: not so here"
        )]
        let timer = AsyncFd::new(Alarm(timer))?;
        let clock = Self(Rc::new(Timers { timer, waiting: RefCell::default(), next: Cell::new(0) }));
        tokio::task::spawn_local(Rc::clone(&clock.0).run());
        Ok(clock)
    }

    /// Waits until `deadline`; not at all if that is past.
    pub(crate) fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { timers: Rc::clone(&self.0), deadline, key: None }
    }
}

impl Timers {
    async fn run(self: Rc<Self>) {
        // It fails only when the runtime ends.
        while let Ok(mut fired) = self.timer.readable().await {
            // Setting the timer anew takes its count back, so nothing has to be read.
            fired.clear_ready();
            self.wake_due();
        }
    }

    fn wake_due(&self) {
        let now = Instant::now();
        let mut waiting = self.waiting.borrow_mut();
        while let Some(first) = waiting.first_entry().filter(|first| first.key().0 <= now) {
            first.remove().wake();
        }
        if let Some((deadline, _)) = waiting.keys().next() {
            self.set(*deadline, now);
        }
    }

    fn set(&self, deadline: Instant, now: Instant) {
        // Nought would switch it off.
        let left = deadline.saturating_duration_since(now).max(Duration::from_nanos(1));
        let once = Expiration::OneShot(TimeSpec::from_duration(left));
        // Valid times on an open timer cannot be refused.
        let _set = self.timer.get_ref().0.set(once, TimerSetTimeFlags::empty());
    }
}

/// A wait for a moment.
#[derive(Debug)]
pub(crate) struct Sleep {
    timers: Rc<Timers>,
    deadline: Instant,
    key: Option<Key>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.get_mut();
        let timers = &sleep.timers;
        let mut waiting = timers.waiting.borrow_mut();
        if let Some(key) = sleep.key {
            return match waiting.get_mut(&key) {
                Some(waker) => {
                    waker.clone_from(cx.waker());
                    Poll::Pending
                }
                None => Poll::Ready(()),
            };
        }
        let now = Instant::now();
        if sleep.deadline <= now {
            return Poll::Ready(());
        }
        let key = (sleep.deadline, timers.next.get());
        timers.next.set(key.1.wrapping_add(1));
        sleep.key = Some(key);
        waiting.insert(key, cx.waker().clone());
        if waiting.keys().next() == Some(&key) {
            timers.set(sleep.deadline, now);
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.timers.waiting.borrow_mut().remove(key);
        }
    }
}

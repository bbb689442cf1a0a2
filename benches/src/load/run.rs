//! Where a run stands, seen by every user.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::LoadArgs;
use crate::stamp::RequestStamp;

/// One run of the load.
#[derive(Debug)]
pub(super) struct LoadRun {
    /// What its requests are stamped with.
    pub(super) number: u32,
    pub(super) start: Instant,
    /// In an open loop, what is due when.
    schedule: Option<Schedule>,
    warmup: Duration,
    measuring: AtomicBool,
    over: AtomicBool,
    /// Stamps given out.
    stamps: AtomicU32,
    /// Measured requests that are still wanted.
    left: AtomicU64,
    enough: SyncSender<()>,
}

/// The arrivals of an open loop: the n-th is due n times the interval after the start.
#[derive(Debug)]
struct Schedule {
    rate: u32,
    taken: AtomicU64,
    from: Instant,
    until: Instant,
}

impl LoadRun {
    /// A run that starts now; the receiver gets a word when it has measured as many requests as are wanted.
    pub(super) fn new(args: &LoadArgs, number: u32) -> (Self, Receiver<()>) {
        let (enough, wait) = sync_channel(1);
        let start = Instant::now();
        let from = start + args.warmup;
        let schedule = |rate| Schedule { rate, taken: 0.into(), from, until: from + args.duration };
        let run = Self {
            number,
            start,
            schedule: args.rate.map(schedule),
            warmup: args.warmup,
            measuring: false.into(),
            over: false.into(),
            stamps: 0.into(),
            left: args.requests.into(),
            enough,
        };
        (run, wait)
    }

    pub(super) fn is_open(&self) -> bool {
        self.schedule.is_some()
    }

    /// When the next request of an open loop is due; none when there is nothing left to ask. In a closed loop: now.
    pub(super) fn next(&self) -> Option<Due> {
        if self.is_over() {
            return None;
        }
        let Some(schedule) = &self.schedule else { return Some(Due::Now) };
        let due = self.start + nth(schedule.taken.fetch_add(1, Relaxed), schedule.rate);
        (due < schedule.until).then_some(Due::At(due))
    }

    /// A user begins when its turn has come: one after the other, in the first half of the warm-up.
    pub(super) fn turn(&self, user: u32, users: u32) -> Instant {
        match self.schedule {
            Some(_) => self.start,
            None => {
                self.start + self.warmup.min(Duration::from_secs(2)).mul_f64(0.5 * f64::from(user) / f64::from(users))
            }
        }
    }

    pub(super) fn stamp(&self) -> RequestStamp {
        RequestStamp { run: self.number, number: self.stamps.fetch_add(1, Relaxed) }
    }

    pub(super) fn stamps(&self) -> u32 {
        self.stamps.load(Relaxed)
    }

    /// Whether a request that has just ended is one of those that are measured: in a closed loop those that end in the
    /// measured time, in an open one those that were due in it.
    pub(super) fn counts(&self, due: Due) -> bool {
        let in_time = match (due, &self.schedule) {
            (Due::At(due), Some(schedule)) => due >= schedule.from && due < schedule.until,
            _ => self.measuring.load(Relaxed),
        };
        if !in_time {
            return false;
        }
        match self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) {
            Ok(1) => {
                self.end();
                // The channel holds one message, and this is the only one.
                let _sent = self.enough.try_send(());
                true
            }
            counted => counted.is_ok(),
        }
    }

    pub(super) fn measure(&self, on: bool) {
        self.measuring.store(on, Relaxed);
    }

    pub(super) fn end(&self) {
        self.over.store(true, Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    /// In an open loop, how many requests were due in the measured time up to `end`.
    pub(super) fn due(&self, end: Instant) -> Option<u64> {
        let schedule = self.schedule.as_ref()?;
        let before = |moment: Instant| {
            let nanos = moment.saturating_duration_since(self.start).as_nanos() * u128::from(schedule.rate);
            u64::try_from(nanos.div_ceil(1_000_000_000)).unwrap_or(u64::MAX)
        };
        Some(before(end.min(schedule.until)).saturating_sub(before(schedule.from)))
    }
}

/// When a request has to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Now,
    At(Instant),
}

/// How long after the start the n-th request of a rate is due.
fn nth(number: u64, rate: u32) -> Duration {
    let nanos = u128::from(number) * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn args() -> LoadArgs {
        LoadArgs { warmup: Duration::from_secs(1), duration: Duration::from_secs(2), ..LoadArgs::to("") }
    }

    #[test]
    fn exactly_as_many_requests_are_counted_as_wanted() {
        let (run, enough) = LoadRun::new(&LoadArgs { requests: 3, ..args() }, 0);
        assert!(!run.counts(Due::Now), "not yet measuring");
        run.measure(true);
        assert_eq!((0..9).filter(|_| run.counts(Due::Now)).count(), 3);
        assert!(run.is_over() && enough.try_recv().is_ok());
        assert_eq!(run.next(), None);
    }

    #[test]
    fn arrivals_are_evenly_spaced_and_end_with_the_measured_time() {
        let (run, _enough) = LoadRun::new(&LoadArgs { rate: Some(3), ..args() }, 0);
        let due: Vec<_> = std::iter::from_fn(|| run.next()).collect();
        assert_eq!(due.len(), 9, "three seconds of three");
        assert_eq!(due.get(4), Some(&Due::At(run.start + Duration::from_nanos(1_333_333_333))));
        let measured = due.iter().filter(|due| run.counts(**due)).count();
        assert_eq!(measured, 6, "the second and the third second");
        assert_eq!(run.due(run.start + Duration::from_secs(60)), Some(6));
        assert_eq!(run.due(run.start + Duration::from_secs(2)), Some(3));
        assert_eq!(run.due(run.start), Some(0));
    }

    #[test]
    fn users_of_a_closed_loop_begin_one_after_the_other_in_half_the_warm_up() {
        let (run, _enough) = LoadRun::new(&args(), 0);
        assert_eq!(run.turn(0, 10), run.start);
        assert_eq!(run.turn(5, 10), run.start + Duration::from_millis(250));
        let (run, _enough) = LoadRun::new(&LoadArgs { rate: Some(1), ..args() }, 0);
        assert_eq!(run.turn(5, 10), run.start);
        assert_eq!(run.due(run.start), Some(0));
    }
}

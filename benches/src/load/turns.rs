//! Who sends what in an open loop: one task keeps the time, and hands each request that is due to a user who is free.
//!
//! It takes the user who has been free for the shortest time, so that no more connections are used than the other side's
//! pace makes necessary. Where nobody is free, the next to become so takes what has been due longest.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Instant;

use super::run::{Due, LoadRun};
use crate::clock::Clock;

/// Requests that are due and users who are free: never both.
#[derive(Debug, Default)]
pub(super) struct UserTurns {
    due: RefCell<VecDeque<Instant>>,
    free: RefCell<Vec<Rc<FreeUser>>>,
    over: Cell<bool>,
}

/// Where a free user waits.
#[derive(Debug, Default)]
pub(super) struct FreeUser {
    due: Cell<Option<Instant>>,
    waker: RefCell<Option<Waker>>,
}

impl UserTurns {
    /// Keeps the time until nothing is left to be sent.
    pub(super) async fn keep(&self, run: &LoadRun, clock: &Clock) {
        while let Some(Due::At(due)) = run.next() {
            clock.sleep_until(due).await;
            self.give(due);
        }
        self.over.set(true);
        for seat in self.free.borrow_mut().drain(..) {
            seat.wake();
        }
    }

    fn give(&self, due: Instant) {
        match self.free.borrow_mut().pop() {
            Some(seat) => {
                seat.due.set(Some(due));
                seat.wake();
            }
            None => self.due.borrow_mut().push_back(due),
        }
    }

    /// The next request that a user has to send; none when the run is over.
    pub(super) async fn take(&self, seat: &Rc<FreeUser>, run: &LoadRun) -> Option<Instant> {
        if run.is_over() {
            return None;
        }
        if let Some(due) = self.due.borrow_mut().pop_front() {
            return Some(due);
        }
        if self.over.get() {
            return None;
        }
        self.free.borrow_mut().push(Rc::clone(seat));
        poll_fn(|cx| match (seat.due.take(), self.over.get()) {
            (Some(due), _) => Poll::Ready(Some(due)),
            (None, true) => Poll::Ready(None),
            (None, false) => {
                *seat.waker.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        })
        .await
    }
}

impl FreeUser {
    fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::time::Duration;

    use tokio::runtime::LocalRuntime;

    use super::*;
    use crate::load::LoadArgs;

    /// A user who takes `every` for each request; how many requests it had.
    async fn user(turns: Rc<UserTurns>, run: Rc<LoadRun>, clock: Clock, every: Duration) -> u32 {
        let (seat, mut had) = (Rc::default(), 0);
        while let Some(due) = turns.take(&seat, &run).await {
            assert!(Instant::now() >= due, "never early");
            had += 1;
            clock.sleep_until(Instant::now() + every).await;
        }
        had
    }

    fn shares(users: usize, every: Duration) -> Vec<u32> {
        let runtime = LocalRuntime::new().unwrap();
        runtime.block_on(async {
            let args = LoadArgs {
                rate: Some(1_000),
                warmup: Duration::ZERO,
                duration: Duration::from_millis(100),
                ..LoadArgs::to("http://127.0.0.1:1")
            };
            let (run, _enough) = LoadRun::new(&args, 0);
            let (run, turns, clock) = (Rc::new(run), Rc::new(UserTurns::default()), Clock::start().unwrap());
            let users: Vec<_> = (0..users)
                .map(|_| tokio::task::spawn_local(user(Rc::clone(&turns), Rc::clone(&run), clock.clone(), every)))
                .collect();
            turns.keep(&run, &clock).await;
            let mut shares = Vec::new();
            for user in users {
                shares.push(user.await.unwrap());
            }
            shares
        })
    }

    #[test]
    fn every_request_that_is_due_is_sent_by_somebody() {
        assert_eq!(shares(200, Duration::ZERO).iter().sum::<u32>(), 100);
        assert_eq!(shares(2, Duration::from_millis(4)).iter().sum::<u32>(), 100, "late, but all of them");
    }

    #[test]
    fn who_became_free_last_is_asked_first_and_what_waited_longest_is_sent_first() {
        let (run, _enough) = LoadRun::new(&LoadArgs { rate: Some(1), ..LoadArgs::to("") }, 0);
        let (turns, now) = (UserTurns::default(), Instant::now());
        let moments = [now, now + Duration::from_millis(1), now + Duration::from_millis(2)];
        let seats = [Rc::<FreeUser>::default(), Rc::default()];
        let mut cx = std::task::Context::from_waker(Waker::noop());
        let [mut one, mut other] = seats.each_ref().map(|seat| Box::pin(turns.take(seat, &run)));
        assert!(one.as_mut().poll(&mut cx).is_pending() && other.as_mut().poll(&mut cx).is_pending());
        for moment in moments {
            turns.give(moment);
        }
        assert_eq!(other.as_mut().poll(&mut cx), Poll::Ready(Some(moments[0])));
        assert_eq!(one.as_mut().poll(&mut cx), Poll::Ready(Some(moments[1])));
        assert_eq!(Box::pin(turns.take(&seats[0], &run)).as_mut().poll(&mut cx), Poll::Ready(Some(moments[2])));
    }
}

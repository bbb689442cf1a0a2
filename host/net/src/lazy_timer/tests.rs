#![allow(clippy::unwrap_used)]
use super::{LazyTimer, Timers};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

fn paused<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(test)
}

#[test]
fn a_lent_timer_fires_at_the_time_that_was_asked_for_last() {
    paused(async {
        let timers = Rc::new(Timers::default());
        let start = Instant::now();
        for wanted in [10_u64, 3, 50, 50, 1] {
            let before = Instant::now();
            let at = before + Duration::from_secs(wanted);
            let mut timer = timers.lend();
            poll_fn(|cx| timer.poll_until(at, cx)).await;
            assert_eq!(Instant::now() - before, Duration::from_secs(wanted));
        }
        assert_eq!(Instant::now() - start, Duration::from_secs(114));
        assert_eq!(timers.unused.borrow().len(), 1, "one timer served them all");
    });
}

#[test]
fn a_timer_that_is_armed_too_early_waits_on_without_a_false_alarm() {
    paused(async {
        let timers = Rc::new(Timers::default());
        let start = Instant::now();
        let mut timer = timers.lend();
        poll_fn(|cx| {
            assert!(timer.poll_until(start + Duration::from_secs(1), cx).is_pending());
            Poll::Ready(())
        })
        .await;
        poll_fn(|cx| timer.poll_until(start + Duration::from_secs(9), cx)).await;
        assert_eq!(Instant::now() - start, Duration::from_secs(9));
    });
}

#[test]
fn a_time_in_the_past_is_over_at_once() {
    paused(async {
        let timers = Rc::new(Timers::default());
        let start = Instant::now();
        let mut timer = timers.lend();
        poll_fn(|cx| timer.poll_until(start, cx)).await;
        assert_eq!(Instant::now(), start);
    });
}

#[test]
fn a_timer_of_one_task_rings_for_deadlines_that_come_later_and_for_those_that_come_earlier() {
    paused(async {
        let start = Instant::now();
        let mut timer = LazyTimer::default();
        let after = |seconds| start + Duration::from_secs(seconds);
        poll_fn(|cx| {
            assert!(!timer.has_passed(after(5), cx));
            assert!(!timer.has_passed(after(9), cx), "it is set at 5, which is early enough");
            assert!(timer.is_set);
            Poll::Ready(())
        })
        .await;
        poll_fn(|cx| if timer.has_passed(after(9), cx) { Poll::Ready(()) } else { Poll::Pending }).await;
        assert_eq!(Instant::now(), after(9));
        poll_fn(|cx| {
            assert!(!timer.has_passed(after(60), cx));
            assert!(!timer.has_passed(after(20), cx), "it is moved forward");
            Poll::Ready(())
        })
        .await;
        poll_fn(|cx| if timer.has_passed(after(20), cx) { Poll::Ready(()) } else { Poll::Pending }).await;
        assert_eq!(Instant::now(), after(20));
    });
}

#[test]
fn a_timer_that_goes_to_another_task_wakes_that_one() {
    paused(async {
        let timers = Rc::new(Timers::default());
        let at = Instant::now() + Duration::from_secs(3);
        let mut timer = timers.lend();
        poll_fn(|cx| {
            assert!(timer.poll_until(at, cx).is_pending());
            Poll::Ready(())
        })
        .await;
        let local = tokio::task::LocalSet::new();
        local
            .run_until(async {
                let other = tokio::task::spawn_local(async move { poll_fn(|cx| timer.poll_until(at, cx)).await });
                other.await.unwrap();
            })
            .await;
        assert_eq!(Instant::now(), at);
    });
}

#![allow(clippy::unwrap_used)]
use super::Timers;
use std::future::poll_fn;
use std::rc::Rc;
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
            std::task::Poll::Ready(())
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

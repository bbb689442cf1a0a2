use std::sync::atomic::AtomicBool;
use std::thread;

use proptest::prelude::*;

use super::*;

#[test]
fn a_refusal_by_the_rate_frees_the_seat() {
    let meter = LimitMeter::new(Some(1), Some(5), None);
    assert!(meter.take(0).is_ok());
    assert!(matches!(meter.take(0), Err(Over::Rate { limit: 1, .. })));
    assert_eq!(meter.in_flight(), 1);
}

#[test]
fn a_refusal_by_the_seats_spends_nothing_of_the_rate() {
    let meter = LimitMeter::new(Some(2), Some(1), None);
    assert_eq!(meter.take(0).unwrap().unwrap().remaining, 1);
    for _ in 0..10 {
        assert_eq!(meter.take(0), Err(Over::Seats { limit: 1 }));
    }
    meter.spent().leave();
    assert_eq!(meter.take(0).unwrap().unwrap().remaining, 0);
}

#[test]
fn a_concurrency_limit_of_nought_admits_nothing() {
    assert_eq!(LimitMeter::new(None, Some(0), None).take(0), Err(Over::Seats { limit: 0 }));
}

#[test]
fn without_limits_everything_is_admitted_and_still_counted() {
    let meter = LimitMeter::new(None, None, None);
    for _ in 0..1_000 {
        assert_eq!(meter.take(0), Ok(None));
    }
    assert_eq!(meter.in_flight(), 1_000);
    let limited = LimitMeter::new(None, Some(1_000), Some(&meter));
    assert_eq!(limited.take(0), Err(Over::Seats { limit: 1_000 }));
}

#[test]
fn what_was_spent_is_an_amount_and_stays_it_under_a_new_limit() {
    let before = LimitMeter::new(Some(60), None, None);
    for _ in 0..30 {
        before.take(0).unwrap();
    }
    let after = LimitMeter::new(Some(600), None, Some(&before));
    assert_eq!(after.take(0).unwrap().unwrap().remaining, 569);
    let lifted = LimitMeter::new(None, None, Some(&after));
    assert_eq!(lifted.take(0), Ok(None));
    let again = LimitMeter::new(Some(60), None, Some(&lifted));
    assert_eq!(again.take(0).unwrap().unwrap().remaining, 28);
}

#[test]
fn two_generations_share_one_count() {
    let old = LimitMeter::new(Some(10), Some(10), None);
    let new = LimitMeter::new(Some(10), Some(10), Some(&old));
    for _ in 0..5 {
        old.take(0).unwrap();
        new.take(0).unwrap();
    }
    assert!(old.take(0).is_err() && new.take(0).is_err());
    assert_eq!((old.in_flight(), new.in_flight()), (10, 10));
}

#[test]
fn threads_never_sit_on_more_seats_than_there_are_and_leave_all_free() {
    let meter = LimitMeter::new(None, Some(3), None);
    let (inside, broken) = (AtomicU32::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    if meter.take(0).is_ok() {
                        if inside.fetch_add(1, Relaxed) >= 3 || meter.in_flight() > 3 {
                            broken.store(true, Relaxed);
                        }
                        inside.fetch_sub(1, Relaxed);
                        meter.spent().leave();
                    }
                }
            });
        }
    });
    assert!(!broken.load(Relaxed));
    assert_eq!(meter.in_flight(), 0);
}

proptest! {
    #[test]
    fn seats_follow_a_simple_count_under_any_interleaving(
        limit in prop::option::of(0..6u32),
        steps in prop::collection::vec(0..3u8, 0..200),
    ) {
        let meter = LimitMeter::new(None, limit, None);
        let mut held = 0u32;
        for step in steps {
            match step {
                0 | 1 => {
                    let room = limit.is_none_or(|limit| held < limit);
                    prop_assert_eq!(meter.take(0).is_ok(), room);
                    held += u32::from(room);
                }
                _ if held > 0 => {
                    if step % 2 == 0 { meter.give_back() } else { meter.spent().leave() }
                    held -= 1;
                }
                _ => {}
            }
            prop_assert_eq!(meter.in_flight(), held);
            prop_assert!(limit.is_none_or(|limit| held <= limit));
        }
    }
}

use std::thread;

use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000_000;

/// The oracle: a token bucket, which counts what is left instead of when it is back.
struct Bucket {
    left: i128,
    full: i128,
    cost: i128,
    at: u64,
}

impl Bucket {
    fn new(limit: u32) -> Self {
        let cost = i128::from(MINUTE.div_ceil(u64::from(limit.max(1))));
        let full = cost * i128::from(limit);
        Self { left: full, full, cost, at: 0 }
    }

    fn take(&mut self, now: u64) -> Result<u32, u64> {
        self.left = (self.left + i128::from(now - self.at)).min(self.full);
        self.at = now;
        if self.left < self.cost {
            return Err(u64::try_from(self.cost - self.left).unwrap());
        }
        self.left -= self.cost;
        Ok(u32::try_from(self.left / self.cost).unwrap())
    }

    fn give_back(&mut self) {
        self.left = (self.left + self.cost).min(self.full);
    }
}

#[test]
fn an_idle_caller_may_spend_its_whole_minute_at_once_and_not_one_more() {
    for limit in [1, 2, 3, 7, 60, 600, 59_999] {
        let (pace, arrival) = (Pace::per_minute(limit), AtomicU64::new(0));
        for left in (0..limit).rev() {
            assert_eq!(pace.take(&arrival, 5 * SECOND).unwrap().remaining, left, "limit {limit}");
        }
        let wait = pace.take(&arrival, 5 * SECOND).unwrap_err();
        assert_eq!(wait, Duration::from_nanos(MINUTE.div_ceil(u64::from(limit))));
    }
}

#[test]
fn after_the_wait_that_it_was_told_one_request_fits_and_no_sooner() {
    let (pace, arrival) = (Pace::per_minute(7), AtomicU64::new(0));
    let mut now = 3;
    while pace.take(&arrival, now).is_ok() {}
    for _ in 0..20 {
        let wait = u64::try_from(pace.take(&arrival, now).unwrap_err().as_nanos()).unwrap();
        assert_eq!(pace.take(&arrival, now + wait - 1).unwrap_err(), Duration::from_nanos(1));
        now += wait;
        assert_eq!(pace.take(&arrival, now).unwrap().remaining, 0);
    }
}

#[test]
fn a_limit_of_nought_admits_nothing_ever() {
    let (pace, arrival) = (Pace::per_minute(0), AtomicU64::new(0));
    for now in [0, SECOND, 1_000 * MINUTE] {
        assert_eq!(pace.take(&arrival, now), Err(Duration::from_secs(60)));
    }
}

#[test]
fn the_largest_limit_and_the_last_moment_do_not_overflow() {
    let (pace, arrival) = (Pace::per_minute(u32::MAX), AtomicU64::new(0));
    assert_eq!(pace.take(&arrival, 0).unwrap().remaining, u32::MAX - 1);
    let arrival = AtomicU64::new(u64::MAX);
    let _any = Pace::per_minute(1).take(&arrival, 0);
    let _any = Pace::per_minute(1).take(&arrival, u64::MAX);
}

#[test]
fn reset_says_when_the_whole_limit_is_back() {
    let (pace, arrival) = (Pace::per_minute(60), AtomicU64::new(0));
    for spent in 1..=60 {
        assert_eq!(pace.take(&arrival, SECOND).unwrap().reset, Duration::from_secs(spent));
    }
    assert_eq!(pace.take(&arrival, 61 * SECOND).unwrap().remaining, 59);
}

#[test]
fn the_tighter_rate_has_less_left_and_then_the_longer_wait() {
    let rate = |remaining, secs| Rate { limit: 9, remaining, reset: Duration::from_secs(secs) };
    let table = [
        (None, None, None),
        (Some(rate(1, 1)), None, Some(rate(1, 1))),
        (None, Some(rate(1, 1)), Some(rate(1, 1))),
        (Some(rate(1, 1)), Some(rate(2, 9)), Some(rate(1, 1))),
        (Some(rate(2, 9)), Some(rate(1, 1)), Some(rate(1, 1))),
        (Some(rate(2, 9)), Some(rate(2, 1)), Some(rate(2, 9))),
        (Some(rate(2, 1)), Some(rate(2, 9)), Some(rate(2, 9))),
    ];
    for (a, b, expected) in table {
        assert_eq!(Rate::tighter(a, b), expected, "{a:?} {b:?}");
    }
}

#[test]
fn threads_together_get_exactly_the_limit() {
    let (pace, arrival) = (Pace::per_minute(10_000), AtomicU64::new(0));
    let admitted: usize = thread::scope(|scope| {
        let hands: Vec<_> =
            (0..4).map(|_| scope.spawn(|| (0..5_000).filter(|_| pace.take(&arrival, 9).is_ok()).count())).collect();
        hands.into_iter().map(|hand| hand.join().unwrap()).sum()
    });
    assert_eq!(admitted, 10_000);
}

#[test]
fn threads_that_take_and_give_back_leave_nothing_spent() {
    let (pace, arrival) = (Pace::per_minute(100), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5_000 {
                    if pace.take(&arrival, 9).is_ok() {
                        pace.give_back(&arrival);
                    }
                }
            });
        }
    });
    assert_eq!(pace.take(&arrival, 9).unwrap().remaining, 99);
}

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Take,
    TakeAndGiveBack,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..3 * SECOND).prop_map(Step::Wait),
        1 => (0..2 * MINUTE).prop_map(Step::Wait),
        8 => Just(Step::Take),
        2 => Just(Step::TakeAndGiveBack),
    ]
}

proptest! {
    #[test]
    fn it_decides_as_a_token_bucket_does(
        limit in prop_oneof![0..20u32, 1..100_000u32],
        start in 0..1_000 * MINUTE,
        steps in prop::collection::vec(step(), 1..300),
    ) {
        let (pace, arrival, mut bucket, mut now) = (Pace::per_minute(limit), AtomicU64::new(0), Bucket::new(limit), start);
        for step in steps {
            if let Step::Wait(nanos) = step {
                now += nanos;
                continue;
            }
            let ours = pace.take(&arrival, now).map(|rate| rate.remaining).map_err(|wait| wait.as_nanos());
            let theirs = bucket.take(now).map_err(u128::from);
            prop_assert_eq!(ours, theirs);
            if matches!(step, Step::TakeAndGiveBack) && ours.is_ok() {
                pace.give_back(&arrival);
                bucket.give_back();
            }
        }
    }

    /// The law in words: in no stretch of time more than one burst plus what the stretch earns.
    #[test]
    fn no_stretch_of_time_holds_more_than_its_burst_and_its_earnings(
        limit in 1..50u32,
        gaps in prop::collection::vec(0..4 * SECOND, 1..200),
    ) {
        let (pace, arrival, mut now, mut admitted) = (Pace::per_minute(limit), AtomicU64::new(0), 0, Vec::new());
        for gap in gaps {
            now += gap;
            if pace.take(&arrival, now).is_ok() {
                admitted.push(now);
            }
        }
        for (i, from) in admitted.iter().enumerate() {
            for (j, to) in admitted.iter().enumerate().skip(i) {
                let earned = (to - from) / MINUTE.div_ceil(u64::from(limit));
                prop_assert!((j - i + 1) as u64 <= u64::from(limit) + earned);
            }
        }
    }
}

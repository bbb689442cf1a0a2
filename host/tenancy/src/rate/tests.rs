use std::thread;

use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000_000;

fn paced(limit: u32) -> (Gcra, RateUsage) {
    let account = RateUsage::default();
    (account.pace(limit, None), account)
}

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
        let (pace, arrival) = paced(limit);
        for left in (0..limit).rev() {
            assert_eq!(pace.take(&arrival, 5 * SECOND).unwrap().remaining, left, "limit {limit}");
        }
        let wait = pace.take(&arrival, 5 * SECOND).unwrap_err().retry_after;
        assert_eq!(wait, Duration::from_nanos(MINUTE.div_ceil(u64::from(limit))));
    }
}

#[test]
fn after_the_wait_that_it_was_told_one_request_fits_and_no_sooner() {
    let (pace, arrival) = paced(7);
    let mut now = 3;
    while pace.take(&arrival, now).is_ok() {}
    for _ in 0..20 {
        let wait = u64::try_from(pace.take(&arrival, now).unwrap_err().retry_after.as_nanos()).unwrap();
        assert_eq!(pace.take(&arrival, now + wait - 1).unwrap_err().retry_after, Duration::from_nanos(1));
        now += wait;
        assert_eq!(pace.take(&arrival, now).unwrap().remaining, 0);
    }
}

#[test]
fn a_limit_of_nought_admits_nothing_ever() {
    let (pace, arrival) = paced(0);
    for now in [0, SECOND, 1_000 * MINUTE] {
        let late = pace.take(&arrival, now).unwrap_err();
        assert_eq!((late.retry_after, late.reset), (Duration::from_secs(60), Duration::ZERO));
    }
}

#[test]
fn the_largest_limit_and_the_last_moment_do_not_overflow() {
    let (pace, arrival) = paced(u32::MAX);
    assert_eq!(pace.take(&arrival, 0).unwrap().remaining, u32::MAX - 1);
    let (pace, arrival) = paced(1);
    arrival.number.store(u64::MAX, Relaxed);
    for now in [0, u64::MAX >> TAG_BITS, u64::MAX] {
        let _any = pace.take(&arrival, now);
        pace.give_back(&arrival);
    }
}

#[test]
fn reset_says_when_the_whole_limit_is_back() {
    let (pace, arrival) = paced(60);
    for spent in 1..=60 {
        assert_eq!(pace.take(&arrival, SECOND).unwrap().reset, Duration::from_secs(spent));
    }
    assert_eq!(pace.take(&arrival, 61 * SECOND).unwrap().remaining, 59);
}

#[test]
fn who_is_refused_is_told_of_the_same_reset_as_who_was_admitted_last() {
    let (pace, arrival) = paced(60);
    let last = (0..60).map(|_| pace.take(&arrival, SECOND).unwrap()).last().unwrap();
    let late = pace.take(&arrival, SECOND).unwrap_err();
    assert_eq!((last.reset, late.reset), (Duration::from_secs(60), Duration::from_secs(60)));
    assert_eq!(late.retry_after, Duration::from_secs(1));
    let later = pace.take(&arrival, SECOND + SECOND / 2).unwrap_err();
    assert_eq!((later.reset, later.retry_after), (Duration::from_millis(59_500), Duration::from_millis(500)));
}

/// Spends so many requests under one limit; what another limit then leaves.
fn left_after(old: u32, spent: u32, new: u32) -> Result<u32, Duration> {
    let account = RateUsage::default();
    let before = account.pace(old, None);
    for _ in 0..spent {
        before.take(&account, SECOND).unwrap();
    }
    let after = account.pace(new, Some(&before));
    after.take(&account, SECOND).map(|rate| rate.remaining).map_err(|late| late.retry_after)
}

#[test]
fn what_was_spent_stays_the_same_amount_under_another_limit() {
    for (old, spent, new, left) in [
        (100, 100, 1_000, 899),
        (100, 30, 1_000, 969),
        (1_000, 900, 1_001, 100),
        (1_000, 30, 100, 69),
        (7, 3, 13, 9),
        (100, 0, 5, 4),
        (3, 3, u32::MAX, u32::MAX - 4),
    ] {
        assert_eq!(left_after(old, spent, new), Ok(left), "{spent} of {old}, then {new}");
    }
    // Of a lower limit no more than all is spent, and one request is back when it is earned at the new pace.
    for (old, spent, new) in [(1_000, 900, 100), (1_000, 100, 100), (60, 60, 1), (u32::MAX, 50, 7)] {
        assert_eq!(left_after(old, spent, new), Err(Duration::from_nanos(cost(new))), "{spent} of {old}, then {new}");
    }
}

#[test]
fn who_is_over_a_lowered_limit_gets_it_back_at_its_own_pace_within_a_minute() {
    let account = RateUsage::default();
    let before = account.pace(1_000, None);
    for _ in 0..1_000 {
        before.take(&account, 0).unwrap();
    }
    let after = account.pace(60, Some(&before));
    assert_eq!(after.take(&account, 0).unwrap_err().reset, Duration::from_secs(60));
    assert!(after.take(&account, SECOND - 1).is_err());
    assert_eq!(after.take(&account, SECOND).unwrap().remaining, 0);
    assert_eq!(after.take(&account, 61 * SECOND).unwrap().remaining, 59);
}

#[test]
fn two_limits_in_force_for_a_moment_share_what_is_spent() {
    let account = RateUsage::default();
    let old = account.pace(100, None);
    let new = account.pace(1_000, Some(&old));
    for _ in 0..20 {
        old.take(&account, 0).unwrap();
        new.take(&account, 0).unwrap();
    }
    assert_eq!(new.take(&account, 0).unwrap().remaining, 1_000 - 41);
    assert_eq!(old.take(&account, 0).unwrap().remaining, 100 - 42);
    new.give_back(&account);
    assert_eq!(new.take(&account, 0).unwrap().remaining, 1_000 - 42);
}

#[test]
fn however_many_limits_there_were_what_is_spent_is_told_by_the_right_one() {
    let account = RateUsage::default();
    let mut pace = account.pace(1_000, None);
    for _ in 0..10 {
        pace.take(&account, 0).unwrap();
    }
    for n in 0..100 {
        // Most of these are replaced before anybody asks under them.
        pace = account.pace(500 + n, Some(&pace));
    }
    assert_eq!(pace.take(&account, 0).unwrap().remaining, 599 - 11);
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
    let (pace, arrival) = paced(10_000);
    let admitted: usize = thread::scope(|scope| {
        let hands: Vec<_> =
            (0..4).map(|_| scope.spawn(|| (0..5_000).filter(|_| pace.take(&arrival, 9).is_ok()).count())).collect();
        hands.into_iter().map(|hand| hand.join().unwrap()).sum()
    });
    assert_eq!(admitted, 10_000);
}

#[test]
fn threads_that_take_and_give_back_leave_nothing_spent() {
    let (pace, arrival) = paced(100);
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
        let ((pace, arrival), mut bucket, mut now) = (paced(limit), Bucket::new(limit), start);
        for step in steps {
            if let Step::Wait(nanos) = step {
                now += nanos;
                continue;
            }
            let ours = pace.take(&arrival, now).map(|rate| rate.remaining).map_err(|late| late.retry_after.as_nanos());
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
        let ((pace, arrival), mut now, mut admitted) = (paced(limit), 0, Vec::new());
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

use super::{FAILURES, Health};
use std::time::Duration;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn four_failures_in_a_row_are_forgiven_and_the_fifth_is_not() {
    let health = Health::new();
    for _ in 1..FAILURES {
        health.failure_at(secs(1));
        assert!(health.healthy_at(secs(1)));
    }
    health.failure_at(secs(1));
    assert!(!health.healthy_at(secs(1)));
}

#[test]
fn the_time_out_doubles_from_one_second_to_thirty() {
    let health = Health::new();
    let mut now = secs(0);
    for _ in 1..FAILURES {
        health.failure_at(now);
    }
    for expected in [1, 2, 4, 8, 16, 30, 30, 30] {
        health.failure_at(now);
        assert!(!health.healthy_at(now + secs(expected) - Duration::from_millis(1)));
        assert!(health.healthy_at(now + secs(expected)), "after {expected} s one may try again");
        now += secs(expected);
    }
}

#[test]
fn failures_during_a_time_out_do_not_lengthen_it() {
    let health = Health::new();
    for _ in 0..FAILURES + 100 {
        health.failure_at(secs(1));
    }
    assert!(health.healthy_at(secs(2)));
}

#[test]
fn one_success_forgets_every_failure() {
    let health = Health::new();
    for _ in 0..FAILURES {
        health.failure_at(secs(1));
    }
    health.success();
    assert!(health.healthy());
    health.failure_at(secs(1));
    assert!(health.healthy_at(secs(1)));
}

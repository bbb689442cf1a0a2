use super::*;

fn start() -> Instant {
    Instant::now() + Duration::from_secs(1_000)
}

#[test]
fn a_rate_is_what_may_be_taken_and_four_seconds_of_it_at_once() {
    let (rate, now) = (ByteRate::default(), start());
    let takes = |now, times: usize| (0..times).filter(|_| rate.take(now, 100, 1_000)).count();
    assert_eq!(takes(now, 100), 40, "after a rest");
    assert_eq!(takes(now + Duration::from_millis(99), 10), 0);
    assert_eq!(takes(now + Duration::from_millis(501), 10), 5);
    assert_eq!(takes(now + Duration::from_secs(3_600), 100), 40, "and never more");
}

#[test]
fn what_is_longer_than_all_that_there_can_be_goes_after_a_rest_and_is_paid_for() {
    let (rate, now) = (ByteRate::default(), start());
    assert!(rate.take(now, 10_000, 1_000));
    assert!(!rate.take(now + Duration::from_millis(5_900), 100, 1_000));
    assert!(rate.take(now + Duration::from_millis(6_200), 100, 1_000));
    assert!(!rate.take(now + Duration::from_secs(8), 10_000, 1_000), "not until there is all of it");
    assert!(rate.take(now + Duration::from_secs(11), usize::MAX, 1), "no number is too large");
    assert!(!rate.take(now + Duration::from_secs(3_600), 1, 1_000));
}

#[test]
fn that_it_is_not_enough_is_said_once_a_minute() {
    let (rate, now) = (ByteRate::default(), start());
    let said: Vec<u64> = (0..150).filter(|second| rate.is_news(now + Duration::from_secs(*second))).collect();
    assert_eq!(said, [0, 60, 120]);
}

#[test]
fn of_lines_that_come_with_each_request_one_every_while_is_written_and_stands_for_the_others() {
    let (rate, begun) = (ByteRate::default(), start());
    let said: Vec<u64> = (0..3000).filter_map(|n| rate.rarely(begun + Duration::from_millis(10 * n), 0)).collect();
    assert_eq!(said, [1, 1000, 1000]);
    assert_eq!(rate.rarely(begun + Duration::from_secs(30), 0), Some(1000));
    assert_eq!(rate.rarely(begun, 1), Some(1), "each kind by itself");
    assert_eq!(rate.rarely(begun, KINDS), None);
}

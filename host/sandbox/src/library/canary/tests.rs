use super::*;
use crate::tally::Tally;

const RULES: Canary = Canary { percent: 10, lasts: Duration::from_secs(60), calls: 100 };

fn counted(calls: u64, faults: u64, us: u64) -> Counted {
    mixed(faults, &[(calls, us)])
}

/// So many calls of so many microseconds, and again.
fn mixed(faults: u64, calls: &[(u64, u64)]) -> Counted {
    let tally = Tally::default();
    tally.begin();
    for (calls, us) in calls {
        (0..*calls).for_each(|_| tally.call(Duration::from_micros(*us)));
    }
    (0..faults).for_each(|_| tally.fault());
    tally.counted()
}

fn judged(old: &Counted, new: &Counted, passed: u64) -> Verdict {
    judge((old, new), RULES, Duration::from_secs(passed))
}

#[test]
fn a_version_that_does_as_well_as_the_old_one_is_promoted_when_its_time_and_its_calls_are_over() {
    let (old, new) = (counted(1_000, 1, 30), counted(100, 0, 32));
    assert_eq!(judged(&old, &new, 59), Verdict::Wait);
    assert_eq!(judged(&old, &new, 60), Verdict::Promote);
    let few = counted(99, 0, 32);
    assert_eq!(judged(&old, &few, 600), Verdict::Wait, "nobody has seen enough of it");
}

#[test]
fn faults_end_a_trial_at_once_unless_the_old_version_has_as_many() {
    let (old, faulty) = (counted(90, 0, 30), counted(10, 3, 30));
    assert_eq!(judged(&old, &counted(10, 2, 30), 1), Verdict::Wait, "two happen to anybody");
    assert!(matches!(judged(&old, &faulty, 1), Verdict::Back(_)));
    assert_eq!(judged(&counted(900, 270, 30), &faulty, 1), Verdict::Wait);
}

#[test]
fn a_version_that_costs_more_than_twice_as_much_is_rolled_back_unless_it_is_next_to_nothing() {
    let old = counted(900, 0, 30);
    let Verdict::Back(why) = judged(&old, &counted(100, 0, 88), 1) else { panic!() };
    assert!(why.contains("88 µs") && why.contains("30 µs"), "{why}");
    assert_eq!(judged(&old, &counted(100, 0, 55), 1), Verdict::Wait, "not twice as much");
    assert!(matches!(judged(&old, &counted(100, 0, 65), 1), Verdict::Back(_)));
    assert_eq!(judged(&counted(900, 0, 2), &counted(100, 0, 9), 1), Verdict::Wait);
    assert_eq!(judged(&counted(0, 0, 0), &counted(100, 0, 90), 1), Verdict::Wait, "nothing to compare with");
}

#[test]
fn a_few_calls_from_which_the_system_took_the_thread_do_not_make_a_version_costly() {
    let old = counted(900, 0, 30);
    assert_eq!(judged(&old, &mixed(0, &[(90, 31), (10, 50_000)]), 60), Verdict::Promote);
    assert!(matches!(judged(&old, &mixed(0, &[(40, 31), (60, 90)]), 60), Verdict::Back(_)), "most calls are costly");
}

#[test]
fn what_the_old_version_did_before_the_trial_is_not_compared() {
    let old = Tally::default();
    old.begin();
    (0..1_000).for_each(|_| old.call(Duration::from_micros(500)));
    let before = old.counted();
    (0..100).for_each(|_| old.call(Duration::from_micros(30)));
    let since = old.counted().since(&before);
    assert_eq!(since.calls(), 100);
    assert!(matches!(judged(&since, &counted(100, 0, 90), 1), Verdict::Back(_)));
}

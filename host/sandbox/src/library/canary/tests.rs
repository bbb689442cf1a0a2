use super::*;

const RULES: Canary = Canary { percent: 10, lasts: Duration::from_secs(60), calls: 100 };

fn counted(calls: u64, faults: u64, us: u64) -> Counted {
    Counted { calls, faults, cpu_ns: us * 1_000 * calls }
}

#[test]
fn a_version_that_does_as_well_as_the_old_one_is_promoted_when_its_time_and_its_calls_are_over() {
    let both = (counted(1_000, 1, 30), counted(100, 0, 32));
    assert_eq!(judge(both, RULES, Duration::from_secs(59)), Verdict::Wait);
    assert_eq!(judge(both, RULES, Duration::from_secs(60)), Verdict::Promote);
    let few = (counted(1_000, 1, 30), counted(99, 0, 32));
    assert_eq!(judge(few, RULES, Duration::from_secs(600)), Verdict::Wait, "nobody has seen enough of it");
}

#[test]
fn faults_end_a_trial_at_once_unless_the_old_version_has_as_many() {
    let soon = Duration::from_secs(1);
    assert_eq!(judge((counted(90, 0, 30), counted(10, 2, 30)), RULES, soon), Verdict::Wait, "two happen to anybody");
    assert!(matches!(judge((counted(90, 0, 30), counted(10, 3, 30)), RULES, soon), Verdict::Back(_)));
    assert_eq!(judge((counted(900, 270, 30), counted(10, 3, 30)), RULES, soon), Verdict::Wait);
}

#[test]
fn a_version_that_costs_more_than_twice_as_much_is_rolled_back_unless_it_is_next_to_nothing() {
    let soon = Duration::from_secs(1);
    let Verdict::Back(why) = judge((counted(900, 0, 30), counted(100, 0, 90)), RULES, soon) else { panic!() };
    assert!(why.contains("90 µs") && why.contains("30 µs"), "{why}");
    assert_eq!(judge((counted(900, 0, 2), counted(100, 0, 9)), RULES, soon), Verdict::Wait);
    assert_eq!(judge((counted(0, 0, 0), counted(100, 0, 90)), RULES, soon), Verdict::Wait, "nothing to compare with");
}

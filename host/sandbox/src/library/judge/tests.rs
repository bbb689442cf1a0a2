use super::*;
use crate::error::Fault;
use crate::hook::HookKind;
use crate::meter::tally::{CallOutcome, VersionTally};

const RULES: Canary = Canary { percent: 10, lasts: Duration::from_secs(60), calls: 100, more_refusals: None };

/// What a version did: calls of a hook that passed, were refused, faulted.
struct Did(VersionTally);

impl Did {
    fn nothing() -> Self {
        let tally = VersionTally::default();
        tally.begin();
        Self(tally)
    }

    fn passed(self, hook: HookKind, calls: u64, us: u64) -> Self {
        (0..calls).for_each(|_| self.0.call(hook, Duration::from_micros(us), CallOutcome::Answered));
        self
    }

    fn refused(self, hook: HookKind, calls: u64) -> Self {
        (0..calls).for_each(|_| self.0.call(hook, Duration::from_micros(30), CallOutcome::Refused));
        self
    }

    fn faulted(self, hook: HookKind, calls: u64, fault: &Fault) -> Self {
        (0..calls).for_each(|_| self.0.fault(hook, fault));
        self
    }

    fn streams(self, streams: u64) -> Self {
        (0..streams).for_each(|_| self.0.stream());
        self
    }
}

/// So many good calls of a policy, and faults beside them.
fn policy(calls: u64, faults: u64) -> Did {
    Did::nothing().passed(HookKind::Policy, calls, 30).faulted(HookKind::Policy, faults, &Fault::Deadline)
}

fn judged(old: &Did, new: &Did, passed: u64) -> TrialVerdict {
    by(RULES, old, new, passed)
}

fn by(rules: Canary, old: &Did, new: &Did, passed: u64) -> TrialVerdict {
    judge(&old.0.counted(), &new.0.counted(), rules, Duration::from_secs(passed))
}

fn why(verdict: TrialVerdict) -> String {
    match verdict {
        TrialVerdict::Back(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_version_that_does_as_well_as_the_old_one_is_promoted_when_its_time_and_its_calls_are_over() {
    let (old, new) = (policy(1_000, 1), policy(100, 0));
    assert_eq!(judged(&old, &new, 59), TrialVerdict::Wait);
    assert_eq!(judged(&old, &new, 60), TrialVerdict::Promote);
    assert_eq!(judged(&old, &policy(99, 0), 600), TrialVerdict::Wait, "nobody has seen enough of it");
    assert_eq!(judged(&old, &Did::nothing(), 1 << 40), TrialVerdict::Wait, "nobody has seen anything of it");
}

#[test]
fn a_call_that_the_version_did_not_answer_is_none_of_the_calls_that_it_needs_whatever_kept_it() {
    let old = policy(1_000, 900);
    let all = Fault::each();
    for fault in &all {
        let beside_a_faulty_one = Did::nothing().passed(HookKind::Policy, 99, 30).faulted(HookKind::Policy, 80, fault);
        assert_eq!(judged(&old, &beside_a_faulty_one, 600), TrialVerdict::Wait, "{fault}");
        let new = Did::nothing().passed(HookKind::Policy, 99, 30).faulted(HookKind::Policy, 3, fault);
        let said = why(judged(&policy(1_000, 0), &new, 1));
        assert!(said.contains("3 of its 102 calls of `policy` faulted") && said.contains(fault.reason()), "{said}");
    }
    let left = Did::nothing();
    (0..1_000).for_each(|_| left.0.call(HookKind::Policy, Duration::from_micros(30), CallOutcome::Unanswered));
    assert_eq!(judged(&old, &left, 600), TrialVerdict::Wait, "clients that left have seen nothing of it");
}

#[test]
fn faults_end_a_trial_at_once_unless_the_old_version_has_as_many() {
    assert_eq!(judged(&policy(90, 0), &policy(10, 2), 1), TrialVerdict::Wait, "two happen to anybody");
    assert!(matches!(judged(&policy(90, 0), &policy(7, 3), 1), TrialVerdict::Back(_)));
    assert_eq!(judged(&policy(630, 270), &policy(7, 3), 1), TrialVerdict::Wait);
}

#[test]
fn a_quarantine_ends_a_trial_at_once_whatever_the_old_version_did() {
    let new = policy(100, 10);
    new.0.quarantine();
    let said = why(judged(&policy(10, 900), &new, 600));
    assert!(said.contains("quarantine") && said.contains("10 of its 110 calls"), "{said}");
    let alone = policy(1_000, 0);
    alone.0.quarantine();
    assert!(matches!(judged(&policy(1_000, 0), &alone, 600), TrialVerdict::Back(_)));
}

#[test]
fn the_calls_of_a_stream_hide_neither_faults_nor_refusals_nor_cost_of_another_hook_and_are_one_request() {
    let busy = |faults, refused| {
        let policies = policy(20, faults).refused(HookKind::Policy, refused);
        policies.passed(HookKind::Event, 100_000, 5).streams(20)
    };
    assert!(matches!(judged(&busy(0, 0), &busy(20, 0), 1), TrialVerdict::Back(_)), "half of all requests fault");
    let bounded = Canary { more_refusals: Some(5), ..RULES };
    assert!(matches!(by(bounded, &busy(0, 0), &busy(0, 20), 1), TrialVerdict::Back(_)), "half of all are refused");
    assert_eq!(judged(&busy(0, 0), &busy(0, 0), 600), TrialVerdict::Wait, "twenty streams are no hundred requests");
    let costly = Did::nothing().passed(HookKind::Policy, 200, 90).passed(HookKind::Event, 100_000, 5);
    let cheap = Did::nothing().passed(HookKind::Policy, 900, 30).passed(HookKind::Event, 100_000, 5);
    assert!(why(judged(&cheap, &costly, 1)).contains("`policy`"));
}

#[test]
fn a_version_that_refuses_what_the_old_one_passes_is_rolled_back_where_the_operator_wants_that() {
    let bounded = Canary { more_refusals: Some(5), ..RULES };
    let did = |passed, refused| Did::nothing().passed(HookKind::Policy, passed, 30).refused(HookKind::Policy, refused);
    let old = did(980, 20);
    assert_eq!(judged(&old, &did(0, 100), 60), TrialVerdict::Promote, "it may refuse as it likes");
    let said = why(by(bounded, &old, &did(0, 5), 1));
    assert!(said.contains("refuses 100.0 %") && said.contains("2.0 %"), "{said}");
    assert_eq!(by(bounded, &old, &did(18, 2), 1), TrialVerdict::Wait, "two happen to anybody");
    assert_eq!(by(bounded, &old, &did(27, 3), 1), TrialVerdict::Wait, "so few calls may be chance");
    assert!(matches!(by(bounded, &old, &did(900, 100), 1), TrialVerdict::Back(_)), "so many are none");
    assert_eq!(by(bounded, &old, &did(940, 60), 60), TrialVerdict::Promote, "four more of a hundred");
    assert!(matches!(by(bounded, &old, &did(92, 8), 60), TrialVerdict::Back(_)), "six more, when the trial is over");
    assert_eq!(by(bounded, &Did::nothing(), &did(0, 100), 60), TrialVerdict::Promote, "nothing to compare with");
    let none_more = Canary { more_refusals: Some(0), ..RULES };
    assert_eq!(by(none_more, &old, &did(980, 20), 60), TrialVerdict::Promote);
}

#[test]
fn a_version_that_costs_more_than_twice_as_much_is_rolled_back_unless_it_is_next_to_nothing() {
    let cost = |calls, us| Did::nothing().passed(HookKind::Policy, calls, us);
    let old = cost(900, 30);
    let said = why(judged(&old, &cost(100, 88), 1));
    assert!(said.contains("88 µs") && said.contains("30 µs"), "{said}");
    assert_eq!(judged(&old, &cost(100, 55), 1), TrialVerdict::Wait, "not twice as much");
    assert!(matches!(judged(&old, &cost(100, 65), 1), TrialVerdict::Back(_)));
    assert_eq!(judged(&cost(900, 2), &cost(100, 9), 1), TrialVerdict::Wait);
    assert_eq!(judged(&cost(0, 0), &cost(100, 90), 1), TrialVerdict::Wait, "nothing to compare with");
}

#[test]
fn a_few_calls_from_which_the_system_took_the_thread_do_not_make_a_version_costly() {
    let old = policy(900, 0);
    let hit = Did::nothing().passed(HookKind::Policy, 90, 31).passed(HookKind::Policy, 10, 50_000);
    assert_eq!(judged(&old, &hit, 60), TrialVerdict::Promote);
    let most = Did::nothing().passed(HookKind::Policy, 40, 31).passed(HookKind::Policy, 60, 90);
    assert!(matches!(judged(&old, &most, 60), TrialVerdict::Back(_)), "most calls are costly");
}

#[test]
fn what_the_old_version_did_before_the_trial_is_not_compared() {
    let old = policy(0, 500).passed(HookKind::Policy, 1_000, 500).refused(HookKind::Policy, 700);
    let before = old.0.counted();
    let old = old.passed(HookKind::Policy, 100, 30);
    let since = old.0.counted().since(&before);
    assert_eq!((since.answered(), since.faulted(), since.refused()), (100, 0, 0));
    let new = Did::nothing().passed(HookKind::Policy, 100, 90).0.counted();
    assert!(matches!(judge(&since, &new, RULES, Duration::from_secs(1)), TrialVerdict::Back(_)));
}

#[test]
fn nothing_is_counted_of_a_version_that_is_compared_with_none() {
    let tally = VersionTally::default();
    tally.call(HookKind::Policy, Duration::from_micros(1), CallOutcome::Answered);
    tally.fault(HookKind::Policy, &Fault::Deadline);
    tally.stream();
    tally.quarantine();
    assert_eq!(tally.counted(), Counted::default());
    assert!(!tally.is_condemned());
}

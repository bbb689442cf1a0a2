mod simulated;

use super::*;

fn standing(change: impl FnOnce(&mut PluginLimits)) -> PluginQuota {
    let mut limits = PluginLimits {
        cpu: Duration::from_millis(100),
        cpu_burst: Duration::from_millis(200),
        faults: 3,
        fault_window: Duration::from_secs(10),
        quarantine: Duration::from_secs(5),
        quarantine_most: Duration::from_secs(15),
        ..PluginLimits::default()
    };
    change(&mut limits);
    PluginQuota::new(&"p".into(), &"t".into(), &crate::meter::Meter::default().unlisted(), &limits)
}

fn start() -> Instant {
    *BEGINNING + Duration::from_secs(1)
}

/// What bytes are worth that are none to speak of.
fn small() -> Duration {
    Duration::ZERO
}

const USUAL: Admitted = Admitted { trial: false };
const TRIAL: Admitted = Admitted { trial: true };

#[test]
fn what_is_used_beyond_burst_and_rate_is_refused_until_it_is_paid() {
    let (standing, now) = (standing(|_| {}), start());
    for _ in 0..4 {
        assert_eq!(standing.admit(now, small), Ok(USUAL));
        standing.charge(now, Duration::from_millis(51));
    }
    assert_eq!(standing.admit(now, small), Err(Fault::Budget));
    assert_eq!(standing.state(now).budget_left, Duration::ZERO);
    // 4 ms too much take 40 ms at a tenth of a second for each second.
    assert_eq!(standing.admit(now + Duration::from_millis(39), small), Err(Fault::Budget));
    assert_eq!(standing.admit(now + Duration::from_millis(41), small), Ok(USUAL));
}

#[test]
fn what_a_large_body_is_worth_may_be_owed_beyond_the_burst_by_calls_that_look_at_it() {
    let (standing, now) = (standing(|_| {}), start());
    let large = || Duration::from_millis(300);
    assert_eq!(standing.admit(now, large), Ok(USUAL));
    standing.charge(now, Duration::from_millis(350));
    assert_eq!(standing.admit(now, large), Ok(USUAL), "the next hook of the same request");
    assert_eq!(standing.admit(now, small), Err(Fault::Budget), "one that has nothing large to look at");
    standing.charge(now, Duration::from_millis(151));
    assert_eq!(standing.admit(now, large), Err(Fault::Budget), "burst and worth are used up");
    // What is owed is paid at the same rate as ever: a tenth of a second each second.
    assert_eq!(standing.admit(now + Duration::from_millis(11), large), Ok(USUAL));
    assert_eq!(standing.admit(now + Duration::from_millis(3_000), small), Err(Fault::Budget));
    assert_eq!(standing.admit(now + Duration::from_millis(3_011), small), Ok(USUAL));
}

#[test]
fn the_budget_comes_back_with_time_and_never_beyond_the_burst() {
    let (standing, now) = (standing(|_| {}), start());
    standing.charge(now, Duration::from_millis(200));
    let left = |after: u64| standing.state(now + Duration::from_secs(after)).budget_left.as_millis();
    assert_eq!((left(1), left(2), left(60)), (100, 200, 200));
}

#[test]
fn repeated_faults_within_the_window_lead_to_quarantine_and_one_call_tries_when_it_is_over() {
    let (standing, now) = (standing(|_| {}), start());
    for _ in 0..2 {
        standing.faulted(now, USUAL);
    }
    assert_eq!(standing.admit(now, small), Ok(USUAL));
    standing.faulted(now, USUAL);
    let later = |seconds| now + Duration::from_secs(seconds);
    assert_eq!(standing.admit(later(4), small), Err(Fault::Quarantined));
    assert_eq!(standing.state(later(4)).quarantined, Some(Duration::from_secs(1)));
    assert_eq!(standing.admit(later(5), small), Ok(TRIAL));
    assert_eq!(standing.admit(later(5), small), Err(Fault::Quarantined), "one call tries, no more");
    standing.recovered();
    assert_eq!(standing.admit(later(5), small), Ok(USUAL));
    assert_eq!((standing.state(now).quarantined, standing.state(now).quarantines), (None, 1));
}

#[test]
fn each_failed_trial_doubles_the_pause_up_to_the_longest() {
    let (standing, mut now) = (standing(|limits| limits.faults = 1), start());
    standing.faulted(now, USUAL);
    for pause in [5, 10, 15, 15] {
        assert_eq!(standing.state(now).quarantined, Some(Duration::from_secs(pause)));
        now += Duration::from_secs(pause);
        assert_eq!(standing.admit(now, small), Ok(TRIAL));
        standing.faulted(now, TRIAL);
    }
}

#[test]
fn a_trial_whose_client_left_leaves_the_trial_to_another() {
    let (standing, now) = (standing(|limits| limits.faults = 1), start());
    standing.faulted(now, USUAL);
    let over = now + Duration::from_secs(5);
    assert_eq!(standing.admit(over, small), Ok(TRIAL));
    standing.undecided();
    assert_eq!(standing.admit(over, small), Ok(TRIAL));
}

#[test]
fn faults_that_are_far_apart_do_not_add_up_and_none_is_counted_where_the_limit_is_0() {
    let (rarely, now) = (standing(|_| {}), start());
    for n in 0..10 {
        rarely.faulted(now + Duration::from_secs(n * 6), USUAL);
    }
    assert_eq!(rarely.admit(now + Duration::from_secs(60), small), Ok(USUAL));
    let never = standing(|limits| limits.faults = 0);
    (0..100).for_each(|_| assert!(!never.faulted(now, USUAL)));
    assert_eq!(never.admit(now, small), Ok(USUAL));
}

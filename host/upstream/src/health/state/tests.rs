#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
use super::{AsideReason, BreakerState, HealthStanding, Pass, Phase, Rules};
use proptest::prelude::*;

const RULES: Rules = Rules { failures: 5, first: 1_000, longest: 30_000 };

fn fail(state: BreakerState, times: u8, now: u64) -> BreakerState {
    (0..times).fold(state, |state, _| state.failed(state.insist(), now, RULES))
}

/// A breaker that has just opened for failures.
fn open(now: u64) -> BreakerState {
    fail(BreakerState::default(), 5, now)
}

/// The probe of a breaker that is due.
fn probe(state: BreakerState, now: u64) -> (BreakerState, Pass) {
    let (state, pass) = state.enter(now).unwrap();
    assert!(pass.probe);
    (state, pass)
}

#[test]
fn four_failures_in_a_row_are_forgiven_and_the_fifth_is_not() {
    let state = fail(BreakerState::default(), 4, 7);
    assert_eq!((state.standing(7), state.is_well()), (HealthStanding::Ready, false));
    assert_eq!(fail(state, 1, 7).standing(7), HealthStanding::Aside);
    let forgiven = state.served(state.insist());
    assert!(forgiven.is_well());
    assert_eq!(fail(forgiven, 4, 7).standing(7), HealthStanding::Ready);
}

#[test]
fn after_the_time_out_one_request_at_a_time_goes_through() {
    let state = open(100);
    assert_eq!((state.standing(1_099), state.enter(1_099)), (HealthStanding::Aside, None));
    assert_eq!(state.standing(1_100), HealthStanding::Due);
    let (state, pass) = probe(state, 1_100);
    assert_eq!(
        (state.standing(1_100), state.enter(1_000_000)),
        (HealthStanding::Aside, None),
        "until the probe has ended"
    );
    assert_eq!(state.served(pass).standing(1_100), HealthStanding::Ready);
}

#[test]
fn the_time_out_doubles_with_each_probe_that_fails_up_to_its_limit_and_begins_anew_after_a_success() {
    let (mut state, mut now) = (open(0), 0);
    for expected in [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
        assert_eq!(
            (state.standing(now + expected - 1), state.standing(now + expected)),
            (HealthStanding::Aside, HealthStanding::Due)
        );
        now += expected;
        let (probing, pass) = probe(state, now);
        state = probing.failed(pass, now, RULES);
    }
    let (state, pass) = probe(state, now + 30_000);
    let state = fail(state.served(pass), 5, 0);
    assert_eq!((state.standing(999), state.standing(1_000)), (HealthStanding::Aside, HealthStanding::Due));
}

#[test]
fn failures_while_it_is_put_aside_do_not_lengthen_that() {
    let state = open(0);
    assert_eq!(fail(state, 100, 900), state, "nor do those of requests that had nowhere else to go");
    let (probing, _) = probe(state, 1_000);
    assert_eq!(fail(probing, 100, 1_000), probing);
}

#[test]
fn what_began_before_it_opened_neither_closes_it_nor_counts_against_it() {
    let before = BreakerState::default().insist();
    let state = open(0);
    assert_eq!(state.served(before), state, "an old stream that comes to its end");
    let (state, pass) = probe(state, 1_000);
    assert_eq!(state.served(before), state);
    let closed = state.served(pass);
    assert_eq!(closed.failed(before, 5_000, RULES), closed, "an old request that times out at last");
}

#[test]
fn a_success_of_a_request_that_had_nowhere_else_to_go_brings_it_back() {
    let state = open(0);
    assert!(state.served(state.insist()).is_well());
}

#[test]
fn a_probe_that_says_nothing_leaves_its_place_to_the_next() {
    let (state, pass) = probe(open(0), 1_000);
    let state = state.given_back(pass);
    assert_eq!(state.standing(1_000), HealthStanding::Due);
    let (state, second) = probe(state, 1_000);
    assert_eq!(state.failed(second, 1_000, RULES).until, 3_000, "which counts as the first would have");
}

#[test]
fn a_probe_whose_answer_goes_on_for_as_long_as_the_time_out_was_lets_the_others_in() {
    let (state, pass) = probe(open(0), 1_000);
    let state = state.relaying(pass, 1_500, RULES);
    assert_eq!((state.standing(2_499), state.standing(2_500)), (HealthStanding::Aside, HealthStanding::Ready));
    let (closed, other) = state.enter(2_500).unwrap();
    assert!(!other.probe && closed.standing(2_500) == HealthStanding::Ready);
    // Its answer breaks off after all: one failure, and the next time-out is longer.
    assert_eq!(closed.failed(pass, 2_600, RULES).failures, 1);
    let again = fail(closed, 5, 3_000);
    assert_eq!((again.standing(4_999), again.standing(5_000)), (HealthStanding::Aside, HealthStanding::Due));
}

#[test]
fn a_probe_whose_answer_breaks_off_before_lets_nobody_in() {
    let (state, pass) = probe(open(0), 1_000);
    let state = state.relaying(pass, 1_500, RULES).failed(pass, 2_000, RULES);
    assert_eq!((state.phase, state.until), (Phase::Open, 4_000));
}

#[test]
fn who_says_when_to_come_back_is_put_aside_until_then_and_then_tried() {
    let state = BreakerState::default().limited(BreakerState::default().insist(), 30_000);
    assert_eq!((state.standing(29_999), state.reason), (HealthStanding::Aside, AsideReason::RateLimited));
    let (state, pass) = probe(state, 30_000);
    assert_eq!(state.enter(30_000), None);
    assert_eq!(
        state.relaying(pass, 30_001, RULES).standing(30_001),
        HealthStanding::Ready,
        "the limit is over with its head"
    );
    let again = state.limited(pass, 90_000);
    assert_eq!((again.standing(89_999), again.standing(90_000)), (HealthStanding::Aside, HealthStanding::Due));
}

#[test]
fn of_two_times_to_come_back_the_later_holds_and_a_stale_answer_does_not_disturb_the_probe() {
    let first = BreakerState::default().insist();
    let state = BreakerState::default().limited(first, 30_000).limited(first, 20_000);
    assert_eq!(state.until, 30_000);
    assert_eq!(state.limited(first, 40_000).until, 40_000);
    let (probing, _) = probe(state, 30_000);
    assert_eq!(probing.limited(first, 90_000), probing);
}

#[test]
fn a_pile_leaves_one_request_at_a_time_until_a_head_comes() {
    let state = BreakerState::default().pile_up(500);
    let (state, pass) = probe(state, 500);
    assert_eq!(state.enter(10_000), None);
    assert_eq!(state.sign_of_life().standing(500), HealthStanding::Ready);
    let failed = state.failed(pass, 5_500, RULES);
    assert_eq!((failed.standing(6_499), failed.standing(6_500)), (HealthStanding::Aside, HealthStanding::Due));
    assert_eq!(failed.sign_of_life(), failed, "after a failure a head alone is not enough");
}

#[derive(Debug, Clone)]
enum Act {
    Enter,
    Insist,
    Served(usize),
    Failed(usize),
    Limited(usize, u64),
    Relaying(usize),
    Dropped(usize),
    SignOfLife,
    PileUp,
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let which = any::<usize>;
    prop_oneof![
        8 => Just(Act::Enter),
        2 => Just(Act::Insist),
        3 => which().prop_map(Act::Served),
        6 => which().prop_map(Act::Failed),
        1 => (which(), 0..60_000_u64).prop_map(|(which, told)| Act::Limited(which, told)),
        2 => which().prop_map(Act::Relaying),
        2 => which().prop_map(Act::Dropped),
        1 => Just(Act::SignOfLife),
        1 => Just(Act::PileUp),
        4 => (0..5_000_u64).prop_map(Act::Wait),
    ]
}

/// A breaker with the requests that it let through and that have not ended.
struct World {
    state: BreakerState,
    now: u64,
    out: Vec<Pass>,
    /// Those of them that were let through as probes since everybody was let through last.
    probes: Vec<Pass>,
}

impl World {
    fn take(&mut self, at: usize) -> Option<Pass> {
        if self.out.is_empty() {
            return None;
        }
        let pass = self.out.remove(at % self.out.len());
        if pass.probe {
            self.probes.retain(|probe| *probe != pass);
        }
        Some(pass)
    }

    fn play(&mut self, act: Act) {
        let (state, now) = (self.state, self.now);
        self.state = match act {
            Act::Enter => match state.enter(now) {
                Some((next, pass)) => {
                    if pass.probe {
                        assert!(self.probes.is_empty(), "two probes at a time");
                        self.probes.push(pass);
                    }
                    self.out.push(pass);
                    next
                }
                None => {
                    assert_eq!(state.standing(now), HealthStanding::Aside);
                    state
                }
            },
            Act::Insist => {
                self.out.push(state.insist());
                state
            }
            Act::Served(at) => self.take(at).map_or(state, |pass| state.served(pass)),
            Act::Failed(at) => self.take(at).map_or(state, |pass| state.failed(pass, now, RULES)),
            Act::Limited(at, told) => self.take(at).map_or(state, |pass| state.limited(pass, now + told)),
            Act::Dropped(at) => self.take(at).map_or(state, |pass| state.given_back(pass)),
            Act::Relaying(_) if self.out.is_empty() => state,
            Act::Relaying(at) => state.relaying(self.out[at % self.out.len()], now, RULES),
            Act::SignOfLife => state.sign_of_life(),
            Act::PileUp => state.pile_up(now),
            Act::Wait(time) => {
                self.now += time;
                state
            }
        };
        if self.state.standing(self.now) == HealthStanding::Ready {
            self.probes.clear(); // they are requests like any other now
        }
        assert_eq!(BreakerState::unpack(self.state.pack()), self.state, "a word holds all of it");
        let probing = matches!(self.state.phase, Phase::Probing | Phase::Answered);
        let aside = self.state.standing(self.now) == HealthStanding::Aside;
        assert!(!(probing && aside) || self.probes.len() == 1, "it waits for a probe that is not there");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]
    #[test]
    fn there_is_never_more_than_one_probe_and_never_an_end_of_asking(acts in prop::collection::vec(act(), 1..150)) {
        let mut world = World { state: BreakerState::default(), now: 0, out: vec![], probes: vec![] };
        for act in acts {
            world.play(act);
        }
        // Whatever has happened: when every request has ended and time has passed, somebody is let through.
        while !world.out.is_empty() {
            world.play(Act::Dropped(0));
        }
        prop_assert!(world.state.enter(world.now + 60_000).is_some());
    }
}

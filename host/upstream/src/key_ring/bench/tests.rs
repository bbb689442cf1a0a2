#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
use super::{BenchRules, BenchState, KeyBench, KeyFault, TRIAL};

const MINUTE: u64 = 60_000;

fn refused(state: BenchState, now: u64) -> BenchState {
    state.refused(state.generation, KeyFault::Unauthorized, now, BenchRules::ACCOUNT)
}

#[test]
fn a_key_that_is_not_accepted_is_benched_for_five_minutes_and_twice_as_long_each_time_up_to_an_hour() {
    let (mut state, mut now) = (BenchState::default(), 0);
    for minutes in [5, 10, 20, 40, 60, 60, 60] {
        state = refused(state, now);
        assert_eq!((state.fault, state.left(now)), (Some(KeyFault::Unauthorized), Some(minutes * MINUTE)));
        assert_eq!(state.left(now + minutes * MINUTE - 1), Some(1));
        now += minutes * MINUTE;
        assert_eq!(state.left(now), None);
        state = state.sent(now);
    }
    let served = state.served(state.generation);
    assert_eq!((served.fault, served.left(now)), (None, None));
    assert_eq!(refused(served, now).left(now), Some(5 * MINUTE), "an answer begins it anew");
}

#[test]
fn what_was_sent_before_a_key_was_benched_says_nothing_of_it_any_more() {
    let before = BenchState::default();
    let benched = refused(before, 0);
    assert_eq!(benched.served(before.generation), benched);
    assert_eq!(benched.refused(before.generation, KeyFault::Unpaid, 10, BenchRules::ACCOUNT), benched);
    assert_eq!(benched.served(benched.generation).fault, None);
}

#[test]
fn one_request_at_a_time_tries_out_a_key_whose_time_is_over() {
    let benched = refused(BenchState::default(), 0);
    let now = 5 * MINUTE;
    assert_eq!(benched.sent(now - 1), benched);
    let tried = benched.sent(now);
    assert_eq!(tried.left(now), Some(TRIAL));
    // It was never heard of: the next one tries.
    assert_eq!(tried.left(now + TRIAL), None);
    assert_eq!(tried.sent(now + TRIAL).left(now + TRIAL), Some(TRIAL));
    assert_eq!(tried.served(tried.generation).fault, None);
    assert_eq!(refused(tried, now).left(now), Some(10 * MINUTE));
}

#[test]
fn a_wish_to_wait_counts_as_it_is_said_and_the_longest_of_those_that_cross() {
    let clear = BenchState::default();
    let limited = clear.limited(3_000, 0, Some(clear.generation));
    assert_eq!((limited.fault, limited.left(0)), (Some(KeyFault::RateLimited), Some(3_000)));
    let old = Some(clear.generation);
    assert_eq!(limited.limited(1_000, 0, old).left(0), Some(3_000));
    assert_eq!(limited.limited(9_000, 0, old).left(0), Some(9_000));
    // Who tried it out knows best.
    let tried = limited.sent(3_000);
    assert_eq!(tried.limited(3_500, 3_000, Some(tried.generation)).left(3_000), Some(500));
    // It does not shorten what is worse.
    let refused = refused(clear, 0);
    assert_eq!(refused.limited(1_000, 0, old), refused);
}

#[test]
fn a_state_is_what_its_word_says() {
    for fault in [None, Some(KeyFault::Unauthorized), Some(KeyFault::Account), Some(KeyFault::RateLimited)] {
        for (step, generation, until) in [(0, 0, 0), (31, 255, (1 << 40) - 1), (7, 100, 123_456)] {
            let state = BenchState { fault, step, generation, until };
            assert_eq!(BenchState::unpack(state.pack()), state);
        }
    }
    let bench = KeyBench::default();
    assert_eq!(bench.state(), BenchState::default());
    let (before, after) = bench.change(|state| refused(state, 0));
    assert_eq!((before, after), (BenchState::default(), bench.state()));
}

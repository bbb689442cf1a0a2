use super::{Flow, Pile, TIMES, WINDOW};

const PILE: Pile = Pile { requests: 5, least: 200 };

/// A flow whose heads take 100 ms.
fn usual() -> Flow {
    let flow = Flow::default();
    flow.sent(PILE, 0);
    flow.answered(100, 100);
    flow
}

fn is_piled(flow: &Flow, now: u64) -> bool {
    flow.is_piled(PILE, || now)
}

#[test]
fn requests_pile_up_when_so_many_wait_for_far_longer_than_is_usual() {
    let flow = usual();
    (0..5).for_each(|n| {
        flow.sent(PILE, 1_000 + n * 10);
    });
    assert!(!is_piled(&flow, 1_040 + 200), "the last of them has not waited for long enough");
    assert!(is_piled(&flow, 1_040 + 201));
    flow.answered(300, 1_300);
    assert!(!is_piled(&flow, 2_000), "one head is a sign of life");
}

#[test]
fn fewer_than_so_many_never_pile_up() {
    let flow = usual();
    (0..4).for_each(|_| {
        flow.sent(PILE, 1_000);
    });
    assert!(!is_piled(&flow, 1_000_000));
}

#[test]
fn who_answers_slowly_as_ever_has_no_pile() {
    let flow = Flow::default();
    flow.sent(PILE, 0);
    assert!(!is_piled(&flow, 0));
    flow.answered(40_000, 40_000);
    (0..50).for_each(|_| {
        flow.sent(PILE, 50_000);
    });
    assert!(!is_piled(&flow, 50_000 + 40_000 * TIMES));
    assert!(is_piled(&flow, 50_001 + 40_000 * TIMES));
}

#[test]
fn before_the_first_head_nothing_is_usual() {
    let flow = Flow::default();
    (0..50).for_each(|_| {
        flow.sent(PILE, 0);
    });
    assert!(!is_piled(&flow, 1_000_000));
}

#[test]
fn what_was_sent_before_the_last_head_is_slow_and_no_pile() {
    let flow = usual();
    (0..50).for_each(|_| {
        flow.sent(PILE, 1_000);
    });
    flow.answered(100, 1_100);
    assert!(!is_piled(&flow, 1_000_000));
    (0..5).for_each(|_| {
        flow.sent(PILE, 2_000);
    });
    assert!(is_piled(&flow, 3_000), "five new ones are");
}

#[test]
fn who_has_left_waits_no_longer() {
    let flow = usual();
    let epochs: Vec<u32> = (0..5).map(|_| flow.sent(PILE, 1_000)).collect();
    assert!(is_piled(&flow, 2_000));
    flow.left(epochs[0]);
    assert!(!is_piled(&flow, 2_000));
    flow.answered(100, 2_100);
    epochs.into_iter().for_each(|epoch| flow.left(epoch));
    (0..5).for_each(|_| {
        flow.sent(PILE, 3_000);
    });
    assert!(is_piled(&flow, 4_000), "those of another epoch are not taken off this one's");
}

#[test]
fn a_slow_head_is_forgotten_after_two_windows() {
    let flow = Flow::default();
    flow.answered(10_000, 0);
    for window in 1..=2_u64 {
        flow.answered(50, window * WINDOW);
        (0..5).for_each(|_| {
            flow.sent(PILE, window * WINDOW);
        });
        assert_eq!(is_piled(&flow, window * WINDOW + 5_000), window == 2);
        flow.answered(50, window * WINDOW + 1);
    }
}

#[test]
fn no_requests_make_a_pile_where_that_is_turned_off() {
    let (flow, off) = (usual(), Pile { requests: 0, ..PILE });
    (0..5).for_each(|_| {
        flow.sent(off, 0);
    });
    assert!(!flow.is_piled(off, || 1_000_000));
}

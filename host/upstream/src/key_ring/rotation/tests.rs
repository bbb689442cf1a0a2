#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
use super::Rotation;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use weir_seeded::seeded;

fn turns(rotation: &Rotation, times: usize, may: impl Fn(usize) -> bool) -> Vec<usize> {
    (0..times).map(|_| rotation.next(&may).unwrap()).collect()
}

#[test]
fn turns_are_spread_and_not_bunched() {
    let rotation = Rotation::new([3, 1].into_iter());
    assert_eq!(turns(&rotation, 8, |_| true), [0, 0, 1, 0, 0, 0, 1, 0]);
    // nginx's own example.
    let rotation = Rotation::new([5, 1, 1].into_iter());
    assert_eq!(turns(&rotation, 7, |_| true), [0, 0, 1, 0, 2, 0, 0]);
}

#[test]
fn who_may_not_is_passed_over_and_the_others_share_as_they_weigh() {
    let rotation = Rotation::new([3, 1, 2].into_iter());
    assert_eq!(turns(&rotation, 6, |place| place != 0), [2, 1, 2, 2, 1, 2]);
    assert_eq!(rotation.next(|_| false), None);
    // Who was passed over has nothing to make up for.
    let after = turns(&rotation, 6, |_| true);
    assert_eq!([0, 1, 2].map(|place| after.iter().filter(|turn| **turn == place).count()), [3, 1, 2]);
}

#[test]
fn each_has_its_share_whatever_the_weights_and_whoever_may() {
    seeded("rotation", 50, |chance| {
        let weights: Vec<u32> =
            (0..2 + chance.below(8)).map(|_| 1 + u32::try_from(chance.below(20)).unwrap()).collect();
        let rotation = Rotation::new(weights.iter().copied());
        for _ in 0..5 {
            let out: Vec<bool> = weights.iter().map(|_| chance.percent(30)).collect();
            let left: u32 = weights.iter().zip(&out).filter(|(_, out)| !**out).map(|(weight, _)| weight).sum();
            if left == 0 {
                continue;
            }
            let (rounds, mut counts) = (3, vec![0; weights.len()]);
            turns(&rotation, rounds * left as usize, |place| !out[place]).iter().for_each(|turn| counts[*turn] += 1);
            for (place, count) in counts.iter().enumerate() {
                let share = if out[place] { 0 } else { rounds as u32 * weights[place] };
                // What is left of before may move one turn or two.
                assert!(share.abs_diff(*count) <= 2 && (share > 0 || *count == 0), "{weights:?} {out:?}: {counts:?}");
            }
        }
    });
}

#[test]
fn shares_hold_when_threads_choose_at_once() {
    const EACH: usize = 20_000;
    let rotation = Arc::new(Rotation::new([3, 1, 4].into_iter()));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let rotation = Arc::clone(&rotation);
            std::thread::spawn(move || {
                let mut counts = [0_usize; 3];
                (0..EACH).for_each(|_| counts[rotation.next(|_| true).unwrap()] += 1);
                counts
            })
        })
        .collect();
    let counts: Vec<[usize; 3]> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let credit: i64 = rotation.turns.iter().map(|turn| turn.credit.load(Relaxed)).sum();
    assert_eq!(credit, 0, "credit neither comes nor goes");
    for (place, weight) in [3, 1, 4].into_iter().enumerate() {
        let count: usize = counts.iter().map(|counts| counts[place]).sum();
        let share = 4 * EACH * weight / 8;
        assert!(share.abs_diff(count) <= 10, "{place}: {count} of {share}");
    }
}

//! Tests by chance that can be repeated: whatever one does follows from its seed.
//!
//! [`seeded`] runs a test with a few seeds that are always the same, and with one that nobody has tried before. What fails says
//! which seed it was; `WEIR_SEED=…` repeats that one alone, and `WEIR_SEEDS=…` goes on searching with so many new ones.
// It is a part of tests: it says what went wrong by a panic, and where by a line.
#![allow(clippy::print_stderr, clippy::missing_panics_doc)]

use std::env;
use std::hash::{BuildHasher as _, RandomState};
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

/// Numbers that follow from a seed (SplitMix64; Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Those of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One below `end`; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let picked = (u128::from(self.number()) * (end as u128)) >> 64;
        usize::try_from(picked).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    /// One of these, of which there is one at least.
    #[allow(clippy::indexing_slicing)]
    pub fn one_of<T: Copy, const N: usize>(&mut self, all: [T; N]) -> T {
        all[self.below(N)]
    }

    /// A time below so many milliseconds, in whole ones.
    pub fn millis(&mut self, end: usize) -> Duration {
        Duration::from_millis(self.below(end) as u64)
    }

    /// Takes one out of a list by chance, if there is one.
    pub fn take<T>(&mut self, list: &mut Vec<T>) -> Option<T> {
        if list.is_empty() { None } else { Some(list.swap_remove(self.below(list.len()))) }
    }
}

/// Runs a test with the seeds up to `always`, and with one that is new; see the head of the crate.
#[allow(clippy::expect_used)]
pub fn seeded(test: &str, always: u64, run: impl Fn(&mut Chance)) {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    if let Some(seed) = number("WEIR_SEED") {
        return run(&mut Chance::of(seed));
    }
    let state = RandomState::new();
    let new = (0..number("WEIR_SEEDS").unwrap_or(1)).map(|nth| state.hash_one(nth) >> 16);
    for seed in (0..always).chain(new) {
        if let Err(why) = panic::catch_unwind(AssertUnwindSafe(|| run(&mut Chance::of(seed)))) {
            eprintln!("{test} failed with seed {seed}: WEIR_SEED={seed} repeats it");
            panic::resume_unwind(why);
        }
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::{Chance, seeded};
    use std::cell::RefCell;

    #[test]
    fn the_same_seed_brings_the_same_numbers_and_another_one_others() {
        let numbers = |seed| -> Vec<usize> {
            let mut chance = Chance::of(seed);
            (0..100).map(|_| chance.below(1_000)).collect()
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
        assert!(numbers(7).iter().all(|number| *number < 1_000));
        assert_eq!((Chance::of(1).below(0), Chance::of(1).below(1)), (0, 0));
    }

    #[test]
    fn a_test_runs_with_its_seeds_and_one_more_and_its_failure_is_a_failure() {
        let firsts = RefCell::new(Vec::new());
        seeded("it", 3, |chance| firsts.borrow_mut().push(chance.number()));
        let firsts = firsts.into_inner();
        assert_eq!(firsts[..3], [0, 1, 2].map(|seed| Chance::of(seed).number()));
        assert_eq!(firsts.len(), 4);
        let failed =
            std::panic::catch_unwind(|| seeded("it", 3, |chance| assert_ne!(chance.number(), Chance::of(2).number())));
        assert!(failed.is_err());
    }
}

//! Random choices that a seed repeats.

/// A generator of its own for each thing that is decided: SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom
/// Number Generators", 2014).
#[derive(Debug, Clone)]
pub(crate) struct SeededRandom(u64);

impl SeededRandom {
    /// The same seed and number always give the same choices; neighbours share nothing.
    pub(crate) fn of(seed: u64, number: u32) -> Self {
        let mut random = Self(seed ^ u64::from(number).wrapping_mul(0xA24B_AED4_963E_E407));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A number from `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % most.saturating_sub(least).saturating_add(1).max(1)
    }

    /// One of `choices`, each as likely as its weight says; none only of no choices.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[(u32, T)]) -> Option<T> {
        let whole: u64 = choices.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut at = self.between(0, whole.saturating_sub(1));
        for (weight, choice) in choices {
            match at.checked_sub(u64::from(*weight)) {
                Some(rest) => at = rest,
                None => return Some(*choice),
            }
        }
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_choices_and_another_makes_others() {
        let row = |seed| (0..64).map(|number| SeededRandom::of(seed, number).between(0, 999)).collect::<Vec<_>>();
        assert_eq!(row(7), row(7));
        assert_ne!(row(7), row(8));
        let distinct: std::collections::BTreeSet<_> = row(7).into_iter().collect();
        assert!(distinct.len() > 50, "neighbours share nothing: {distinct:?}");
    }

    #[test]
    fn numbers_stay_within_their_bounds_and_reach_both() {
        let drawn: Vec<_> = (0..400).map(|number| SeededRandom::of(1, number).between(3, 6)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&3), Some(&6)));
        assert_eq!(SeededRandom::of(1, 1).between(5, 5), 5);
    }

    #[test]
    fn choices_come_as_often_as_their_weights_say() {
        let picked = (0..4_000).filter_map(|number| SeededRandom::of(2, number).pick(&[(3, 'a'), (0, 'b'), (1, 'c')]));
        let (mut a, mut c) = (0, 0);
        for choice in picked {
            match choice {
                'a' => a += 1,
                'c' => c += 1,
                other => assert_eq!(other, 'a', "a choice of no weight was made"),
            }
        }
        assert_eq!(a + c, 4_000);
        assert!((2_800..3_200).contains(&a), "{a} of 4,000 where 3,000 are due");
        assert_eq!(SeededRandom::of(2, 1).pick::<char>(&[]), None);
    }
}

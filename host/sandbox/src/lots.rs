//! Which requests see which of the new versions on trial.
//!
//! Ids of requests are drawn into a hundred lots, and each trial has as many of these as its percentage. Trials lie behind
//! one another, so that as long as there are lots enough no request sees two new versions, and each is compared with
//! requests that see old ones alone; where their shares come to more than a hundred, they begin again at the first lot.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Of so many lots a percentage is a whole number.
const LOTS: usize = 100;

/// The sets of trials that requests see, and the set of each lot.
#[derive(Debug)]
pub(crate) struct Lots {
    of_lot: [Option<u8>; LOTS],
    /// By the places of their steps; none is empty, and no two are the same. There are no more of them than lots.
    sets: Vec<Vec<usize>>,
}

impl Lots {
    /// The lots of these trials: the place of each, and its share of a hundred requests. None without a trial.
    pub(crate) fn of(trials: impl Iterator<Item = (usize, u8)>) -> Option<Self> {
        let mut seen: [Vec<usize>; LOTS] = std::array::from_fn(|_| Vec::new());
        let mut lots = (0..LOTS).cycle();
        for (place, percent) in trials {
            for lot in lots.by_ref().take(usize::from(percent).min(LOTS)) {
                if let Some(seen) = seen.get_mut(lot) {
                    seen.push(place);
                }
            }
        }
        let mut sets: Vec<Vec<usize>> = Vec::new();
        let of_lot = seen.map(|set| {
            if set.is_empty() {
                return None;
            }
            let at = sets.iter().position(|known| *known == set).unwrap_or_else(|| {
                sets.push(set);
                sets.len() - 1
            });
            u8::try_from(at).ok()
        });
        (!sets.is_empty()).then_some(Self { of_lot, sets })
    }

    /// The sets of trials, each by the places of its steps.
    pub(crate) fn sets(&self) -> &[Vec<usize>] {
        &self.sets
    }

    /// Which of the sets a request sees whose id has this hash; none if it sees old versions alone.
    pub(crate) fn draw(&self, hash: u64) -> Option<usize> {
        // The high bits of a product spread evenly, without a division.
        let lot = (u128::from(hash) * LOTS as u128) >> 64;
        let lot = usize::try_from(lot).unwrap_or_default();
        self.of_lot.get(lot).copied().flatten().map(usize::from)
    }
}

/// A hash of an id, every bit of which depends on all of the id: FNV-1a, and the last step of MurmurHash3 behind it.
pub(crate) fn hash(id: &[u8]) -> u64 {
    let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let mut hash = id.iter().fold(0xcbf2_9ce4_8422_2325, fnv);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

//! The number that each request of a load carries in its text, so that the mock can tell them apart.
//!
//! In the text that a model is asked, for gateways drop headers and even fields of the body that they do not know or
//! have a use of their own for. In letters, for a policy may take a long row of digits for somebody's phone number.

use memchr::memmem;

/// What stands before the letters; no other text of a load holds it.
const PREFIX: &[u8] = b"benchstamp";
/// Four bits each: the run's number, then the request's.
const LETTERS: usize = 16;
/// The length of a stamp, in bytes.
pub(crate) const LENGTH: usize = PREFIX.len() + LETTERS;

/// One request of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestStamp {
    pub(crate) run: u32,
    pub(crate) number: u32,
}

impl RequestStamp {
    pub(crate) fn text(self) -> [u8; LENGTH] {
        let mut text = [b'a'; LENGTH];
        let whole = u64::from(self.run) << 32 | u64::from(self.number);
        let (prefix, letters) = text.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX);
        for (place, letter) in letters.iter_mut().rev().enumerate() {
            // Four bits always fit.
            *letter += u8::try_from(whole >> (4 * place) & 15).unwrap_or_default();
        }
        text
    }

    /// The stamp in a request's body, wherever it stands.
    pub(crate) fn find(body: &[u8]) -> Option<Self> {
        let start = memmem::find(body, PREFIX)? + PREFIX.len();
        let letters = body.get(start..start + LETTERS)?;
        let whole = letters.iter().try_fold(0, |whole: u64, letter| match letter {
            b'a'..=b'p' => Some(whole << 4 | u64::from(letter - b'a')),
            _ => None,
        })?;
        Some(Self { run: u32::try_from(whole >> 32).ok()?, number: u32::try_from(whole & 0xFFFF_FFFF).ok()? })
    }
}

/// A set of numbers from nought, one bit for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    words: Vec<u64>,
}

/// Past this a set would take more than 32 MiB; larger numbers are not kept.
const MOST: u32 = 1 << 28;

impl Numbers {
    /// Whether the number is new.
    pub(crate) fn insert(&mut self, number: u32) -> bool {
        if number >= MOST {
            return true;
        }
        let word = usize::try_from(number / 64).unwrap_or(usize::MAX);
        if self.words.len() <= word {
            // By whole pages, so that this is rare.
            self.words.resize((word + 1).next_multiple_of(512), 0);
        }
        let bit = 1 << (number % 64);
        let Some(word) = self.words.get_mut(word) else { return true };
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    pub(crate) fn len(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// How many are here and not in the other.
    pub(crate) fn without(&self, other: &Self) -> u64 {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        self.words.iter().zip(others).map(|(word, other)| u64::from((word & !other).count_ones())).sum()
    }

    pub(crate) fn join(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let (words, _) = bytes.as_chunks();
        Self { words: words.iter().map(|word| u64::from_le_bytes(*word)).collect() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_found_as_it_was_written_and_nothing_else_is_a_stamp() {
        for (run, number) in [(0, 0), (1, 2), (u32::MAX, u32::MAX), (0x1234_5678, 0x9ABC_DEF0)] {
            let stamp = RequestStamp { run, number };
            let text = String::from_utf8(stamp.text().to_vec()).unwrap();
            assert!(text.bytes().all(|letter| letter.is_ascii_lowercase()), "{text}");
            assert_eq!(RequestStamp::find(format!("{{\"content\":\"{text} what\"}}").as_bytes()), Some(stamp));
        }
        for other in ["", "benchstamp", "benchstampaaaaaaaaaaaaaaaq", "benchstampaaaaaaaaaaaaaaa", "ada@example.org"] {
            assert_eq!(RequestStamp::find(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_set_knows_what_is_new_and_survives_the_way_through_bytes() {
        let mut set = Numbers::default();
        assert!([0, 63, 64, 100_000].into_iter().all(|number| set.insert(number)));
        assert!(![0, 63, 64, 100_000].into_iter().any(|number| set.insert(number)));
        assert_eq!(set.len(), 4);
        assert_eq!(Numbers::from_bytes(&set.to_bytes()), set);
    }

    #[test]
    fn the_difference_of_sets_does_not_depend_on_their_sizes() {
        let (mut small, mut large) = (Numbers::default(), Numbers::default());
        assert!(small.insert(1) && small.insert(2) && large.insert(2) && large.insert(1_000_000));
        assert_eq!((small.without(&large), large.without(&small)), (1, 1));
        small.join(&large);
        assert_eq!((small.len(), large.without(&small)), (3, 0));
    }
}

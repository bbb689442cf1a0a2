//! Passing over a text many bytes at a time: of each piece one pair of neighbours is looked for, the least usual one.
//!
//! The loops here are plain and have no exits, so that the compiler makes vector instructions of them.

/// Places that are looked at in one go.
pub(super) const BLOCK: usize = 32;
/// With more pairs than this, reading step by step costs less.
const MOST: usize = 8;
/// How often a letter stands in English texts, for a thousand letters, from `a` on.
const USUAL: [u16; 26] =
    [82, 15, 28, 43, 127, 22, 20, 61, 70, 2, 8, 40, 24, 67, 75, 19, 1, 60, 63, 91, 28, 10, 24, 2, 20, 1];
/// The same for everything that is no letter.
const OTHER: u16 = 5;

/// One pair of each piece. No piece begins where none of them stands in reach.
#[derive(Debug)]
pub(super) struct Pairs {
    /// With the bit set in which the cases of a letter differ.
    pairs: Vec<[u8; 2]>,
    /// How far the beginning of a piece is before its pair, at most.
    pub(super) reach: usize,
}

impl Pairs {
    /// Takes the pieces; none if there are too many, or one is no pair long.
    pub(super) fn new<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let (mut pairs, mut reach) = (Vec::new(), 0);
        for piece in pieces {
            let (at, pair) = piece.array_windows().enumerate().min_by_key(|(_, pair)| usual(pair))?;
            let pair = pair.map(fold);
            reach = reach.max(at);
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
        let room = pairs.len().checked_next_power_of_two().filter(|room| !pairs.is_empty() && *room <= MOST)?;
        // To look for one of them again is cheaper than to count them.
        let again = pairs.last().copied()?;
        pairs.resize(room, again);
        Some(Self { pairs, reach })
    }

    /// Where the first block begins that has the first byte of a pair in it, from a byte on.
    pub(super) fn next(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        let passed = match self.pairs.as_slice() {
            [a] => pass([*a], rest),
            [a, b] => pass([*a, *b], rest),
            [a, b, c, d] => pass([*a, *b, *c, *d], rest),
            [a, b, c, d, e, f, g, h] => pass([*a, *b, *c, *d, *e, *f, *g, *h], rest),
            _ => Some(0),
        };
        passed.map(|passed| from + passed)
    }
}

/// How many bytes may be passed over before the first block with a pair; none if there is no pair at all.
#[inline]
fn pass<const N: usize>(pairs: [[u8; 2]; N], bytes: &[u8]) -> Option<usize> {
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let (seconds, _) = bytes.get(1..)?.as_chunks::<BLOCK>();
    let both = blocks.iter().zip(seconds);
    let passed = BLOCK * both.take_while(|(block, second)| !stands(&pairs, block, second)).count();
    // What is left is shorter than a block: it is looked at together with what stands before it.
    if bytes.len() - passed > BLOCK {
        return Some(passed);
    }
    let firsts = bytes.get(..bytes.len() - 1)?.last_chunk();
    match firsts.zip(bytes.last_chunk()) {
        Some((block, second)) if !stands(&pairs, block, second) => None,
        _ => Some(passed),
    }
}

/// Whether one of these pairs stands anywhere, its first byte here and its second byte there.
#[inline]
fn stands<const N: usize>(pairs: &[[u8; 2]; N], firsts: &[u8; BLOCK], seconds: &[u8; BLOCK]) -> bool {
    let mut found = false;
    for (first, second) in firsts.iter().zip(seconds) {
        for [a, b] in pairs {
            found |= (fold(*first) == *a) & (fold(*second) == *b);
        }
    }
    found
}

/// Makes both cases of a letter one. Other bytes fall together too, which costs a look more and hides nothing.
#[inline]
const fn fold(byte: u8) -> u8 {
    byte | 0x20
}

fn usual(pair: &[u8; 2]) -> u32 {
    let [a, b] = pair.map(|byte| {
        let letter = usize::from(byte.to_ascii_lowercase().wrapping_sub(b'a'));
        u32::from(USUAL.get(letter).copied().unwrap_or(OTHER))
    });
    a * b
}

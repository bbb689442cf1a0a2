//! A quick look for places that a phrase may stand at, in steps of several bytes.
//!
//! Of each phrase a piece is looked for that must stand in a text byte for byte, but for case: a part of a word, all ASCII.
//! How far the look may step on it reads off two bytes at a time, as Wu and Manber do (A fast algorithm for multi-pattern
//! searching, 1994). That a text says what it says byte for byte is so unless it has a character in it that is read as an
//! ASCII one or not at all: [`hides`] finds those, and then the quick look is none.
//!
//! Where there are few pieces, most of a text is not even stepped over: [`Pairs`] says which blocks of it may have one.

mod pairs;

use crate::normal;
use pairs::{BLOCK, Pairs};

/// With pieces shorter than this there are no steps to speak of.
const SHORTEST: usize = 3;
/// Longer pieces are cut: longer steps need larger tables.
const LONGEST: usize = 16;
/// Pairs of bytes that are told apart: five bits of each, in which both cases of a letter are the same.
const PAIRS: usize = 1 << 10;

/// Pieces of phrases, made ready to look for.
#[derive(Debug)]
pub(crate) struct Sieve {
    /// All of one length, in lower case, by the pair that they end with.
    pieces: Vec<(usize, Vec<u8>)>,
    length: usize,
    /// How far a piece is from its end at most when a pair is read in it.
    steps: Box<[u8; PAIRS]>,
    /// What most of a text is passed over with, if there are few pieces.
    pairs: Option<Pairs>,
    /// Words before the piece in its phrase, at most.
    pub(crate) words_before: usize,
    /// Whether there are phrases without a piece, which no text of ASCII alone has.
    beyond: bool,
}

impl Sieve {
    /// Takes phrases in their normal form; none if one of them is too short for it.
    pub(crate) fn new(phrases: &[String]) -> Option<Self> {
        let mut words_before = 0;
        let mut beyond = false;
        let mut pieces = Vec::new();
        for phrase in phrases {
            match piece(phrase) {
                Some((words, piece)) if piece.len() >= SHORTEST => {
                    words_before = words_before.max(words);
                    pieces.push(piece);
                }
                // No text of ASCII alone has a phrase that has not.
                _ if !phrase.is_ascii() => beyond = true,
                _ => return None,
            }
        }
        let length = pieces.iter().map(|piece| piece.len()).min().unwrap_or(LONGEST).min(LONGEST);
        let mut steps = Box::new([u8::try_from(length - 1).unwrap_or(1); PAIRS]);
        let mut by_end: Vec<(usize, Vec<u8>)> = Vec::new();
        for piece in pieces.iter().filter_map(|piece| piece.get(..length)) {
            for (at, pair) in piece.array_windows().enumerate() {
                let left = u8::try_from(length - 2 - at).unwrap_or(0);
                steps.get_mut(index(*pair)).into_iter().for_each(|step| *step = left.min(*step));
            }
            let Some(pair) = piece.last_chunk() else { continue };
            let entry = (index(*pair), piece.to_vec());
            if let Err(at) = by_end.binary_search(&entry) {
                by_end.insert(at, entry);
            }
        }
        let pairs = Pairs::new(by_end.iter().map(|(_, piece)| piece.as_slice()));
        Some(Self { pieces: by_end, length, steps, pairs, words_before, beyond })
    }

    /// Whether a text is one that the quick look may be had at.
    pub(crate) fn is_for(&self, text: &str) -> bool {
        match beyond(text.as_bytes(), 0) {
            Some(at) => !self.beyond && !hides(text, at),
            None => true,
        }
    }

    /// Where the next piece begins, from the byte `from` on.
    pub(crate) fn next(&self, text: &str, from: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        let Some(pairs) = &self.pairs else { return self.step(bytes, from) };
        let mut from = from;
        while let Some(block) = pairs.next(bytes, from) {
            // Every piece that has its pair in this block begins in what is stepped over now.
            let start = from.max(block.saturating_sub(pairs.reach));
            from = block + BLOCK;
            let end = bytes.len().min(from + self.length - 1);
            if let Some(found) = bytes.get(..end).and_then(|bytes| self.step(bytes, start)) {
                return Some(found);
            }
        }
        None
    }

    /// Where the next whole piece begins in these bytes, in steps over all of them.
    fn step(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut at = from + self.length - 2;
        while let Some(pair) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
            let index = index(*pair);
            let step = self.steps.get(index).copied().unwrap_or(0);
            if step == 0 {
                let start = at + 2 - self.length;
                if self.stands(index, bytes.get(start..at + 2).unwrap_or_default()) {
                    return Some(start);
                }
                at += 1;
            }
            at += usize::from(step);
        }
        None
    }

    /// Whether this is a piece, which ends with this pair.
    fn stands(&self, pair: usize, window: &[u8]) -> bool {
        let first = self.pieces.partition_point(|(end, _)| *end < pair);
        let same = self.pieces.iter().skip(first).take_while(|(end, _)| *end == pair);
        same.into_iter().any(|(_, piece)| piece.eq_ignore_ascii_case(window))
    }
}

#[inline]
fn index(pair: [u8; 2]) -> usize {
    let pair = usize::from(u16::from_le_bytes(pair));
    pair & 0x1f | pair >> 3 & 0x3e0
}

/// The longest part of a word of this phrase that is all ASCII, and how many words stand before.
fn piece(phrase: &str) -> Option<(usize, &[u8])> {
    let words = phrase.split(' ').enumerate();
    let parts = words.flat_map(|(index, word)| word.split(|c: char| !c.is_ascii()).map(move |part| (index, part)));
    let longest = parts.max_by_key(|(_, part)| part.len()).filter(|(_, part)| !part.is_empty())?;
    Some((longest.0, longest.1.as_bytes()))
}

/// Whether a character stands here, from a byte on, that is read as an ASCII one or not at all.
fn hides(text: &str, from: usize) -> bool {
    let mut next = Some(from);
    while let Some(at) = next {
        let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { return true };
        if normal::hides(c) {
            return true;
        }
        next = beyond(text.as_bytes(), at + c.len_utf8());
    }
    false
}

/// Where the next byte beyond ASCII is, from a byte on.
fn beyond(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let long = ascii::<64>(rest);
    let passed = long + ascii::<16>(rest.get(long..)?);
    // What is left is shorter than a block: it is looked at together with what stands before it.
    if rest.len() - passed < 16 && rest.last_chunk().is_some_and(is_ascii::<16>) {
        return None;
    }
    let at = rest.get(passed..)?.iter().position(|byte| !byte.is_ascii())?;
    Some(from + passed + at)
}

/// How many bytes stand in blocks of ASCII at the beginning.
#[inline]
fn ascii<const BLOCK: usize>(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    BLOCK * blocks.iter().take_while(|block| is_ascii(block)).count()
}

/// Looks at all bytes and stops at none, so that the compiler makes vector instructions of it.
#[inline]
fn is_ascii<const BLOCK: usize>(block: &[u8; BLOCK]) -> bool {
    block.iter().fold(true, |all, byte| all & byte.is_ascii())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

//! Finding any of many phrases in one walk over a text.

use crate::normal::{self, Normal};
use crate::sieve::Sieve;

/// Phrases, looked up by the word or sign that they begin with.
#[derive(Debug)]
pub(crate) struct Phrases {
    /// Sorted by what they begin with.
    by_head: Vec<(String, Vec<String>)>,
    /// What each byte is: most of a text is passed over with one look at each.
    kinds: Box<[u8; 256]>,
    /// For each ASCII character the second characters of heads that begin with it, one bit each; bit 0 for a head that is
    /// over there. All but a few words that begin right are passed over by this.
    seconds: Vec<u128>,
    /// The characters beyond ASCII that a head may begin with as it is written.
    beyond: Beyond,
    /// The most characters that one of them has, spaces left out.
    longest: usize,
    /// Finds the places that are worth a walk, if these phrases let it.
    sieve: Option<Sieve>,
}

/// How far a text was walked.
#[derive(Default)]
struct Walk {
    at: usize,
    /// What the byte before is.
    before: u8,
    /// The character before, if it is beyond ASCII.
    beyond: Option<char>,
}

impl Walk {
    /// Whether what stands before is a part of a word. Asked where a phrase may begin alone: most characters beyond ASCII are
    /// never looked up.
    fn is_in_word(&self) -> bool {
        match self.beyond {
            Some(c) => class(normal::plain(c)) == Class::Word,
            None => self.before & WORD != 0,
        }
    }
}

/// Some characters, to be asked for often and found rarely.
#[derive(Debug, Default)]
struct Beyond {
    /// One bit for each remainder by 128 that one of them has.
    some: u128,
    /// Sorted.
    all: Vec<char>,
}

impl Beyond {
    fn add(&mut self, c: char) {
        self.some |= 1 << (u32::from(c) % 128);
        if let Err(at) = self.all.binary_search(&c) {
            self.all.insert(at, c);
        }
    }

    #[inline]
    fn has(&self, c: char) -> bool {
        self.some >> (u32::from(c) % 128) & 1 != 0 && self.all.binary_search(&c).is_ok()
    }
}

/// A part of a word.
const WORD: u8 = 1;
/// A head begins with it, in either case.
const START: u8 = 2;
/// A part of a character beyond ASCII.
const BEYOND: u8 = 4;

/// How a character bounds words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// A letter or digit of a script that puts spaces between words.
    Word,
    Space,
    /// Signs, and letters of scripts without spaces: each stands for itself.
    Single,
}

impl Phrases {
    /// Takes phrases in their normal form, not empty and without space around.
    pub(crate) fn new(phrases: Vec<String>) -> Self {
        let sieve = Sieve::new(&phrases);
        let mut by_head: Vec<(String, Vec<String>)> = Vec::new();
        let mut seconds = vec![0; 128];
        let (mut beyond, mut longest) = (Beyond::default(), 0);
        for phrase in phrases {
            longest = longest.max(phrase.chars().filter(|c| *c != ' ').count());
            let head = head(phrase.chars());
            let mut chars = head.chars();
            let first = chars.next();
            first.into_iter().flat_map(normal::written_as).for_each(|c| beyond.add(c));
            let bits = first.and_then(|c| seconds.get_mut(usize::try_from(u32::from(c)).ok()?));
            if let Some(bits) = bits {
                *bits |= chars.next().map_or(1, second_bit);
            }
            match by_head.binary_search_by(|(have, _)| have.cmp(&head)) {
                Ok(at) => by_head.get_mut(at).into_iter().for_each(|(_, list)| list.push(phrase.clone())),
                Err(at) => by_head.insert(at, (head, vec![phrase])),
            }
        }
        let kinds = Box::new(std::array::from_fn(|byte| kind(byte, &seconds)));
        Self { by_head, kinds, seconds, beyond, longest, sieve }
    }

    /// Whether any phrase stands in this text between word borders, however it is written.
    pub(crate) fn any_in(&self, text: &str) -> bool {
        if self.by_head.is_empty() {
            return false;
        }
        let mut walk = Walk::default();
        let Some(sieve) = self.sieve.as_ref().filter(|sieve| sieve.is_for(text)) else {
            return self.any_begins(text, &mut walk, text.len());
        };
        let mut from = 0;
        while let Some(place) = sieve.next(text, from) {
            let start = words_back(text, walk.at, place, sieve.words_before);
            if start > walk.at {
                walk = Walk { at: start, ..Walk::default() };
            }
            if self.any_begins(text, &mut walk, place) {
                return true;
            }
            from = place + 1;
        }
        false
    }

    /// Whether any phrase stands over a seam of these texts, which are read one behind the other with this between them. Of long
    /// ones no more is looked at than what may be one: all of each was.
    pub(crate) fn any_over(&self, texts: &[&str], between: &str) -> bool {
        let mut seam = String::new();
        for text in texts {
            match self.ends(text) {
                None => seam.push_str(text),
                Some((head, tail)) => {
                    seam.push_str(head);
                    if self.any_in(&seam) {
                        return true;
                    }
                    seam.clear();
                    seam.push_str(tail);
                }
            }
            seam.push_str(between);
        }
        self.any_in(&seam)
    }

    /// The beginning and the end of a text, each so long that a phrase which goes on beyond it is all there, and that the words
    /// around are whole; none if the text is not longer than both.
    fn ends<'a>(&self, text: &'a str) -> Option<(&'a str, &'a str)> {
        let reach = self.longest + 1;
        let head = reaches(text.char_indices().map(|(at, c)| (at + c.len_utf8(), c)), reach)?;
        let tail = reaches(text.char_indices().rev(), reach).filter(|tail| head < *tail)?;
        Some((text.get(..head)?, text.get(tail..)?))
    }

    /// Walks on, up to the byte `until` and over it, and says whether a phrase begins on the way.
    fn any_begins(&self, text: &str, walk: &mut Walk, until: usize) -> bool {
        let bytes = text.as_bytes();
        while walk.at <= until {
            let Some(&byte) = bytes.get(walk.at) else { return false };
            let kind = self.kind(byte);
            let start = walk.at;
            walk.at += 1;
            if kind == BEYOND {
                let Some(c) = text.get(start..).and_then(|rest| rest.chars().next()) else { return false };
                walk.at = start + c.len_utf8();
                if normal::is_invisible(c) {
                    continue;
                }
                if self.beyond.has(c) && Self::may_stand(c, walk) && self.begins(text, start) {
                    return true;
                }
                walk.beyond = Some(c);
                continue;
            }
            if kind & START != 0 && self.may_begin(byte, bytes.get(walk.at)) {
                let inside = kind & WORD != 0 && walk.is_in_word();
                if !inside && self.begins(text, start) {
                    return true;
                }
            }
            (walk.before, walk.beyond) = (kind, None);
        }
        false
    }

    /// Whether a word or a sign begins with a character beyond ASCII here, where this was walked before.
    fn may_stand(c: char, walk: &Walk) -> bool {
        class(normal::plain(c)) != Class::Word || !walk.is_in_word()
    }

    #[inline]
    fn kind(&self, byte: u8) -> u8 {
        self.kinds.get(usize::from(byte)).copied().unwrap_or(0)
    }

    /// Whether a head may begin with this byte and the one after it, which is the rest of the word or not.
    #[inline]
    fn may_begin(&self, byte: u8, next: Option<&u8>) -> bool {
        let Some(bits) = self.seconds.get(usize::from(byte.to_ascii_lowercase())) else { return false };
        match next {
            Some(next) if !next.is_ascii() => true,
            Some(next) if next.is_ascii_alphanumeric() || *next == b'_' => {
                // A sign is a head of its own, whatever follows.
                bits & (second_bit(char::from(next.to_ascii_lowercase())) | 1) != 0
            }
            _ => bits & 1 != 0,
        }
    }

    /// Whether a phrase begins here, where a word or a sign does.
    fn begins(&self, text: &str, at: usize) -> bool {
        let rest = text.get(at..).unwrap_or_default();
        let head = head(Normal::of(rest));
        let Ok(found) = self.by_head.binary_search_by(|(have, _)| have.as_str().cmp(&head)) else { return false };
        let Some((_, phrases)) = self.by_head.get(found) else { return false };
        phrases.iter().any(|phrase| stands(phrase, Normal::of(rest)))
    }
}

/// How far so many characters that are seen reach, and the word in which they end.
fn reaches(chars: impl Iterator<Item = (usize, char)>, mut count: usize) -> Option<usize> {
    let mut reached = None;
    for (at, c) in chars.filter(|(_, c)| !normal::is_invisible(*c)) {
        if count == 0 && class(normal::plain(c)) != Class::Word {
            break;
        }
        if !c.is_whitespace() {
            count = count.saturating_sub(1);
        }
        reached = Some(at);
    }
    reached.filter(|_| count == 0)
}

fn kind(byte: usize, seconds: &[u128]) -> u8 {
    let Some(c) = u8::try_from(byte).ok().filter(u8::is_ascii) else { return BEYOND };
    let word = if c.is_ascii_alphanumeric() || c == b'_' { WORD } else { 0 };
    let heads = seconds.get(usize::from(c.to_ascii_lowercase())).is_some_and(|bits| *bits != 0);
    if heads { word | START } else { word }
}

/// Heads of several characters are words, and a second character beyond ASCII shares a bit that no ASCII word has.
fn second_bit(c: char) -> u128 {
    if c.is_ascii() { 1 << u32::from(c) } else { 2 }
}

/// Where so many words before the one around a place begin, but not before `from`.
fn words_back(text: &str, from: usize, place: usize, words: usize) -> usize {
    let in_word = |c: char| !c.is_whitespace();
    let mut rest = text.get(from..place).unwrap_or_default();
    for _ in 0..words {
        rest = rest.trim_end_matches(in_word).trim_end();
    }
    from + rest.trim_end_matches(in_word).len()
}

/// Whether a text begins with this phrase and the phrase does not end inside a word.
fn stands(phrase: &str, mut text: Normal<'_>) -> bool {
    let mut last = Class::Single;
    for c in phrase.chars() {
        if text.next() != Some(c) {
            return false;
        }
        last = class(c);
    }
    !(last == Class::Word && text.next().is_some_and(|c| class(c) == Class::Word))
}

/// The first word or sign of a text.
fn head(mut chars: impl Iterator<Item = char>) -> String {
    let mut head = String::new();
    if let Some(first) = chars.next() {
        head.push(first);
        if class(first) == Class::Word {
            head.extend(chars.take_while(|c| class(*c) == Class::Word));
        }
    }
    head
}

#[inline]
fn class(c: char) -> Class {
    match c {
        'a'..='z' | '0'..='9' | 'A'..='Z' | '_' => Class::Word,
        ' ' => Class::Space,
        '\0'..='\x7f' => Class::Single,
        // Thai to Burmese, Khmer, Chinese, Japanese and Korean are written without spaces between words or stems.
        '\u{e00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => {
            Class::Single
        }
        '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => Class::Single,
        _ if c.is_alphanumeric() => Class::Word,
        _ => Class::Single,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

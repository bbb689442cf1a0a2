//! Numbers in groups: cards and phones.

mod card;
mod groups;
mod phone;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use groups::{Gap, Group, Groups, MOST_GROUPS};

use crate::chars;
use crate::kinds::{Found, Kind, Kinds, Verdict};

/// No card has more digits, and no phone number.
const MOST_DIGITS: usize = 19;
/// No phone number has less, and no card.
const FEWEST_DIGITS: usize = 8;

/// Where the reading of groups ended.
enum Stop {
    /// More text would not be read.
    Here,
    /// At the end of the text, and more could come.
    Open,
}

/// Looks whether one begins here: with the run at `at`, which is whole, or with a parenthesis.
pub(crate) fn at(text: &str, at: usize, kinds: Kinds, last: bool) -> Verdict {
    if !kinds.card && !kinds.phone {
        return Verdict::No;
    }
    let signs = |c| chars::is_sign(c) && c != '+';
    let start = text.len() - chars::from(text, at).trim_start_matches(signs).len();
    let rest = chars::from(text, start);
    if is_figure(rest.strip_prefix('(').unwrap_or(rest)) || too_few(rest, last) {
        return Verdict::No;
    }
    read(text, start, kinds, last)
}

/// The same without quick looks.
fn read(text: &str, start: usize, kinds: Kinds, last: bool) -> Verdict {
    let mut reader = Reader { text, at: start, last, paren: false, digits: 0 };
    let mut groups = Groups { list: [Group { digits: "", gap: Gap::None, end: None }; MOST_GROUPS], count: 0 };
    reader.paren = reader.take('(');
    let plus = reader.take('+');
    let stop = reader.groups(plus, &mut groups);
    let groups = groups.read();
    if matches!(stop, Stop::Open) {
        return Verdict::Open(start);
    }
    if reader.digits < FEWEST_DIGITS {
        return Verdict::No;
    }
    // The longest that is one, and of equals a card.
    for count in (1..=groups.len()).rev() {
        let Some(groups) = groups.get(..count) else { continue };
        let Some(end) = groups.last().and_then(|group| group.end) else { continue };
        if kinds.card && !plus && card::is(groups) {
            return Verdict::Is(Found { start, end, kind: Kind::Card });
        }
        if kinds.phone && phone::is(plus, groups) {
            return Verdict::Is(Found { start, end, kind: Kind::Phone });
        }
    }
    Verdict::No
}

/// Whether nothing begins with the group of digits here, whatever follows: a quick look, for most figures of a table.
fn is_figure(rest: &str) -> bool {
    let len = rest.bytes().take_while(u8::is_ascii_digit).count();
    // Where the text ends the group may go on; where there is none, a plus may follow.
    let Some(digits) = rest.get(..len).filter(|_| len > 0 && len < rest.len()) else { return false };
    let group = Group { digits, gap: Gap::None, end: None };
    len < FEWEST_DIGITS && !goes_on(false, &[group])
}

/// Whether a number of more groups than these may begin with them. Exactly that, so that no table, however it is made, has
/// more read at each of its figures than the beginning of a number: see the tests.
fn goes_on(plus: bool, groups: &[Group<'_>]) -> bool {
    !plus && card::goes_on(groups) || phone::goes_on(plus, groups)
}

/// Whether too few digits for any number stand here, whatever follows: a year, a price or a page. A quick look that lets
/// pass more than the reading of groups would.
fn too_few(rest: &str, last: bool) -> bool {
    let mut digits = 0;
    for byte in rest.bytes() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b' ' | b'(' | b')' | b'+' | b'-' | b'.' | b'/' | b'_' | b'%' => {}
            // It may be a space.
            0x80.. => return false,
            _ => return true,
        }
        if digits == FEWEST_DIGITS {
            return false;
        }
    }
    last
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    last: bool,
    /// Inside of a parenthesis.
    paren: bool,
    digits: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn peek(&self) -> Option<char> {
        match self.text.as_bytes().get(self.at)? {
            byte if byte.is_ascii() => Some(char::from(*byte)),
            _ => chars::from(self.text, self.at).chars().next(),
        }
    }

    fn is_open(&self) -> bool {
        self.at == self.text.len() && !self.last
    }

    fn groups(&mut self, plus: bool, groups: &mut Groups<'a>) -> Stop {
        let mut gap = Gap::None;
        loop {
            let rest = chars::from(self.text, self.at);
            let len = rest.bytes().take_while(u8::is_ascii_digit).count();
            self.digits += len;
            if self.digits > MOST_DIGITS {
                return Stop::Here;
            }
            self.at += len;
            if self.is_open() {
                return Stop::Open;
            }
            let Some(digits) = rest.get(..len).filter(|digits| !digits.is_empty()) else { return Stop::Here };
            let trailing = self.trailing();
            if matches!(trailing, Trailing::Open) {
                return Stop::Open;
            }
            let closes = self.paren && self.peek() == Some(')');
            let end = match trailing {
                Trailing::Ends if !self.paren => Some(self.at),
                Trailing::Ends if closes => Some(self.at + 1),
                _ => None,
            };
            groups.push(Group { digits, gap, end });
            if !goes_on(plus, groups.read()) {
                return Stop::Here;
            }
            match self.gap() {
                Ok(next) => gap = next,
                Err(stop) => return stop,
            }
        }
    }

    /// What is left of the run after a group.
    fn trailing(&self) -> Trailing {
        let end = chars::run(self.text, self.at).end;
        let rest = self.text.get(self.at..end).unwrap_or_default();
        if !chars::only_trailing(rest) {
            Trailing::GoesOn
        } else if end == self.text.len() && !self.last {
            Trailing::Open
        } else {
            Trailing::Ends
        }
    }

    /// Steps over what stands between two groups.
    fn gap(&mut self) -> Result<Gap, Stop> {
        let closed = self.paren && self.take(')');
        if closed {
            self.paren = false;
        }
        let space = match self.peek() {
            Some(c) if chars::is_space(c) => self.take(c),
            _ => false,
        };
        let sign = !space && self.step(['-', '.', '/']);
        let hyphen = sign && self.text.as_bytes().get(self.at.wrapping_sub(1)) == Some(&b'-');
        let opened = !self.paren && self.take('(');
        self.paren |= opened;
        match (closed || opened, space, sign) {
            _ if self.is_open() => Err(Stop::Open),
            (true, ..) => Ok(Gap::Other),
            (false, true, _) => Ok(Gap::Space),
            (false, false, true) if hyphen => Ok(Gap::Hyphen),
            (false, false, true) => Ok(Gap::Other),
            (false, false, false) => Err(Stop::Here),
        }
    }

    fn step(&mut self, any: [char; 3]) -> bool {
        any.into_iter().any(|sign| self.take(sign))
    }
}

enum Trailing {
    /// The run ends here, but for signs such as a full stop.
    Ends,
    /// The run goes on with something.
    GoesOn,
    /// That is not yet to be told.
    Open,
}

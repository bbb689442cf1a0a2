//! The arguments of tools, which are JSON texts and must stay so. They are read as what they say, with their escapes
//! resolved, and masked where that stands: within a string by the placeholder, and a number by a string.

use weir_plugin::json;

use crate::chars::{self, LONGEST_RUN};
use crate::options::Options;
use crate::scan;

/// A replacement, in bytes of the JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mask {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) text: String,
}

/// What a walk over arguments came to.
#[derive(Debug, Default)]
pub(crate) struct Masked {
    pub(crate) masks: Vec<Mask>,
    /// Runs that were decided to be nothing, but parts of which could look like something.
    pub(crate) passed: Vec<(usize, usize)>,
    /// From here on more text may change the decision.
    pub(crate) open: Option<usize>,
    /// Where strings begin and end: behind the quotes.
    turns: Vec<usize>,
    /// Whether what was read begins within one.
    inside: bool,
    /// Where characters begin, once for each of their bytes.
    at: Vec<usize>,
    /// How far it was read: to its end, or to an escape that breaks off there.
    end: usize,
}

impl Masked {
    /// Whether this place is within a string.
    pub(crate) fn is_inside(&self, at: usize) -> bool {
        let turns = self.turns.partition_point(|turn| *turn <= at);
        self.inside == turns.is_multiple_of(2)
    }

    /// The first place from here on that is within no escape.
    pub(crate) fn behind_escape(&self, at: usize) -> usize {
        self.at.get(self.at.partition_point(|start| *start < at)).copied().unwrap_or(self.end.max(at))
    }

    /// Where the number begins that goes on at a place, if that is within none of the strings; but not before `from`. One that is
    /// longer than a run of which something could be made is none of ours, and nothing of it has to wait.
    fn number_before(&self, text: &str, from: usize, at: usize) -> usize {
        let least = self.masks.last().map_or(from, |mask| mask.end).min(at);
        let before =
            text.get(least..at).filter(|_| !self.is_inside(at)).map(|before| before.trim_end_matches(of_number));
        let start = before.map_or(at, |before| least + before.len());
        if at - start < LONGEST_RUN { start } else { at }
    }
}

/// Walks over arguments, or a part of them. What is before `from` is decided; there it is `inside` of a string or not.
pub(crate) fn mask(options: &Options, text: &str, from: usize, inside: bool, last: bool) -> Masked {
    let said = Said::of(text, from, inside);
    let mut masked = Masked { turns: said.turns, inside, ..Masked::default() };
    let scan = scan::scan(&said.text, 0, options.kinds, last);
    let place = |at: usize| said.at.get(at).copied().unwrap_or(said.end);
    for found in scan.found {
        let (start, end) = (place(found.start), place(found.end));
        let new = json::quote(options.replacement(found.kind));
        masked.masks.push(if masked.is_inside(start) {
            Mask { start, end, text: new.get(1..new.len() - 1).unwrap_or_default().to_owned() }
        } else {
            // Half a number would be none.
            let behind = chars::from(text, end);
            let end = text.len() - behind.trim_start_matches(of_number).len();
            Mask { start: masked.number_before(text, from, start), end, text: new }
        });
    }
    masked.passed = scan.passed.iter().map(|(start, end)| (place(*start), place(*end))).collect();
    let unread = Some(said.end).filter(|end| *end < text.len() && !last);
    masked.open = scan.open.map(place).map(|at| masked.number_before(text, from, at)).or(unread);
    (masked.at, masked.end) = (said.at, said.end);
    masked
}

/// The bytes `start..end` of a text as they go out. A replacement stands where its match begins.
pub(crate) fn apply(text: &str, masks: &[Mask], start: usize, end: usize) -> String {
    let mut out = String::new();
    let mut at = start;
    for mask in masks.iter().filter(|mask| mask.start < end && mask.end > start) {
        if mask.start >= start {
            out.push_str(text.get(at..mask.start).unwrap_or_default());
            out.push_str(&mask.text);
        }
        at = mask.end.min(end);
    }
    out.push_str(text.get(at..end).unwrap_or_default());
    out
}

fn of_number(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E')
}

/// What a JSON text says: its strings with their escapes resolved, and everything else as it stands.
struct Said {
    text: String,
    /// For each byte of it, where in the JSON text it comes from.
    at: Vec<usize>,
    /// Where strings begin and end: behind the quotes.
    turns: Vec<usize>,
    /// How far the JSON text was read: to its end, or to an escape that breaks off there.
    end: usize,
}

impl Said {
    fn of(json: &str, from: usize, mut inside: bool) -> Self {
        let room = json.len().saturating_sub(from);
        let (text, at) = (String::with_capacity(room), Vec::with_capacity(room));
        let mut said = Self { text, at, turns: Vec::new(), end: from };
        while let Some(c) = chars::from(json, said.end).chars().next() {
            let (c, length) = if inside && c == '\\' {
                match escape(chars::from(json, said.end)) {
                    Some(read) => read,
                    None => break,
                }
            } else {
                if c == '"' {
                    inside = !inside;
                    said.turns.push(said.end + 1);
                }
                (c, c.len_utf8())
            };
            said.text.push(c);
            said.at.resize(said.text.len(), said.end);
            said.end += length;
        }
        said
    }
}

/// The character that an escape stands for, and its length; none if it breaks off.
fn escape(text: &str) -> Option<(char, usize)> {
    let c = match text.chars().nth(1)? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => return unicode(text),
        c => return Some((c, 1 + c.len_utf8())),
    };
    Some((c, 2))
}

/// The same for `\u0000`, of a pair of surrogates both.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..).unwrap_or_default();
        if digits.len() < 4 { None } else { Some(digits.get(..4).and_then(|four| u32::from_str_radix(four, 16).ok())) }
    };
    // What is no number at all is left as it is.
    let Some(high) = unit(2)? else { return Some(('\u{fffd}', 2)) };
    if !(0xd800..0xdc00).contains(&high) {
        return Some((char::from_u32(high).unwrap_or('\u{fffd}'), 6));
    }
    let behind = text.get(6..).unwrap_or_default();
    if behind.len() < 2 && "\\u".starts_with(behind) {
        return None;
    }
    if !behind.starts_with("\\u") {
        return Some(('\u{fffd}', 6));
    }
    let low = unit(8)?.filter(|low| (0xdc00..0xe000).contains(low));
    let Some(low) = low else { return Some(('\u{fffd}', 6)) };
    let c = char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
    Some((c.unwrap_or('\u{fffd}'), 12))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

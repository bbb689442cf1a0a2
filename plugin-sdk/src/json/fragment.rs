//! A JSON text that comes in parts, as what a tool is called with does in a stream.

use std::ops::Range;

use super::quote;
use super::strings::unicode;

/// A part of a JSON text: what it says, escapes resolved, wherever it was cut. Streams cut the arguments of tools anywhere, within
/// a string and within an escape (`\u00` in one event, `40` in the next), so that neither part is JSON and what is looked for
/// stands in neither.
///
/// In the hook `event`, join the pieces of one tool call ([`neighbours`](crate::neighbours) says which they are) and read that.
/// What is noted between two calls is one word: whether what went out ended within a string. Whoever holds an event with an
/// escape that breaks off gets it again with the rest.
///
/// ```
/// use weir_plugin::json::JsonFragment;
///
/// let first = JsonFragment::read(r#"{"to":"ada\u00"#, false);
/// assert_eq!(first.said(), r#"{"to":"ada"#);
/// // Hold the event in which this place is.
/// assert_eq!(first.open_escape(), Some(10));
///
/// // It comes again, with the next.
/// let both = JsonFragment::read(r#"{"to":"ada\u0040example.org"}"#, false);
/// let at = both.said().find("ada@example.org").unwrap();
/// let found = [(at..at + "ada@example.org".len(), "[EMAIL]")];
/// // What goes out in the first event, and in the second.
/// assert_eq!(both.replaced(&found, 0..14), r#"{"to":"[EMAIL]"#);
/// assert_eq!(both.replaced(&found, 14..29), r#""}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonFragment<'a> {
    text: &'a str,
    inside: bool,
    said: String,
    /// For each byte of what is said, where in the text it comes from.
    places: Vec<usize>,
    /// Where strings begin and end: behind their quotes.
    turns: Vec<usize>,
    /// How far the text was read.
    end: usize,
}

impl<'a> JsonFragment<'a> {
    /// Reads a part; `inside` says whether it begins within a string: false for the first, then what
    /// [`is_inside`](Self::is_inside) says of the place where the part before ended.
    #[must_use]
    pub fn read(text: &'a str, inside: bool) -> Self {
        let (mut said, mut places, mut turns) = (String::with_capacity(text.len()), Vec::new(), Vec::new());
        let (mut is_inside, mut end) = (inside, 0);
        while let Some(c) = text.get(end..).and_then(|rest| rest.chars().next()) {
            let (c, length) = if is_inside && c == '\\' {
                let Some(read) = escape(text.get(end..).unwrap_or_default()) else { break };
                read
            } else {
                if c == '"' {
                    is_inside = !is_inside;
                    turns.push(end + 1);
                }
                (c, c.len_utf8())
            };
            said.push(c);
            places.resize(said.len(), end);
            end += length;
        }
        Self { text, inside, said, places, turns, end }
    }

    /// What it says: its strings with their escapes resolved, everything else as it stands, quotes included.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.said
    }

    /// Where a byte of what is said comes from in the text; of its end, how far the text was read.
    #[must_use]
    pub fn place(&self, at: usize) -> usize {
        self.places.get(at).copied().unwrap_or(self.end)
    }

    /// Whether a place in the text is within a string.
    #[must_use]
    pub fn is_inside(&self, place: usize) -> bool {
        let turns = self.turns.partition_point(|turn| *turn <= place);
        self.inside == turns.is_multiple_of(2)
    }

    /// Where in the text an escape begins that goes on in the next part; none if the text ends behind a whole character.
    #[must_use]
    pub fn open_escape(&self) -> Option<usize> {
        (self.end < self.text.len()).then_some(self.end)
    }

    /// The bytes `part` of the text with other words in the place of what was found: ranges of what is said, in order and apart
    /// from one another, each with what is to stand there. In a string it is escaped, elsewhere quoted, so that what was JSON
    /// stays JSON. It stands where the range begins, whichever part that is in.
    #[must_use]
    pub fn replaced(&self, found: &[(Range<usize>, &str)], part: Range<usize>) -> String {
        let (mut out, mut at) = (String::new(), part.start);
        for (range, new) in found {
            let (start, end) = (self.place(range.start), self.place(range.end));
            if start >= part.end || end <= part.start {
                continue;
            }
            if start >= part.start {
                out.push_str(self.text.get(at..start).unwrap_or_default());
                let quoted = quote(new);
                let bare = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
                out.push_str(if self.is_inside(start) { bare } else { &quoted });
            }
            at = end.min(part.end);
        }
        out.push_str(self.text.get(at..part.end).unwrap_or_default());
        out
    }
}

/// The character that an escape stands for, and its length; none if it breaks off. What is no escape stands for itself.
fn escape(text: &str) -> Option<(char, usize)> {
    let c = match text.as_bytes().get(1)? {
        b'u' => return hexadecimal(text),
        b @ (b'"' | b'\\' | b'/') => char::from(*b),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        _ => return Some(('\\', 1)),
    };
    Some((c, 2))
}

/// The same of `\uXXXX`, of a pair of surrogates both.
fn hexadecimal(text: &str) -> Option<(char, usize)> {
    let is_open = |digits: &str| digits.len() < 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if is_open(text.get(2..).unwrap_or_default()) {
        return None;
    }
    let unit = text.get(2..6).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if unit.is_some_and(|unit| (0xd800..0xdc00).contains(&unit)) {
        let behind = text.get(6..).unwrap_or_default();
        if "\\u".starts_with(behind) || behind.strip_prefix("\\u").is_some_and(is_open) {
            return None;
        }
    }
    let (c, length) = unicode(text.get(1..)?);
    Some((c, length + 1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

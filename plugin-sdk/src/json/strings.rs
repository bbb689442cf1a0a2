//! The strings in a JSON text, replaced where they stand.

use std::borrow::Cow;

use super::quote;

/// Strings are looked into that are JSON texts themselves, so deep.
const DEPTH: u32 = 4;

type Change<'c> = &'c mut dyn FnMut(&str) -> Option<String>;

/// Puts other strings in the place of those in a JSON text: `change` sees each string, names of members too, escapes
/// resolved, and each number as it is written, and answers what is to stand there as a string. A string that is a JSON
/// text itself is gone through likewise. What it leaves alone keeps its bytes, and what was JSON stays JSON. None if
/// nothing was changed.
///
/// A text that is no JSON, or breaks off, is shown as a whole too, after what looks like strings in it.
pub fn replace_strings(text: &str, change: Change<'_>) -> Option<String> {
    replace(text, 0, change)
}

/// Whether anything in a text is what is looked for: the text itself, or, where it is a JSON text, a string in it, escapes
/// resolved.
pub fn any_string(text: &str, mut found: impl FnMut(&str) -> bool) -> bool {
    if found(text) {
        return true;
    }
    // Without escapes a string is in the text as it stands.
    let mut any = false;
    if text.contains('\\') && is_like_json(text) {
        replace(text, 0, &mut |string| {
            any = any || found(string);
            None
        });
    }
    any
}

fn replace(text: &str, depth: u32, change: Change<'_>) -> Option<String> {
    if depth > DEPTH || !is_like_json(text) {
        return change(text);
    }
    let mut walk = Walk { text, at: 0, depth, out: String::new(), copied: 0, behind_value: false, is_json: true };
    while let Some(byte) = text.as_bytes().get(walk.at) {
        walk.step(*byte, change);
    }
    let is_json = walk.is_json;
    let new = walk.finish();
    if is_json {
        return new;
    }
    change(new.as_deref().unwrap_or(text)).or(new)
}

/// Whether a text begins and ends as a JSON text does that has strings in it.
fn is_like_json(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let ends = (text.as_bytes().first(), text.as_bytes().last());
    // Arguments that break off are JSON up to there.
    matches!(ends, (Some(b'{' | b'['), Some(_)) | (Some(b'"'), Some(b'"'))) && text.len() > 1
}

struct Walk<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    out: String,
    /// Up to here the text is in `out`.
    copied: usize,
    behind_value: bool,
    /// Nothing was met that no JSON text has.
    is_json: bool,
}

impl Walk<'_> {
    fn step(&mut self, byte: u8, change: Change<'_>) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
            b'{' | b'[' => {
                self.begin_value();
                self.behind_value = false;
                self.at += 1;
            }
            b'}' | b']' => {
                self.behind_value = true;
                self.at += 1;
            }
            b',' | b':' => {
                self.is_json &= self.behind_value;
                self.behind_value = false;
                self.at += 1;
            }
            b'"' => {
                self.begin_value();
                self.string(change);
            }
            _ => {
                self.begin_value();
                self.word(change);
            }
        }
    }

    /// Two values without a comma between them are no JSON.
    fn begin_value(&mut self) {
        self.is_json &= !self.behind_value;
        self.behind_value = true;
    }

    fn string(&mut self, change: Change<'_>) {
        let start = self.at + 1;
        let rest = self.text.get(start..).unwrap_or_default();
        let (content, end) = match string_end(rest) {
            Some(length) => (rest.get(..length).unwrap_or_default(), start + length + 1),
            None => {
                self.is_json = false;
                (rest, self.text.len())
            }
        };
        if let Some(new) = replace(&decode(content), self.depth + 1, change) {
            let quoted = quote(&new);
            // A string that breaks off goes on without its end.
            let open = quoted.strip_suffix('"').filter(|_| end == start + content.len());
            self.put(self.at, end, open.unwrap_or(&quoted));
        }
        self.at = end;
    }

    /// A number, `true`, `false`, `null`, or what is no JSON.
    fn word(&mut self, change: Change<'_>) {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let length =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        if is_number(word) {
            self.at += length;
            if let Some(new) = change(word) {
                self.put(start, self.at, &quote(&new));
            }
        } else if matches!(word, "true" | "false" | "null") {
            self.at += length;
        } else {
            self.is_json = false;
            self.at += length.max(rest.chars().next().map_or(1, char::len_utf8));
        }
    }

    fn put(&mut self, start: usize, end: usize, new: &str) {
        self.out.push_str(self.text.get(self.copied..start).unwrap_or_default());
        self.out.push_str(new);
        self.copied = end;
    }

    fn finish(mut self) -> Option<String> {
        if self.copied == 0 {
            return None;
        }
        self.out.push_str(self.text.get(self.copied..).unwrap_or_default());
        Some(self.out)
    }
}

/// Where a string ends, from behind its opening quote.
fn string_end(rest: &str) -> Option<usize> {
    let mut escaped = false;
    rest.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// `-? (0 | [1-9][0-9]*) (\. [0-9]+)? ([eE] [+-]? [0-9]+)?`
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let word = word.strip_prefix('-').unwrap_or(word);
    let (word, exponent) = word.split_once(['e', 'E']).map_or((word, None), |(word, rest)| (word, Some(rest)));
    let (whole, fraction) = word.split_once('.').map_or((word, None), |(whole, rest)| (whole, Some(rest)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|rest| digits(rest.strip_prefix(['+', '-']).unwrap_or(rest)))
}

/// The content of a string with its escapes resolved; what is none stays as it stands, half a pair becomes U+FFFD.
fn decode(content: &str) -> Cow<'_, str> {
    if !content.contains('\\') {
        return Cow::Borrowed(content);
    }
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let plain = match after.as_bytes().first() {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(*b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let (c, length) = unicode(after);
                out.push(c);
                rest = after.get(length..).unwrap_or_default();
                continue;
            }
            _ => {
                out.push('\\');
                rest = after;
                continue;
            }
        };
        out.push(plain);
        rest = after.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character of `uXXXX`, or of two of them with a backslash between, and how long that is.
pub(super) fn unicode(after: &str) -> (char, usize) {
    let unit = |from: usize| after.get(from..from + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let Some(first) = unit(1) else { return ('u', 1) };
    if let Some(c) = char::from_u32(first) {
        return (c, 5);
    }
    let second = if after.get(5..7) == Some("\\u") { unit(7) } else { None };
    if let (0xd800..0xdc00, Some(second @ 0xdc00..0xe000)) = (first, second) {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 11);
    }
    (char::REPLACEMENT_CHARACTER, 5)
}

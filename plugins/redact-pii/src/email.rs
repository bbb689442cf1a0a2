//! Mail addresses: what people write, not all that RFC 5322 allows.

use crate::chars::{self, LONGEST_RUN};
use crate::kinds::{Found, Kind, Kinds, Verdict};

/// Longer domains exist (RFC 1035 allows 253) but are not seen in addresses; in characters.
const LONGEST_DOMAIN: usize = 63;

/// Looks for the first address in the run `at..end`; `open` says that the run may go on.
pub(crate) fn in_run(text: &str, at: usize, end: usize, kinds: Kinds, open: bool) -> Verdict {
    if !kinds.email {
        return Verdict::No;
    }
    let mut from = at;
    while let Some(sign) = text.get(from..end).and_then(|rest| rest.find('@')).map(|offset| from + offset) {
        if let Some(start) = local(text, from, sign) {
            let (domain_end, whole) = domain(text, sign + 1, end);
            if !whole && open {
                return Verdict::Open(start);
            }
            if let Some(length) = accepted(text.get(sign + 1..domain_end).unwrap_or_default()) {
                return Verdict::Is(Found { start, end: sign + 1 + length, kind: Kind::Email });
            }
        }
        from = sign + 1;
    }
    Verdict::No
}

/// Where the part before the `@` begins, if there is one: at most 64 characters (RFC 5321, 4.5.3.1.1), signs at its
/// beginning left out.
fn local(text: &str, from: usize, sign: usize) -> Option<usize> {
    let start = chars::back(text, from, sign, LONGEST_RUN);
    let piece = text.get(start..sign)?;
    piece.find(|c| !chars::is_sign(c)).map(|offset| start + offset)
}

/// The end of what may be a domain, and whether it ends there whatever follows.
fn domain(text: &str, start: usize, end: usize) -> (usize, bool) {
    let mut count = 0;
    for (offset, c) in text.get(start..end).unwrap_or_default().char_indices() {
        if count == LONGEST_DOMAIN || !(chars::is_letter(c) || c.is_ascii_digit() || c == '.' || c == '-') {
            return (start + offset, true);
        }
        count += 1;
    }
    (end, count == LONGEST_DOMAIN)
}

/// How much of this is a domain, in bytes: labels with dots between, the last one without digits.
fn accepted(piece: &str) -> Option<usize> {
    let dots = piece.as_bytes().array_windows().position(|pair| pair == b"..");
    let mut piece = piece.get(..dots.unwrap_or(piece.len()))?.trim_end_matches(['.', '-']);
    loop {
        let (rest, top) = piece.rsplit_once('.')?;
        let labels = rest.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
        if labels && top.chars().count() >= 2 && (top.chars().all(chars::is_letter) || top.starts_with("xn--")) {
            return Some(piece.len());
        }
        piece = rest.trim_end_matches('-');
    }
}

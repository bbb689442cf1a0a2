//! One walk over a text, from left to right.
//!
//! The walk decides about a place only when no text that could follow would change the decision; otherwise it stops and
//! says from where on it is open. That is why a text that comes in pieces is treated as the whole would be.

use crate::chars::{self, LONGEST_RUN};
use crate::options::{Kind, Kinds};
use crate::{email, iban, number};

/// One that was found, in bytes of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
}

/// What a walk came to.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) found: Vec<Found>,
    /// Runs that were decided to be nothing, but parts of which could look like something.
    pub(crate) passed: Vec<(usize, usize)>,
    /// From here on more text may change the decision.
    pub(crate) open: Option<usize>,
}

/// What is to be said about one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing begins here, whatever follows.
    No,
    /// This is one, whatever follows.
    Is(Found),
    /// It depends on what follows; what is open begins at this byte.
    Open(usize),
}

/// Walks from the byte `from`, which is taken as the beginning of a run. `last` says that nothing will follow.
pub(crate) fn scan(text: &str, from: usize, kinds: Kinds, last: bool) -> Scan {
    let mut scan = Scan::default();
    if kinds.is_empty() {
        return scan;
    }
    let mut at = from;
    while let Some(skip) = chars::from(text, at).find(|c| chars::in_run(c) || c == '(') {
        at += skip;
        let paren = chars::from(text, at).starts_with('(');
        let end = if paren { at + 1 } else { chars::run_end(text, at) };
        let verdict = if paren { number::at(text, at, kinds, last) } else { run(text, at, end, kinds, last) };
        match verdict {
            Verdict::Is(found) => {
                scan.found.push(found);
                at = found.end;
            }
            Verdict::Open(open) => {
                scan.open = Some(open);
                break;
            }
            Verdict::No => {
                let piece = text.get(at..end).unwrap_or_default();
                if piece.bytes().any(|b| b.is_ascii_digit() || b == b'@') {
                    scan.passed.push((at, end));
                }
                at = end;
            }
        }
    }
    scan
}

fn run(text: &str, at: usize, end: usize, kinds: Kinds, last: bool) -> Verdict {
    let piece = text.get(at..end).unwrap_or_default();
    let open = end == text.len() && !last;
    let address = piece.bytes().any(|b| b == b'@');
    let verdict = if address { email::in_run(text, at, end, kinds, open) } else { Verdict::No };
    if verdict != Verdict::No {
        return verdict;
    }
    if open {
        // A local part may end here, and if the run is short it may still be a number or an IBAN. What is older than the
        // longest of these can go: the rest is then too long a run to be mistaken for the beginning of one.
        return Verdict::Open(chars::back(text, at, end, LONGEST_RUN));
    }
    if address
        || chars::at_least(piece, LONGEST_RUN)
        || !piece.bytes().any(|b| b.is_ascii_digit() || chars::is_sign(b.into()))
    {
        return Verdict::No;
    }
    match iban::at(text, at, end, kinds, last) {
        Verdict::No => number::at(text, at, kinds, last),
        verdict => verdict,
    }
}

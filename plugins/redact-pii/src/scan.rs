//! One walk over a text, from left to right.
//!
//! The walk decides about a place only when no text that could follow would change the decision; otherwise it stops and
//! says from where on it is open. That is why a text that comes in pieces is treated as the whole would be.

use crate::chars::{self, LONGEST_RUN, Run};
use crate::kinds::{Found, Kinds, Verdict};
use crate::{email, iban, marks, number};

/// What a walk came to.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) found: Vec<Found>,
    /// Runs that were decided to be nothing, but parts of which could look like something.
    pub(crate) passed: Vec<(usize, usize)>,
    /// From here on more text may change the decision.
    pub(crate) open: Option<usize>,
}

/// Walks from the byte `from`, which is taken as the beginning of a run. `last` says that nothing will follow.
pub(crate) fn scan(text: &str, from: usize, kinds: Kinds, last: bool) -> Scan {
    let mut scan = Scan::default();
    if kinds.is_empty() {
        return scan;
    }
    let mut at = from;
    let mut run = Run::default();
    while let Some(start) = next_start(text, at, last) {
        // What is left of a run behind an address is looked through once: a run may be as long as a text.
        if start >= run.end {
            run = chars::run(text, start);
        }
        // A run of no length is a parenthesis.
        let (end, verdict) = if run.end == start {
            (start + 1, number::at(text, start, kinds, last))
        } else {
            (run.end, in_run(text, start, run, kinds, last))
        };
        at = end;
        match verdict {
            Verdict::Is(found) => {
                scan.found.push(found);
                at = found.end;
            }
            Verdict::Open(open) => {
                scan.open = Some(open);
                break;
            }
            // Where nothing follows, nobody asks.
            Verdict::No if !last && (run.has_digit(start) || run.has_at_sign(start)) => scan.passed.push((start, end)),
            Verdict::No => {}
        }
    }
    scan
}

/// Where the next run or parenthesis begins that is more than words: with a digit or an `@` in it, with a number behind
/// it, or at the end of a text that may go on.
fn next_start(text: &str, from: usize, last: bool) -> Option<usize> {
    let mark = match marks::next(text, from) {
        Some(mark) => mark,
        None if last => return None,
        None => text.len(),
    };
    let run = chars::run_before(text, from, mark);
    let opens = run > from && text.as_bytes().get(run - 1) == Some(&b'(');
    let start = if opens { run - 1 } else { run };
    (start < text.len()).then_some(start)
}

fn in_run(text: &str, at: usize, run: Run, kinds: Kinds, last: bool) -> Verdict {
    let open = run.end == text.len() && !last;
    if run.has_at_sign(at) {
        let verdict = email::in_run(text, at, run.end, kinds, open);
        if verdict != Verdict::No {
            return verdict;
        }
    }
    if open {
        // A local part may end here, and if the run is short it may still be a number or an IBAN. What is older than the
        // longest of these can go: the rest is then too long a run to be mistaken for the beginning of one.
        return Verdict::Open(chars::back(text, at, run.end, LONGEST_RUN));
    }
    let piece = text.get(at..run.end).unwrap_or_default();
    if run.has_at_sign(at) || chars::at_least(piece, LONGEST_RUN) {
        return Verdict::No;
    }
    match iban::at(text, at, run.end, kinds, last) {
        Verdict::No => number::at(text, at, kinds, last),
        verdict => verdict,
    }
}

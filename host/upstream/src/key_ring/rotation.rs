//! Whose turn it is: smooth weighted round robin, as nginx has it (`ngx_http_upstream_round_robin.c`), over atomics.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// Turns by weight. Each that may be chosen is credited its weight, the one with the most credit is chosen and pays what all
/// were credited: so turns are spread evenly, credit neither comes nor goes, and how often each was chosen is in proportion
/// however many threads choose at once.
#[derive(Debug)]
pub(super) struct Rotation {
    turns: Box<[Turn]>,
}

#[derive(Debug)]
struct Turn {
    weight: i64,
    credit: AtomicI64,
}

impl Rotation {
    /// Of these weights, each at least 1.
    pub(super) fn new(weights: impl Iterator<Item = u32>) -> Self {
        Self { turns: weights.map(|weight| Turn { weight: weight.into(), credit: AtomicI64::new(0) }).collect() }
    }

    /// The next of those that `may` be chosen, by its place; none if none may.
    pub(super) fn next(&self, may: impl Fn(usize) -> bool) -> Option<usize> {
        let mut paid = 0;
        let mut best: Option<(i64, usize, &Turn)> = None;
        for (place, turn) in self.turns.iter().enumerate().filter(|(place, _)| may(*place)) {
            let credit = turn.credit.fetch_add(turn.weight, Relaxed).saturating_add(turn.weight);
            paid += turn.weight;
            if best.is_none_or(|(most, ..)| credit > most) {
                best = Some((credit, place, turn));
            }
        }
        let (_, place, turn) = best?;
        turn.credit.fetch_sub(paid, Relaxed);
        Some(place)
    }
}

#[cfg(test)]
mod tests;

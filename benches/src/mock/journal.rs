//! What the mock saw, so that a run can be checked: every request once, none lost, none doubled.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::stamp::{Numbers, RequestStamp};

/// Runs whose requests are remembered; the oldest is forgotten for a new one.
const RUNS: usize = 8;

/// Requests by kind, and the stamped ones of the latest runs one by one.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) chat: AtomicU64,
    pub(super) streams: AtomicU64,
    /// Streams whose reader left before `[DONE]`.
    pub(super) streams_cut: AtomicU64,
    pub(super) embeddings: AtomicU64,
    pub(super) models: AtomicU64,
    pub(super) refused: AtomicU64,
    /// The newest run first.
    runs: Mutex<VecDeque<Run>>,
}

#[derive(Debug, Default)]
struct Run {
    run: u32,
    seen: Numbers,
    /// Requests whose number had been seen before.
    doubled: u64,
}

impl Journal {
    pub(super) fn note(&self, stamp: RequestStamp) {
        let mut runs = self.runs();
        if runs.front().is_none_or(|newest| newest.run != stamp.run) {
            bring_forward(&mut runs, stamp.run);
        }
        if let Some(run) = runs.front_mut() {
            run.doubled += u64::from(!run.seen.insert(stamp.number));
        }
    }

    pub(super) fn json(&self) -> Value {
        let runs = self.runs();
        let line = |run: &Run| json!({"run": run.run, "seen": run.seen.len(), "doubled": run.doubled});
        json!({
            "chat": self.chat.load(Relaxed),
            "streams": self.streams.load(Relaxed),
            "streams_cut": self.streams_cut.load(Relaxed),
            "embeddings": self.embeddings.load(Relaxed),
            "models": self.models.load(Relaxed),
            "refused": self.refused.load(Relaxed),
            "runs": runs.iter().map(line).collect::<Vec<_>>(),
        })
    }

    /// Of a run that is still remembered: how many requests were doubled, then the numbers seen.
    pub(super) fn seen(&self, run: u32) -> Option<Vec<u8>> {
        let runs = self.runs();
        let run = runs.iter().find(|other| other.run == run)?;
        let mut bytes = run.doubled.to_le_bytes().to_vec();
        bytes.extend(run.seen.to_bytes());
        Some(bytes)
    }

    fn runs(&self) -> MutexGuard<'_, VecDeque<Run>> {
        // Held for a few instructions on a few threads; counts are as good after a panic as before it.
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bring_forward(runs: &mut VecDeque<Run>, run: u32) {
    let known = runs.iter().position(|other| other.run == run).and_then(|at| runs.remove(at));
    runs.truncate(RUNS - 1);
    runs.push_front(known.unwrap_or_else(|| Run { run, ..Run::default() }));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn a_doubled_request_is_told_from_two() {
        let journal = Journal::default();
        for number in [0, 1, 2, 1, 1] {
            journal.note(RequestStamp { run: 7, number });
        }
        assert_eq!(journal.json()["runs"], json!([{"run": 7, "seen": 3, "doubled": 2}]));
        let seen = journal.seen(7).unwrap();
        assert_eq!(seen[..8], 2_u64.to_le_bytes());
        assert_eq!(Numbers::from_bytes(&seen[8..]).len(), 3);
        assert_eq!(journal.seen(8), None);
    }

    #[test]
    fn runs_beside_each_other_are_kept_apart_and_the_oldest_is_forgotten() {
        let journal = Journal::default();
        for number in 0..3 {
            journal.note(RequestStamp { run: 1, number });
            journal.note(RequestStamp { run: 2, number });
        }
        assert_eq!(journal.json()["runs"].as_array().unwrap().len(), 2);
        for run in 3..=9 {
            journal.note(RequestStamp { run, number: 0 });
        }
        assert!(journal.seen(1).is_none() && journal.seen(2).is_some());
        assert_eq!(journal.json()["runs"].as_array().unwrap().len(), RUNS);
    }
}

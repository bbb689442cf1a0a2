//! Asking the workers for what their idle instances have, and knowing who has answered.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;
use tokio::sync::Notify;

/// Milliseconds between two times that the workers are woken for it, at the least.
const PRESSES: u64 = 4;

/// How often the workers were asked, and up to which time each of them has given up what it could.
#[derive(Debug)]
pub(super) struct IdleAsks {
    asked: AtomicU64,
    answers: Mutex<Vec<Weak<Answered>>>,
    /// Tells the workers, and when it did last: milliseconds since the beginning.
    pressed: Notify,
    last: AtomicU64,
    beginning: Instant,
}

/// How often one worker had been asked when it had nothing left of those who were short themselves, and nothing of anybody.
#[derive(Debug)]
struct Answered {
    own: AtomicU64,
    all: AtomicU64,
}

/// Where one worker says what it has answered; it is waited for as long as it has this.
#[derive(Debug)]
pub(crate) struct IdleAnswer(Arc<Answered>);

impl IdleAnswer {
    /// The worker has given up what it could since it was asked for that many times, and `is_all` of it: there is nothing
    /// that it leaves for a moment to whom it belongs.
    pub(crate) fn give(&self, asked: u64, is_all: bool) {
        self.0.own.store(asked, Ordering::Release);
        if is_all {
            self.0.all.store(asked, Ordering::Release);
        }
    }
}

impl IdleAsks {
    pub(super) fn new() -> Self {
        let (asked, last) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { asked, answers: Mutex::default(), pressed: Notify::new(), last, beginning: Instant::now() }
    }

    /// One more worker, which answers from now on.
    pub(super) fn answer(&self) -> IdleAnswer {
        let [own, all] = [self.asked(); 2].map(AtomicU64::new);
        let answer = Arc::new(Answered { own, all });
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&answer));
        IdleAnswer(answer)
    }

    /// How often the workers were asked; whoever sees this sees what was wanted then.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Acquire)
    }

    /// Asks the workers; what is wanted has been said before. Answers how often they were asked with it.
    pub(super) fn ask(&self) -> u64 {
        let asked = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        // The workers look through all their pools: not for each of a thousand requests that find nothing.
        let now = u64::try_from(self.beginning.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now.saturating_sub(self.last.load(Ordering::Relaxed)) >= PRESSES {
            self.last.store(now, Ordering::Relaxed);
            self.pressed.notify_waiters();
        }
        asked
    }

    /// Whether every worker has given up what it could since it was asked for that many times, for one who is short itself or
    /// where all are.
    pub(super) fn is_answered(&self, asked: u64, is_own: bool) -> bool {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut everybody = true;
        answers.retain(|answer| {
            let Some(answer) = answer.upgrade() else { return false };
            let answered = if is_own { &answer.own } else { &answer.all };
            everybody &= answered.load(Ordering::Acquire) >= asked;
            true
        });
        everybody
    }

    /// Ends when the workers are asked.
    pub(super) fn pressed(&self) -> impl Future<Output = ()> + '_ {
        self.pressed.notified()
    }
}

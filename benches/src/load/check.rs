//! Whether every request reached the mock once: what the load sent and got, held against the mock's journal.

use std::fmt;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::control;
use crate::stamp::Numbers;

/// All requests of a run, the unmeasured ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunCheck {
    pub(crate) sent: u64,
    /// Answered as they should be.
    pub(crate) answered: u64,
    /// Different ones that the mock saw.
    pub(crate) seen: u64,
    /// Answered although the mock never saw them.
    pub(crate) lost: u64,
    /// What the mock saw again.
    pub(crate) doubled: u64,
}

impl RunCheck {
    /// # Errors
    /// The mock cannot be asked.
    pub(super) fn new(journal: &str, run: u32, sent: u32, answered: &Numbers) -> Result<Self> {
        let (status, body) = control::ask(journal, "GET", &format!("/journal/seen?run={run}"))?;
        let (doubled, seen) = match (status, body.split_first_chunk()) {
            (200, Some((doubled, seen))) => (u64::from_le_bytes(*doubled), Numbers::from_bytes(seen)),
            // It does not know the run: so nothing of it has arrived.
            (404, _) => (0, Numbers::default()),
            _ => bail!("{journal} is not a mock with a journal: it answers {status}"),
        };
        Ok(Self {
            sent: sent.into(),
            answered: answered.len(),
            seen: seen.len(),
            lost: answered.without(&seen),
            doubled,
        })
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "sent": self.sent,
            "answered": self.answered,
            "seen_by_mock": self.seen,
            "answered_without_mock": self.lost,
            "doubled": self.doubled,
        })
    }
}

impl fmt::Display for RunCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, answered, seen, lost, doubled } = self;
        write!(f, "{sent} sent, {answered} answered, {seen} seen by the mock; {lost} lost, {doubled} doubled")
    }
}

/// A number that no other run has, most likely.
pub(super) fn run_number() -> Result<u32> {
    getrandom::u32().context("the system gives no random numbers")
}

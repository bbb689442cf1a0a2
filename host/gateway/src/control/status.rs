//! What probes and metrics tell about reloads.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Who has found a problem, and can tell when it is none any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ProblemSource {
    /// The configuration is not one that may serve.
    Configuration,
    /// What it says cannot be built as a whole: plugins, providers.
    Building,
    /// What serves lets nobody ask.
    Nobody,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatusProblem {
    /// In words for an operator, in one line.
    pub(crate) text: String,
    /// Whether nothing is wrong with it yet: it is held for somebody to confirm it, or still being written.
    pub(crate) waits: bool,
}

impl StatusProblem {
    /// Something that is wrong.
    pub(crate) fn wrong(text: String) -> Self {
        Self { text, waits: false }
    }
}

/// How many changes did not go live, by why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct NotApplied {
    /// What they say is wrong.
    pub(crate) refused: u64,
    /// They are held for somebody to confirm them, or still being written.
    pub(crate) held: u64,
}

impl NotApplied {
    /// One change, by what was found; none if nothing was.
    pub(crate) fn one<'t>(found: impl Iterator<Item = &'t StatusProblem>) -> Self {
        found.fold(Self::default(), |kept, trouble| match (trouble.waits, kept.refused) {
            (true, 0) => Self { held: 1, refused: 0 },
            (true, _) | (false, _) => Self { held: 0, refused: 1 },
        })
    }
}

impl AddAssign for NotApplied {
    fn add_assign(&mut self, other: Self) {
        self.refused += other.refused;
        self.held += other.held;
    }
}

/// What is not served as files say, and how reloads went.
#[derive(Debug, Default)]
pub(crate) struct Status {
    problems: Mutex<BTreeMap<ProblemSource, Vec<String>>>,
    compiling: Mutex<Vec<String>>,
    warnings: Mutex<Vec<String>>,
    live: AtomicU64,
    refused: AtomicU64,
    held: AtomicU64,
}

impl Status {
    /// What is not served as files say, in words for an operator.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().cloned().collect()
    }

    /// What serves once it is compiled, in words for an operator.
    pub(crate) fn compiling(&self) -> Vec<String> {
        self.compiling.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What lies in the plugin folder and does nothing, in words for an operator.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces what does nothing and logs what is new, and what does not lie there any more.
    pub(crate) fn set_warnings(&self, found: Vec<String>) {
        let mut old = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        found.iter().filter(|warning| !old.contains(warning)).for_each(|warning| tracing::warn!("{warning}"));
        for warning in old.iter().filter(|warning| !found.contains(warning)) {
            tracing::info!("no longer: {warning}");
        }
        *old = found;
    }

    /// Replaces what is being compiled.
    pub(crate) fn set_compiling(&self, words: Vec<String>) {
        *self.compiling.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    /// The first of what keeps files from being served as they are, and how many there are.
    pub(super) fn first(&self) -> Option<(String, usize)> {
        let all = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        let of_files =
            || all.iter().filter(|(part, _)| **part != ProblemSource::Nobody).flat_map(|(_, problems)| problems);
        Some((of_files().next()?.clone(), of_files().count()))
    }

    /// Changes that went live, and that did not.
    pub(crate) fn reloads(&self) -> (u64, NotApplied) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (count(&self.live), NotApplied { refused: count(&self.refused), held: count(&self.held) })
    }

    /// A change went live.
    pub(super) fn went_live(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    /// So many changes did not go live.
    pub(super) fn were_kept(&self, kept: NotApplied) {
        self.refused.fetch_add(kept.refused, Ordering::Relaxed);
        self.held.fetch_add(kept.held, Ordering::Relaxed);
    }

    /// Replaces the problems of one part and logs those that are new. Says how that counts, which it does where any is new,
    /// or `again` says that all of it was tried again.
    pub(crate) fn set(&self, part: ProblemSource, found: Vec<StatusProblem>, again: bool) -> NotApplied {
        let mut all = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        let old = all.entry(part).or_default();
        let new: Vec<&StatusProblem> = found.iter().filter(|trouble| !old.contains(&trouble.text)).collect();
        new.iter().for_each(|trouble| tracing::error!("{}", trouble.text));
        let kept = if again { NotApplied::one(found.iter()) } else { NotApplied::one(new.into_iter()) };
        let problems: Vec<String> = found.into_iter().map(|trouble| trouble.text).collect();
        for problem in old.iter().filter(|p| !problems.contains(p)) {
            tracing::info!("no longer: {problem}");
        }
        *old = problems;
        kept
    }

    /// The problems of one part that have been said already.
    pub(crate) fn begin(&self, part: ProblemSource, problems: Vec<String>) {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).insert(part, problems);
    }
}

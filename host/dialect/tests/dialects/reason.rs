//! Why something does not hold for a recording: `reasons.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;

/// How many recordings may have a reason: 3 % of 508.
pub(crate) const REASONS_AT_MOST: usize = 15;

/// Why something does not hold for recordings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    /// `PROVIDER/NAME`.
    recordings: Vec<String>,
    /// What does not hold.
    check: String,
    /// Why.
    why: String,
}

/// A file of reasons.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reasons {
    #[serde(default)]
    reason: Vec<Reason>,
}

impl Reasons {
    /// Those of `reasons.toml`.
    pub(crate) fn all() -> &'static Self {
        static ALL: OnceLock<Reasons> = OnceLock::new();
        ALL.get_or_init(|| Self::read(include_str!("reasons.toml")))
    }

    /// Those of such a text.
    pub(crate) fn read(text: &str) -> Self {
        let reasons: Self = toml::from_str(text).unwrap_or_else(|error| panic!("reasons.toml: {error}"));
        for reason in &reasons.reason {
            assert!(!reason.why.trim().is_empty() && !reason.recordings.is_empty(), "reasons.toml: {reason:?}");
        }
        reasons
    }

    /// The recordings that have one, whatever for.
    pub(crate) fn recordings(&self) -> BTreeSet<&str> {
        self.reason.iter().flat_map(|reason| &reason.recordings).map(String::as_str).collect()
    }

    /// The recordings for which a check does not hold, and why.
    pub(crate) fn of_check(&self, check: &str) -> BTreeMap<&str, &str> {
        let of_check = self.reason.iter().filter(|reason| reason.check == check);
        of_check.flat_map(|reason| reason.recordings.iter().map(|name| (name.as_str(), reason.why.as_str()))).collect()
    }
}

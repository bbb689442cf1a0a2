//! Which of the bindings of one file.

use std::fmt;

/// Which of a file's bindings one is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum WhichBinding {
    /// One without a name of its own, by a number from 0 that no other one of the file has had in the life of this process.
    Nth(u64),
    /// The one that the chain calls so.
    Named(String),
}

impl WhichBinding {
    /// The only one of a file that applies by its place, and the first one of any other.
    pub(crate) const FIRST: Self = Self::Nth(0);
}

impl fmt::Display for WhichBinding {
    /// What stands behind the file in the binding's name: nothing for the first one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nth(0) => Ok(()),
            Self::Nth(nth) => write!(f, "#{}", nth.saturating_add(1)),
            Self::Named(name) => write!(f, "#{name}"),
        }
    }
}

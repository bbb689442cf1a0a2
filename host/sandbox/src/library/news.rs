//! What a library tells whoever shows it to the operator.

use crate::error::LoadError;
use crate::source::Source;
use std::time::Duration;

/// Something that happened while plugins were loaded, for whoever shows it to the operator.
#[derive(Debug, Clone)]
pub enum Event {
    /// Compilation begins; it takes 0.1 to 30 s.
    Compiling {
        /// The file.
        source: Source,
        /// Its length.
        bytes: usize,
    },
    /// Compilation is done.
    Compiled {
        /// The file.
        source: Source,
        /// How long it took.
        took: Duration,
    },
    /// The compiled code was in the cache.
    Cached {
        /// The file.
        source: Source,
        /// How long loading took.
        took: Duration,
    },
}

/// A binding that is not served as the folder and the configuration say.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The file.
    pub source: Source,
    /// Why.
    pub error: LoadError,
    /// Whether an earlier version serves on in its place.
    pub last_good: bool,
    /// Whether requests may go on without it (its failure policy is `open`).
    pub open: bool,
}

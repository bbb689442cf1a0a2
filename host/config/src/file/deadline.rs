//! How long file systems are waited for.

use std::time::Duration;

/// How long a file or folder may take to be read as a whole.
pub const DEADLINE: Duration = Duration::from_secs(5);

//! The one way in which nothing can be checked.

/// Why nothing could be checked, in a sentence that names the place.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) String);

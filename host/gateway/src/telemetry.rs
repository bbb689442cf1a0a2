//! What was counted, where, and how it is shown.

pub(crate) mod figures;
pub(crate) mod metrics;
pub(crate) mod removed;
pub(crate) mod stats;

//! Who is asked (WIT `upstream`): in the hook `upstream-request` the one that this attempt goes to, later the one that
//! answered last. Both names are empty before anybody is asked.

use crate::host::upstream as host;

/// The provider's name in the configuration.
#[must_use]
pub fn provider() -> String {
    host::provider()
}

/// The model's name at that provider.
#[must_use]
pub fn model() -> String {
    host::model()
}

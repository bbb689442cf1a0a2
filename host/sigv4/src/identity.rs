//! Who signs.

use std::fmt;

/// Credentials of AWS, and the region that they are used in. `Debug` shows nothing of the secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningIdentity {
    /// The public part, which the signature names.
    pub access_key_id: Box<str>,
    /// The secret part, which never leaves the process.
    pub secret_access_key: Box<str>,
    /// What belongs to credentials that are given out for a time, and is sent with each request.
    pub session_token: Option<Box<str>>,
    /// The region, such as `eu-central-1`.
    pub region: Box<str>,
}

impl fmt::Debug for SigningIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningIdentity").field("region", &self.region).finish_non_exhaustive()
    }
}

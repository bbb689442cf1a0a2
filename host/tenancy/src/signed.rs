//! Requests that are signed as AWS' SDKs sign them: the access key id is a key's id, and the secret access key its `secret`.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

use std::fmt;
use std::time::SystemTime;

use http::HeaderMap;
use http::request::Parts;
use thiserror::Error;
use weir_config::Secret;
use weir_sigv4::{SigV4Error, claimed_key_id, verify};

use crate::tenants::{Caller, Tenants};

/// Why a signed request is nobody's. The gateway maps each to 401; no variant carries any part of a secret or a signature.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignedDenial {
    /// The request names no access key id.
    #[error("the request is not signed: it has no `authorization: AWS4-HMAC-SHA256 Credential=…`")]
    Unsigned,
    /// No key has the id that the request names.
    #[error(
        "the access key id is not the id of a key that is known here: it is the part of a key between `sk-weir-` and the next `-`"
    )]
    UnknownKey,
    /// The key has no secret to sign with.
    #[error(
        "this key signs no requests: send it as it is instead (AWS_BEARER_TOKEN_BEDROCK), or have it given a `secret`"
    )]
    NoSecret,
    /// The signature is not taken.
    #[error("{0}")]
    Signature(#[from] SigV4Error),
}

/// A key that a request claims to be signed with, which proves nothing yet. A signature covers the body, so that one has to be
/// read for somebody of whom no more is known than this.
#[derive(Clone, Copy)]
pub struct ClaimedKey<'t> {
    caller: &'t Caller,
    secret: &'t Secret,
}

impl fmt::Debug for ClaimedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimedKey").field("id", &self.caller.key.id).finish_non_exhaustive()
    }
}

impl Tenants {
    /// Whose signature a request says it has, by its head alone.
    ///
    /// # Errors
    /// [`SignedDenial`], each variant but the last: then there is nothing that a body could be held against.
    pub fn claimed(&self, headers: &HeaderMap) -> Result<ClaimedKey<'_>, SignedDenial> {
        let id = claimed_key_id(headers).ok_or(SignedDenial::Unsigned)?;
        let (caller, secret) = self.signer(id).ok_or(SignedDenial::UnknownKey)?;
        Ok(ClaimedKey { caller, secret: secret.ok_or(SignedDenial::NoSecret)? })
    }
}

impl ClaimedKey<'_> {
    /// Whose request this is, once its signature holds for the head and the whole body, as they came, at this time.
    ///
    /// # Errors
    /// [`SignedDenial::Signature`].
    pub fn proven(&self, head: &Parts, body: &[u8], now: SystemTime) -> Result<Caller, SignedDenial> {
        verify(head, body, self.secret.expose(), now)?;
        Ok(self.caller.clone())
    }
}

//! Why a request is not signed as it should be.

/// Why a signature is not taken, or cannot be made. No variant holds anything of a secret, nor the signature that would have been right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigV4Error {
    /// No `authorization` header of this scheme.
    #[error("there is no `authorization: AWS4-HMAC-SHA256 …`")]
    Absent,
    /// The header is there, and a part of it is not as it has to be.
    #[error("the `authorization` header is not one of AWS4-HMAC-SHA256: {0}")]
    Malformed(&'static str),
    /// It was signed for another service than Bedrock.
    #[error("the signature is for another service than `bedrock`")]
    Service,
    /// `x-amz-date` is missing, is no date, or is of another day than the credential.
    #[error("`x-amz-date` has to be a time such as 20260131T235959Z, of the credential's day")]
    Date,
    /// Its time is too far from ours.
    #[error("the signature's time is more than five minutes from this machine's")]
    Skew,
    /// A header that has to be signed is not.
    #[error("the header `{0}` has to be among those that are signed")]
    Unsigned(Box<str>),
    /// A header that was signed did not come.
    #[error("the header `{0}` was signed and is not there")]
    Missing(Box<str>),
    /// `x-amz-content-sha256` is not the body's hash.
    #[error("`x-amz-content-sha256` is not the hash of the body")]
    Body,
    /// The signature is not the one that this secret makes for this request.
    #[error("the signature is not the one of this request and this key's secret")]
    Mismatch,
}

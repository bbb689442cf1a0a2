//! Why a body cannot be decoded.

/// What was to be decoded is not of its coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotOfCoding;

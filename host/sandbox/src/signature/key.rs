//! Keys that vouch for plugins.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

const PUBLIC: &str = "ed25519:";
const SECRET: &str = "ed25519-secret:";

/// Who may vouch for plugins: `ed25519:` and 32 bytes in base64, as the configuration names it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// What signs. It is shown nowhere but by [`SecretKey::to_line`].
pub struct SecretKey(SigningKey);

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// It begins otherwise.
    #[error("a key begins with `{0}`")]
    Kind(&'static str),
    /// What follows is not 32 bytes in base64.
    #[error("after `{0}` there must be 32 bytes in base64 (44 characters)")]
    Encoding(&'static str),
    /// 32 bytes that are not the key of anybody, or of everybody.
    #[error("these 32 bytes are no public key of ed25519")]
    NoKey,
    /// The system gave no randomness.
    #[error("no randomness: {0}")]
    Random(String),
}

fn decode(text: &str, kind: &'static str) -> Result<[u8; 32], SigningKeyError> {
    let rest = text.trim().strip_prefix(kind).ok_or(SigningKeyError::Kind(kind))?;
    let bytes = STANDARD.decode(rest).map_err(|_| SigningKeyError::Encoding(kind))?;
    bytes.try_into().map_err(|_| SigningKeyError::Encoding(kind))
}

impl PublicKey {
    /// Whether this key signed the message.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

impl FromStr for PublicKey {
    type Err = SigningKeyError;

    fn from_str(text: &str) -> Result<Self, SigningKeyError> {
        let bytes = decode(text, PUBLIC)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| SigningKeyError::NoKey)?;
        // A weak key accepts signatures that nobody made.
        if key.is_weak() { Err(SigningKeyError::NoKey) } else { Ok(Self(bytes)) }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl SecretKey {
    /// A new key of the system's randomness.
    ///
    /// # Errors
    /// [`SigningKeyError::Random`] if the system gives none.
    pub fn generate() -> Result<Self, SigningKeyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|e| SigningKeyError::Random(e.to_string()))?;
        Ok(Self(SigningKey::from_bytes(&bytes)))
    }

    /// A key of these bytes, for tests.
    #[cfg(test)]
    pub(super) fn of(bytes: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&bytes))
    }

    /// Who is known by this key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// The signature of a message.
    pub(super) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// The key as its file holds it, for its owner alone.
    #[must_use]
    pub fn to_line(&self) -> String {
        format!("{SECRET}{}", STANDARD.encode(self.0.as_bytes()))
    }
}

impl FromStr for SecretKey {
    type Err = SigningKeyError;

    fn from_str(text: &str) -> Result<Self, SigningKeyError> {
        Ok(Self(SigningKey::from_bytes(&decode(text, SECRET)?)))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey of {}", self.public())
    }
}

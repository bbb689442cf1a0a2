//! Who vouches for a plugin's file: ed25519 signatures in a file of their own beside it.
//!
//! `NAME.wasm.sig` holds a line for each signature: `ed25519:<public key> <signature>`, both in base64. What is signed is
//! the BLAKE3 hash of `NAME.wasm` behind [`DOMAIN`], so that a signature says nothing about anything but a plugin of Weir.
//! Empty lines and lines that begin with `#` are left out.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What stands before the hash in what is signed.
pub const DOMAIN: &[u8] = b"weir-plugin-v1\0";
/// Signatures of one file that are looked at; who needs more signers has another problem.
const LINES: usize = 64;
const PUBLIC: &str = "ed25519:";
const SECRET: &str = "ed25519-secret:";

/// Who may vouch for plugins: `ed25519:` and 32 bytes in base64, as the configuration names it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// What signs. It is shown nowhere but by [`SecretKey::to_line`].
pub struct SecretKey(SigningKey);

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
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

/// Why nobody who is trusted vouches for a file. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature at all.
    #[error("there is no signature: run `weir plugin sign FILE --key KEYFILE`")]
    None,
    /// More lines than are looked at.
    #[error("more than {LINES} lines")]
    TooMany,
    /// A line is not `ed25519:<public key> <signature>`.
    #[error("line {line} is no signature: {why}")]
    Malformed {
        /// Which line.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A trusted key signed something else: the file was changed afterwards, or the signature is of another file.
    #[error("line {line}: the signature of {key} is not of this file: it was changed after it was signed")]
    Wrong {
        /// Which line.
        line: usize,
        /// Whose.
        key: PublicKey,
    },
    /// Nobody who signed is trusted.
    #[error("signed by {signer}, which is not among the trusted keys")]
    Untrusted {
        /// The first who signed.
        signer: PublicKey,
    },
}

/// Who of `keys` vouches for `file` in `signatures`, the text of its `.sig` file: the first line that holds decides. A
/// line by somebody else, or one that does not hold, hides none that does.
///
/// # Errors
/// If no line holds: what is wrong with the first line by a trusted key, else with the first line.
pub fn verify(file: &[u8], signatures: &str, keys: &[PublicKey]) -> Result<PublicKey, SignatureError> {
    let message = message(file);
    let mut first: Option<SignatureError> = None;
    for (at, line) in signatures.lines().map(str::trim).enumerate() {
        if at >= LINES {
            return Err(first.unwrap_or(SignatureError::TooMany));
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let problem = match read(line) {
            Err(why) => SignatureError::Malformed { line: at + 1, why },
            Ok((signer, _)) if !keys.contains(&signer) => SignatureError::Untrusted { signer },
            Ok((signer, signature)) if signer.signed(&message, &signature) => return Ok(signer),
            Ok((key, _)) => SignatureError::Wrong { line: at + 1, key },
        };
        if first.is_none() || matches!(problem, SignatureError::Wrong { .. }) {
            first = Some(problem);
        }
    }
    Err(first.unwrap_or(SignatureError::None))
}

/// The keys whose signatures of `file` hold, whoever they are: for tools that show them. What does not hold is told with
/// its line.
#[must_use]
pub fn signers(file: &[u8], signatures: &str) -> Vec<Result<PublicKey, SignatureError>> {
    let lines = signatures.lines().map(str::trim).enumerate().take(LINES);
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let message = message(file);
    lines
        .map(|(at, line)| {
            let (key, signature) = read(line).map_err(|why| SignatureError::Malformed { line: at + 1, why })?;
            match key.signed(&message, &signature) {
                true => Ok(key),
                false => Err(SignatureError::Wrong { line: at + 1, key }),
            }
        })
        .collect()
}

/// What is signed of a file.
fn message(file: &[u8]) -> Vec<u8> {
    [DOMAIN, blake3::hash(file).as_bytes()].concat()
}

fn read(line: &str) -> Result<(PublicKey, Signature), String> {
    let (key, signature) = line.split_once(' ').ok_or_else(|| "it must be a key, a blank, a signature".to_owned())?;
    let key: PublicKey = key.parse().map_err(|e: KeyError| e.to_string())?;
    let bytes = STANDARD.decode(signature.trim()).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| "the signature must be 64 bytes in base64".to_owned())?;
    Ok((key, Signature::from_bytes(&bytes)))
}

fn decode(text: &str, kind: &'static str) -> Result<[u8; 32], KeyError> {
    let rest = text.trim().strip_prefix(kind).ok_or(KeyError::Kind(kind))?;
    let bytes = STANDARD.decode(rest).map_err(|_| KeyError::Encoding(kind))?;
    bytes.try_into().map_err(|_| KeyError::Encoding(kind))
}

impl PublicKey {
    fn signed(&self, message: &[u8], signature: &Signature) -> bool {
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| key.verify_strict(message, signature).is_ok())
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = decode(text, PUBLIC)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::NoKey)?;
        // A weak key accepts signatures that nobody made.
        if key.is_weak() { Err(KeyError::NoKey) } else { Ok(Self(bytes)) }
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
    /// [`KeyError::Random`] if the system gives none.
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|e| KeyError::Random(e.to_string()))?;
        Ok(Self(SigningKey::from_bytes(&bytes)))
    }

    /// Who is known by this key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// The line for a `.sig` file, without its end.
    #[must_use]
    pub fn sign(&self, file: &[u8]) -> String {
        let signature = self.0.sign(&message(file));
        format!("{} {}", self.public(), STANDARD.encode(signature.to_bytes()))
    }

    /// The key as its file holds it, for its owner alone.
    #[must_use]
    pub fn to_line(&self) -> String {
        format!("{SECRET}{}", STANDARD.encode(self.0.as_bytes()))
    }
}

impl FromStr for SecretKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Ok(Self(SigningKey::from_bytes(&decode(text, SECRET)?)))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey of {}", self.public())
    }
}

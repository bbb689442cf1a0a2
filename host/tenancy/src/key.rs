//! Keys: their form, how one is made, and what is stored of it.
//!
//! A key reads `sk-weir-<id>-<secret>`. The id is public: it is logged, and configuration names it. Of the secret only
//! a hash is stored, keyed by the installation's pepper and by the id, so that a stolen configuration file can be
//! neither searched for guesses without the pepper nor have its hashes moved from one key to another.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::fmt;

use blake3::Hasher;
use thiserror::Error;

use crate::Denied;

/// What every key starts with.
pub const PREFIX: &str = "sk-weir-";
/// The longest id, in bytes.
pub const MAX_ID: usize = 64;
/// The longest secret, in bytes: what a client can make us hash is bounded.
pub const MAX_SECRET: usize = 256;

/// BLAKE3's key-derivation context. Changing it invalidates every stored hash.
const CONTEXT: &str = "weir tenant key v1";
/// 20 bytes are 160 bits, and 32 letters of base32 without a remainder.
const SECRET_BYTES: usize = 20;
/// RFC 4648 section 6, in lower case: no letter that needs escaping anywhere, none that reads like another.
const BASE32: [char; 32] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w',
    'x', 'y', 'z', '2', '3', '4', '5', '6', '7',
];

/// Why no key could be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The id is empty, too long, or holds something other than `a`–`z`, `0`–`9` and `_`.
    #[error("`{id}` cannot be a key id: use 1 to {MAX_ID} of the characters a-z, 0-9 and _")]
    BadId {
        /// The id as given.
        id: String,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes ({why}): no key was made")]
    NoRandomness {
        /// The system's own words.
        why: String,
    },
}

/// A key that was just made. Its token is shown once and stored nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    id: String,
    secret: String,
}

impl NewKey {
    /// The public id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole token, `sk-weir-<id>-<secret>`: for its owner's eyes only.
    #[must_use]
    pub fn token(&self) -> String {
        format!("{PREFIX}{}-{}", self.id, self.secret)
    }

    /// The secret part alone, which clients may sign with where the configuration has it: for its owner's eyes, and that file's.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// What goes into the configuration: `blake3:` and 64 hexadecimal digits.
    #[must_use]
    pub fn hash_line(&self, pepper: &[u8]) -> String {
        format!("blake3:{}", blake3::Hash::from_bytes(hash(pepper, &self.id, &self.secret)).to_hex())
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Makes a key with 160 bits of the operating system's randomness in its secret.
///
/// # Errors
/// [`KeyError::BadId`] for an id that a token could not carry, [`KeyError::NoRandomness`] if the system has none.
pub fn generate(id: &str) -> Result<NewKey, KeyError> {
    if !is_id(id) {
        return Err(KeyError::BadId { id: id.to_owned() });
    }
    let mut random = [0u8; SECRET_BYTES];
    getrandom::fill(&mut random).map_err(|error| KeyError::NoRandomness { why: error.to_string() })?;
    Ok(NewKey { id: id.to_owned(), secret: base32(&random) })
}

/// The stored hash of a secret: BLAKE3 keyed with `derive_key("weir tenant key v1", pepper ‖ 0 ‖ id)`.
#[must_use]
pub fn hash(pepper: &[u8], id: &str, secret: &str) -> [u8; 32] {
    hash_with(&hashing_key(pepper, id), secret)
}

/// The part of [`hash`] that does not depend on the secret. An id holds no NUL byte, so the separator is unambiguous.
pub(crate) fn hashing_key(pepper: &[u8], id: &str) -> [u8; 32] {
    *Hasher::new_derive_key(CONTEXT).update(pepper).update(&[0]).update(id.as_bytes()).finalize().as_bytes()
}

/// The rest of [`hash`]: one BLAKE3 compression for a secret of up to 64 bytes.
pub(crate) fn hash_with(hashing_key: &[u8; 32], secret: &str) -> [u8; 32] {
    *blake3::keyed_hash(hashing_key, secret.as_bytes()).as_bytes()
}

/// Splits a token into id and secret: the id ends at the first `-`.
pub(crate) fn parse(token: &str) -> Result<(&str, &str), Denied> {
    token
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('-'))
        .filter(|(id, secret)| is_id(id) && is_secret(secret))
        .ok_or(Denied::MalformedKey)
}

fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Any printable text will do, so that keys brought from elsewhere fit; ours are base32.
fn is_secret(secret: &str) -> bool {
    (1..=MAX_SECRET).contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_graphic())
}

/// RFC 4648 base32 without padding; exact for a multiple of five bytes.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let bits = group.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        let letters = group.len() * 8 / 5;
        for place in (0..letters).rev() {
            let value = usize::try_from(bits >> (place * 5) & 31).unwrap_or(0);
            text.extend(BASE32.get(value));
        }
    }
    text
}

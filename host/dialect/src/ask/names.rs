//! Knowing a parameter by its name, once.
//!
//! A gateway and its upstream must not read two different requests out of one body. Two members of one name are such a
//! body, since parsers differ in which they keep; so is a name in other letters, since some parsers (Go's
//! `encoding/json` among them) ignore case, by Unicode's simple folding.

use weir_http::json::MemberName;

use super::ReadError;

/// The names that matter in one object, and which of them have been met.
#[derive(Debug)]
pub(super) struct MetNames {
    known: &'static [&'static str],
    met: u32,
}

impl MetNames {
    /// At most 32 names.
    pub(super) fn new(known: &'static [&'static str]) -> Self {
        Self { known, met: 0 }
    }

    /// The parameter that this key is, or none if it is not one of those that matter.
    pub(super) fn meet(&mut self, key: &MemberName<'_>) -> Result<Option<&'static str>, ReadError> {
        for (index, param) in self.known.iter().copied().enumerate() {
            if *key == *param {
                let bit = 1u32.checked_shl(u32::try_from(index).unwrap_or(u32::MAX)).unwrap_or(0);
                if self.met & bit != 0 {
                    return Err(ReadError::Duplicate { param });
                }
                self.met |= bit;
                return Ok(Some(param));
            }
        }
        // Most names that are not known are plain and of another length or first letter.
        let plain = key.raw().is_ascii() && !key.is_escaped();
        for param in self.known.iter().copied() {
            if plain && !key.raw().eq_ignore_ascii_case(param.as_bytes()) {
                continue;
            }
            if let Some(name) = key.name().filter(|name| name.chars().map(fold).eq(param.chars())) {
                return Err(ReadError::LookAlike { param, found: name.into() });
            }
        }
        Ok(None)
    }
}

/// Whether a member has this name, or one that some readers take for it. The name is in small letters.
pub(super) fn is_alike(key: &MemberName<'_>, name: &str) -> bool {
    if key.raw().is_ascii() && !key.is_escaped() {
        return key.raw().eq_ignore_ascii_case(name.as_bytes());
    }
    key.name().is_some_and(|key| key.chars().map(fold).eq(name.chars()))
}

/// Simple case folding, as far as it ends at a letter of ASCII.
fn fold(character: char) -> char {
    match character {
        'ſ' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

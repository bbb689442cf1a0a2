//! Names of members.

use std::borrow::Cow;

use super::text::{decode_key, decode_lossy};

/// The name of an object's member, borrowed from the text. Compares with `&str` after its escapes are decoded, so that
/// `"mod\u0065l"` is `model`.
#[derive(Debug, Clone, Copy)]
pub struct MemberName<'a> {
    pub(super) raw: &'a [u8],
    pub(super) escaped: bool,
}

impl<'a> MemberName<'a> {
    /// The bytes between the quotes, escapes as they stand.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Whether an escape stands in it.
    pub fn is_escaped(&self) -> bool {
        self.escaped
    }

    /// The name with its escapes decoded; none if it holds a lone surrogate, which no `str` can.
    pub fn name(&self) -> Option<Cow<'a, str>> {
        if self.escaped { decode_key(self.raw) } else { std::str::from_utf8(self.raw).ok().map(Cow::Borrowed) }
    }

    /// The same with U+FFFD in place of a lone surrogate. For names that are looked at, never for what is compared.
    pub fn lossy(&self) -> Cow<'a, str> {
        decode_lossy(self.raw).unwrap_or_default()
    }
}

impl PartialEq<str> for MemberName<'_> {
    fn eq(&self, other: &str) -> bool {
        if self.escaped { self.name().as_deref() == Some(other) } else { self.raw == other.as_bytes() }
    }
}

impl PartialEq<&str> for MemberName<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

//! Strings as they stand on a wire.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use weir_http::json;

/// A JSON string as it stands on a wire, quotes and escapes included: what every wire writes alike is copied as it is. A slice
/// of the body that it came with, so that a clone costs no copy.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct JsonText(Bytes);

impl JsonText {
    /// The empty string.
    pub const EMPTY: Self = Self(Bytes::from_static(b"\"\""));

    /// A string of this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut token = Vec::with_capacity(text.len() + 2);
        json::escape_into(&mut token, text);
        Self(token.into())
    }

    /// A token that is known to be a string.
    pub(super) fn checked(token: Bytes) -> Self {
        debug_assert!(json::string_length(&token) == Some(token.len()), "it is a string");
        Self(token)
    }

    /// Its token, quotes and escapes included.
    #[must_use]
    pub fn token(&self) -> &Bytes {
        &self.0
    }

    /// What stands between its quotes, escapes and all.
    #[must_use]
    pub fn escaped(&self) -> &[u8] {
        self.0.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or_default()
    }

    /// What it says. Half a surrogate pair shows as U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        json::string_lossy(&self.0).unwrap_or_default()
    }

    /// Whether it says this.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        match memchr::memchr(b'\\', &self.0) {
            None => self.escaped() == text.as_bytes(),
            Some(_) => self.text() == text,
        }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() <= 2
    }

    /// All of them as one string, joined without anything between them. Pairs of surrogates that were cut in two are whole
    /// again.
    #[must_use]
    pub fn concat<'a>(parts: impl IntoIterator<Item = &'a JsonText>) -> Self {
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else { return Self::EMPTY };
        let Some(second) = parts.next() else { return first.clone() };
        let mut token = vec![b'"'];
        for part in [first, second].into_iter().chain(parts) {
            token.extend_from_slice(part.escaped());
        }
        token.push(b'"');
        Self(token.into())
    }
}

impl Default for JsonText {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// What somebody said is nothing for logs: its length alone is shown.
impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonText({} bytes)", self.0.len())
    }
}

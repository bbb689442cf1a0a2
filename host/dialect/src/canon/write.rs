//! How the codecs write.

use bytes::Bytes;
use weir_http::json;

use super::raw::is_json;
use super::{JsonText, RawJson, RawMembers};

/// Writes one JSON value, members and elements in the order in which they are given; commas come by themselves. Whoever opens
/// closes.
#[derive(Debug, Default)]
pub struct JsonWriter {
    out: Vec<u8>,
    /// Something stands before the next entry on its level.
    comma: bool,
}

impl JsonWriter {
    /// With room for so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), comma: false }
    }

    /// Bytes that were written so far.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// What was written.
    #[must_use]
    pub fn finish(self) -> Bytes {
        debug_assert!(is_json(&self.out.clone().into()), "{}", String::from_utf8_lossy(&self.out));
        self.out.into()
    }

    /// The same as a value.
    #[must_use]
    pub fn finish_raw(self) -> RawJson {
        RawJson::checked(self.finish())
    }

    /// `{`
    pub fn open(&mut self) -> &mut Self {
        self.bracket(b'{')
    }

    /// `}`
    pub fn close(&mut self) -> &mut Self {
        self.end(b'}')
    }

    /// `[`
    pub fn open_array(&mut self) -> &mut Self {
        self.bracket(b'[')
    }

    /// `]`
    pub fn close_array(&mut self) -> &mut Self {
        self.end(b']')
    }

    /// A member's name; its value follows. The name is one that needs no escapes.
    pub fn name(&mut self, name: &str) -> &mut Self {
        self.name_raw(name.as_bytes())
    }

    /// The same, as it stands between quotes.
    pub fn name_raw(&mut self, name: &[u8]) -> &mut Self {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b"\":");
        self.comma = false;
        self
    }

    /// A string as it stands.
    pub fn text(&mut self, text: &JsonText) -> &mut Self {
        self.token(text.token())
    }

    /// A string.
    pub fn string(&mut self, text: &str) -> &mut Self {
        self.separate();
        json::escape_into(&mut self.out, text);
        self
    }

    /// A value as it stands.
    pub fn raw(&mut self, raw: &RawJson) -> &mut Self {
        self.token(raw.bytes())
    }

    /// A whole number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.token(number.to_string().as_bytes())
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.token(if value { b"true" } else { b"false" })
    }

    /// `null`.
    pub fn null(&mut self) -> &mut Self {
        self.token(b"null")
    }

    /// A member with a string, if there is one.
    pub fn text_member(&mut self, name: &str, text: Option<&JsonText>) -> &mut Self {
        if let Some(text) = text {
            self.name(name).text(text);
        }
        self
    }

    /// A member with a value, if there is one.
    pub fn raw_member(&mut self, name: &str, raw: Option<&RawJson>) -> &mut Self {
        if let Some(raw) = raw {
            self.name(name).raw(raw);
        }
        self
    }

    /// A member with a boolean, if there is one.
    pub fn bool_member(&mut self, name: &str, value: Option<bool>) -> &mut Self {
        if let Some(value) = value {
            self.name(name).boolean(value);
        }
        self
    }

    /// A member with a whole number, if there is one.
    pub fn number_member(&mut self, name: &str, value: Option<u64>) -> &mut Self {
        if let Some(value) = value {
            self.name(name).number(value);
        }
        self
    }

    /// Members as they stand.
    pub fn members(&mut self, members: &RawMembers) -> &mut Self {
        for (name, value) in members.iter() {
            self.name_raw(name).raw(value);
        }
        self
    }

    fn token(&mut self, token: &[u8]) -> &mut Self {
        self.separate();
        self.out.extend_from_slice(token);
        self
    }

    fn bracket(&mut self, bracket: u8) -> &mut Self {
        self.separate();
        self.out.push(bracket);
        self.comma = false;
        self
    }

    fn end(&mut self, bracket: u8) -> &mut Self {
        self.out.push(bracket);
        self.comma = true;
        self
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }
}

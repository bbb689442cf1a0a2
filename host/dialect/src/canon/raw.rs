//! Values as they stand on a wire.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use weir_http::json::{self, Cursor, JsonKind, JsonSyntaxError, Span};

use super::JsonText;

/// A JSON value as it stands, checked, without white space around it. A slice of the body that it came with.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawJson(Bytes);

impl RawJson {
    /// `null`.
    pub const NULL: Self = Self(Bytes::from_static(b"null"));
    /// `{}`.
    pub const EMPTY_OBJECT: Self = Self(Bytes::from_static(b"{}"));

    /// A text that is one value; white space around it is left behind, as is a byte order mark in front (RFC 8259 section 8.1).
    ///
    /// # Errors
    /// [`JsonSyntaxError`]: where it is no JSON, nested deeper than [`json::MAX_DEPTH`], or more than [`json::MAX_VALUES`] values.
    pub fn parse(bytes: Bytes) -> Result<Self, JsonSyntaxError> {
        let bytes = if bytes.starts_with(b"\xef\xbb\xbf") { bytes.slice(3..) } else { bytes };
        let mut cursor = Cursor::new(&bytes)?;
        let (span, _) = cursor.skip()?;
        cursor.finish()?;
        json::check_values(&bytes)?;
        Ok(Self(bytes.slice(span.start..span.end)))
    }

    /// A text that is known to be one value.
    pub(crate) fn checked(bytes: Bytes) -> Self {
        debug_assert!(is_json(&bytes), "it is JSON");
        Self(bytes)
    }

    /// The value that is written in a string, as the arguments of a tool call are in some wires.
    ///
    /// # Errors
    /// [`JsonSyntaxError`]: what it says is no JSON; blank text is none.
    pub fn parse_text(text: &JsonText) -> Result<Self, JsonSyntaxError> {
        Self::parse(match text.text() {
            Cow::Borrowed(inner) => text.token().slice_ref(inner.as_bytes()),
            Cow::Owned(inner) => Bytes::from(inner),
        })
    }

    /// A string as a value.
    #[must_use]
    pub fn of_text(text: &JsonText) -> Self {
        Self(text.token().clone())
    }

    /// A number.
    #[must_use]
    pub fn number(value: u64) -> Self {
        Self(value.to_string().into())
    }

    /// `true` or `false`.
    #[must_use]
    pub fn boolean(value: bool) -> Self {
        Self(Bytes::from_static(if value { b"true" } else { b"false" }))
    }

    /// Its text.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// What kind of value it is.
    #[must_use]
    pub fn kind(&self) -> JsonKind {
        match self.0.first() {
            Some(b'{') => JsonKind::Object,
            Some(b'[') => JsonKind::Array,
            Some(b'"') => JsonKind::String,
            Some(b't' | b'f') => JsonKind::Bool,
            Some(b'n') | None => JsonKind::Null,
            Some(_) => JsonKind::Number,
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.kind() == JsonKind::Null
    }

    /// The elements of an array, in order; none of any other value.
    #[must_use]
    pub fn elements(&self) -> Vec<RawJson> {
        let mut elements = Vec::new();
        // It was checked.
        let _ = json::elements(&self.0, self.span(), |span, _| elements.push(self.part(span)));
        elements
    }

    /// The string that it is.
    #[must_use]
    pub fn text(&self) -> Option<JsonText> {
        (self.kind() == JsonKind::String).then(|| JsonText::checked(self.0.clone()))
    }

    /// The whole number that it is, as `12`, and as `12.0` too, which some wires write.
    #[must_use]
    pub fn unsigned(&self) -> Option<u64> {
        json::unsigned(&self.0).or_else(|| json::unsigned(self.0.strip_suffix(b".0")?))
    }

    /// The boolean that it is.
    #[must_use]
    pub fn is_true(&self) -> Option<bool> {
        json::boolean(&self.0)
    }

    /// The same written as a string, as the arguments of a tool call are in some wires.
    #[must_use]
    pub fn to_text(&self) -> JsonText {
        JsonText::of(&String::from_utf8_lossy(&self.0))
    }

    pub(super) fn span(&self) -> Span {
        Span { start: 0, end: self.0.len() }
    }

    pub(super) fn part(&self, span: Span) -> Self {
        Self(self.0.slice(span.start..span.end))
    }
}

/// Whether a text is one value, whatever its depth and size: what is put together of several that were within the bounds may be
/// past them.
pub(super) fn is_json(bytes: &Bytes) -> bool {
    match RawJson::parse(bytes.clone()) {
        Ok(_) | Err(JsonSyntaxError::TooDeep { .. } | JsonSyntaxError::TooManyValues { .. }) => true,
        Err(
            JsonSyntaxError::Syntax { .. }
            | JsonSyntaxError::NotUtf8 { .. }
            | JsonSyntaxError::Duplicate { .. }
            | JsonSyntaxError::TooManyMembers { .. }
            | JsonSyntaxError::NotObject { .. }
            | JsonSyntaxError::NotArray { .. },
        ) => false,
    }
}

/// What somebody said is nothing for logs: its kind and length alone are shown.
impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({}, {} bytes)", self.kind().phrase(), self.0.len())
    }
}

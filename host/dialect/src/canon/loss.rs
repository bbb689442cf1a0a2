//! What the other side cannot carry.

use std::borrow::Cow;
use std::fmt;

use weir_http::json::JsonKind;

/// What could not be carried: fields by their names, such as `messages.content.video_url`, without numbers of elements; each
/// once, in order, at most [`FieldLosses::MOST`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldLosses(Vec<Cow<'static, str>>);

impl FieldLosses {
    /// The most that are named.
    pub const MOST: usize = 32;
    /// Bytes of a name that came with the request.
    const NAME: usize = 64;

    /// Takes note of a field of the canonical form.
    pub fn lose(&mut self, field: &'static str) {
        self.note(Cow::Borrowed(field));
    }

    /// Takes note of a member that only the other wire has. A name that is no plain word is not repeated.
    pub fn lose_extra(&mut self, within: &'static str, name: &[u8]) {
        let plain = name.len() <= Self::NAME && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let name = if plain { std::str::from_utf8(name).unwrap_or_default() } else { "?" };
        self.note(Cow::Owned(if within.is_empty() { name.to_owned() } else { format!("{within}.{name}") }));
    }

    /// Takes note of all members that only the other wire has. What is `null`, `false`, `[]`, or an object of nothing but such,
    /// asks for nothing and is no loss; nor is a `type`, which says what is known from where the members stand.
    pub fn lose_extras(&mut self, within: &'static str, extra: &super::RawMembers) {
        for (name, value) in extra.missed() {
            if name != b"type" && asks(value) {
                self.lose_extra(within, name);
            }
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Those that the canonical form knows by name, of which there are only so many whatever clients send; any other as `other`.
    pub fn known(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|field| match field {
            Cow::Borrowed(field) => *field,
            Cow::Owned(_) => "other",
        })
    }

    /// Whether all was carried.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn note(&mut self, field: Cow<'static, str>) {
        if self.0.len() < Self::MOST && !self.0.contains(&field) {
            self.0.push(field);
        }
    }
}

/// Whether a value asks for anything.
fn asks(value: &super::RawJson) -> bool {
    match value.kind() {
        JsonKind::Null => false,
        JsonKind::Bool => value.is_true() != Some(false),
        JsonKind::Array => !value.elements().is_empty(),
        JsonKind::Object => value.members().iter().any(|(_, value)| asks(value)),
        JsonKind::String | JsonKind::Number => true,
    }
}

/// All of them, joined by `, `.
impl fmt::Display for FieldLosses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, field) in self.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { ", " })?;
            f.write_str(field)?;
        }
        Ok(())
    }
}

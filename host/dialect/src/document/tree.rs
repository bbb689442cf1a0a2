//! A tree that is opened only along the way to a change. What is not opened stays the bytes that it was.

use std::borrow::Cow;

use bytes::Bytes;
use weir_http::json::{self, Cursor, JsonKind, MemberName, Span};

use super::{EditError, pointer};

/// The most entries of an array or object that is opened. An entry costs some 40 bytes beyond its text, which for an
/// array of token numbers would be twenty times the text.
const MAX_ENTRIES: usize = 65_536;

/// A value: JSON text as it came, or a container that was opened. Texts were checked before they came here.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Raw(Bytes),
    Object(Vec<JsonMember>),
    Array(Vec<Node>),
}

#[derive(Debug, Clone)]
pub(super) struct JsonMember {
    /// The name as it stands between its quotes, escapes and all.
    name: Bytes,
    value: Node,
}

impl JsonMember {
    fn is(&self, token: &str) -> bool {
        if memchr::memchr(b'\\', &self.name).is_none() {
            return self.name == token.as_bytes();
        }
        json::decode_key(&self.name).is_some_and(|name| name == token)
    }
}

impl Node {
    /// The JSON text of what the tokens lead to. Of members of one name the last counts.
    pub(super) fn find(&self, tokens: &[Cow<'_, str>]) -> Result<Option<Bytes>, EditError> {
        let Some((token, rest)) = tokens.split_first() else {
            return Ok(Some(self.text()));
        };
        let child = match self {
            Self::Raw(text) => return find_raw(text, tokens),
            Self::Object(members) => members.iter().rfind(|member| member.is(token)).map(|member| &member.value),
            Self::Array(elements) => pointer::index(token).and_then(|index| elements.get(index)),
        };
        child.map_or(Ok(None), |child| child.find(rest))
    }

    /// Puts `value` where the tokens lead to. `shown` is the pointer for messages.
    pub(super) fn put(&mut self, shown: &str, tokens: &[Cow<'_, str>], value: Node) -> Result<(), EditError> {
        self.opened(|node| node.put_within(shown, tokens, value), |()| true)
    }

    fn put_within(&mut self, shown: &str, tokens: &[Cow<'_, str>], value: Node) -> Result<(), EditError> {
        let no_parent = || EditError::NoParent { pointer: shown.into() };
        let (token, rest) = tokens.split_first().ok_or_else(no_parent)?;
        if !rest.is_empty() {
            return self.child_mut(token).ok_or_else(no_parent)?.put(shown, rest, value);
        }
        match self {
            Self::Raw(_) => Err(no_parent()),
            Self::Object(members) => {
                put_member(members, token, value);
                Ok(())
            }
            Self::Array(elements) if token == "-" => {
                elements.push(value);
                Ok(())
            }
            Self::Array(elements) => {
                let len = elements.len();
                let no_element = || EditError::NoElement { pointer: shown.into(), len };
                *pointer::index(token).and_then(|index| elements.get_mut(index)).ok_or_else(no_element)? = value;
                Ok(())
            }
        }
    }

    /// Gives the members of this name, in the object that the tokens lead to, another one; false if there are none.
    pub(super) fn rename(&mut self, tokens: &[Cow<'_, str>], old: &str, new: &str) -> Result<bool, EditError> {
        self.opened(|node| node.rename_within(tokens, old, new), |renamed| *renamed)
    }

    fn rename_within(&mut self, tokens: &[Cow<'_, str>], old: &str, new: &str) -> Result<bool, EditError> {
        if let Some((token, rest)) = tokens.split_first() {
            return self.child_mut(token).map_or(Ok(false), |child| child.rename(rest, old, new));
        }
        let Self::Object(members) = self else { return Ok(false) };
        if !members.iter().any(|member| member.is(old)) {
            return Ok(false);
        }
        // Two members of one name are two things to two readers.
        let mut name = Cow::Borrowed(new);
        let mut number = 1;
        while members.iter().any(|member| member.is(&name) && !member.is(old)) {
            number += 1;
            name = Cow::Owned(format!("{new} {number}"));
        }
        let name = quoted_name(&name);
        members.iter_mut().filter(|member| member.is(old)).for_each(|member| member.name = name.clone());
        Ok(true)
    }

    /// Takes away what the tokens lead to; false if nothing is there.
    pub(super) fn take(&mut self, tokens: &[Cow<'_, str>]) -> Result<bool, EditError> {
        self.opened(|node| node.take_within(tokens), |taken| *taken)
    }

    fn take_within(&mut self, tokens: &[Cow<'_, str>]) -> Result<bool, EditError> {
        let Some((token, rest)) = tokens.split_first() else { return Ok(false) };
        if !rest.is_empty() {
            return self.child_mut(token).map_or(Ok(false), |child| child.take(rest));
        }
        match self {
            Self::Raw(_) => Ok(false),
            Self::Object(members) => {
                let before = members.len();
                members.retain(|member| !member.is(token));
                Ok(members.len() < before)
            }
            Self::Array(elements) => match pointer::index(token) {
                Some(index) if index < elements.len() => {
                    elements.remove(index);
                    Ok(true)
                }
                Some(_) | None => Ok(false),
            },
        }
    }

    /// Appends the JSON text.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Raw(text) => out.extend_from_slice(text),
            Self::Object(members) => {
                out.push(b'{');
                for (index, member) in members.iter().enumerate() {
                    out.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
                    out.extend_from_slice(&member.name);
                    out.extend_from_slice(b"\":");
                    member.value.write(out);
                }
                out.push(b'}');
            }
            Self::Array(elements) => {
                out.push(b'[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    element.write(out);
                }
                out.push(b']');
            }
        }
    }

    fn text(&self) -> Bytes {
        if let Self::Raw(text) = self {
            return text.clone();
        }
        let mut out = Vec::new();
        self.write(&mut out);
        Bytes::from(out)
    }

    fn child_mut(&mut self, token: &str) -> Option<&mut Self> {
        match self {
            Self::Raw(_) => None,
            Self::Object(members) => {
                members.iter_mut().rfind(|member| member.is(token)).map(|member| &mut member.value)
            }
            Self::Array(elements) => elements.get_mut(pointer::index(token)?),
        }
    }

    /// Does something within this value, which is opened by one level for it and stays so only if that changed it: what is
    /// refused, or finds nothing to change, leaves every byte as it stood.
    fn opened<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, EditError>,
        is_change: impl FnOnce(&T) -> bool,
    ) -> Result<T, EditError> {
        let Self::Raw(text) = self else { return change(self) };
        let mut opened = Self::Raw(text.clone());
        opened.open()?;
        let done = change(&mut opened)?;
        if is_change(&done) {
            *self = opened;
        }
        Ok(done)
    }

    /// Opens a container by one level; a scalar stays as it is.
    fn open(&mut self) -> Result<(), EditError> {
        let Self::Raw(text) = self else { return Ok(()) };
        let whole = Span { start: 0, end: text.len() };
        let kind = Cursor::within(text, whole).kind().map_err(EditError::NotJson)?;
        let raw = |span: Span| Self::Raw(text.slice(span.start..span.end));
        let mut count = 0usize;
        let opened = match kind {
            JsonKind::Object => {
                let mut members = Vec::new();
                let member = |key: MemberName<'_>, span, _| {
                    count += 1;
                    if count <= MAX_ENTRIES {
                        members.push(JsonMember { name: text.slice_ref(key.raw()), value: raw(span) });
                    }
                };
                json::members_of(text, whole, member).map_err(EditError::NotJson)?;
                Self::Object(members)
            }
            JsonKind::Array => {
                let mut elements = Vec::new();
                let element = |span, _| {
                    count += 1;
                    if count <= MAX_ENTRIES {
                        elements.push(raw(span));
                    }
                };
                json::elements(text, whole, element).map_err(EditError::NotJson)?;
                Self::Array(elements)
            }
            JsonKind::String | JsonKind::Number | JsonKind::Bool | JsonKind::Null => return Ok(()),
        };
        if count > MAX_ENTRIES {
            return Err(EditError::TooManyEntries { limit: MAX_ENTRIES });
        }
        *self = opened;
        Ok(())
    }
}

/// A name as it stands between its quotes.
fn quoted_name(name: &str) -> Bytes {
    let mut quoted = Vec::with_capacity(json::escaped_len(name));
    json::escape_into(&mut quoted, name);
    let quoted = Bytes::from(quoted);
    quoted.slice(1..quoted.len().saturating_sub(1))
}

/// Replaces the member of this name where its first one stands, or adds one at the end; others of the name go.
fn put_member(members: &mut Vec<JsonMember>, token: &str, value: Node) {
    let Some(first) = members.iter().position(|member| member.is(token)) else {
        members.push(JsonMember { name: quoted_name(token), value });
        return;
    };
    let mut index = 0;
    members.retain(|member| {
        index += 1;
        index <= first + 1 || !member.is(token)
    });
    if let Some(member) = members.get_mut(first) {
        member.value = value;
    }
}

/// As [`Node::find`], in text that was not opened: walks down without building anything.
fn find_raw(text: &Bytes, tokens: &[Cow<'_, str>]) -> Result<Option<Bytes>, EditError> {
    let mut at = Span { start: 0, end: text.len() };
    for token in tokens {
        let mut found = None;
        match Cursor::within(text, at).kind().map_err(EditError::NotJson)? {
            JsonKind::Object => json::members_of(text, at, |key, span, _| {
                if key == **token {
                    found = Some(span);
                }
            }),
            JsonKind::Array => {
                let wanted = pointer::index(token);
                let mut index = 0;
                json::elements(text, at, |span, _| {
                    if Some(index) == wanted {
                        found = Some(span);
                    }
                    index += 1;
                })
            }
            JsonKind::String | JsonKind::Number | JsonKind::Bool | JsonKind::Null => return Ok(None),
        }
        .map_err(EditError::NotJson)?;
        let Some(span) = found else { return Ok(None) };
        at = span;
    }
    Ok(Some(text.slice(at.start..at.end)))
}

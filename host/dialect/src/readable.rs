//! Whether what a client will read can be shown to whoever has to look at it before. What cannot is told from what has no
//! text: the one is an error, the other nothing to show.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use weir_http::json::{Cursor, JsonKind, JsonSyntaxError, MemberName};

use crate::EventError;

/// Why an answer, or a part of one, cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is no JSON, or JSON of which two readers may make two things: not UTF-8, nested too deep, more than one document, a
    /// name that stands twice in an object.
    #[error("it is not JSON that everybody reads alike: {0}")]
    NotJson(#[from] JsonSyntaxError),
    /// It is JSON and has another form than the dialect's.
    #[error("{0}")]
    Form(&'static str),
}

impl From<EventError> for Unreadable {
    fn from(error: EventError) -> Self {
        match error {
            EventError::NotJson(error) => Self::NotJson(error),
            EventError::NoChoice => Self::Form("an event without a choice in its `choices`"),
            EventError::NoDelta => Self::Form("a choice without a `delta`"),
            EventError::Index => Self::Form("an `index` that is no plain whole number"),
            EventError::Unshowable(what) => Self::Form(what),
            EventError::SeveralChoices => Self::Form("an event of several choices"),
            EventError::TooManyChoices { .. } => Self::Form("an event of more choices than are looked at"),
        }
    }
}

/// Whether everything in a whole answer, which may be any bytes, can be shown: it is JSON that everybody reads alike.
///
/// # Errors
/// [`Unreadable::NotJson`].
pub(crate) fn whole(body: &[u8]) -> Result<(), Unreadable> {
    let mut cursor = Cursor::new(body)?.unique();
    cursor.enter_object()?;
    while cursor.next_key()?.is_some() {
        cursor.skip()?;
    }
    Ok(cursor.finish()?)
}

/// Whether an event is one in which there is nothing to show: data of a stream that are no part of an answer, such as usage or
/// what a content filter says of the question. None at all are nothing, too.
///
/// # Errors
/// [`Unreadable`]: it is no JSON object, or it says something in a form of its own.
pub(crate) fn says_nothing(data: &[u8]) -> Result<(), Unreadable> {
    if data.trim_ascii().is_empty() {
        return Ok(());
    }
    let mut cursor = Cursor::new(data)?.unique();
    let (mut is_chunk, mut speaks) = (false, false);
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        if key == "choices" && cursor.kind()? == JsonKind::Array {
            cursor.enter_array()?;
            if cursor.next_element()? {
                return Err(Unreadable::Form("a choice that is no object"));
            }
            is_chunk = true;
        } else {
            speaks |= says(&mut cursor, &key)?;
        }
    }
    cursor.finish()?;
    // What stands in a chunk beside its choices, clients of the dialect do not read.
    if speaks && !is_chunk { Err(Unreadable::Form("an event of another form than the dialect's")) } else { Ok(()) }
}

/// Whether the member of this name holds text; it is passed over.
fn says(cursor: &mut Cursor<'_>, key: &MemberName<'_>) -> Result<bool, JsonSyntaxError> {
    const NAMES: [&str; 7] = ["id", "object", "type", "model", "provider", "system_fingerprint", "service_tier"];
    let mut any = false;
    match cursor.kind()? {
        JsonKind::Object => {
            cursor.enter_object()?;
            while let Some(key) = cursor.next_key()? {
                any |= says(cursor, &key)?;
            }
        }
        JsonKind::Array => {
            cursor.enter_array()?;
            while cursor.next_element()? {
                any |= says(cursor, key)?;
            }
        }
        JsonKind::String => {
            cursor.skip()?;
            any = !NAMES.iter().any(|name| *key == **name);
        }
        JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
            cursor.skip()?;
        }
    }
    Ok(any)
}

//! How much text a model wrote.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use weir_http::json::{Cursor, JsonKind, JsonSyntaxError};

static CHOICES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"choices\""));
/// How an event begins to say its text that has nothing else to say, as OpenAI writes it.
static PLAIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"delta\":{\"content\":\""));
/// And how one that has nothing to say.
static NOTHING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"delta\":{}"));
static MESSAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"message\""));
static DELTA: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"delta\""));

/// Bytes of text in a chat completion or in the data of one of its events, escapes decoded: content, reasoning, refusals
/// and the calls of tools, of all choices. So the events of a stream come to as much as the same answer in one piece.
/// What cannot be read counts nothing.
pub fn text_bytes(data: &[u8]) -> usize {
    if let Some(text) = plain(data) {
        return text.len();
    }
    if says_nothing(data) {
        return 0;
    }
    let mut bytes = 0;
    // What was found before the first mistake was text all the same.
    let _end = CHOICES.find(data).map(|at| walk(data, at, &mut bytes));
    bytes
}

/// Where the text is in an event of one choice that has a content without escapes and nothing else, without a parse. In
/// strings quotes have backslashes, so that none of them looks like it.
pub(crate) fn plain(data: &[u8]) -> Option<Range<usize>> {
    let start = PLAIN.find(data)? + PLAIN.needle().len();
    let rest = data.get(start..)?;
    let end = memchr::memchr2(b'"', b'\\', rest)?;
    let after = rest.get(end..)?.strip_prefix(b"\"}")?;
    DELTA.find(after).is_none().then_some(start..start + end)
}

/// Whether an event has nothing to say, as the last one of a choice, without a parse. False if in doubt.
fn says_nothing(data: &[u8]) -> bool {
    let Some(at) = NOTHING.find(data) else { return false };
    let behind = data.get(at + NOTHING.needle().len()..).unwrap_or_default();
    let before = data.get(..at).unwrap_or_default();
    [before, behind].iter().all(|part| DELTA.find(part).is_none()) && MESSAGE.find(data).is_none()
}

/// Adds up the text of the choices whose name stands there.
fn walk(data: &[u8], at: usize, bytes: &mut usize) -> Result<(), JsonSyntaxError> {
    let mut cursor = Cursor::at_member(data, at)?;
    if cursor.next_key()?.is_none() || cursor.kind()? != JsonKind::Array {
        return Ok(());
    }
    objects(&mut cursor, &mut |cursor| {
        while let Some(key) = cursor.next_key()? {
            let said = key == "delta" || key == "message";
            if said && cursor.kind()? == JsonKind::Object {
                cursor.enter_object()?;
                *bytes = bytes.saturating_add(message(cursor)?);
            } else {
                cursor.skip()?;
            }
        }
        Ok(())
    })
}

/// The text of the message, or the part of one, that the cursor has just stepped into.
fn message(cursor: &mut Cursor<'_>) -> Result<usize, JsonSyntaxError> {
    let (mut bytes, mut reasoning) = (0, 0);
    while let Some(key) = cursor.next_key()? {
        if key == "content" || key == "refusal" {
            bytes += content(cursor)?;
        } else if key == "reasoning_content" || key == "reasoning" {
            // Some say it under both names.
            reasoning = content(cursor)?.max(reasoning);
        } else if key == "tool_calls" {
            bytes += calls(cursor)?;
        } else {
            bytes += if key == "function_call" { call(cursor)? } else { skip(cursor)? };
        }
    }
    Ok(bytes + reasoning)
}

/// Calls of tools.
pub(crate) fn calls(cursor: &mut Cursor<'_>) -> Result<usize, JsonSyntaxError> {
    let mut bytes = 0;
    objects(cursor, &mut |cursor| {
        while let Some(key) = cursor.next_key()? {
            bytes += if key == "function" || key == "custom" { call(cursor)? } else { skip(cursor)? };
        }
        Ok(())
    })?;
    Ok(bytes)
}

/// A text, or the texts in an array of parts.
pub(crate) fn content(cursor: &mut Cursor<'_>) -> Result<usize, JsonSyntaxError> {
    if cursor.kind()? == JsonKind::String {
        return Ok(cursor.text()?.len);
    }
    let mut bytes = 0;
    objects(cursor, &mut |cursor| {
        while let Some(key) = cursor.next_key()? {
            let text = key == "text" || key == "refusal";
            bytes += if text { string(cursor)? } else { skip(cursor)? };
        }
        Ok(())
    })?;
    Ok(bytes)
}

/// What a call says: its name, and what it is called with.
pub(crate) fn call(cursor: &mut Cursor<'_>) -> Result<usize, JsonSyntaxError> {
    if cursor.kind()? != JsonKind::Object {
        return skip(cursor);
    }
    let mut bytes = 0;
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        let text = key == "name" || key == "arguments" || key == "input";
        bytes += if text { string(cursor)? } else { skip(cursor)? };
    }
    Ok(bytes)
}

/// Shows each object of an array, stepped into; anything else is passed over.
pub(crate) fn objects(
    cursor: &mut Cursor<'_>,
    see: &mut dyn FnMut(&mut Cursor<'_>) -> Result<(), JsonSyntaxError>,
) -> Result<(), JsonSyntaxError> {
    if cursor.kind()? != JsonKind::Array {
        return cursor.skip().map(|_| ());
    }
    cursor.enter_array()?;
    while cursor.next_element()? {
        if cursor.kind()? == JsonKind::Object {
            cursor.enter_object()?;
            see(cursor)?;
        } else {
            cursor.skip()?;
        }
    }
    Ok(())
}

/// A string; anything else has no text.
pub(crate) fn string(cursor: &mut Cursor<'_>) -> Result<usize, JsonSyntaxError> {
    if cursor.kind()? == JsonKind::String { Ok(cursor.text()?.len) } else { skip(cursor) }
}

/// Passes a value that is no text.
pub(crate) fn skip(cursor: &mut Cursor<'_>) -> Result<usize, JsonSyntaxError> {
    cursor.skip().map(|_| 0)
}

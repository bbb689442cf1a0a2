//! The text that a request is about: the messages of a chat, the input of embeddings.

use weir_http::json::{Cursor, JsonKind};

use super::ReadError;
use super::names::MetNames;
use crate::usage::text;

const MESSAGE: &[&str] = &["role", "content", "tool_calls"];
const PART: &[&str] = &["type", "text"];

/// Counts the text of `messages`: an array of objects.
pub(super) fn read_messages(cursor: &mut Cursor<'_>) -> Result<usize, ReadError> {
    let mut bytes = 0;
    match cursor.kind()? {
        JsonKind::Array => cursor.enter_array()?,
        found => return ReadError::wrong("messages", "an array of messages", found),
    }
    while cursor.next_element()? {
        match cursor.kind()? {
            JsonKind::Object => cursor.enter_object()?,
            found => return ReadError::wrong("messages", "an array of objects, each a message", found),
        }
        bytes += read_message(cursor)?;
    }
    Ok(bytes)
}

/// Counts the text of the message that the cursor has just stepped into: what an answer said counts as much when it is
/// sent back.
fn read_message(cursor: &mut Cursor<'_>) -> Result<usize, ReadError> {
    let (mut bytes, mut reasoning) = (0, 0);
    let mut names = MetNames::new(MESSAGE);
    while let Some(key) = cursor.next_key()? {
        bytes += match names.meet(&key)? {
            Some("content") => read_content(cursor)?,
            Some("tool_calls") => text::calls(cursor)?,
            None if key == "name" || key == "refusal" => text::string(cursor)?,
            None if key == "function_call" => text::call(cursor)?,
            None if key == "reasoning_content" || key == "reasoning" => {
                // Some say it under both names.
                reasoning = text::content(cursor)?.max(reasoning);
                0
            }
            Some(_) | None => text::skip(cursor)?,
        };
    }
    Ok(bytes + reasoning)
}

/// Counts the text of a message's `content`: a string, null, or an array of parts.
fn read_content(cursor: &mut Cursor<'_>) -> Result<usize, ReadError> {
    let mut bytes = 0;
    match cursor.kind()? {
        JsonKind::String => return Ok(cursor.text()?.len),
        JsonKind::Null => return Ok(cursor.skip().map(|_| 0)?),
        JsonKind::Array => cursor.enter_array()?,
        found => {
            return ReadError::wrong("messages", "messages whose `content` is a string or an array of parts", found);
        }
    }
    while cursor.next_element()? {
        match cursor.kind()? {
            JsonKind::Object => cursor.enter_object()?,
            found => return ReadError::wrong("messages", "messages whose parts of `content` are objects", found),
        }
        let mut names = MetNames::new(PART);
        while let Some(key) = cursor.next_key()? {
            let text = names.meet(&key)? == Some("text") || key == "refusal";
            bytes += if text { text::string(cursor)? } else { text::skip(cursor)? };
        }
    }
    Ok(bytes)
}

/// Counts the text of `input`: a string, or an array of strings, of token numbers, or of arrays of token numbers.
pub(super) fn read_input(cursor: &mut Cursor<'_>) -> Result<usize, ReadError> {
    const EXPECTED: &str = "a string, or an array of strings or of token numbers";
    const TOKEN_BYTES: usize = 4;
    match cursor.kind()? {
        JsonKind::String => return Ok(cursor.text()?.len),
        JsonKind::Array => cursor.enter_array()?,
        found => return ReadError::wrong("input", EXPECTED, found),
    }
    let mut bytes = 0;
    while cursor.next_element()? {
        match cursor.kind()? {
            JsonKind::String => bytes += cursor.text()?.len,
            JsonKind::Number => {
                cursor.skip()?;
                bytes += TOKEN_BYTES;
            }
            JsonKind::Array => {
                cursor.enter_array()?;
                while cursor.next_element()? {
                    let (_, kind) = cursor.skip()?;
                    if kind != JsonKind::Number {
                        return ReadError::wrong("input", EXPECTED, kind);
                    }
                    bytes += TOKEN_BYTES;
                }
            }
            found => return ReadError::wrong("input", EXPECTED, found),
        }
    }
    Ok(bytes)
}

//! What has become of each choice: the same question for a whole answer and for an event of a stream.

use weir_http::json::{self, Cursor, JsonKind, JsonSyntaxError, Span};

use super::error::{is_error, says_error};

/// What has become of a choice.
///
/// Source: OpenAI's API reference, `finish_reason` of chat completion and chunk; OpenRouter's API reference, `error` of a
/// choice and the reason `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChoiceState {
    /// It does not say that it has come to an end.
    Open,
    /// It says why it stopped.
    Finished,
    /// It says that it failed, by an error of its own or as its reason: that is no end, whatever calls it one.
    Failed,
}

/// Shows each choice of an answer, or of an event's data: its index, and what has become of it.
pub(crate) fn each(data: &[u8], mut see: impl FnMut(u32, ChoiceState)) -> Result<(), JsonSyntaxError> {
    let mut cursor = Cursor::new(data)?;
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        if key == "choices" && cursor.kind()? == JsonKind::Array {
            elements(&mut cursor, data, &mut see)?;
        } else {
            cursor.skip()?;
        }
    }
    cursor.finish()
}

/// The same for data of which nobody has checked that they are JSON: up to the first mistake.
pub(crate) fn each_unchecked(data: &[u8], see: impl FnMut(u32, ChoiceState)) {
    let mut choices = None;
    let _end = json::outline(data, |key, span| {
        if key == "choices" {
            choices = Some(span);
        }
    });
    if let Some(choices) = choices {
        each_in(data, choices, see);
    }
}

/// The same for the array at this place.
pub(crate) fn each_in(data: &[u8], array: Span, mut see: impl FnMut(u32, ChoiceState)) {
    let _end = elements(&mut Cursor::within(data, array), data, &mut see);
}

fn elements(
    cursor: &mut Cursor<'_>,
    data: &[u8],
    see: &mut impl FnMut(u32, ChoiceState),
) -> Result<(), JsonSyntaxError> {
    cursor.enter_array()?;
    while cursor.next_element()? {
        if cursor.kind()? == JsonKind::Object {
            let (index, state) = choice(cursor, data)?;
            see(index, state);
        } else {
            cursor.skip()?;
        }
    }
    Ok(())
}

fn choice(cursor: &mut Cursor<'_>, data: &[u8]) -> Result<(u32, ChoiceState), JsonSyntaxError> {
    let (mut index, mut finished, mut failed) = (0, false, false);
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        let (span, kind) = cursor.skip()?;
        let value = span.of(data);
        if key == "index" {
            index = json::unsigned(value).and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
        } else if key == "finish_reason" {
            finished = kind == JsonKind::String && value != b"\"\"";
            failed |= is_error(value);
        } else if key == "error" {
            failed |= says_error(value);
        }
    }
    let state = match (failed, finished) {
        (true, _) => ChoiceState::Failed,
        (false, true) => ChoiceState::Finished,
        (false, false) => ChoiceState::Open,
    };
    Ok((index, state))
}

//! One pass over the data of an event: where its choices stand, and what stands in each.

use weir_http::json::{self, Cursor, JsonKind, JsonSyntaxError, Span};

use super::error::{EventError, MOST_CHOICES};

/// A choice of an event.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ChoiceAt {
    /// The choice itself.
    pub(super) span: Option<Span>,
    pub(super) choice: u32,
    /// Whether it says itself which one it is.
    pub(super) numbered: bool,
    pub(super) delta: Option<(Span, JsonKind)>,
    pub(super) delta_is_empty: bool,
    pub(super) content: Option<(Span, JsonKind)>,
    pub(super) calls: Option<Span>,
    /// `logprobs`, if there are any.
    pub(super) tokens: Option<Span>,
    pub(super) finishes: bool,
}

/// The choices of an event. The data are checked to their end, and have no name twice in one object.
pub(super) fn places(data: &[u8]) -> Result<Vec<ChoiceAt>, EventError> {
    let mut cursor = Cursor::new(data)?.unique();
    let mut places = Vec::new();
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        if key == "choices" && cursor.kind()? == JsonKind::Array {
            places = each(&mut cursor, data)?;
        } else {
            cursor.skip()?;
        }
    }
    cursor.finish()?;
    Ok(places)
}

/// The choices in the array that the cursor is at.
fn each(cursor: &mut Cursor<'_>, data: &[u8]) -> Result<Vec<ChoiceAt>, EventError> {
    let mut all = Vec::new();
    cursor.enter_array()?;
    while cursor.next_element()? {
        if all.len() == MOST_CHOICES {
            return Err(EventError::TooManyChoices { limit: MOST_CHOICES });
        }
        if cursor.kind()? != JsonKind::Object {
            return Err(EventError::NoChoice);
        }
        // One that does not say which it is, is the one in whose place it stands.
        let at = u32::try_from(all.len()).unwrap_or(u32::MAX);
        all.push(choice(cursor, data, at)?);
    }
    Ok(all)
}

/// The number of a choice or a tool call. Written in any other way than plainly, readers make different numbers of it: what
/// is one text for the one is two for another.
fn index(value: &[u8]) -> Result<u32, EventError> {
    json::unsigned(value).and_then(|index| u32::try_from(index).ok()).ok_or(EventError::Index)
}

fn choice(cursor: &mut Cursor<'_>, data: &[u8], at: u32) -> Result<ChoiceAt, EventError> {
    let start = cursor.at();
    let mut place = ChoiceAt { choice: at, ..ChoiceAt::default() };
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        if key == "delta" {
            let ChoiceAt { choice, numbered, tokens, finishes, .. } = place;
            let found = if cursor.kind()? == JsonKind::Object { delta(cursor)? } else { no_delta(cursor.skip()?) };
            place = ChoiceAt { choice, numbered, tokens, finishes, ..found };
            continue;
        }
        let (span, kind) = cursor.skip()?;
        let value = span.of(data);
        if key == "index" {
            place.numbered = true;
            place.choice = index(value)?;
        } else if key == "finish_reason" {
            place.finishes = kind == JsonKind::String && value != b"\"\"";
        } else if key == "logprobs" {
            place.tokens = (kind != JsonKind::Null).then_some(span);
        }
    }
    place.span = Some(Span { start, end: cursor.at() });
    Ok(place)
}

fn no_delta(found: (Span, JsonKind)) -> ChoiceAt {
    ChoiceAt { delta: Some(found), ..ChoiceAt::default() }
}

fn delta(cursor: &mut Cursor<'_>) -> Result<ChoiceAt, JsonSyntaxError> {
    let start = cursor.at();
    let mut place = ChoiceAt { delta_is_empty: true, ..ChoiceAt::default() };
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        let value = cursor.skip()?;
        place.delta_is_empty = false;
        if key == "content" {
            place.content = Some(value);
        } else if key == "tool_calls" {
            place.calls = (value.1 == JsonKind::Array).then_some(value.0);
        }
    }
    place.delta = Some((Span { start, end: cursor.at() }, JsonKind::Object));
    Ok(place)
}

/// Where the text parts of a content stand that is an array; nothing of another value.
pub(super) fn text_parts(data: &[u8], span: Span, parts: &mut Vec<Span>) -> Result<(), JsonSyntaxError> {
    let mut cursor = Cursor::within(data, span);
    if cursor.kind()? != JsonKind::Array {
        return Ok(());
    }
    cursor.enter_array()?;
    while cursor.next_element()? {
        match cursor.kind()? {
            JsonKind::String => parts.push(cursor.text()?.span),
            JsonKind::Object => {
                let (mut is_text, mut text) = (true, None);
                cursor.enter_object()?;
                while let Some(key) = cursor.next_key()? {
                    let (span, kind) = cursor.skip()?;
                    if key == "type" {
                        is_text = span.of(data) == b"\"text\"";
                    } else if key == "text" {
                        text = (kind == JsonKind::String).then_some(span);
                    }
                }
                parts.extend(text.filter(|_| is_text));
            }
            JsonKind::Array | JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
                cursor.skip()?;
            }
        }
    }
    Ok(())
}

/// The tool calls that are named in `tool_calls`, which is how they begin.
pub(super) fn begun(data: &[u8], span: Span) -> Result<Vec<u32>, EventError> {
    let (mut begun, mut position) = (Vec::new(), 0);
    let mut cursor = Cursor::within(data, span);
    cursor.enter_array()?;
    while cursor.next_element()? {
        if cursor.kind()? == JsonKind::Object {
            let (own, named) = call(&mut cursor, data)?;
            begun.extend(named.then_some(own.unwrap_or(position)));
        } else {
            cursor.skip()?;
        }
        position += 1;
    }
    Ok(begun)
}

/// Which tool call this is, if it says so, and whether it is named.
fn call(cursor: &mut Cursor<'_>, data: &[u8]) -> Result<(Option<u32>, bool), EventError> {
    let (mut own, mut named) = (None, false);
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        let (span, kind) = cursor.skip()?;
        if key == "index" {
            own = Some(index(span.of(data))?);
        } else if kind == JsonKind::Object && (key == "function" || key == "custom") {
            json::members_of(data, span, |key, span, kind| {
                named |= key == "name" && kind == JsonKind::String && span.of(data) != b"\"\"";
            })?;
        }
    }
    Ok((own, named))
}

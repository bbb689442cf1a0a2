//! The text of what a model is told beside the messages: which tools there are, and the form that its answer is to have.
//!
//! Text are the names and descriptions, and of the JSON Schemas in them every string and the names of properties, escapes
//! decoded. What they are wrapped in is none: brackets, other names of members, numbers, the type of a tool. So white space and
//! the way a library writes JSON change nothing.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use weir_http::json::{Cursor, JsonKind, JsonSyntaxError, MemberName};

use crate::usage::text::{objects, skip, string};

/// The text of `tools` or `functions`: an array of definitions. Anything else has none.
pub(super) fn definitions(cursor: &mut Cursor<'_>) -> Result<usize, JsonSyntaxError> {
    let mut bytes = 0;
    objects(cursor, &mut |cursor| {
        bytes += members(cursor)?;
        Ok(())
    })?;
    Ok(bytes)
}

/// The text of one definition: a tool, a function, or `response_format`. How deep it goes is bounded by the cursor.
pub(super) fn definition(cursor: &mut Cursor<'_>) -> Result<usize, JsonSyntaxError> {
    if cursor.kind()? != JsonKind::Object {
        return skip(cursor);
    }
    cursor.enter_object()?;
    members(cursor)
}

/// The text of the definition that the cursor has just stepped into.
fn members(cursor: &mut Cursor<'_>) -> Result<usize, JsonSyntaxError> {
    let mut bytes: usize = 0;
    while let Some(key) = cursor.next_key()? {
        let text = if is_any(&key, &["name", "description", "definition"]) {
            string(cursor)?
        } else if is_any(&key, &["parameters", "schema"]) {
            schema(cursor)?
        } else if is_any(&key, &["function", "custom", "format", "grammar", "json_schema"]) {
            definition(cursor)?
        } else {
            skip(cursor)?
        };
        bytes = bytes.saturating_add(text);
    }
    Ok(bytes)
}

/// The text of a JSON Schema, or of a value in one.
fn schema(cursor: &mut Cursor<'_>) -> Result<usize, JsonSyntaxError> {
    let mut bytes: usize = 0;
    match cursor.kind()? {
        JsonKind::String => return string(cursor),
        JsonKind::Array => {
            cursor.enter_array()?;
            while cursor.next_element()? {
                bytes = bytes.saturating_add(schema(cursor)?);
            }
        }
        JsonKind::Object => {
            cursor.enter_object()?;
            while let Some(key) = cursor.next_key()? {
                // Names of these are the author's and not JSON Schema's (draft 2020-12, and before it `definitions`).
                let named = is_any(&key, &["properties", "patternProperties", "$defs", "definitions"]);
                bytes = bytes.saturating_add(if named { named_schemas(cursor)? } else { schema(cursor)? });
            }
        }
        JsonKind::Number | JsonKind::Bool | JsonKind::Null => return skip(cursor),
    }
    Ok(bytes)
}

/// The text of schemas under names.
fn named_schemas(cursor: &mut Cursor<'_>) -> Result<usize, JsonSyntaxError> {
    if cursor.kind()? != JsonKind::Object {
        return schema(cursor);
    }
    let mut bytes: usize = 0;
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        bytes = bytes.saturating_add(length(&key)).saturating_add(schema(cursor)?);
    }
    Ok(bytes)
}

fn is_any(key: &MemberName<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| *key == **name)
}

/// Bytes of a name, escapes decoded; as it stands if it is no text.
fn length(key: &MemberName<'_>) -> usize {
    match key.is_escaped() {
        false => key.raw().len(),
        true => key.name().map_or(key.raw().len(), |name| name.len()),
    }
}

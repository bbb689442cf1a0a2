//! A small JSON reader for settings and for what [`request::get`](crate::request::get) answers. It reads all of RFC 8259
//! to a depth of 64 and keeps numbers as they are written; it is no bigger than a plugin can afford.

mod fragment;
mod reader;
mod strings;
mod value;

pub use fragment::JsonFragment;
pub use strings::{any_string, replace_strings};
pub use value::{JsonError, Value};

/// Reads one JSON text.
///
/// # Errors
/// If it is not one JSON value, is nested deeper than 64 levels, or an object has a key twice.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    reader::Reader::new(text).whole()
}

/// The JSON text of a string, quotes and all: what [`request::set`](crate::request::set) wants for a text.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                out.push_str("\\u00");
                for shift in [4, 0] {
                    out.push(char::from_digit((u32::from(c) >> shift) & 0xf, 16).unwrap_or('0'));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

//! How many values a text has.

use super::{JsonSyntaxError, MAX_VALUES};

/// Checks that a text that is JSON has no more than [`MAX_VALUES`] values, nested ones included. One that is too short for that
/// is not looked at; of others strings are passed over.
///
/// # Errors
/// [`JsonSyntaxError::TooManyValues`].
pub fn check_values(text: &[u8]) -> Result<(), JsonSyntaxError> {
    // Each but the first has a comma or a bracket in front of it.
    if text.len() < 2 * MAX_VALUES {
        return Ok(());
    }
    let (mut at, mut values) = (0, 1);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let bare = memchr::memchr(b'"', rest).unwrap_or(rest.len());
        let between = rest.get(..bare).unwrap_or_default();
        values += between.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
        if values > MAX_VALUES {
            return Err(JsonSyntaxError::TooManyValues { at });
        }
        at += bare;
        at += text.get(at..).and_then(super::string_length).unwrap_or(1);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_wherever_they_stand_and_whatever_strings_say() {
        let list = |of: &str, count: usize| format!("[{}]", vec![of; count].join(","));
        for of in ["1", "{}", "[]", "\"a,b\\\",[\"", "{\"a\":1}"] {
            // A list, and what is in it.
            let each = if of.starts_with("{\"") { 1 } else { usize::from(of == "{}" || of == "[]") };
            let most = (MAX_VALUES - 2) / (1 + each);
            assert_eq!(check_values(list(of, most).as_bytes()), Ok(()), "{of}");
            assert!(check_values(list(of, MAX_VALUES + 1).as_bytes()).is_err(), "{of}");
        }
        let text = format!("[\"{}\"]", ",".repeat(4 * MAX_VALUES));
        assert_eq!(check_values(text.as_bytes()), Ok(()));
    }
}

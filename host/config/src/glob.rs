//! Patterns for names of models.

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters, the empty one included, and
/// every other character for itself. Case matters. Takes no memory; at worst `pattern` × `text` steps.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.as_bytes(), text.as_bytes());
    // Where to take up again when what follows the last star did not fit: one byte further in the text.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), text.split_first()) {
            (Some((b'*', after)), _) => {
                retry = Some((after, text));
                pattern = after;
            }
            (Some((wanted, after)), Some((found, rest))) if wanted == found => {
                pattern = after;
                text = rest;
            }
            (None, None) => return true,
            _ => {
                let Some((after, from)) = retry else { return false };
                let Some((_, shorter)) = from.split_first() else { return false };
                retry = Some((after, shorter));
                pattern = after;
                text = shorter;
            }
        }
    }
}

/// Why `pattern` is not one that [`glob`] should be given: the syntax of other globs would silently match nothing.
pub(crate) fn fault(pattern: &str) -> Option<&'static str> {
    if pattern.is_empty() {
        return Some("is empty");
    }
    if pattern.contains("**") {
        return Some("has `**`");
    }
    if pattern.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("has white space in it");
    }
    if pattern.contains(['?', '[', ']', '{', '}', '\\', '!']) {
        return Some("has a character that other globs give a meaning to");
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

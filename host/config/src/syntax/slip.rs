//! What a mistake of syntax is told by, and keys in parts.

/// What is wrong with a line, and what to write in its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Slip {
    pub(crate) what: String,
    pub(crate) fix: String,
}

pub(super) fn slip(what: impl Into<String>, fix: impl Into<String>) -> Option<Slip> {
    Some(Slip { what: what.into(), fix: fix.into() })
}

/// A dotted key in parts, without quotes.
pub(super) fn parts(key: &str) -> Vec<String> {
    let (mut all, mut part, mut quote) = (Vec::new(), String::new(), None);
    for c in key.chars() {
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '.' => all.push(std::mem::take(&mut part).trim().to_owned()),
            _ => part.push(c),
        }
    }
    all.push(part.trim().to_owned());
    all
}

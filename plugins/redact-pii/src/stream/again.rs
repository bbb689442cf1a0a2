//! Whether events come again, which were held back before: what most of them begin with says that they do not.

use weir_plugin::StreamEvent;

use crate::{chars, marks};

/// Whether the first event may have been held back before. Nothing is noted without an event that was, and the first of
/// those comes first.
pub(super) fn came_again(events: &[StreamEvent]) -> bool {
    events.first().is_some_and(|event| could_be_held(&event.text))
}

/// Whether a text that begins like this may be the continuation of a match or of a run. Behind a space only digits, a
/// parenthesis and the capitals of an IBAN go on: that spares most events of a stream a question to the host.
pub(super) fn could_continue(text: &str) -> bool {
    // As most events of most streams begin.
    if let [b' ', b'a'..=b'z', ..] = text.as_bytes() {
        return false;
    }
    let mut chars = text.chars();
    match chars.next() {
        Some(c) if chars::is_space(c) => match chars.next() {
            Some('A'..='Z') => !chars.next().is_some_and(|c| c.is_ascii_lowercase()),
            c => c.is_none_or(|c| c.is_ascii_digit() || c == '('),
        },
        Some(c) => chars::in_run(c) || matches!(c, '(' | ')' | '/'),
        None => false,
    }
}

/// Whether an event with this text may have been held back for what it has itself: something open begins with a digit or
/// an `@` in it, or at its end with a run or a parenthesis.
fn could_be_held(text: &str) -> bool {
    text.ends_with(|c| chars::in_run(c) || c == '(') || marks::any(text)
}

//! JSON (RFC 8259) read in one validating pass: borrowed, without a DOM, without recursion, bounded in depth.
//!
//! [`members`] is what a request pays for: it checks the whole text and shows the members of the top-level object.
//! [`Cursor`] is the machine underneath, for callers that descend as they go; [`members_of`] and [`elements`] walk a
//! value again by its [`Span`] once the whole text is known to be good. [`outline`] is for answers, which are not checked
//! but must not have been cut.
//!
//! What is accepted is what `serde_json` accepts, with one difference: an escaped lone surrogate (`"\ud83d"`) is
//! grammatical JSON, some encoders write it, and a body that is only forwarded must not be refused for it. Such a
//! string has no [`string`], only a [`string_lossy`].

mod count;
mod cursor;
mod error;
mod kind;
mod member;
mod names;
mod outline;
mod scan;
mod span;
mod text;
mod tokens;
mod trace;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use count::check_values;
pub use cursor::Cursor;
pub use error::JsonSyntaxError;
pub use kind::{JsonKind, MAX_DEPTH, MAX_MEMBERS, MAX_VALUES};
pub use member::MemberName;
pub use outline::{OutlineError, outline};
pub use span::{Span, Token};
pub use text::{boolean, decode_key, escape_into, escaped_len, string, string_lossy, unsigned};
pub use tokens::TokenScanner;
pub use trace::Passed;

/// Checks that `bytes` is one JSON object and nothing else, and shows its members in the order in which they stand.
///
/// The members shown before an error are to be thrown away. Names may come twice: RFC 8259 section 4 leaves the
/// meaning of that open, so the visitor decides.
///
/// # Errors
/// [`JsonSyntaxError`] with the offset of the first byte that is wrong; [`JsonSyntaxError::NotObject`] if it is another value.
pub fn members<'a>(
    bytes: &'a [u8],
    mut visit: impl FnMut(MemberName<'a>, Span, JsonKind),
) -> Result<(), JsonSyntaxError> {
    let mut cursor = Cursor::new(bytes)?;
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        let (span, kind) = cursor.skip()?;
        visit(key, span, kind);
    }
    cursor.finish()
}

/// How long the string is that `bytes` begin with, quotes included, whatever is in it; none if they begin with another
/// value, or it is not closed.
pub fn string_length(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'"') {
        return None;
    }
    scan::string_end(bytes, 0).map(|string| string.end)
}

/// How long the number is that `bytes` begin with; none if they begin with another value.
pub fn number_length(bytes: &[u8]) -> Option<usize> {
    scan::number(bytes, 0).ok()
}

/// Whether a text is JSON of which that is known but for what its strings hold: they are UTF-8, with whole escapes and
/// without control characters. False if in doubt, as for one with line ends in it.
pub fn strings_are_valid(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() && !scan::has_control(bytes) && scan::escapes_are_valid(bytes)
}

/// Shows the members of the object at `span`, as [`members`] does. Spans are offsets into `bytes`, not into the object.
/// `bytes` must have been checked before (by [`members`] or a [`Cursor`]); if not, text that is not JSON may pass.
///
/// # Errors
/// [`JsonSyntaxError::NotObject`] if the value at `span` is another one; otherwise only for bytes that were not checked.
pub fn members_of<'a>(
    bytes: &'a [u8],
    span: Span,
    mut visit: impl FnMut(MemberName<'a>, Span, JsonKind),
) -> Result<(), JsonSyntaxError> {
    let mut cursor = Cursor::within(bytes, span);
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        let (span, kind) = cursor.skip()?;
        visit(key, span, kind);
    }
    cursor.finish()
}

/// Shows the elements of the array at `span` in order. Spans and the condition on `bytes` are as for [`members_of`].
///
/// # Errors
/// [`JsonSyntaxError::NotArray`] if the value at `span` is another one; otherwise only for bytes that were not checked.
pub fn elements(bytes: &[u8], span: Span, mut visit: impl FnMut(Span, JsonKind)) -> Result<(), JsonSyntaxError> {
    let mut cursor = Cursor::within(bytes, span);
    cursor.enter_array()?;
    while cursor.next_element()? {
        let (span, kind) = cursor.skip()?;
        visit(span, kind);
    }
    cursor.finish()
}

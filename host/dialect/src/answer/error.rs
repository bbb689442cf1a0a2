//! Whether a value says that there was an error.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use weir_http::json;

static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"error\""));
static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\\u00"));

/// Whether anything in a text can say that there was an error, by its name or its value. False for most at the price of a
/// search or two: in strings the word's quotes have backslashes, and nobody writes a letter of it as an escape who has
/// nothing to hide. Escapes of other signs, as some servers write all that is not ASCII, are none of that.
pub(crate) fn may_say_error(text: &[u8]) -> bool {
    ERROR.find(text).is_some() || escapes_a_letter(text)
}

/// Whether a small letter, `\u0061` to `\u007a`, may be written as an escape.
fn escapes_a_letter(text: &[u8]) -> bool {
    let Some(first) = memchr::memchr(b'\\', text) else { return false };
    let rest = text.get(first..).unwrap_or_default();
    ESCAPE.find_iter(rest).any(|at| matches!(rest.get(at + ESCAPE.needle().len()), Some(b'6' | b'7')))
}

/// Whether a value is the word for it.
pub(super) fn is_error(value: &[u8]) -> bool {
    value == b"\"error\"" || value.contains(&b'\\') && json::string(value).as_deref() == Some("error")
}

/// Whether the value of `error` says that there was one. Some servers always send the member, with nothing in it.
pub(super) fn says_error(value: &[u8]) -> bool {
    if is_blank(value) {
        return false;
    }
    if value.first() != Some(&b'{') {
        return true;
    }
    let mut says = false;
    let outline = json::outline(value, |_, span| says |= !is_blank(span.of(value)));
    says || outline.is_err()
}

fn is_blank(value: &[u8]) -> bool {
    let is_empty = |open: &[u8], close: &[u8]| {
        let inside = value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        inside.is_some_and(|inside| inside.trim_ascii().is_empty())
    };
    matches!(value, b"" | b"null" | b"false" | b"0" | b"\"\"") || is_empty(b"{", b"}") || is_empty(b"[", b"]")
}

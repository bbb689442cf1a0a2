//! JSON pointers (RFC 6901).

use std::borrow::Cow;

use weir_http::json::MAX_DEPTH;

use super::EditError;

/// The reference tokens of a pointer, `~1` and `~0` decoded. At most as many as a document may be deep.
pub(super) fn parse(pointer: &str) -> Result<Vec<Cow<'_, str>>, EditError> {
    let bad = |what| EditError::BadPointer { pointer: pointer.chars().take(200).collect::<String>().into(), what };
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let rest = pointer.strip_prefix('/').ok_or_else(|| bad("it must be empty or begin with `/`"))?;
    let mut tokens = Vec::new();
    for token in rest.split('/') {
        if tokens.len() == MAX_DEPTH as usize {
            return Err(bad("it leads deeper than a document may be"));
        }
        tokens.push(decode(token).ok_or_else(|| bad("`~` must be written `~0`, and `/` within a name `~1`"))?);
    }
    Ok(tokens)
}

fn decode(token: &str) -> Option<Cow<'_, str>> {
    let mut pieces = token.split('~');
    let first = pieces.next()?;
    let mut decoded = Cow::Borrowed(first);
    for piece in pieces {
        let character = match piece.as_bytes().first()? {
            b'0' => '~',
            b'1' => '/',
            _ => return None,
        };
        let decoded = decoded.to_mut();
        decoded.push(character);
        decoded.push_str(piece.get(1..)?);
    }
    Some(decoded)
}

/// A token as the index of an element: digits without a leading zero (RFC 6901 section 4).
pub(super) fn index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    if plain { token.parse().ok() } else { None }
}

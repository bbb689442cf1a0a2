//! Names within paths.

use std::borrow::Cow;

/// A name as a path has it, decoded (RFC 3986 section 2.1); none where nothing, or no name, stands there. A name may have
/// slashes in it (`meta-llama/llama-3`), as long as no part of it is empty or a step of the path (`.`, `..`).
pub(super) fn name(written: &str) -> Option<Cow<'_, str>> {
    let name = if written.contains('%') { Cow::Owned(decoded(written)?) } else { Cow::Borrowed(written) };
    let is_name = |part: &str| !matches!(part, "" | "." | "..");
    let good = name.split('/').all(is_name) && !name.bytes().any(|byte| byte.is_ascii_control());
    good.then_some(name)
}

fn decoded(written: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (high, low) = (digit(*behind.first()?)?, digit(*behind.get(1)?)?);
        bytes.push(high * 16 + low);
        rest = behind.get(2..).unwrap_or_default();
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

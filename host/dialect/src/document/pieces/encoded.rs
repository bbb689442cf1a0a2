//! Files that are sent in a text: `data:` URLs (RFC 2397) and bytes in base64 (RFC 4648). Those that are texts are shown as
//! what they say.

use super::opaque;

/// Media types whose bytes are text for whoever reads the file.
const TEXTS: [&str; 7] = [
    "data:text/",
    "data:application/json",
    "data:application/xml",
    "data:application/yaml",
    "data:message/",
    // Without a media type it is `text/plain`.
    "data:;",
    "data:,",
];

/// Media types of files that are read by whoever knows their form, and as a text by nobody.
const BINARIES: [&str; 9] = [
    "data:image/",
    "data:audio/",
    "data:video/",
    "data:font/",
    "data:application/pdf",
    "data:application/zip",
    "data:application/gzip",
    "data:application/msword",
    "data:application/vnd.",
];

/// How files of some kinds begin: PDF, ZIP and what is made of it, older documents, images, sound.
const BEGINNINGS: [&[u8]; 13] = [
    b"%PDF-",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"RIFF",
    b"ID3",
    b"OggS",
    b"fLaC",
    b"\x1f\x8b",
    b"\x1aE\xdf\xa3",
    b"\0\0\0",
];

/// So many characters of base64 are looked at first: of what is no text they mostly say so.
const FIRST: usize = 64;

/// What a file is to a reader of texts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FileText<'a> {
    /// No text.
    None,
    /// A text, behind this.
    Text(&'a str, String),
    /// It is no file: it reads as it stands.
    Literal,
    /// It is to be read as a text, or nobody knows as what, and it is none that everybody reads alike.
    Unreadable,
}

/// What is said of a file beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaKind {
    /// It is a text.
    Text,
    /// It is none.
    Bytes,
    /// Nothing that is known.
    Unknown,
}

impl MediaKind {
    fn of(head: &str) -> Self {
        let head = head.to_ascii_lowercase();
        let is = |kinds: &[&str]| kinds.iter().any(|kind| head.starts_with(kind));
        match (is(&TEXTS), is(&BINARIES)) {
            (true, _) => Self::Text,
            (_, true) => Self::Bytes,
            _ => Self::Unknown,
        }
    }
}

/// Looks into a `data:` URL; or into base64 alone, of which `plain` says what it is.
pub(super) fn look(file: &str, plain: Option<MediaKind>) -> FileText<'_> {
    let is_url = plain.is_none();
    let (head, data) = match file.find(',') {
        Some(comma) if is_url => file.split_at(comma + 1),
        None if is_url => return FileText::Literal,
        Some(_) | None => ("", file),
    };
    if is_url && !is_base64(head) {
        return String::from_utf8(unescape(data)).map_or(FileText::Literal, |text| FileText::Text(head, text));
    }
    let kind = plain.unwrap_or_else(|| MediaKind::of(head));
    let first = data.get(..FIRST).unwrap_or(data);
    let begin = decode(first).unwrap_or_default();
    let is_known = BEGINNINGS.iter().any(|known| begin.starts_with(known));
    // Most files are images and sound, and are told by how they begin.
    let is_bytes = kind == MediaKind::Bytes && (is_known || !reads(&begin, first.len() < data.len()));
    if is_bytes && opaque::is_encoded(data.as_bytes()) {
        return FileText::None;
    }
    let strict = decode(data);
    let is_strict = strict.is_some();
    // Most readers pass over white space.
    let bytes = strict.or_else(|| decode(&data.replace(|c: char| c.is_ascii_whitespace(), "")));
    let is_file = is_known && kind != MediaKind::Text;
    match bytes.map(String::from_utf8) {
        Some(Ok(text)) if kind == MediaKind::Text || reads(text.as_bytes(), false) => FileText::Text(head, text),
        Some(_) if is_strict && (is_file || kind == MediaKind::Bytes) => FileText::None,
        Some(_) | None if !is_strict && (!is_url || kind == MediaKind::Bytes) => FileText::Literal,
        Some(_) | None => FileText::Unreadable,
    }
}

/// Whether what stands before the data of a URL says that they are in base64.
fn is_base64(head: &str) -> bool {
    let head = head.trim_end_matches(',').trim_end().to_ascii_lowercase();
    head.strip_suffix("base64").is_some_and(|head| head.trim_end().ends_with(';'))
}

/// Whether bytes are a text with nothing in it that no text has; they may break off within a character if they are `cut`.
fn reads(bytes: &[u8], cut: bool) -> bool {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(why) if cut && why.error_len().is_none() => {
            std::str::from_utf8(bytes.get(..why.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    text.bytes().all(|byte| byte >= b' ' && byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r' | b'\x0c'))
}

/// A file with this before a text.
pub(in super::super) fn write(head: &str, text: &str) -> String {
    let mut url = String::with_capacity(head.len() + text.len().div_ceil(3) * 4);
    url.push_str(head);
    if !head.is_empty() && !is_base64(head) {
        escape(&mut url, text);
        return url;
    }
    for group in text.as_bytes().chunks(3) {
        let bits = (0..3).fold(0, |bits: u32, at| bits << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let letter = usize::try_from(bits >> (18 - 6 * at) & 63).ok().and_then(|index| ALPHABET.get(index));
            let padding = at > group.len();
            url.push(if padding { '=' } else { char::from(letter.copied().unwrap_or(b'A')) });
        }
    }
    url
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Both alphabets, with or without padding, as readers take it.
fn decode(data: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(data.len() / 4 * 3 + 2);
    let (mut bits, mut have) = (0_u32, 0_u32);
    for byte in data.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push(u8::try_from(bits >> have & 0xff).ok()?);
        }
    }
    Some(out)
}

/// Percent-encoding (RFC 3986 section 2.1) undone. A sign of it that stands for nothing stays.
fn unescape(data: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut rest = data.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        let escaped = match behind {
            [high, low, after @ ..] if *byte == b'%' => digit(*high).zip(digit(*low)).map(|pair| (pair, after)),
            _ => None,
        };
        match escaped {
            Some(((high, low), after)) => {
                out.push(high << 4 | low);
                rest = after;
            }
            None => {
                out.push(*byte);
                rest = behind;
            }
        }
    }
    out
}

/// Percent-encoding of whatever is not unreserved (RFC 3986 section 2.3).
fn escape(url: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase();
            url.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

#[cfg(test)]
mod tests;

//! Text that is sent as a file: a `data:` URL (RFC 2397) with a text in base64 (RFC 4648 section 4).

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

/// What stands before the text, its comma included, and the text; none if it is another kind of file, or no text.
pub(super) fn read(url: &str) -> Option<(&str, String)> {
    let (head, data) = url.split_at(url.find(',')? + 1);
    let kind = head.to_ascii_lowercase();
    if !TEXTS.iter().any(|text| kind.starts_with(text)) || !kind.ends_with(";base64,") {
        return None;
    }
    String::from_utf8(decode(data)?).ok().map(|text| (head, text))
}

/// A URL with this before a text.
pub(in super::super) fn write(head: &str, text: &str) -> String {
    let mut url = String::with_capacity(head.len() + text.len().div_ceil(3) * 4);
    url.push_str(head);
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

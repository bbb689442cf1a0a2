//! One way of writing for what looks the same to a reader.

/// Appends a text in lower case, each run of white space as one space, without invisible characters and with full-width
/// letters and signs as plain ones.
pub(crate) fn push(text: &str, out: &mut String) {
    out.reserve(text.len());
    let mut after_space = false;
    for c in text.chars() {
        if c.is_ascii() {
            let space = c.is_ascii_whitespace() || c == '\u{b}';
            if !space {
                out.push(c.to_ascii_lowercase());
            } else if !after_space {
                out.push(' ');
            }
            after_space = space;
        } else if c.is_whitespace() {
            if !after_space {
                out.push(' ');
            }
            after_space = true;
        } else if !is_invisible(c) {
            out.extend(plain(c).to_lowercase());
            after_space = false;
        }
    }
}

/// Soft hyphen, joiners, direction marks and the like: they hide a phrase from a machine and not from a reader.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn plain(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

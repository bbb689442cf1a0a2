//! What an error says, for people: in one line, bounded, and with nothing in it that a terminal obeys.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Bytes of a reason.
const MOST: usize = 300;
/// How the engine begins to say where a guest was, which it puts before what happened.
const BACKTRACE: &str = "error while executing at wasm backtrace:";

/// What happened, in the engine's own words: all that its error says but for where the guest was.
pub(crate) fn reason(error: &wasmtime::Error) -> String {
    let links = error.chain().map(ToString::to_string);
    let words: Vec<String> = links.filter(|words| !words.starts_with(BACKTRACE)).collect();
    one_line(&words.join(": "))
}

/// A text of whomever, as one line of at most 300 bytes.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    visible(&words.join(" "), MOST).0
}

/// As much of a text as fits in so many bytes, in one line: what would end it, command a terminal, turn the direction of reading
/// or not be seen is escaped, and all else stands as it is. And how many bytes of the text that is.
pub(crate) fn visible(text: &str, most: usize) -> (String, usize) {
    let mut line = String::new();
    for (at, character) in text.char_indices() {
        let length = if is_hidden(character) { character.escape_debug().len() } else { character.len_utf8() };
        if line.len() + length > most {
            return (line, at);
        }
        match is_hidden(character) {
            true => line.extend(character.escape_debug()),
            false => line.push(character),
        }
    }
    (line, text.len())
}

/// Whether a character is more than what is to be seen of it: a control character, one that separates lines, turns the direction
/// of reading (Unicode's technical report 36, section 2) or has no form.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

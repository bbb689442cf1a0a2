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
    let mut line = String::new();
    for word in text.split_whitespace() {
        let space = if line.is_empty() { "" } else { " " };
        for character in space.chars().chain(word.chars()) {
            let escaped = if character == '`' || character == '"' || character == '\'' {
                character.to_string()
            } else {
                character.escape_debug().to_string()
            };
            if line.len() + escaped.len() > MOST {
                return line;
            }
            line.push_str(&escaped);
        }
    }
    line
}

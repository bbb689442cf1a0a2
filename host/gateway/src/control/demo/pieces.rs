//! Text in pieces, as a model says it token by token. Put together again they are the text.

/// Characters in a piece of what has no words, such as JSON.
const LETTERS: usize = 12;

/// Words of a text, each with the white space before it.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = rest.len() - rest.trim_start().len();
        let end = rest.get(start..)?.find(char::is_whitespace).map_or(rest.len(), |n| start + n);
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// A text in pieces of a few characters each.
pub(super) fn letters(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.char_indices().nth(LETTERS).map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// How many words there are.
pub(super) fn count(text: &str) -> u64 {
    u64::try_from(words(text).count()).unwrap_or(u64::MAX)
}

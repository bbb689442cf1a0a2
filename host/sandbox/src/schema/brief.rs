//! Words about a schema, of bounded length.

/// Characters of each problem.
const WORDS: usize = 300;

/// A text of bounded length: names and patterns in it are as long as somebody made them.
pub(super) fn brief(text: &str) -> String {
    let mut brief: String = text.chars().take(WORDS).collect();
    if brief.len() < text.len() {
        brief.push('…');
    }
    brief
}

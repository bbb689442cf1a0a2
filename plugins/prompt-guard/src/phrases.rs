//! Finding any of many phrases in one walk over a text.

/// Phrases, looked up by the word or sign that they begin with.
#[derive(Debug)]
pub(crate) struct Phrases {
    /// Sorted by what they begin with.
    by_head: Vec<(String, Vec<String>)>,
    /// The bytes that some head begins with: most words of a text are passed over by this alone.
    first_bytes: Vec<bool>,
}

/// How a character bounds words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// A letter or digit of a script that puts spaces between words.
    Word,
    Space,
    /// Signs, and letters of scripts without spaces: each stands for itself.
    Single,
}

impl Phrases {
    /// Takes phrases in their normal form, not empty and without space around.
    pub(crate) fn new(phrases: Vec<String>) -> Self {
        let mut by_head: Vec<(String, Vec<String>)> = Vec::new();
        let mut first_bytes = vec![false; 256];
        for phrase in phrases {
            let head = head(&phrase).0.to_owned();
            if let Some(seen) = phrase.bytes().next().and_then(|byte| first_bytes.get_mut(usize::from(byte))) {
                *seen = true;
            }
            match by_head.binary_search_by(|(have, _)| have.cmp(&head)) {
                Ok(at) => by_head.get_mut(at).into_iter().for_each(|(_, list)| list.push(phrase.clone())),
                Err(at) => by_head.insert(at, (head, vec![phrase])),
            }
        }
        Self { by_head, first_bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_head.is_empty()
    }

    /// Whether any phrase stands in this text, which is in normal form, between word borders.
    pub(crate) fn any_in(&self, text: &str) -> bool {
        let mut rest = text;
        while let Some(byte) = rest.bytes().next() {
            let (unit, class) = head(rest);
            if class != Class::Space
                && self.first_bytes.get(usize::from(byte)).is_some_and(|seen| *seen)
                && self.begins(unit, rest)
            {
                return true;
            }
            rest = rest.get(unit.len()..).unwrap_or_default();
        }
        false
    }

    fn begins(&self, unit: &str, rest: &str) -> bool {
        let Ok(at) = self.by_head.binary_search_by(|(head, _)| head.as_str().cmp(unit)) else { return false };
        let Some((_, phrases)) = self.by_head.get(at) else { return false };
        phrases.iter().any(|phrase| rest.strip_prefix(phrase.as_str()).is_some_and(|after| is_border(phrase, after)))
    }
}

/// A phrase must not end inside a word. It cannot begin inside one, for only the heads of words are looked up.
fn is_border(phrase: &str, after: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| class(c) == Class::Word);
    !(word(phrase.chars().next_back()) && word(after.chars().next()))
}

/// The first word, sign or space of a text that is not empty.
fn head(text: &str) -> (&str, Class) {
    let mut chars = text.chars();
    let first = chars.next().map_or(Class::Single, class);
    let end = if first == Class::Word {
        text.find(|c| class(c) != Class::Word).unwrap_or(text.len())
    } else {
        text.len() - chars.as_str().len()
    };
    (text.get(..end).unwrap_or_default(), first)
}

#[inline]
fn class(c: char) -> Class {
    match c {
        'a'..='z' | '0'..='9' | 'A'..='Z' | '_' => Class::Word,
        ' ' => Class::Space,
        '\0'..='\x7f' => Class::Single,
        // Thai to Burmese, Khmer, Chinese, Japanese and Korean are written without spaces between words or stems.
        '\u{e00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => {
            Class::Single
        }
        '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => Class::Single,
        _ if c.is_alphanumeric() => Class::Word,
        _ => Class::Single,
    }
}

//! Rust's text as tokens, and tokens as trees of brackets. Comments, white space and lifetimes are left out.
//!
//! Only as much of Rust's lexical structure is known as is needed to tell code from strings and comments; see "Lexical
//! structure" in the Rust reference.

use std::collections::BTreeSet;

/// What a token is, as far as anybody here asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name or a keyword.
    Word,
    /// A string, a character or a number.
    Literal,
    /// Punctuation; `::` is one mark.
    Mark,
    /// A bracket of any sort that opens.
    Open,
    /// A bracket of any sort that closes.
    Close,
}

/// A piece of code with the line on which it begins, from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeToken<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

/// A token, or what stands within a pair of brackets.
#[derive(Debug)]
pub(crate) enum Tree<'a> {
    Leaf(CodeToken<'a>),
    Group(Brackets<'a>),
}

/// What stands within a pair of brackets.
#[derive(Debug)]
pub(crate) struct Brackets<'a> {
    /// `(`, `[` or `{`.
    pub(crate) open: &'a str,
    pub(crate) trees: Vec<Tree<'a>>,
}

impl<'a> Tree<'a> {
    /// The name or keyword that this is.
    pub(crate) fn word(&self) -> Option<&'a str> {
        match self {
            Tree::Leaf(token) if token.kind == TokenKind::Word => Some(token.text),
            _ => None,
        }
    }

    /// Whether this is the given punctuation.
    pub(crate) fn is(&self, mark: &str) -> bool {
        matches!(self, Tree::Leaf(token) if token.kind == TokenKind::Mark && token.text == mark)
    }

    /// The literal as it is written.
    pub(crate) fn literal(&self) -> Option<&'a str> {
        match self {
            Tree::Leaf(token) if token.kind == TokenKind::Literal => Some(token.text),
            _ => None,
        }
    }

    /// What stands within, if this is a pair of the given brackets.
    pub(crate) fn group(&self, open: &str) -> Option<&[Tree<'a>]> {
        match self {
            Tree::Group(group) if group.open == open => Some(&group.trees),
            _ => None,
        }
    }

    /// Adds the numbers of the lines on which code of this tree begins.
    pub(crate) fn lines(&self, into: &mut BTreeSet<usize>) {
        match self {
            Tree::Leaf(token) => {
                into.insert(token.line);
            }
            Tree::Group(group) => group.trees.iter().for_each(|tree| tree.lines(into)),
        }
    }
}

/// The trees of a whole file. A bracket that closes nothing is passed over, one that nothing closes ends with the file.
pub(crate) fn trees(source: &str) -> Vec<Tree<'_>> {
    let mut done: Vec<Tree<'_>> = Vec::new();
    let mut open: Vec<(&str, Vec<Tree<'_>>)> = Vec::new();
    for token in tokens(source) {
        match token.kind {
            TokenKind::Open => open.push((token.text, std::mem::take(&mut done))),
            TokenKind::Close => close(&mut open, &mut done),
            _ => done.push(Tree::Leaf(token)),
        }
    }
    while !open.is_empty() {
        close(&mut open, &mut done);
    }
    done
}

/// Makes one group of what stands since the last bracket that opened.
fn close<'a>(open: &mut Vec<(&'a str, Vec<Tree<'a>>)>, done: &mut Vec<Tree<'a>>) {
    if let Some((bracket, before)) = open.pop() {
        let trees = std::mem::replace(done, before);
        done.push(Tree::Group(Brackets { open: bracket, trees }));
    }
}

fn tokens(source: &str) -> Vec<CodeToken<'_>> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let (kind, length) = next(rest, first);
        let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        found.extend(kind.map(|kind| CodeToken { kind, text, line }));
        line += text.matches('\n').count();
        rest = after;
    }
    found
}

/// What begins here, if it is to be kept, and its length in bytes, which is never 0.
fn next(rest: &str, first: char) -> (Option<TokenKind>, usize) {
    let one = first.len_utf8();
    if first.is_whitespace() {
        (None, one)
    } else if rest.starts_with("//") {
        (None, rest.find('\n').unwrap_or(rest.len()))
    } else if rest.starts_with("/*") {
        (None, block_comment(rest))
    } else if let Some(length) = string(rest) {
        (Some(TokenKind::Literal), length)
    } else if first == '\'' {
        quote(rest)
    } else if rest.starts_with("b'") {
        let (kind, length) = quote(rest.get(1..).unwrap_or_default());
        (kind, length + 1)
    } else if first.is_ascii_digit() {
        (Some(TokenKind::Literal), number(rest))
    } else if let Some(name) = rest.strip_prefix("r#").filter(|name| name.starts_with(is_of_word)) {
        (Some(TokenKind::Word), 2 + word(name))
    } else if is_of_word(first) {
        (Some(TokenKind::Word), word(rest))
    } else if rest.starts_with("::") {
        (Some(TokenKind::Mark), 2)
    } else {
        let kind = match first {
            '(' | '[' | '{' => TokenKind::Open,
            ')' | ']' | '}' => TokenKind::Close,
            _ => TokenKind::Mark,
        };
        (Some(kind), one)
    }
}

fn is_of_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

fn word(rest: &str) -> usize {
    rest.find(|character| !is_of_word(character)).unwrap_or(rest.len())
}

/// A number with its suffix; the dots of `0..9` and `1.max(2)` are not of it.
fn number(rest: &str) -> usize {
    let whole = word(rest);
    let fraction = rest.get(whole..).and_then(|rest| rest.strip_prefix('.'));
    match fraction.filter(|fraction| fraction.starts_with(|digit: char| digit.is_ascii_digit())) {
        Some(fraction) => whole + 1 + word(fraction),
        None => whole,
    }
}

/// Comments of blocks lie within one another.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        let step = match () {
            () if here.starts_with("/*") => {
                depth += 1;
                2
            }
            () if here.starts_with("*/") => {
                depth -= 1;
                2
            }
            () => here.chars().next().map_or(1, char::len_utf8),
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of the string that begins here, raw ones and those of bytes too.
fn string(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        rest.strip_prefix(prefix).is_some_and(|after| after.starts_with('"') || prefix.ends_with('r') && is_raw(after))
    })?;
    let body = rest.get(prefix.len()..)?;
    if !prefix.ends_with('r') {
        return Some(prefix.len() + escaped(body, '"'));
    }
    let hashes = body.find('"')?;
    let end = format!("\"{}", body.get(..hashes)?);
    let text = body.get(hashes + 1..)?;
    let length = text.find(&end).map_or(text.len(), |at| at + end.len());
    Some(prefix.len() + hashes + 1 + length)
}

/// Whether hashes and a quotation mark follow.
fn is_raw(after: &str) -> bool {
    after.trim_start_matches('#').starts_with('"')
}

/// The length of what is quoted, with both marks, where a backslash takes its meaning from the mark behind it.
fn escaped(quoted: &str, mark: char) -> usize {
    let mut is_escape = false;
    for (at, character) in quoted.char_indices().skip(1) {
        if is_escape {
            is_escape = false;
        } else if character == '\\' {
            is_escape = true;
        } else if character == mark {
            return at + mark.len_utf8();
        }
    }
    quoted.len()
}

/// A character, or a lifetime, which nobody needs.
fn quote(rest: &str) -> (Option<TokenKind>, usize) {
    let mut after = rest.chars().skip(1);
    match (after.next(), after.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => (Some(TokenKind::Literal), escaped(rest, '\'')),
        _ => (None, 1 + rest.get(1..).map_or(0, word)),
    }
}

#[cfg(test)]
mod tests;

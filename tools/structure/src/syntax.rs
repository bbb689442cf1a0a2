//! What a file says of itself: its modules, its imports, what it defines, and the paths that it names in its code.
//!
//! It reads tokens and knows no types: a path within a macro's arguments counts like any other. What is for tests alone
//! (`#[cfg(test)]`, `#[test]`) is passed over.

use crate::imports::{self, Import};
use crate::lex::{Tree, trees};
use std::collections::BTreeSet;

/// A module as its text has it: a file's, or one that is written within a file.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) imports: Vec<Import>,
    pub(crate) items: Vec<Named>,
    pub(crate) modules: Vec<Nested>,
    /// Paths of two parts or more, where they are used.
    pub(crate) paths: BTreeSet<Vec<String>>,
    /// Every other word of the code: what a wildcard import may bring.
    pub(crate) words: BTreeSet<String>,
    /// Functions, methods too, with the number of their lines that have code.
    pub(crate) functions: Vec<(String, usize)>,
}

/// Something with a name at the top of a module.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) sort: Sort,
    /// Whether another file may see it.
    pub(crate) is_shown: bool,
}

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// A struct, enum, union, trait or alias: what can be in the midst of a path.
    Type,
    /// A function, constant, static or macro.
    Value,
}

/// A module within another one.
#[derive(Debug)]
pub(crate) struct Nested {
    pub(crate) name: String,
    /// What `#[path = "…"]` says.
    pub(crate) path: Option<String>,
    /// Its text, where that stands here.
    pub(crate) inline: Option<Scope>,
}

/// Reads a file.
pub(crate) fn read(source: &str) -> Scope {
    let mut scope = Scope::default();
    scope.read(&trees(source), true);
    scope
}

impl Scope {
    /// Reads what stands at the top of a module, or anywhere within it.
    fn read(&mut self, trees: &[Tree<'_>], is_top: bool) {
        let mut at = 0;
        let mut path = None;
        while let Some(tree) = trees.get(at) {
            let rest = trees.get(at..).unwrap_or_default();
            at += if tree.is("#") {
                match self.attribute(rest, &mut path) {
                    Some(length) => length,
                    None => return,
                }
            } else if tree.is("::") {
                path_length(rest.get(1..).unwrap_or_default(), &mut Vec::new()) + 1
            } else if tree.word().is_some() {
                self.word(trees, at, is_top, &mut path)
            } else {
                if let Tree::Group(group) = tree {
                    // What a macro is handed at the top of a module, a struct say, it makes an item there.
                    let is_handed =
                        at.checked_sub(1).and_then(|before| trees.get(before)).is_some_and(|tree| tree.is("!"));
                    self.read(&group.trees, is_top && is_handed);
                }
                1
            };
        }
    }

    /// Passes over an attribute, and what it makes a test of. `None`: all that is here is for tests.
    fn attribute(&mut self, rest: &[Tree<'_>], path: &mut Option<String>) -> Option<usize> {
        let is_inner = rest.get(1).is_some_and(|tree| tree.is("!"));
        let length = if is_inner { 3 } else { 2 };
        let Some(says) = rest.get(length - 1).and_then(|tree| tree.group("[")) else {
            return Some(1);
        };
        if is_for_tests(says) {
            let after = rest.get(length..).unwrap_or_default();
            return (!is_inner).then(|| length + item_length(after));
        }
        if says.first().and_then(Tree::word) == Some("path") {
            *path = says.get(2).and_then(Tree::literal).map(|text| text.trim_matches('"').to_owned());
        }
        self.read(says, false);
        self.paths.extend(says.iter().flat_map(written_paths));
        Some(length)
    }

    /// Reads what begins with a word, and says how long it is.
    fn word(&mut self, trees: &[Tree<'_>], at: usize, is_top: bool, path: &mut Option<String>) -> usize {
        let rest = trees.get(at..).unwrap_or_default();
        let word = rest.first().and_then(Tree::word).unwrap_or_default();
        let name = rest.get(1).and_then(Tree::word);
        match (word, name) {
            ("use", _) if !rest.get(1).is_some_and(|tree| tree.is("<")) => {
                let length = statement_length(rest);
                let tree = rest.get(1..length).unwrap_or_default();
                self.imports.extend(imports::read(tree, is_shown(trees, at)));
                return length;
            }
            ("mod", Some(name)) => {
                let inline = rest.get(2).and_then(|tree| tree.group("{")).map(|trees| {
                    let mut scope = Scope::default();
                    scope.read(trees, true);
                    scope
                });
                self.modules.push(Nested { name: name.to_owned(), path: path.take(), inline });
                return 3;
            }
            ("fn", Some(name)) => self.function(name, rest),
            _ => {}
        }
        if is_top && let Some((name, sort, length)) = named(rest) {
            self.items.push(Named { name: name.to_owned(), sort, is_shown: is_shown(trees, at) });
            return length;
        }
        let mut parts = Vec::new();
        let length = path_length(rest, &mut parts);
        if parts.len() > 1 {
            self.paths.insert(parts);
        } else {
            self.words.extend(parts);
        }
        length
    }

    fn function(&mut self, name: &str, rest: &[Tree<'_>]) {
        let signature = rest.iter().take_while(|tree| !tree.is(";") && tree.group("{").is_none()).count();
        if let Some(body) = rest.get(signature).filter(|tree| tree.group("{").is_some()) {
            let mut lines = BTreeSet::new();
            body.lines(&mut lines);
            self.functions.push((name.to_owned(), lines.len()));
        }
    }
}

/// The name of the item that begins here, what it is, and how many trees say so.
fn named<'a>(rest: &[Tree<'a>]) -> Option<(&'a str, Sort, usize)> {
    let word = |at: usize| rest.get(at).and_then(Tree::word);
    match (word(0)?, word(1)) {
        ("struct" | "enum" | "union" | "trait" | "type", Some(name)) => Some((name, Sort::Type, 2)),
        ("static", Some("mut")) => Some((word(2)?, Sort::Value, 3)),
        ("const", Some("fn" | "unsafe" | "async" | "extern")) => None,
        ("fn" | "const" | "static", Some(name)) => Some((name, Sort::Value, 2)),
        ("macro_rules", None) => Some((word(2)?, Sort::Value, 3)),
        _ => None,
    }
}

/// Whether `pub`, or `pub(…)`, stands before the item at a place.
fn is_shown(trees: &[Tree<'_>], at: usize) -> bool {
    let before = trees.get(..at).unwrap_or_default();
    before
        .iter()
        .rev()
        .take_while(|tree| tree.word().is_some() || tree.literal().is_some() || tree.group("(").is_some())
        .take(4)
        .any(|tree| tree.word() == Some("pub"))
}

/// Takes the path that begins here apart: `a::b::c`. It ends before the generic arguments of `a::<b>`.
fn path_length(rest: &[Tree<'_>], parts: &mut Vec<String>) -> usize {
    let mut length = 0;
    while let Some(word) = rest.get(length).and_then(Tree::word) {
        parts.push(word.to_owned());
        length += 1;
        let goes_on = rest.get(length).is_some_and(|tree| tree.is("::"));
        if !goes_on || rest.get(length + 1).and_then(Tree::word).is_none() {
            break;
        }
        length += 1;
    }
    length
}

/// `#[cfg(test)]` in any of its forms but `not(test)`, and `#[test]`, whoever's.
fn is_for_tests(attribute: &[Tree<'_>]) -> bool {
    fn names_test(trees: &[Tree<'_>]) -> bool {
        trees.iter().enumerate().any(|(at, tree)| match tree {
            Tree::Group(group) => {
                let before = at.checked_sub(1).and_then(|before| trees.get(before)).and_then(Tree::word);
                before != Some("not") && names_test(&group.trees)
            }
            Tree::Leaf(_) => tree.word() == Some("test"),
        })
    }
    match attribute.first().and_then(Tree::word) {
        Some("cfg") => names_test(attribute),
        _ => attribute.iter().rev().find_map(Tree::word) == Some("test") && !attribute.iter().any(|tree| tree.is("=")),
    }
}

/// How many trees the statement that begins here has, with its `;`.
fn statement_length(rest: &[Tree<'_>]) -> usize {
    rest.iter().position(|tree| tree.is(";")).map_or(rest.len(), |end| end + 1)
}

/// How many trees an attribute speaks of: an item, a statement, a field or an arm, with other attributes of its own.
fn item_length(rest: &[Tree<'_>]) -> usize {
    let attributes = 2 * rest.chunks(2).take_while(|pair| pair.first().is_some_and(|tree| tree.is("#"))).count();
    let item = rest.get(attributes..).unwrap_or_default();
    let keyword = item.iter().find_map(|tree| tree.word().filter(|word| !matches!(*word, "pub" | "unsafe" | "async")));
    let is_end = |tree: &Tree<'_>| match keyword {
        Some("use" | "static" | "type" | "let") => tree.is(";"),
        Some("const") if !item.iter().any(|tree| tree.word() == Some("fn")) => tree.is(";"),
        Some("mod" | "fn" | "struct" | "enum" | "trait" | "impl" | "extern" | "const") => {
            tree.is(";") || tree.group("{").is_some()
        }
        _ => tree.is(";") || tree.is(",") || tree.group("{").is_some(),
    };
    attributes + item.iter().position(is_end).map_or(item.len(), |end| end + 1)
}

/// The paths that an attribute names in strings, as `#[serde(with = "crate::a::b")]` does.
fn written_paths(tree: &Tree<'_>) -> Vec<Vec<String>> {
    match tree {
        Tree::Group(group) => group.trees.iter().flat_map(written_paths).collect(),
        Tree::Leaf(_) => {
            let text = tree.literal().unwrap_or_default().trim_matches('"');
            let parts: Vec<String> = text.split("::").map(str::to_owned).collect();
            let is_path = |part: &String| {
                !part.is_empty() && part.chars().all(|character| character == '_' || character.is_ascii_alphanumeric())
            };
            if parts.len() > 1 && parts.iter().all(is_path) { vec![parts] } else { Vec::new() }
        }
    }
}

#[cfg(test)]
mod tests;

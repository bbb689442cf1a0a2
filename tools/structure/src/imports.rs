//! `use`, with its groups within groups, as single imports.

use crate::lex::Tree;

/// One name that comes from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// From the first part on; the last one is what is imported.
    pub(crate) path: Vec<String>,
    /// The name that it has here: `_` for none. `None`: all there is (`*`).
    pub(crate) name: Option<String>,
    /// Whether it is handed on: `pub use`, whoever may see it.
    pub(crate) is_shown: bool,
}

/// The first part of a path that begins with `::`, and so with a crate: no module bears this name.
const ANY_CRATE: &str = "";

/// Reads what stands between `use` and its `;`.
pub(crate) fn read(trees: &[Tree<'_>], is_shown: bool) -> Vec<Import> {
    let mut found = Vec::new();
    match trees.split_first() {
        Some((first, rest)) if first.is("::") => below(&[ANY_CRATE.to_owned()], rest, &mut found),
        _ => below(&[], trees, &mut found),
    }
    found.iter_mut().for_each(|import| import.is_shown = is_shown);
    found
}

/// Reads what stands behind a path that has been read.
fn below(before: &[String], trees: &[Tree<'_>], into: &mut Vec<Import>) {
    let mut path = before.to_vec();
    let mut trees = trees.iter();
    let mut name = None;
    while let Some(tree) = trees.next() {
        if tree.is(";") || tree.is(",") {
            break;
        } else if tree.is("*") {
            into.push(Import { path, name: None, is_shown: false });
            return;
        } else if let Some(group) = tree.group("{") {
            for part in group.split(|tree| tree.is(",")).filter(|part| !part.is_empty()) {
                below(&path, part, into);
            }
            return;
        } else if let Some(word) = tree.word() {
            match word {
                "as" => name = trees.next().and_then(Tree::word).map(str::to_owned),
                "self" if !path.is_empty() => {}
                _ => path.push(word.to_owned()),
            }
        }
    }
    let name = name.or_else(|| path.last().cloned());
    if name.is_some() {
        into.push(Import { path, name, is_shown: false });
    }
}

#[cfg(test)]
mod tests;

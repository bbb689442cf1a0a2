//! Files that no module names: nobody compiles them, and a test in one holds nothing.

use crate::lex::{Tree, trees};
use crate::modules::roots;
use crate::source::{Package, SourceFiles};
use std::collections::BTreeSet;

/// The files that no library, program or test leads to, a sentence each.
pub(crate) fn faults(files: &SourceFiles, packages: &[Package]) -> Vec<String> {
    let mut reached = BTreeSet::new();
    for package in packages {
        for root in roots(files, package).chain(tests(files, package)) {
            follow(files, root.clone(), beside(root), &mut reached);
        }
    }
    let lost = files.keys().filter(|path| path.ends_with(".rs") && !reached.contains(*path));
    lost.map(|path| format!("{path}: no `mod` leads to it, so that nobody compiles it")).collect()
}

/// The programs that a package's tests are: `tests/main.rs` alone where that is there, else each file and each folder with a
/// `main.rs`.
fn tests<'f>(files: &'f SourceFiles, package: &Package) -> impl Iterator<Item = &'f String> {
    let folder = format!("{}/tests/", package.folder);
    let is_one = files.contains_key(&format!("{folder}main.rs"));
    let is_root = move |within: &str| match within.split_once('/') {
        _ if is_one => within == "main.rs",
        None => true,
        Some((_, inner)) => inner == "main.rs",
    };
    files.keys().filter(move |path| path.strip_prefix(&folder).is_some_and(&is_root))
}

/// Takes note of a file and of all that it leads to. `folder` is where the files of its modules are.
fn follow(files: &SourceFiles, file: String, folder: &str, reached: &mut BTreeSet<String>) {
    let Some(text) = files.get(&file).filter(|_| !reached.contains(&file)) else { return };
    let mut modules = Vec::new();
    named(&trees(text), folder, beside(&file), &mut modules);
    reached.insert(file);
    for (file, folder) in modules {
        follow(files, file, &folder, reached);
    }
}

/// The modules that are named and not written here, those for tests too: where the file of each may be, and where those of
/// its own modules are then.
fn named(trees: &[Tree<'_>], folder: &str, beside_it: &str, into: &mut Vec<(String, String)>) {
    let mut path = None;
    for (at, tree) in trees.iter().enumerate() {
        let behind = |count: usize| trees.get(at + count);
        if let Some([key, _, literal]) = behind(1).filter(|_| tree.is("#")).and_then(|tree| tree.group("["))
            && key.word() == Some("path")
        {
            path = literal.literal().map(|text| text.trim_matches('"'));
        }
        let Some(name) = behind(1).filter(|_| tree.word() == Some("mod")).and_then(Tree::word) else { continue };
        let inner = format!("{folder}/{name}");
        match (behind(2).and_then(|tree| tree.group("{")), path.take()) {
            (Some(within), _) => named(within, &inner, &inner, into),
            (None, Some(path)) => {
                let place = joined(beside_it, path);
                let folder = beside(&place).to_owned();
                into.push((place, folder));
            }
            (None, None) => {
                into.push((format!("{inner}.rs"), inner.clone()));
                into.push((format!("{inner}/mod.rs"), inner));
            }
        }
    }
}

/// The folder that a file is in.
fn beside(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path from a folder on, without `..` in it.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in path.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests;

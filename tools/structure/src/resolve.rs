//! Which file defines what a path names, re-exports followed.

use crate::imports::Import;
use crate::modules::{Crate, Id, Module};
use crate::syntax::Sort;
use std::collections::{BTreeMap, BTreeSet};

/// Which file names what of which other file, in one crate.
pub(crate) type Arrows = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// Something that a module defines, and its name there.
    Item(Id, String),
    Module(Id),
    /// Something of another crate, or of none that is known.
    Outside,
}

/// Imports that are being followed, so that two that import each other end.
type Following = Vec<(Id, String)>;

/// All arrows between the files of a crate. Whoever imports a module alone has an arrow to what it uses of it.
pub(crate) fn arrows(whole: &Crate) -> Arrows {
    let mut arrows = Arrows::new();
    for (id, module) in whole.modules.iter().enumerate() {
        let resolver = Resolver(whole);
        let imported = module.imports.iter().filter(|import| is_used(module, import)).map(|import| &import.path);
        for path in imported.chain(&module.paths) {
            for target in resolver.path(id, path, &mut Vec::new()) {
                if let Target::Item(item, name) = target {
                    add(&mut arrows, whole, (id, item), name);
                }
            }
        }
        for (item, name) in resolver.by_wildcards(id) {
            add(&mut arrows, whole, (id, item), name);
        }
    }
    arrows
}

/// Whether a module itself uses what it imports by name. What is only handed on makes no arrow: who takes it has one to the
/// file that defines it. (What nobody hands on is used, be it as a trait whose name is never written.)
fn is_used(module: &Module, import: &Import) -> bool {
    import.name.as_ref().is_some_and(|name| {
        !import.is_shown || module.words.contains(name) || module.paths.iter().any(|path| path.first() == Some(name))
    })
}

fn add(arrows: &mut Arrows, whole: &Crate, (from, to): (Id, Id), name: String) {
    let (from, to) = (whole.file(from), whole.file(to));
    if from != to {
        let names = arrows.entry(from.to_owned()).or_default().entry(to.to_owned()).or_default();
        names.insert(name);
    }
}

/// The modules of a crate from which others import everything: importing module, imported path.
pub(crate) fn wildcards(whole: &Crate) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (id, module) in whole.modules.iter().enumerate() {
        for import in module.imports.iter().filter(|import| import.name.is_none()) {
            let targets = Resolver(whole).path(id, &import.path, &mut Vec::new());
            if targets.iter().any(|target| matches!(target, Target::Module(_))) {
                found.push((module.file.clone(), format!("{}::*", import.path.join("::"))));
            }
        }
    }
    found
}

struct Resolver<'a>(&'a Crate);

impl Resolver<'_> {
    /// What a path leads to that stands in a module.
    fn path(&self, from: Id, path: &[String], following: &mut Following) -> Vec<Target> {
        let Some((first, rest)) = path.split_first() else {
            return vec![Target::Module(from)];
        };
        match first.as_str() {
            "crate" => self.below(0, rest, following),
            "self" => self.below(from, rest, following),
            "Self" => vec![Target::Outside],
            "super" => match self.0.module(from).and_then(|module| module.parent) {
                Some(parent) if rest.first().is_some_and(|next| next == "super") => self.path(parent, rest, following),
                Some(parent) => self.below(parent, rest, following),
                None => vec![Target::Outside],
            },
            _ => {
                let found = self.named(from, first, rest, following);
                if found.is_empty() { vec![Target::Outside] } else { found }
            }
        }
    }

    /// What a path leads to behind one that led to a module. What nobody defines there is taken to be made by a macro.
    fn below(&self, id: Id, path: &[String], following: &mut Following) -> Vec<Target> {
        let Some((first, rest)) = path.split_first() else {
            return vec![Target::Module(id)];
        };
        let found = self.named(id, first, rest, following);
        if found.is_empty() { vec![Target::Item(id, first.clone())] } else { found }
    }

    /// Everything that a name means in a module, and what follows it there.
    fn named(&self, id: Id, name: &String, rest: &[String], following: &mut Following) -> Vec<Target> {
        let Some(module) = self.0.module(id) else { return Vec::new() };
        let mut found = Vec::new();
        let is_inner = !rest.is_empty();
        let mut items = module.items.iter().filter(|item| item.name == *name);
        if items.any(|item| item.sort == Sort::Type || !is_inner) {
            found.push(Target::Item(id, name.clone()));
        }
        if let Some(&child) = module.children.get(name) {
            found.extend(self.below(child, rest, following));
        }
        let step = (id, name.clone());
        if following.contains(&step) {
            return found;
        }
        following.push(step);
        for import in module.imports.iter().filter(|import| import.name.as_ref() == Some(name)) {
            let path: Vec<String> = import.path.iter().chain(rest).cloned().collect();
            found.extend(self.path(id, &path, following));
        }
        if found.is_empty() {
            let wildcards = module.imports.iter().filter(|import| import.name.is_none());
            found.extend(wildcards.flat_map(|import| self.by_wildcard(id, import, name, rest, following)));
        }
        following.pop();
        found.sort();
        found.dedup();
        found
    }

    /// What a name means by one import of everything.
    fn by_wildcard(
        &self,
        id: Id,
        import: &Import,
        name: &String,
        rest: &[String],
        following: &mut Following,
    ) -> Vec<Target> {
        let sources = self.path(id, &import.path, following);
        let modules = sources.into_iter().filter_map(|source| match source {
            Target::Module(module) => Some(module),
            Target::Item(..) | Target::Outside => None,
        });
        modules.flat_map(|module| self.named(module, name, rest, following)).collect()
    }

    /// What a module uses of what its wildcard imports bring: the defining module, and the name. Of an enum whose variants
    /// are imported, the enum.
    fn by_wildcards(&self, id: Id) -> Vec<(Id, String)> {
        let Some(module) = self.0.module(id) else { return Vec::new() };
        let mut found = Vec::new();
        for import in module.imports.iter().filter(|import| import.name.is_none()) {
            for source in self.path(id, &import.path, &mut Vec::new()) {
                if let Target::Item(item, name) = source {
                    found.push((item, name));
                }
            }
            let is_own =
                |word: &str| module.items.iter().any(|item| item.name == word) || module.children.contains_key(word);
            for word in module.words.iter().filter(|word| !is_own(word)) {
                for target in self.by_wildcard(id, import, word, &[], &mut Vec::new()) {
                    if let Target::Item(item, name) = target {
                        found.push((item, name));
                    }
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;

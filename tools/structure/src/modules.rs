//! The modules of one crate: which file has which, what each defines and imports.

use crate::imports::Import;
use crate::source::{Package, SourceFiles};
use crate::syntax::{Named, Nested, Scope, read};
use std::collections::{BTreeMap, BTreeSet};

/// A module's place among those of its crate.
pub(crate) type Id = usize;

/// A crate: a library or a program.
#[derive(Debug)]
pub(crate) struct Crate {
    /// The root is the first one.
    pub(crate) modules: Vec<Module>,
}

/// A module that is no test.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) parent: Option<Id>,
    pub(crate) children: BTreeMap<String, Id>,
    pub(crate) imports: Vec<Import>,
    pub(crate) items: Vec<Named>,
    pub(crate) paths: BTreeSet<Vec<String>>,
    pub(crate) words: BTreeSet<String>,
    pub(crate) functions: Vec<(String, usize)>,
}

/// The crates of a package: its library, its program, and what is in `src/bin`.
pub(crate) fn crates(files: &SourceFiles, package: &Package) -> Vec<Crate> {
    roots(files, package).map(|root| Crate::read(files, root)).collect()
}

/// The files with which these begin.
pub(crate) fn roots<'f>(files: &'f SourceFiles, package: &Package) -> impl Iterator<Item = &'f String> {
    let source = format!("{}/src/", package.folder);
    let is_root = |within: &str| {
        let program = within.strip_prefix("bin/").unwrap_or("/");
        matches!(within, "lib.rs" | "main.rs") || !program.contains('/') || program.ends_with("/main.rs")
    };
    files.keys().filter(move |path| path.strip_prefix(&source).is_some_and(is_root))
}

impl Crate {
    /// Reads a crate from its root on.
    pub(crate) fn read(files: &SourceFiles, root: &str) -> Self {
        let mut whole = Self { modules: Vec::new() };
        let text = files.get(root).map(String::as_str).unwrap_or_default();
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        whole.add(files, root.to_owned(), &folder, None, read(text));
        whole
    }

    /// Adds a module and those within it. `folder` is where the files of its children are.
    fn add(&mut self, files: &SourceFiles, file: String, folder: &str, parent: Option<Id>, scope: Scope) -> Id {
        let id = self.modules.len();
        let Scope { imports, items, modules, paths, words, functions } = scope;
        let children = BTreeMap::new();
        self.modules.push(Module { file: file.clone(), parent, children, imports, items, paths, words, functions });
        for Nested { name, path, inline } in modules {
            let inner = format!("{folder}/{name}");
            let child = match inline {
                Some(scope) => Some((file.clone(), inner, scope)),
                None => Self::find(files, &file, &inner, path),
            };
            if let Some((file, folder, scope)) = child {
                let child = self.add(files, file, &folder, Some(id), scope);
                self.modules.get_mut(id).into_iter().for_each(|module| {
                    module.children.insert(name.clone(), child);
                });
            }
        }
        id
    }

    /// The file of a module that is only named: `inner.rs`, `inner/mod.rs`, or what its attribute says.
    fn find(files: &SourceFiles, file: &str, inner: &str, path: Option<String>) -> Option<(String, String, Scope)> {
        let beside = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let places = match path {
            Some(path) => {
                let place = format!("{beside}/{path}");
                let folder = place.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
                vec![(place, folder)]
            }
            None => vec![(format!("{inner}.rs"), inner.to_owned()), (format!("{inner}/mod.rs"), inner.to_owned())],
        };
        places.into_iter().find_map(|(place, folder)| {
            let scope = read(files.get(&place)?);
            Some((place, folder, scope))
        })
    }

    /// A module by its place.
    pub(crate) fn module(&self, id: Id) -> Option<&Module> {
        self.modules.get(id)
    }

    /// The file that a module is in.
    pub(crate) fn file(&self, id: Id) -> &str {
        self.module(id).map_or("", |module| &module.file)
    }
}

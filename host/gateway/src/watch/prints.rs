//! What files are now, of all that matter.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use weir_config::Stamp;

/// Files and folders, and what tells one state of them from another.
pub(super) type Prints = BTreeMap<PathBuf, Stamp>;

/// What is watched.
#[derive(Debug, Clone)]
pub(super) enum Watched {
    /// The configuration, and the files whose content is part of it.
    Configuration { file: PathBuf, named: Vec<PathBuf> },
    /// The plugin folder.
    Plugins { folder: PathBuf },
}

/// The configuration and the files that it names, or of the plugin folder what could be a plugin or belong to one:
/// `<folder>`, `<folder>/all` and `<folder>/tenants/<tenant>`, no deeper.
pub(super) fn prints(watched: &Watched) -> Prints {
    let mut prints = Prints::new();
    match watched {
        Watched::Configuration { file, named } => {
            let files = std::iter::once(file).chain(named);
            files.for_each(|file| add(file, Stamp::of(file), &mut prints));
        }
        Watched::Plugins { folder } => {
            let tenants = folder.join("tenants");
            add_folder(folder, &mut prints);
            add_folder(&folder.join("all"), &mut prints);
            add(&tenants, Stamp::of_folder(&tenants), &mut prints);
            for entry in fs::read_dir(&tenants).into_iter().flatten().flatten() {
                add_folder(&entry.path(), &mut prints);
            }
        }
    }
    prints
}

/// Whether a file is text whose half may be good by itself, as no half of a compiled plugin is.
pub(super) fn is_text(path: &Path) -> bool {
    !matches!(path.extension().and_then(|e| e.to_str()), Some("wasm" | "sig"))
}

/// The plugin that a file of settings belongs to.
pub(super) fn plugin_of(path: &Path) -> PathBuf {
    path.with_extension("wasm")
}

fn add(path: &Path, stamp: Option<Stamp>, prints: &mut Prints) {
    if let Some(stamp) = stamp {
        prints.insert(path.to_owned(), stamp);
    }
}

fn add_folder(folder: &Path, prints: &mut Prints) {
    let Some(stamp) = Stamp::of_folder(folder) else { return };
    prints.insert(folder.to_owned(), stamp);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if let Some("wasm" | "toml" | "json" | "sig") = path.extension().and_then(|e| e.to_str()) {
            add(&path, Stamp::of(&path), prints);
        }
    }
}

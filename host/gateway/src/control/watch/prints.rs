//! What files are now, of all that matter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use weir_config::Stamp;
use weir_config::file::{self, ENTRIES, FOLDERS};

/// Files and folders, and what tells one state of them from another.
pub(super) type Prints = BTreeMap<PathBuf, Stamp>;

/// What is watched.
#[derive(Debug, Clone)]
pub(super) enum WatchedFiles {
    /// The configuration, and the files whose content is part of it.
    Configuration { file: PathBuf, named: Vec<PathBuf> },
    /// The plugin folder.
    Plugins { folder: PathBuf },
}

/// The configuration and the files that it names, or of the plugin folder what could be a plugin or belong to one, and that something else is there:
/// `<folder>`, `<folder>/all` and `<folder>/tenants/<tenant>`, no deeper.
pub(super) fn prints(watched: &WatchedFiles) -> Prints {
    let mut prints = Prints::new();
    match watched {
        WatchedFiles::Configuration { file, named } => {
            let files = std::iter::once(file).chain(named);
            files.for_each(|file| add(file, Stamp::of(file), &mut prints));
        }
        WatchedFiles::Plugins { folder } => {
            folders(folder).iter().for_each(|folder| add_folder(folder, &mut prints));
            let tenants = folder.join("tenants");
            add(&tenants, Stamp::of_folder(&tenants), &mut prints);
            // What lies there is nobody's, and told to be so.
            let found = file::stamps(&tenants, FOLDERS, is_visible).into_iter().flatten();
            prints.extend(found.map(|(path, stamp)| (path, stamp.of_presence())));
        }
    }
    prints
}

/// The folders below the plugin folder, and itself, in which plugins may lie, of those that are there.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let tenants = folder.join("tenants");
    let each = file::stamps(&tenants, FOLDERS, |_| true).into_iter().flatten().map(|(path, _)| path);
    [folder.to_owned(), folder.join("all")].into_iter().chain(each).collect()
}

/// The folders in which the kernel is to tell of changes, and which they are: no deeper, so that nobody who may write in one
/// of them can have a whole disk watched.
pub(super) fn watched_folders(watched: &WatchedFiles, prints: &Prints) -> Prints {
    match watched {
        WatchedFiles::Configuration { file, named } => {
            let folders = std::iter::once(file).chain(named).filter_map(|file| file.parent());
            folders.filter_map(|folder| Some((folder.to_owned(), Stamp::of_folder(folder)?))).collect()
        }
        WatchedFiles::Plugins { folder } => {
            let tenants = folder.join("tenants");
            let is_one = |path: &Path| {
                path == folder
                    || path == tenants
                    || path == folder.join("all")
                    || path.parent() == Some(&tenants) && Stamp::of_folder(path).is_some()
            };
            prints.iter().filter(|(path, _)| is_one(path)).map(|(path, stamp)| (path.clone(), *stamp)).collect()
        }
    }
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

/// One folder that holds more than is looked at is as if there were nothing in it: no plugin is read in it, either.
fn add_folder(folder: &Path, prints: &mut Prints) {
    let Some(stamp) = Stamp::of_folder(folder) else { return };
    prints.insert(folder.to_owned(), stamp);
    let found = file::stamps(folder, ENTRIES, is_visible).into_iter().flatten();
    // Of what no plugin is made of, that it is there is told, and what is in it is nobody's.
    prints.extend(found.map(|(path, stamp)| if is_read(&path) { (path, stamp) } else { (path, stamp.of_presence()) }));
}

/// Whether a plugin may be made of it.
fn is_read(path: &Path) -> bool {
    matches!(path.extension().and_then(|e| e.to_str()), Some("wasm" | "toml" | "json" | "sig"))
}

/// Whether it is neither hidden nor what an editor leaves behind.
fn is_visible(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.as_encoded_bytes()).unwrap_or_default();
    is_read(path) || !(name.starts_with(b".") || name.ends_with(b"~"))
}

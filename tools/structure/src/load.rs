//! The workspace as it lies on the disk.

use crate::documents::DOCUMENTS;
use crate::failed::Failed;
use crate::known::LIST;
use crate::source::{SourceFiles, members};
use std::path::Path;

/// Reads manifests, Rust and the documents that are held to it from a folder.
///
/// # Errors
/// What cannot be read.
pub(crate) fn load(root: &Path) -> Result<SourceFiles, Failed> {
    let mut files = SourceFiles::new();
    for path in ["Cargo.toml", LIST].iter().chain(&DOCUMENTS) {
        files.insert((*path).to_owned(), text(&root.join(path))?);
    }
    for folder in members(&files)? {
        let manifest = format!("{folder}/Cargo.toml");
        files.insert(manifest.clone(), text(&root.join(&manifest))?);
        rust(root, &format!("{folder}/src"), &mut files)?;
        // Documents name some of them, and each has to be a part of a program.
        let tests = format!("{folder}/tests");
        if root.join(&tests).is_dir() {
            rust(root, &tests, &mut files)?;
        }
    }
    Ok(files)
}

fn rust(root: &Path, folder: &str, into: &mut SourceFiles) -> Result<(), Failed> {
    let failed = |error| Failed(format!("{folder}: {error}"));
    for entry in std::fs::read_dir(root.join(folder)).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(failed)?.is_dir() {
            rust(root, &path, into)?;
        } else if path.ends_with(".rs") {
            into.insert(path, text(&entry.path())?);
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<String, Failed> {
    std::fs::read_to_string(path).map_err(|error| Failed(format!("{}: {error}", path.display())))
}

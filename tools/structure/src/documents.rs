//! The files that documents name are there.

use crate::ranks::{MAP, quoted};
use crate::source::SourceFiles;

/// The documents that name files of the code.
pub(crate) const DOCUMENTS: [&str; 3] = [MAP, "SECURITY.md", "CONTRIBUTING.md"];

/// A sentence for each name of a Rust file between backticks that no file of the workspace has, be it a whole path or the
/// last parts of one. What has a capital letter stands for any name.
pub(crate) fn faults(files: &SourceFiles) -> Vec<String> {
    let mut faults = Vec::new();
    for document in DOCUMENTS {
        for (line, text) in (1..).zip(files.get(document).into_iter().flat_map(|text| text.lines())) {
            let gone = quoted(text).filter(|name| is_file(name) && !is_there(files, name));
            faults.extend(gone.map(|name| format!("{document}:{line}: there is no `{name}`")));
        }
    }
    faults
}

fn is_file(name: &str) -> bool {
    name.ends_with(".rs") && name.bytes().all(|byte| byte.is_ascii_lowercase() || b"0123456789_-./".contains(&byte))
}

fn is_there(files: &SourceFiles, name: &str) -> bool {
    files.keys().any(|path| path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/')))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

//! Where the data is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

/// The folder `shared/data` in the nearest folder above the workspace that has one. Where there is none, a line says so, once,
/// and whoever needs it skips.
#[must_use]
pub fn shared_data() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = here.ancestors().map(|folder| folder.join("shared/data"));
        let found = found.into_iter().find(|folder| folder.join("recordings/index.jsonl").is_file());
        if found.is_none() {
            eprintln!(
                "skipped: what needs all recordings, for there is no shared/data in a folder above the workspace"
            );
        }
        found
    };
    FOUND.get_or_init(find).as_deref()
}

/// The folder of this repository with the recordings that always run.
#[must_use]
pub fn committed_data() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../host/dialect/tests/corpus/recordings"))
}

/// The bytes of a file that has to be there.
pub(crate) fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of a file that has to be there.
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What the lines of a file say, one JSON value each.
pub(crate) fn json_lines(path: &Path) -> Vec<Value> {
    let parse = |line: &str| parse(line.as_bytes(), path);
    text(path).lines().filter(|line| !line.trim().is_empty()).map(parse).collect()
}

/// What these bytes of a file say.
pub(crate) fn parse(bytes: &[u8], path: &Path) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

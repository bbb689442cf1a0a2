//! Programs that a peer needs: where they are, and what they say of their version.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The first of `names` that is a file.
pub(super) fn file(names: &[PathBuf]) -> Option<PathBuf> {
    names.iter().find(|path| path.is_file()).cloned()
}

/// A program of the system: on `PATH`, or in the folders for administrators that users often do not have there.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from));
    file(&folders.map(|folder| folder.join(name)).collect::<Vec<_>>())
}

/// The files of a folder that hold what cannot be named beforehand, as the architecture in a library's path.
pub(super) fn below(folder: &Path, rest: &str) -> Option<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path().join(rest)).collect();
    found.sort();
    file(&found)
}

/// The first version number, digits with points, that a command prints.
pub(super) fn version(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output();
    let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    number(&String::from_utf8_lossy(&text)).unwrap_or_else(|| "unknown".to_owned())
}

pub(super) fn number(text: &str) -> Option<String> {
    let words = text.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    words.map(|word| word.trim_matches('.')).find(|word| word.contains('.')).map(str::to_owned)
}

/// The version behind the first `mark`, for those that print something like one before it.
pub(super) fn version_after(command: &mut Command, mark: &str) -> String {
    let output = command.stdin(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.split_once(mark).and_then(|(_, rest)| number(rest)).unwrap_or_else(|| "unknown".to_owned())
}

/// The version of a Python package, from the name of its metadata folder below `lib/pythonX.Y/site-packages`.
pub(super) fn package_version(lib: &Path, package: &str) -> Option<String> {
    let python = std::fs::read_dir(lib).ok()?.flatten().map(|entry| entry.path().join("site-packages"));
    let prefix = format!("{package}-");
    python.filter_map(|site| std::fs::read_dir(site).ok()).flat_map(Iterator::flatten).find_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        Some(name.strip_prefix(&prefix)?.strip_suffix(".dist-info")?.to_owned())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

//! The SDK for Rust, which this program carries: a new plugin finds it beside itself, and no registry is asked for it.

use std::path::PathBuf;

use include_dir::{Dir, include_dir};
use weir_component::CONTRACT;

/// Where it lies in a new plugin's folder.
pub(super) const FOLDER: &str = "sdk";
static SOURCES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../plugin-sdk/src");
const MANIFEST: &str = include_str!("../../../../plugin-sdk/Cargo.toml");
const README: &str = include_str!("../../../../plugin-sdk/README.md");
/// What the SDK's manifest leaves to the workspace is stated there.
const WORKSPACE: &str = include_str!("../../../../Cargo.toml");
/// The crates of others that a plugin is built from, each in the one version that was tried: those of an example.
const LOCK: &str = include_str!("../../../../plugins/examples/rust/Cargo.lock");
const EXAMPLE: &str = "name = \"word-policy\"";

/// Every file of it, below its folder.
pub(super) fn files() -> Vec<(PathBuf, String)> {
    let mut files = vec![
        (PathBuf::from("Cargo.toml"), manifest()),
        (PathBuf::from("README.md"), README.to_owned()),
        (PathBuf::from("wit/weir-plugin.wit"), CONTRACT.to_owned()),
    ];
    let mut folders = vec![&SOURCES];
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        let text = |file: &include_dir::File<'_>| String::from_utf8_lossy(file.contents()).into_owned();
        files.extend(folder.files().map(|file| (PathBuf::from("src").join(file.path()), text(file))));
    }
    files
}

/// The SDK's manifest as it is outside of the workspace, less what only its own tests and lints need.
fn manifest() -> String {
    let (mut out, mut left_out) = (String::new(), false);
    for line in MANIFEST.lines() {
        if line.starts_with('[') {
            left_out = matches!(line, "[dev-dependencies]" | "[lints]");
        }
        if left_out {
            continue;
        }
        out.push_str(line.strip_suffix(".workspace = true").and_then(stated).unwrap_or(line));
        out.push('\n');
        if line == "[package]" {
            out.push_str("publish = false\n");
        }
    }
    out.trim_end().to_owned() + "\n"
}

/// The workspace's own line for a key.
fn stated(key: &str) -> Option<&'static str> {
    WORKSPACE.lines().find(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(" = ")))
}

/// The lock file of a new plugin; none if it is called like one of the crates in it.
pub(super) fn lock(name: &str) -> Option<String> {
    let own = format!("name = \"{name}\"");
    if own != EXAMPLE && LOCK.lines().any(|line| line == own) {
        return None;
    }
    let text = LOCK.replace(EXAMPLE, &own);
    let mut parts = text.split("[[package]]\n").map(str::trim_end);
    let head = parts.next()?;
    let mut packages: Vec<&str> = parts.collect();
    packages.sort_unstable();
    let packages: String = packages.iter().map(|package| format!("\n\n[[package]]\n{package}")).collect();
    Some(format!("{head}{packages}\n"))
}

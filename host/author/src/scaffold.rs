//! `weir plugin new`: a plugin to begin with, in the language of one's choice.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};
use weir_component::CONTRACT;

use crate::{AuthorError, ToolOutcome, read};

mod sdk;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// A folder for each language.
static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../plugin-sdk/templates");
/// A case for the new plugin, in templates that bring none.
const CASES: &str = include_str!("scaffold/cases.json");

/// The languages that there are templates in, sorted.
pub(crate) fn languages() -> Vec<String> {
    let name = |dir: &Dir<'_>| dir.path().file_name().map(|name| name.to_string_lossy().into_owned());
    let mut names: Vec<String> = TEMPLATES.dirs().filter_map(name).collect();
    names.sort();
    names
}

/// Writes a new plugin into a folder, which is made or must be empty.
pub(crate) fn new(name: &str, language: &str, dir: Option<&Path>) -> Result<ToolOutcome, AuthorError> {
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts || name.len() > 64 || name.ends_with('-') || !name.chars().all(valid) {
        return Err(AuthorError::Name(name.to_owned()));
    }
    let template = TEMPLATES.get_dir(language).filter(|_| languages().iter().any(|known| known == language));
    let template = template
        .ok_or_else(|| AuthorError::Language { language: language.to_owned(), known: languages().join(", ") })?;
    let dir = dir.unwrap_or(Path::new(name));
    if read::folder_if_there(dir)?.is_some_and(|entries| !entries.is_empty()) {
        return Err(AuthorError::NotEmpty { path: dir.to_owned() });
    }
    fs::create_dir_all(dir).map_err(AuthorError::file("make", dir))?;
    let own = if language == "rust" { repositorys_sdk(dir) } else { None };
    let at = own.as_deref().unwrap_or(Path::new(sdk::FOLDER)).display().to_string();
    let words = [("{{name}}", name.to_owned()), ("{{name_snake}}", name.replace('-', "_")), ("{{sdk}}", at)];
    write(template, template.path(), dir, &words)?;
    if language == "rust" {
        lay_beside(name, dir, own.is_none())?;
    } else {
        put(&dir.join("wit/weir-plugin.wit"), CONTRACT)?;
    }
    if !read::is_file(&dir.join("cases.json")) {
        put(&dir.join("cases.json"), CASES)?;
    }
    let install = template.get_file(template.path().join("README.md")).and_then(|file| file.contents_utf8());
    Ok(ToolOutcome { text: next(name, dir, &to_install(install.unwrap_or_default())), good: true })
}

fn write(from: &Dir<'_>, root: &Path, dir: &Path, words: &[(&str, String)]) -> Result<(), AuthorError> {
    for entry in from.entries() {
        match entry {
            DirEntry::Dir(inner) => write(inner, root, dir, words)?,
            DirEntry::File(file) => {
                let below = file.path().strip_prefix(root).unwrap_or(file.path());
                let path = dir.join(below);
                let text = String::from_utf8_lossy(file.contents()).into_owned();
                put(&path, &words.iter().fold(text, |text, (word, meant)| text.replace(word, meant)))?;
                if below == Path::new("build") {
                    let runs = fs::Permissions::from_mode(0o755);
                    fs::set_permissions(&path, runs).map_err(AuthorError::file("make executable", &path))?;
                }
            }
        }
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), AuthorError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(AuthorError::file("make", folder))?;
    }
    fs::write(path, text).map_err(AuthorError::file("write", path))
}

/// Lays beside a plugin in Rust what it is built from: the SDK, and which crates of others that wants.
fn lay_beside(name: &str, dir: &Path, sdk: bool) -> Result<(), AuthorError> {
    if let Some(lock) = sdk::lock(name) {
        put(&dir.join("Cargo.lock"), &lock)?;
    }
    let files = if sdk { sdk::files() } else { Vec::new() };
    files.iter().try_for_each(|(below, text)| put(&dir.join(sdk::FOLDER).join(below), text))
}

/// The way to the repository's own SDK, if the folder lies in the repository.
fn repositorys_sdk(dir: &Path) -> Option<PathBuf> {
    let absolute = dir.canonicalize().ok()?;
    let is_repository = |folder: &Path| {
        read::is_file(&folder.join("plugin-sdk/Cargo.toml")) && read::is_folder(&folder.join("plugin-sdk/wit"))
    };
    let root = absolute.ancestors().find(|folder| is_repository(folder))?;
    let below = absolute.strip_prefix(root).ok()?;
    let up: PathBuf = below.components().map(|_| Component::ParentDir).collect();
    Some(up.join("plugin-sdk"))
}

/// What has to be there before the first build, as the template's own README says it: the lines of its first block that come
/// before `./build`, or what it lists under `Install`, which is for people to choose from.
fn to_install(readme: &str) -> Vec<String> {
    let first = readme.split_once("```sh\n").map_or("", |(_, block)| block);
    if let Some((before, _)) = first.split_once("./build ") {
        return before.lines().map(str::to_owned).collect();
    }
    let listed = readme.split_once("\nInstall\n\n").map_or("", |(_, list)| list);
    listed.lines().map_while(|line| line.strip_prefix("- ")).map(|item| format!("# once: {item}")).collect()
}

fn next(name: &str, dir: &Path, install: &[String]) -> String {
    // The artefact has the folder's name if nothing else is said.
    let same = dir.file_name().is_some_and(|folder| folder == name);
    let output = if same { String::new() } else { format!(" -o {name}.wasm") };
    let install: String = install.iter().map(|line| format!("  {line}\n")).collect();
    format!(
        "{} is there. Next:\n\n  cd {}\n{install}  weir plugin build{output}\n  weir plugin test {name}.wasm --case cases.json",
        dir.display(),
        dir.display()
    )
}

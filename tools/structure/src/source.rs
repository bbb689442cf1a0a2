//! The files of the workspace: its crates, and what of them the check reads.

use crate::failed::Failed;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Texts by their path from the workspace's root, with `/` between its parts.
pub(crate) type SourceFiles = BTreeMap<String, String>;

/// A member of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its folder from the workspace's root.
    pub(crate) folder: String,
    pub(crate) name: String,
    /// The packages that it names, tests and build scripts included; whether they are for more than these.
    pub(crate) needs: BTreeMap<String, bool>,
}

/// The folders of the members of the workspace, in its order.
///
/// # Errors
/// A manifest that is not there or not TOML.
pub(crate) fn members(files: &SourceFiles) -> Result<Vec<String>, Failed> {
    let workspace = manifest(files, "Cargo.toml")?;
    let members = workspace.get("workspace").and_then(|workspace| workspace.get("members")).and_then(Value::as_array);
    Ok(members.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// The members of the workspace, in its order.
///
/// # Errors
/// A manifest that is not there or not TOML.
pub(crate) fn packages(files: &SourceFiles) -> Result<Vec<Package>, Failed> {
    members(files)?.iter().map(|folder| package(files, folder)).collect()
}

fn package(files: &SourceFiles, folder: &str) -> Result<Package, Failed> {
    let manifest = manifest(files, &format!("{folder}/Cargo.toml"))?;
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    let mut needs = BTreeMap::new();
    tables(&manifest, &mut needs);
    for target in manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values) {
        target.as_table().into_iter().for_each(|target| tables(target, &mut needs));
    }
    Ok(Package { folder: folder.to_owned(), name: name.unwrap_or(folder).to_owned(), needs })
}

fn tables(of: &Table, needs: &mut BTreeMap<String, bool>) {
    for (sort, is_real) in [("dependencies", true), ("dev-dependencies", false), ("build-dependencies", false)] {
        let named = of.get(sort).and_then(Value::as_table).into_iter().flatten();
        for (key, value) in named {
            let package = value.get("package").and_then(Value::as_str).unwrap_or(key);
            *needs.entry(package.to_owned()).or_default() |= is_real;
        }
    }
}

fn manifest(files: &SourceFiles, path: &str) -> Result<Table, Failed> {
    let text = files.get(path).ok_or_else(|| Failed(format!("there is no {path}")))?;
    text.parse().map_err(|error| Failed(format!("{path}: {error}")))
}

//! The hash of everything that a compiled plugin is made from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::toolchain;
use crate::workspace::{Workspace, read_toml};

/// Files and folders that never reach the component: tests, what only tests use, what only people read.
const LEFT_OUT: [&str; 8] = ["tests", "tests.rs", "fake", "fake.rs", "README.md", "templates", "conformance", "target"];
/// The parts of the workspace's manifest that say how a plugin is compiled.
const MANIFEST_PARTS: [&[&str]; 4] =
    [&["profile", "plugin"], &["profile", "dist"], &["profile", "release"], &["workspace", "package", "edition"]];

/// The hash of a plugin's sources: its own folder, the SDK with the contract, how plugins are compiled, and
/// the versions in `Cargo.lock` of all that it depends on. Line ends count as they are; times and modes do not.
///
/// # Errors
/// If a file cannot be read.
pub fn hash(workspace: &Workspace, name: &str) -> anyhow::Result<String> {
    let root = workspace.root();
    let own = root.join("plugins").join(name);
    let sdk = root.join("plugin-sdk");
    let mut hasher = blake3::Hasher::new();
    let mut files = Vec::new();
    collect(&own, &mut files)?;
    collect(&sdk, &mut files)?;
    files.push(root.join(".cargo/config.toml"));
    for file in &files {
        let path = file.strip_prefix(root).unwrap_or(file);
        add(
            &mut hasher,
            &path.to_string_lossy().replace('\\', "/"),
            &fs::read(file).with_context(|| path.display().to_string())?,
        );
    }
    add(&mut hasher, "flags", toolchain::FLAGS.as_bytes());
    let manifest = read_toml(&root.join("Cargo.toml"))?;
    for part in MANIFEST_PARTS {
        let value = part.iter().try_fold(&manifest, |value, key| value.get(key));
        let value = value.with_context(|| format!("Cargo.toml: `{}` is missing", part.join(".")))?;
        add(&mut hasher, &part.join("."), value.to_string().as_bytes());
    }
    for pinned in pinned(root, &[&own, &sdk])? {
        add(&mut hasher, "pinned", pinned.as_bytes());
    }
    Ok(format!("blake3:{}", hasher.finalize().to_hex()))
}

/// Lengths first, so that no two lists of files feed the same bytes.
fn add(hasher: &mut blake3::Hasher, name: &str, bytes: &[u8]) {
    for part in [name.as_bytes(), bytes] {
        hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(part);
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if LEFT_OUT.contains(&name) || name.starts_with('.') {
            continue;
        }
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// `name version checksum` of every package that the given folders' crates need to compile, from `Cargo.lock`. Test
/// dependencies of the folders' crates do not count; those of others are not in the file.
fn pinned(root: &Path, folders: &[&Path]) -> anyhow::Result<BTreeSet<String>> {
    let lock = read_toml(&root.join("Cargo.lock"))?;
    let packages = lock.get("package").and_then(toml::Value::as_array).context("Cargo.lock: there is no package")?;
    let mut by_name: BTreeMap<&str, Vec<&toml::Value>> = BTreeMap::new();
    for package in packages {
        by_name.entry(text(package, "name")).or_default().push(package);
    }
    let mut wanted = Vec::new();
    for folder in folders {
        let manifest = read_toml(&folder.join("Cargo.toml"))?;
        let named = manifest.get("dependencies").and_then(toml::Value::as_table);
        let named: Vec<&str> = named.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let own = manifest.get("package").map(|package| text(package, "name")).unwrap_or_default();
        let locked = by_name.get(own).and_then(|list| list.first());
        let locked = locked.with_context(|| format!("Cargo.lock: `{own}` is missing; run `cargo metadata`"))?;
        wanted.extend(dependencies(locked).filter(|wanted| named.contains(&name_of(wanted))).map(str::to_owned));
    }
    let mut found = BTreeSet::new();
    while let Some(next) = wanted.pop() {
        let Some(package) = find(&by_name, &next) else { bail!("Cargo.lock: `{next}` is missing") };
        // Crates of the workspace are hashed as files.
        if package.get("source").is_none() {
            continue;
        }
        let line = format!("{} {} {}", text(package, "name"), text(package, "version"), text(package, "checksum"));
        if found.insert(line) {
            wanted.extend(dependencies(package).map(str::to_owned));
        }
    }
    Ok(found)
}

fn text<'a>(table: &'a toml::Value, key: &str) -> &'a str {
    table.get(key).and_then(toml::Value::as_str).unwrap_or_default()
}

fn dependencies(package: &toml::Value) -> impl Iterator<Item = &str> {
    package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str)
}

/// An entry of `dependencies` is `name`, or `name version` where several versions are locked.
fn name_of(entry: &str) -> &str {
    entry.split(' ').next().unwrap_or(entry)
}

fn find<'a>(by_name: &BTreeMap<&str, Vec<&'a toml::Value>>, entry: &str) -> Option<&'a toml::Value> {
    let list = by_name.get(name_of(entry))?;
    match entry.split(' ').nth(1) {
        None => list.first().copied(),
        Some(version) => list.iter().copied().find(|package| text(package, "version") == version),
    }
}

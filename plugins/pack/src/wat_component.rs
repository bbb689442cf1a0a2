//! Components from hand-written core modules, and the attackers.

use anyhow::Context as _;
use std::fs;
use std::path::{Path, PathBuf};

/// As [`weir_component::from_text`].
///
/// # Errors
/// If the text does not parse, there is no such world, or the module does not fit it.
pub fn component_from_wat(wat: &str, world: &str) -> anyhow::Result<Vec<u8>> {
    Ok(weir_component::from_text(wat, world)?)
}

/// As [`weir_component::of_file`].
///
/// # Errors
/// If the file cannot be read, names no world, or does not fit it.
pub fn component_from_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(weir_component::of_file(path, &text)?)
}

/// Makes a component of an attacker, by the name of its file in `plugins/hostile`.
///
/// # Errors
/// If there is no such attacker, or it does not fit its world.
pub fn hostile(name: &str) -> anyhow::Result<Vec<u8>> {
    component_from_file(&attackers().join(format!("{name}.wat")))
}

/// The names of all attackers, sorted.
///
/// # Errors
/// If their folder cannot be read.
pub fn hostiles() -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(attackers())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wat")
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn attackers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../hostile")
}

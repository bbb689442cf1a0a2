//! Components from hand-written core modules.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const WIT: &str = include_str!("../../../plugin-sdk/wit/weir-plugin.wit");

/// Makes a component of a core module in the text format.
///
/// The module's imports and exports have the names and the flattened signatures of the canonical ABI, such as
/// `weir:plugin/policy@0.1.0#on-request`; it exports `memory` and, if strings or lists come in, `cabi_realloc`. `world` is
/// a world of `plugin-sdk/wit`, or several joined by `+`: `lifecycle-hook+policy-hook`. What the module does not import is
/// not imported by the component.
///
/// # Errors
/// If the text does not parse, there is no such world, or the module does not fit it.
pub fn component_from_wat(wat: &str, world: &str) -> anyhow::Result<Vec<u8>> {
    let mut module = wat::parse_str(wat).context("the module's text does not parse")?;
    let mut resolve = Resolve::default();
    resolve.push_source("weir-plugin.wit", WIT).context("the contract does not parse")?;
    let includes: String =
        world.split('+').map(|one| format!("  include weir:plugin/{}@0.1.0;\n", one.trim())).collect();
    let joined = format!("package weir:made;\nworld made {{\n{includes}}}\n");
    let package = resolve.push_source("made.wit", &joined).with_context(|| format!("no such world: {world}"))?;
    let world = resolve.select_world(&[package], None)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&module).context("the module does not fit the world")?;
    encoder.encode().context("the module does not make a component")
}

/// Makes a component of a file in the text format whose first line names its world: `;; world: policy-hook`.
///
/// # Errors
/// If the file cannot be read, names no world, or does not fit it.
pub fn component_from_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let world = text.lines().next().and_then(|line| line.strip_prefix(";; world: "));
    let world = world.with_context(|| format!("{}: the first line must be `;; world: NAME`", path.display()))?;
    component_from_wat(&text, world).with_context(|| path.display().to_string())
}

/// Makes a component of a villain, by the name of its file in `plugins/hostile`.
///
/// # Errors
/// If there is no such villain, or it does not fit its world.
pub fn hostile(name: &str) -> anyhow::Result<Vec<u8>> {
    component_from_file(&villains().join(format!("{name}.wat")))
}

/// The names of all villains, sorted.
///
/// # Errors
/// If their folder cannot be read.
pub fn hostiles() -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(villains())? {
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

fn villains() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../hostile")
}

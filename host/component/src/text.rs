//! Components from hand-written core modules.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::{CONTRACT, ComponentError};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Makes a component of a core module in the text format.
///
/// The module's imports and exports have the names and the flattened signatures of the canonical ABI, such as
/// `weir:plugin/policy@0.1.0#on-request`; it exports `memory` and, if strings or lists come in, `cabi_realloc`. `world` is
/// a world of `plugin-sdk/wit`, or several joined by `+`: `lifecycle-hook+policy-hook`. What the module does not import is
/// not imported by the component.
///
/// # Errors
/// If the text does not parse, there is no such world, or the module does not fit it.
pub fn from_text(text: &str, world: &str) -> Result<Vec<u8>, ComponentError> {
    encode(text, world, StringEncoding::UTF8)
}

/// The same with strings in a coding; what others than tools for Rust may say.
pub(crate) fn encode(text: &str, world: &str, coding: StringEncoding) -> Result<Vec<u8>, ComponentError> {
    wrap(wat::parse_str(text).map_err(|e| ComponentError::Text(e.to_string()))?, world, coding)
}

/// Makes a component of a core module, which has the names and signatures that [`from_text`] says.
///
/// # Errors
/// If there is no such world, or the module does not fit it.
pub fn from_module(module: Vec<u8>, world: &str) -> Result<Vec<u8>, ComponentError> {
    wrap(module, world, StringEncoding::UTF8)
}

fn wrap(mut module: Vec<u8>, world: &str, coding: StringEncoding) -> Result<Vec<u8>, ComponentError> {
    let contract = |e| ComponentError::Contract(format!("{e:#}"));
    let misfit = |e| ComponentError::Misfit(format!("{e:#}"));
    let mut resolve = Resolve::default();
    let known = resolve.push_source("weir-plugin.wit", CONTRACT).map_err(contract)?;
    let includes: String =
        world.split('+').map(|one| format!("  include weir:plugin/{}@0.1.0;\n", one.trim())).collect();
    let joined = format!("package weir:made;\nworld made {{\n{includes}}}\n");
    let package = resolve.push_source("made.wit", &joined).map_err(|e| {
        let known = resolve.packages.get(known).map(|p| p.worlds.keys().cloned().collect::<Vec<_>>().join(", "));
        let why = format!("{e:#}").lines().next().unwrap_or_default().to_owned();
        ComponentError::UnknownWorld { world: world.to_owned(), known: known.unwrap_or_default(), why }
    })?;
    let world = resolve.select_world(&[package], None).map_err(contract)?;
    embed_component_metadata(&mut module, &resolve, world, coding, false).map_err(misfit)?;
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&module).map_err(misfit)?;
    encoder.encode().map_err(misfit)
}

/// Makes a component of what a file in the text format holds, whose first line names its world: `;; world: policy-hook`.
///
/// # Errors
/// If it names no world, or does not fit it; the error names the file.
pub fn of_file(path: &Path, text: &str) -> Result<Vec<u8>, ComponentError> {
    let made = world_of(text).ok_or(ComponentError::NoWorld).and_then(|world| from_text(text, world));
    made.map_err(|error| ComponentError::In { path: path.to_owned(), error: Box::new(error) })
}

/// The world that the first line of a text names, if it names one.
#[must_use]
pub fn world_of(text: &str) -> Option<&str> {
    text.lines().next()?.strip_prefix(";; world: ").map(str::trim)
}

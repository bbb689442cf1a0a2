//! The JSON schema that a plugin ships for its settings: found in the file or beside it, and held against them.

use crate::error::LoadError;
use serde_json::Value;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// The custom section that carries the schema, in the component or in a core module of it, as UTF-8 text.
pub const SECTION: &str = "weir:settings-schema";
/// Modules within components within components: no toolchain nests deeper.
const DEPTH: u32 = 4;
/// Problems that one message names.
const PROBLEMS: usize = 5;

/// Binary format, sections of a core module and of a component.
const CUSTOM: u8 = 0;
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;

/// The schema that a component carries in its custom section [`SECTION`], if it does.
#[must_use]
pub fn embedded(wasm: &[u8]) -> Option<&str> {
    find(wasm, DEPTH)
}

fn find(wasm: &[u8], depth: u32) -> Option<&str> {
    let header = wasm.get(..8)?;
    // The layer, by which a component is told from a module, stands behind the version.
    let is_component = header.get(6) == Some(&1);
    let mut rest = wasm.get(8..)?;
    while let Some((id, tail)) = rest.split_first() {
        let (size, tail) = length(tail)?;
        let (section, after) = tail.split_at_checked(size)?;
        let found = match *id {
            CUSTOM => named(section),
            CORE_MODULE | COMPONENT if is_component && depth > 0 => find(section, depth - 1),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        rest = after;
    }
    None
}

/// The text of a custom section, if it is the one.
fn named(section: &[u8]) -> Option<&str> {
    let (size, rest) = length(section)?;
    let (name, text) = rest.split_at_checked(size)?;
    if name == SECTION.as_bytes() { std::str::from_utf8(text).ok() } else { None }
}

/// A LEB128 number of 32 bits, and what follows it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value: u64 = 0;
    for (n, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * n);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, bytes.get(n + 1..)?));
        }
    }
    None
}

/// Holds settings against a schema.
///
/// # Errors
/// [`LoadError::Schema`] names each place that does not fit, without its value, which may be a secret;
/// [`LoadError::BadSchema`] if the text is no JSON schema.
pub(crate) fn check(schema: &str, settings: &Value) -> Result<(), LoadError> {
    let bad = |why: String| LoadError::BadSchema(why);
    let schema: Value = serde_json::from_str(schema).map_err(|e| bad(e.to_string()))?;
    let validator = jsonschema::validator_for(&schema).map_err(|e| bad(e.masked().to_string()))?;
    let mut problems: Vec<String> = Vec::new();
    for error in validator.iter_errors(settings).take(PROBLEMS) {
        let place = error.instance_path().to_string().replace('/', ".");
        problems.push(format!("config{place}: {}", error.masked_with("it")));
    }
    if problems.is_empty() { Ok(()) } else { Err(LoadError::Schema(problems.join("; "))) }
}

//! The JSON schema that a plugin ships for its settings: found in the file or beside it, and held against them.
//!
//! A schema is a program of whoever wrote the plugin's folder: a few lines of it can ask for more steps than there are, and
//! for as much memory. So it is judged before anything is made of it (`shape.rs`), what holding these settings against it
//! takes is reckoned before it is done (`steps.rs`), and all of that happens on a thread that is given up at a deadline
//! (`aside.rs`).

mod aside;
mod brief;
mod shape;
mod steps;

use crate::error::LoadError;
use brief::brief;
use jsonschema::{PatternOptions, ValidationOptions};
use serde_json::Value;
use shape::SchemaShape;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// The custom section that carries the schema, in the component or in a core module of it, as UTF-8 text.
pub const SECTION: &str = "weir:settings-schema";
/// Modules within components within components: no toolchain nests deeper.
const DEPTH: u32 = 4;
/// Bytes of a schema.
pub(crate) const BYTES: u64 = 1 << 20;
/// Steps up to which the places that do not fit are named: each of them may be an error that is kept.
const NAMED: u64 = 20_000;
/// Bytes of one compiled pattern, and steps back of one whose kind needs such.
const PATTERN_BYTES: usize = 256 << 10;
const STEPS_BACK: usize = 10_000;

/// Problems that one message names.
const PROBLEMS: usize = 5;

/// Binary format, sections of a core module and of a component.
const CUSTOM: u8 = 0;
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;

/// The schema that a component carries in its custom section [`SECTION`], if it does; whatever stands there is taken for one.
#[must_use]
pub fn embedded(wasm: &[u8]) -> Option<&[u8]> {
    find(wasm, DEPTH)
}

fn find(wasm: &[u8], depth: u32) -> Option<&[u8]> {
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

/// What stands in a custom section, if it is the one.
fn named(section: &[u8]) -> Option<&[u8]> {
    let (size, rest) = length(section)?;
    let (name, text) = rest.split_at_checked(size)?;
    (name == SECTION.as_bytes()).then_some(text)
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

/// Holds settings against a schema, on a thread of its own, which is waited for a bounded time.
///
/// # Errors
/// [`LoadError::Schema`] names each place that does not fit, without its value, which may be a secret;
/// [`LoadError::BadSchema`] if the text is no JSON schema, or asks for more than is done for one.
pub(crate) fn check(schema: &[u8], settings: &Value) -> Result<(), LoadError> {
    let (schema, settings) = (schema.to_owned(), settings.clone());
    aside::in_time(move || judge(&schema, &settings))
}

/// The same on this thread, whose stack has to be a large one.
fn judge(schema: &[u8], settings: &Value) -> Result<(), LoadError> {
    let bad = LoadError::BadSchema;
    if schema.len() as u64 > BYTES {
        return Err(bad(format!("it is more than {} MiB long", BYTES >> 20)));
    }
    let schema: Value = serde_json::from_slice(schema).map_err(|e| bad(e.to_string()))?;
    let shape = SchemaShape::of(&schema).map_err(bad)?;
    let steps = steps::of(&shape, settings).map_err(bad)?;
    let validator = options(shape.looks_around()).build(&schema).map_err(|e| bad(brief(&e.masked().to_string())))?;
    if validator.is_valid(settings) {
        return Ok(());
    }
    if steps > NAMED {
        return Err(LoadError::Schema("config: something in it does not; it is too much to say where".to_owned()));
    }
    let mut problems: Vec<String> = Vec::new();
    for error in validator.iter_errors(settings).take(PROBLEMS) {
        let place = error.instance_path().to_string().replace('/', ".");
        problems.push(brief(&format!("config{place}: {}", error.masked_with("it"))));
    }
    Err(LoadError::Schema(problems.join("; ")))
}

/// Patterns are matched in linear time, unless one of them is of a kind that cannot be.
fn options(look_around: bool) -> ValidationOptions<'static> {
    let options = jsonschema::options();
    if look_around {
        let patterns = PatternOptions::fancy_regex().backtrack_limit(STEPS_BACK);
        return options.with_pattern_options(patterns.size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES));
    }
    options.with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES))
}

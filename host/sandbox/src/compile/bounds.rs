//! Whether there is more in a plugin than is compiled: told by counting, before anything is done with it.

use crate::engine::check_header;
use crate::error::LoadError;
use weir_component::Counts;
use weir_config::CompileLimits;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Looks a file over.
///
/// # Errors
/// What it has too much of; or it is no component.
pub(crate) fn check(wasm: &[u8], limits: &CompileLimits) -> Result<(), LoadError> {
    check_header(wasm)?;
    let counts = Counts::of(wasm).map_err(|e| LoadError::Compile(e.to_string()))?;
    let bounds = [
        ("core modules", counts.modules, limits.modules, "modules"),
        ("functions", counts.functions, limits.functions, "functions"),
        ("local variables in one function", counts.locals, limits.locals, "locals"),
        ("bytes of code in one function", counts.function_bytes, limits.function_bytes, "function_bytes"),
        ("bytes of code", counts.code_bytes, limits.code_bytes, "code_bytes"),
        ("types, imports, exports and the like", counts.items, limits.items, "items"),
    ];
    match bounds.into_iter().find(|(_, found, limit, _)| found > limit) {
        Some((what, found, limit, key)) => Err(LoadError::TooMuch { what, found, limit, key }),
        None => Ok(()),
    }
}

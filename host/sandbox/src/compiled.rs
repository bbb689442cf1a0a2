//! Loading our own compiled code: the one place of the workspace where `unsafe` stands.
#![allow(unsafe_code)]

use wasmtime::Engine;
use wasmtime::component::Component;

/// Loads code that `Engine::precompile_component` made for an engine of the same version and settings.
///
/// The bytes become machine code of this process. Callers hand in only what they compiled themselves in this process,
/// or what the compiled-code cache has just checked against its keyed hash (`cache.rs`).
pub(crate) fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the two callers named above are the only ones; wasmtime itself checks version and settings.
    unsafe { Component::deserialize(engine, code) }
}

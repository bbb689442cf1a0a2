//! Loading our own compiled code: one of the two files of the workspace where `unsafe` stands.
#![allow(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "this is the one place they are left to")]

use wasmtime::component::Component;
use wasmtime::{Engine, Module};

/// Loads code that `Engine::precompile_component` made for an engine of the same version and settings.
///
/// The bytes become machine code of this process. Callers hand in only what they compiled themselves, in this process or in one
/// that this program began for it and that has ended since (`compile/process.rs`), or what the compiled-code cache has just
/// checked against its keyed hash (`compile/cache.rs`).
pub(crate) fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: callers as described above are the only ones; wasmtime itself checks version and settings.
    unsafe { Component::deserialize(engine, code) }
}

/// Loads code that `Engine::precompile_module` made, under the same conditions.
pub(crate) fn load_module(engine: &Engine, code: &[u8]) -> wasmtime::Result<Module> {
    // SAFETY: as above.
    unsafe { Module::deserialize(engine, code) }
}

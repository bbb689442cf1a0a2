//! `sources -> installed/NAME.wasm + plugins.lock`: builds the bundled plugins and tells when what is installed no longer
//! comes from the sources beside it.
//!
//! The compiled plugins are checked in, so that a gateway and its tests need no WebAssembly toolchain. [`lock`] says what
//! each was made from; [`check`] holds the files to it; [`build`] makes them anew, without a path of the machine inside.
//! [`component_from_wat`] makes components of hand-written modules, and [`hostile`] of the attackers, for tests;
//! [`hostile_folders`] has what is worse in a plugin folder than a plugin.

mod bombs;
pub mod build;
pub mod check;
pub mod hostile_folders;
pub mod lock;
pub mod reference;
pub mod shape;
pub mod sources;
pub mod toolchain;
mod wat_component;
pub mod workspace;

pub use bombs::{Bomb, bomb, of_many_modules};
pub use wat_component::{component_from_file, component_from_wat, hostile, hostiles};

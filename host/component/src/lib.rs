//! Components as bytes, without running them: made of WebAssembly text, and read.
//!
//! [`from_text`] makes a component of a hand-written module; [`Border`] says what a component imports and exports,
//! [`Anatomy`] what its bytes are spent on, [`Counts`] how much of each there is, [`Direct`] takes the one module out of a plain
//! one, and [`prepare`] cuts what a guest could not be interrupted in. [`CONTRACT`] is the package that plugins are written to,
//! [`contract`] the table of the host's functions in it.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod anatomy;
mod border;
pub mod contract;
mod counts;
mod direct;
mod error;
mod prepare;
mod text;

pub use anatomy::{Anatomy, Tool};
pub use border::{Border, Interface};
pub use counts::Counts;
pub use direct::{Direct, Indirect};
pub use error::ComponentError;
pub use prepare::{PREPARED, Unprepared, prepare};
pub use text::{from_module, from_text, of_file, world_of};

/// The contract between gateway and plugins: the text of `plugin-sdk/wit/weir-plugin.wit`.
pub const CONTRACT: &str = include_str!("../../../plugin-sdk/wit/weir-plugin.wit");

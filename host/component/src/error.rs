//! What can be wrong with a component, or with the text that one is to be made of.

use std::path::PathBuf;

/// Why there is no component, or none that can be read.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// The first line of a text does not say which hooks it has.
    #[error("the first line must be `;; world: NAME`, such as `;; world: lifecycle-hook+policy-hook`")]
    NoWorld,
    /// The text is not WebAssembly text.
    #[error("the module's text does not parse: {0}")]
    Text(String),
    /// The contract has no such world.
    #[error("no such world: {world}; there are {known}: {why}")]
    UnknownWorld {
        /// As it was written.
        world: String,
        /// The worlds of the contract.
        known: String,
        /// What the parser says.
        why: String,
    },
    /// The contract in this binary cannot be used.
    #[error("the contract does not parse: {0}")]
    Contract(String),
    /// Imports or exports of the module are not those of the world.
    #[error("the module does not fit the world: {0}")]
    Misfit(String),
    /// A core module where a component is needed.
    #[error("a core module, not a component: one becomes the other with `linker = \"wasm-component-ld\"`")]
    CoreModule,
    /// Not WebAssembly, or cut off.
    #[error("not a component: {0}")]
    NotComponent(String),
    /// Something is wrong in a file.
    #[error("{path}: {error}", path = .path.display())]
    In {
        /// The file.
        path: PathBuf,
        /// What.
        error: Box<ComponentError>,
    },
}

//! What can go wrong: while a plugin is loaded, and while it is called.

mod fault;
mod load;

pub use fault::Fault;
pub use load::LoadError;

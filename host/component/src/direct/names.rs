//! Names that modules of the contract have.

/// What the module of a component may be called with and still be read as the contract means it: interfaces of the contract
/// at this version.
pub(super) const VERSION: &str = "@0.1.0";

/// What a module without a start function wants called first.
pub(super) const INITIALIZE: &str = "_initialize";

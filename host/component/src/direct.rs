//! Plugins that can be called without the component layer: a component of one core module, taken out of it again.
//!
//! What tools for Rust, C and Zig make of a plugin is one core module and the wiring that `wit-component` puts around it.
//! Calling into such a component costs some thousand instructions a time, most of them for what the wiring already fixes:
//! which memory, which allocator, which types. [`Direct::of`] takes the module out, if the wiring is the usual one, joins each
//! import and export to the function of that very name, and says of each that it is called as the driver calls it: with
//! strings in UTF-8, one memory, one allocator, and its own function to clean up. It writes a second module, the driver, that
//! stands between it and the host. The driver does in WebAssembly what else the host would have to enter the guest for:
//! asking the guest's allocator for room, and telling it after a call that its answer was read. So a hook is one entry.

mod driver;
mod glue;
mod guest;
mod indirect;
mod joined;
mod names;
mod options;
mod wiring;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use driver::driver;
use guest::Guest;
use wiring::Wiring;

pub use indirect::Indirect;

/// A plugin as core modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direct {
    /// The plugin's own module. It imports functions of the contract, from the driver.
    pub guest: Vec<u8>,
    /// The module between it and the host. It exports every function that the guest imports under `interface#function`,
    /// a function for each hook of the guest under the hook's interface, and `_initialize` if the guest does.
    pub driver: Vec<u8>,
    /// What the guest imports, in its order: names of the driver's exports.
    pub imports: Vec<String>,
    /// What the host puts into the driver's table once the guest is there: place, and name of the guest's export.
    pub table: Vec<(u32, String)>,
}

impl Direct {
    /// Takes the module out of a component, and writes its driver.
    ///
    /// # Errors
    /// Why that cannot be done; such a component is none the worse for it.
    pub fn of(component: &[u8]) -> Result<Self, Indirect> {
        let wiring = Wiring::of(component)?;
        let guest = Guest::of(wiring.module())?;
        wiring.check(&guest)?;
        let (driver, table) = driver(&guest)?;
        let imports = guest.imports.iter().map(|(interface, function)| format!("{interface}#{function}")).collect();
        Ok(Self { guest: wiring.module().to_vec(), driver, imports, table })
    }
}

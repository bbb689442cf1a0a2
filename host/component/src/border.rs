//! What a component imports and exports.

use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldItem, WorldKey};

use crate::{ComponentError, Counts};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

const PACKAGE: &str = "weir:plugin/";
/// How a component begins, of the version that tools write now; a core module ends in `1, 0, 0, 0`.
const COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];
const CORE: [u8; 8] = [0, b'a', b's', b'm', 1, 0, 0, 0];

/// An interface at a component's border, or a single function or type there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interface {
    /// As the component names it: `weir:plugin/policy@0.1.0`.
    pub full: String,
}

impl Interface {
    /// Its name in the plugin contract, `policy`; none if it is not of the contract.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.full.strip_prefix(PACKAGE)?.split('@').next()
    }

    /// The version behind the `@`, if there is one.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.full.split_once('@').map(|(_, version)| version)
    }
}

/// A component's border, each side sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Border {
    /// Exported: of a plugin, `lifecycle` and the hooks.
    pub exports: Vec<Interface>,
    /// Imported: of a plugin, lent data, capabilities, and `types`.
    pub imports: Vec<Interface>,
}

impl Border {
    /// Reads a component's border.
    ///
    /// # Errors
    /// If it is not a component.
    pub fn of(wasm: &[u8]) -> Result<Self, ComponentError> {
        let broken = |why: &str| ComponentError::NotComponent(why.to_owned());
        if wasm.starts_with(&CORE) {
            return Err(ComponentError::CoreModule);
        }
        if !wasm.starts_with(&COMPONENT) {
            return Err(broken("it does not begin as one does"));
        }
        // The decoder makes room for what is announced, and each entry has a byte at least.
        if Counts::of(wasm)?.items > wasm.len() as u64 {
            return Err(broken("it announces more entries than it has bytes"));
        }
        let (resolve, world) = match wit_component::decode(wasm).map_err(|e| broken(&format!("{e:#}")))? {
            DecodedWasm::Component(resolve, world) => (resolve, world),
            DecodedWasm::WitPackage(..) => return Err(broken("it is an encoded WIT package")),
        };
        let world = resolve.worlds.get(world).ok_or_else(|| broken("it has no world"))?;
        Ok(Self { exports: names(&resolve, world.exports.iter()), imports: names(&resolve, world.imports.iter()) })
    }
}

fn names<'a>(resolve: &Resolve, items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>) -> Vec<Interface> {
    let mut names: Vec<_> = items.map(|(key, _)| Interface { full: resolve.name_world_key(key) }).collect();
    names.sort();
    names
}

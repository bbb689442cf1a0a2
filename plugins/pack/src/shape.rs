//! What a component exports and imports of the contract.

use anyhow::bail;
use weir_component::{Border, Interface};

/// The interfaces of the contract at a component's border, sorted, without package and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BorderShape {
    /// Exported: `lifecycle` and the hooks.
    pub exports: Vec<String>,
    /// Imported: lent data and capabilities. `types` is left out, for it is no more than names.
    pub imports: Vec<String>,
}

/// Reads a component's border.
///
/// # Errors
/// If it is not a component, or imports anything that is not of the contract, WASI for instance.
pub fn of(wasm: &[u8]) -> anyhow::Result<BorderShape> {
    let border = Border::of(wasm)?;
    let imports = names(&border.imports)?;
    Ok(BorderShape {
        exports: names(&border.exports)?,
        imports: imports.into_iter().filter(|name| name != "types").collect(),
    })
}

fn names(interfaces: &[Interface]) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for interface in interfaces {
        let Some(name) = interface.name() else { bail!("`{}` is no interface of the plugin contract", interface.full) };
        names.push(name.to_owned());
    }
    names.sort();
    Ok(names)
}

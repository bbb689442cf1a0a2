//! What a component exports and imports.

use anyhow::{Context, bail};
use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldItem, WorldKey};

const PACKAGE: &str = "weir:plugin/";
/// How a component begins, of the version that tools write now; a core module ends in `1, 0, 0, 0`.
const COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];

/// The interfaces of the contract at a component's border, sorted, without package and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Exported: `lifecycle` and the hooks.
    pub exports: Vec<String>,
    /// Imported: lent data and capabilities. `types` is left out, for it is no more than names.
    pub imports: Vec<String>,
}

/// Reads a component's border.
///
/// # Errors
/// If it is not a component, or imports anything that is not of the contract, WASI for instance.
pub fn of(wasm: &[u8]) -> anyhow::Result<Shape> {
    if !wasm.starts_with(&COMPONENT) {
        bail!("not a component; a core module becomes one with `linker = \"wasm-component-ld\"`");
    }
    let (resolve, world) = match wit_component::decode(wasm).context("not a component")? {
        DecodedWasm::Component(resolve, world) => (resolve, world),
        DecodedWasm::WitPackage(..) => bail!("not a component: an encoded WIT package"),
    };
    let world = resolve.worlds.get(world).context("the component has no world")?;
    let imports = names(&resolve, world.imports.iter())?;
    let exports = names(&resolve, world.exports.iter())?;
    Ok(Shape { exports, imports: imports.into_iter().filter(|name| name != "types").collect() })
}

fn names<'a>(
    resolve: &Resolve,
    items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>,
) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for (key, _) in items {
        let full = resolve.name_world_key(key);
        let Some(name) = full.strip_prefix(PACKAGE) else { bail!("`{full}` is no interface of the plugin contract") };
        names.push(name.split('@').next().unwrap_or(name).to_owned());
    }
    names.sort();
    Ok(names)
}

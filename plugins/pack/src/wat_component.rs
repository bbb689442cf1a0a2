//! Components from hand-written core modules.

use anyhow::Context;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const WIT: &str = include_str!("../../../plugin-sdk/wit/weir-plugin.wit");

/// Makes a component of a core module in the text format.
///
/// The module's imports and exports have the names and the flattened signatures of the canonical ABI, such as
/// `weir:plugin/policy@0.1.0#on-request`; it exports `memory` and, if strings or lists come in, `cabi_realloc`. `world` is
/// a world of `plugin-sdk/wit`, or several joined by `+`: `lifecycle-hook+policy-hook`. What the module does not import is
/// not imported by the component.
///
/// # Errors
/// If the text does not parse, there is no such world, or the module does not fit it.
pub fn component_from_wat(wat: &str, world: &str) -> anyhow::Result<Vec<u8>> {
    let mut module = wat::parse_str(wat).context("the module's text does not parse")?;
    let mut resolve = Resolve::default();
    resolve.push_source("weir-plugin.wit", WIT).context("the contract does not parse")?;
    let includes: String =
        world.split('+').map(|one| format!("  include weir:plugin/{}@0.1.0;\n", one.trim())).collect();
    let joined = format!("package weir:made;\nworld made {{\n{includes}}}\n");
    let package = resolve.push_source("made.wit", &joined).with_context(|| format!("no such world: {world}"))?;
    let world = resolve.select_world(&[package], None)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&module).context("the module does not fit the world")?;
    encoder.encode().context("the module does not make a component")
}

//! The sections of components and modules, which both are made of alike.

use super::unprepared::Unprepared;
use wasm_encoder::Encode;
use wasmparser::BinaryReader;

/// Bytes of a component's or module's beginning: its magic and its version.
pub(super) const HEADER: usize = 8;

/// One section of a component or a module.
pub(super) struct Section<'a> {
    pub(super) id: u8,
    pub(super) content: &'a [u8],
    /// With its number and its length.
    pub(super) whole: &'a [u8],
    /// Where it begins.
    pub(super) start: usize,
}

/// The sections of a component or a module.
pub(super) fn sections(wasm: &[u8]) -> Result<Vec<Section<'_>>, Unprepared> {
    let mut reader = BinaryReader::new(wasm, 0);
    reader.read_bytes(HEADER)?;
    let mut all = Vec::new();
    while !reader.eof() {
        let start = reader.current_position();
        let id = reader.read_u8()?;
        let length = reader.read_var_u32()?;
        let content = reader.read_bytes(usize::try_from(length).unwrap_or(usize::MAX))?;
        let whole = wasm.get(start..reader.current_position()).unwrap_or_default();
        all.push(Section { id, content, whole, start });
    }
    Ok(all)
}

/// Writes a section.
pub(super) fn section_to(to: &mut Vec<u8>, id: u8, content: &[u8]) {
    to.push(id);
    content.encode(to);
}

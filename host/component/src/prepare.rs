//! What is done to a plugin's code before it is compiled: work whose length only the running guest knows is cut.
//!
//! A guest is charged for what it does, and gives way, where its instructions are counted. An instruction that fills,
//! copies or initialises memory or a table is one instruction, however much it does: what it counts is charged before it
//! begins, and nobody can interrupt it. So each of them becomes a test of its length, and what is longer than a piece goes
//! through a function that does it piece by piece. What a guest can see is the same, but for memory that was half written
//! when an instruction traps for the end of a segment: instances that trapped are never looked at again.

mod module;
mod piecewise;
mod sections;
mod unprepared;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use sections::{section_to, sections};
use std::borrow::Cow;

pub use unprepared::Unprepared;

/// Changes whenever [`prepare`] makes something else of the same bytes: what was compiled of the old ones does not count.
pub const PREPARED: u32 = 1;

/// How deep components may lie in one another.
const DEPTH: usize = 64;

/// Prepares a component, or a core module, for its compilation. One without such instructions stays as it is.
///
/// # Errors
/// If it is malformed, as far as that is seen here: the compiler looks closer. If it has more different instructions of the
/// kind than a module may (1,000), or components lie deeper in one another than 64 levels.
pub fn prepare(wasm: &[u8]) -> Result<Cow<'_, [u8]>, Unprepared> {
    prepare_at(wasm, 0)
}

fn prepare_at(wasm: &[u8], depth: usize) -> Result<Cow<'_, [u8]>, Unprepared> {
    if depth > DEPTH {
        return Err(Unprepared::Beyond("components lie deeper in one another than 64 levels"));
    }
    match wasm.get(6) {
        // The layer: 0 is a module, 1 a component.
        Some(1) => component(wasm, depth),
        _ => module::prepare(wasm),
    }
}

/// A component's modules and the components in it, prepared; everything else as it stands.
fn component(wasm: &[u8], depth: usize) -> Result<Cow<'_, [u8]>, Unprepared> {
    const MODULE: u8 = 1;
    const COMPONENT: u8 = 4;
    let mut new: Option<Vec<u8>> = None;
    for section in sections(wasm)? {
        let inner = match section.id {
            MODULE | COMPONENT => prepare_at(section.content, depth + 1)?,
            _ => Cow::Borrowed(section.content),
        };
        match inner {
            Cow::Owned(inner) => {
                let to = new.get_or_insert_with(|| wasm.get(..section.start).unwrap_or_default().to_vec());
                section_to(to, section.id, &inner);
            }
            Cow::Borrowed(_) => {
                if let Some(to) = &mut new {
                    to.extend_from_slice(section.whole);
                }
            }
        }
    }
    Ok(new.map_or(Cow::Borrowed(wasm), Cow::Owned))
}

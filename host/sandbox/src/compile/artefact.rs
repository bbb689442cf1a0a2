//! What comes of a plugin's file: native code, as bytes.

use crate::engine::{compile_component, compile_module};
use crate::error::LoadError;
use std::io::{self, Read, Write};
use wasmtime::Engine;
use weir_component::Direct;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What such bytes begin with, in whole; the last one is the version of the form.
const MAGIC: &[u8; 8] = b"weircod\x01";

/// Native code of one plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NativeCode {
    /// Of the component.
    pub(crate) component: Vec<u8>,
    /// Of its module and of the driver, if it can be called without the component layer.
    pub(crate) direct: Option<(Vec<u8>, Vec<u8>)>,
}

impl NativeCode {
    /// Compiles a plugin, with nothing that keeps it from taking as long as it likes.
    pub(super) fn compile(engine: &Engine, wasm: &[u8]) -> Result<Self, LoadError> {
        let component = compile_component(engine, wasm)?;
        let direct = match Direct::of(wasm) {
            Ok(parts) => Some((compile_module(engine, &parts.guest)?, compile_module(engine, &parts.driver)?)),
            Err(_) => None,
        };
        Ok(Self { component, direct })
    }

    /// Writes it, so that [`read`](Self::read) can tell whether all of it is there.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let direct = self.direct.iter().flat_map(|(guest, driver)| [guest, driver]);
        let parts: Vec<&Vec<u8>> = std::iter::once(&self.component).chain(direct).collect();
        out.write_all(MAGIC)?;
        for part in parts {
            out.write_all(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes())?;
            out.write_all(part)?;
        }
        out.flush()
    }

    /// Reads what was written, of `length` bytes in all; none if it is something else, or not whole.
    pub(super) fn read(from: &mut impl Read, length: u64) -> Option<Self> {
        let mut left = length;
        let mut take = |bytes: u64| -> Option<Vec<u8>> {
            left = left.checked_sub(bytes)?;
            // No more than there is, whatever the length says.
            let mut taken = Vec::with_capacity(usize::try_from(bytes).ok()?);
            from.by_ref().take(bytes).read_to_end(&mut taken).ok()?;
            (u64::try_from(taken.len()) == Ok(bytes)).then_some(taken)
        };
        let mut parts = Vec::new();
        if take(u64::try_from(MAGIC.len()).ok()?)? != MAGIC {
            return None;
        }
        while parts.len() <= 3 {
            // Nothing is left, or else a length and what it is of.
            let Some(length) = take(8) else { break };
            parts.push(take(u64::from_le_bytes(length.try_into().ok()?))?);
        }
        if left > 0 {
            return None;
        }
        let mut parts = parts.into_iter();
        let component = parts.next()?;
        let direct = match (parts.next(), parts.next(), parts.next()) {
            (None, None, None) => None,
            (Some(guest), Some(driver), None) => Some((guest, driver)),
            _ => return None,
        };
        Some(Self { component, direct })
    }
}

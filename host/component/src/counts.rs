//! How much there is in a component: what a compiler's work and memory grow with, counted in one pass and before any of it.

use wasmparser::{BinaryReaderError, FunctionBody, Parser, Payload};

use crate::ComponentError;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What was counted, all modules and components inside included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Core modules.
    pub modules: u64,
    /// Functions with a body.
    pub functions: u64,
    /// Local variables of the function that has most, its parameters aside.
    pub locals: u64,
    /// Bytes of the longest body.
    pub function_bytes: u64,
    /// Bytes of all bodies.
    pub code_bytes: u64,
    /// Everything else that has a number: types, imports, exports, tables, memories, globals, segments, instances, aliases,
    /// components, canonical functions.
    pub items: u64,
}

impl Counts {
    /// Counts. Takes time by the bytes alone, and no memory.
    ///
    /// # Errors
    /// If it is cut off or malformed.
    pub fn of(wasm: &[u8]) -> Result<Self, ComponentError> {
        let broken = |e: BinaryReaderError| ComponentError::NotComponent(e.to_string());
        let mut counts = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            counts.add(&payload.map_err(broken)?).map_err(broken)?;
        }
        Ok(counts)
    }

    fn add(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::ModuleSection { .. } => self.modules += 1,
            Payload::CodeSectionEntry(body) => self.add_body(body)?,
            Payload::ComponentSection { .. } => self.items += 1,
            payload => self.items += u64::from(items(payload)),
        }
        Ok(())
    }

    fn add_body(&mut self, body: &FunctionBody<'_>) -> Result<(), BinaryReaderError> {
        let range = body.range();
        let bytes = range.end.saturating_sub(range.start);
        let mut locals = 0_u64;
        for group in body.get_locals_reader()? {
            locals = locals.saturating_add(u64::from(group?.0));
        }
        self.functions += 1;
        self.locals = self.locals.max(locals);
        self.function_bytes = self.function_bytes.max(bytes);
        self.code_bytes = self.code_bytes.saturating_add(bytes);
        Ok(())
    }
}

/// How many things a section holds.
fn items(payload: &Payload<'_>) -> u32 {
    match payload {
        Payload::TypeSection(section) => section.count(),
        Payload::ImportSection(section) => section.count(),
        Payload::TableSection(section) => section.count(),
        Payload::MemorySection(section) => section.count(),
        Payload::TagSection(section) => section.count(),
        Payload::GlobalSection(section) => section.count(),
        Payload::ExportSection(section) => section.count(),
        Payload::ElementSection(section) => section.count(),
        Payload::DataSection(section) => section.count(),
        Payload::InstanceSection(section) => section.count(),
        Payload::CoreTypeSection(section) => section.count(),
        Payload::ComponentInstanceSection(section) => section.count(),
        Payload::ComponentAliasSection(section) => section.count(),
        Payload::ComponentTypeSection(section) => section.count(),
        Payload::ComponentCanonicalSection(section) => section.count(),
        Payload::ComponentImportSection(section) => section.count(),
        Payload::ComponentExportSection(section) => section.count(),
        // Bodies are counted one by one, and what is custom is not compiled.
        _ => 0,
    }
}

//! A plugin's core module: what it imports and exports.

use super::indirect::Indirect;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

/// Functions that a module may import and be called directly: more than the contract has.
const IMPORTS: usize = 256;

/// The border of a core module.
pub(super) struct Guest<'a> {
    /// Interface and function, in order.
    pub(super) imports: Vec<(&'a str, &'a str)>,
    /// Functions that it exports.
    pub(super) exports: Vec<&'a str>,
}

impl<'a> Guest<'a> {
    /// Reads a module.
    pub(super) fn of(module: &'a [u8]) -> Result<Self, Indirect> {
        let mut guest = Self { imports: Vec::new(), exports: Vec::new() };
        let mut memory = false;
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let import = import?;
                        if !matches!(import.ty, TypeRef::Func(_)) {
                            return Err(Indirect::Module("imports more than functions"));
                        }
                        if guest.imports.len() == IMPORTS {
                            return Err(Indirect::Module("imports more than the contract has"));
                        }
                        guest.imports.push((import.module, import.name));
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        match export.kind {
                            ExternalKind::Func => guest.exports.push(export.name),
                            ExternalKind::Memory => memory |= export.name == "memory" && export.index == 0,
                            ExternalKind::FuncExact
                            | ExternalKind::Table
                            | ExternalKind::Global
                            | ExternalKind::Tag => {}
                        }
                    }
                }
                // Code that runs while the module is made might ask for what is not there yet.
                Payload::StartSection { .. } => return Err(Indirect::Module("runs code when it is made")),
                _ => {}
            }
        }
        if !memory {
            return Err(Indirect::Module("exports no memory"));
        }
        Ok(guest)
    }

    pub(super) fn exports(&self, name: &str) -> bool {
        self.exports.contains(&name)
    }
}

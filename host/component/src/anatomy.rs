//! What a component's bytes are spent on.

use std::collections::BTreeMap;

use wasmparser::{KnownCustom, Parser, Payload, ProducersSectionReader};

use crate::ComponentError;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// The custom section in which a component may carry a JSON schema of its settings.
const SCHEMA: &str = "weir:settings-schema";

/// Something that took part in making a component, as it says itself: `processed-by`, `rustc`, `1.95.0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tool {
    /// `language`, `processed-by` or `sdk`.
    pub field: String,
    /// Its name.
    pub name: String,
    /// Its version; may be empty.
    pub version: String,
}

/// The parts of a component, those of the modules in it included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Anatomy {
    /// Bytes of all sections of a kind, the largest first; what is left over frames them.
    pub kinds: Vec<(String, usize)>,
    /// Core modules in it.
    pub modules: usize,
    /// What it was made with, each once.
    pub producers: Vec<Tool>,
    /// The schema of its settings that it carries, as it stands there.
    pub schema: Option<String>,
}

impl Anatomy {
    /// Takes a component apart.
    ///
    /// # Errors
    /// If it is cut off or malformed.
    pub fn of(wasm: &[u8]) -> Result<Self, ComponentError> {
        let broken = |e: wasmparser::BinaryReaderError| ComponentError::NotComponent(e.to_string());
        let mut anatomy = Self::default();
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.map_err(broken)?;
            if let Payload::CustomSection(custom) = &payload {
                if let KnownCustom::Producers(reader) = custom.as_known() {
                    // What a tool wrote there is not needed for anything: a broken one is left out.
                    anatomy.producers.extend(tools(reader).unwrap_or_default());
                }
                if custom.name() == SCHEMA {
                    anatomy.schema = Some(String::from_utf8_lossy(custom.data()).into_owned());
                }
            }
            if matches!(payload, Payload::ModuleSection { .. }) {
                anatomy.modules += 1;
            }
            if let Some((kind, bytes)) = kind(&payload) {
                *kinds.entry(kind).or_default() += bytes;
            }
        }
        anatomy.producers.sort();
        anatomy.producers.dedup();
        let counted: usize = kinds.values().sum();
        anatomy.kinds = kinds.into_iter().collect();
        anatomy.kinds.push(("framing".to_owned(), wasm.len().saturating_sub(counted)));
        anatomy.kinds.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        Ok(anatomy)
    }
}

/// The kind and the bytes of a section. Modules and components inside others are counted by their own sections.
fn kind(payload: &Payload<'_>) -> Option<(String, usize)> {
    use Payload::{
        CodeSectionEntry, CodeSectionStart, ComponentSection, CustomSection, DataCountSection, DataSection,
        ElementSection, ExportSection, FunctionSection, GlobalSection, ImportSection, MemorySection, ModuleSection,
        TableSection, TypeSection,
    };
    let kind = match payload {
        CodeSectionEntry(_) | ModuleSection { .. } | ComponentSection { .. } => return None,
        CodeSectionStart { .. } => "code".to_owned(),
        DataSection(_) | DataCountSection { .. } => "data".to_owned(),
        CustomSection(custom) => format!("custom: {}", custom.name()),
        TypeSection(_) | ImportSection(_) | ExportSection(_) => "types, imports, exports".to_owned(),
        FunctionSection(_) | TableSection(_) | MemorySection(_) | GlobalSection(_) | ElementSection(_) => {
            "functions, tables, globals".to_owned()
        }
        _ => "component".to_owned(),
    };
    let (_, range) = payload.as_section()?;
    Some((kind, usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX)))
}

fn tools(reader: ProducersSectionReader<'_>) -> wasmparser::Result<Vec<Tool>> {
    let mut tools = Vec::new();
    for field in reader {
        let field = field?;
        for value in field.values {
            let value = value?;
            tools.push(Tool {
                field: field.name.to_owned(),
                name: value.name.to_owned(),
                version: value.version.to_owned(),
            });
        }
    }
    Ok(tools)
}

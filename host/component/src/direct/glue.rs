//! What stands between the module and the component's imports and exports: the shim, the fixup, and the components inside
//! that give functions their types. Each is taken for what it is usually only after its bytes were read: all of them could
//! decide something themselves.

use super::indirect::{Indirect, unusual};
use wasmparser::{
    ComponentExternalKind, ComponentTypeRef, ConstExpr, ElementItems, ElementKind, ElementSectionReader, ExternalKind,
    FunctionBody, ImportSectionReader, Operator, Parser, Payload, TypeRef,
};

/// What the shim's table is called.
pub(super) const TABLE: &str = "$imports";

/// Checks that a module is a shim: its function `n` does nothing but call what is at place `n` of its table, with what it was
/// called with.
pub(super) fn check_shim(module: &[u8]) -> Result<(), Indirect> {
    let (mut params, mut functions, mut number) = (Vec::new(), Vec::new(), 0_u32);
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::TypeSection(types) => {
                for ty in types.into_iter_err_on_gc_types() {
                    params.push(ty?.params().len());
                }
            }
            Payload::FunctionSection(section) => functions = section.into_iter().collect::<Result<_, _>>()?,
            Payload::TableSection(section) if section.count() == 1 => {}
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let valid = match export.kind {
                        ExternalKind::Func => export.name == export.index.to_string(),
                        ExternalKind::Table => export.name == TABLE && export.index == 0,
                        _ => false,
                    };
                    if !valid {
                        return unusual("its shim exports something else");
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                let ty = functions.get(usize::try_from(number).unwrap_or(usize::MAX)).copied().unwrap_or(u32::MAX);
                let count = params.get(usize::try_from(ty).unwrap_or(usize::MAX)).copied().unwrap_or_default();
                if !is_stub(&body, number, ty, count)? {
                    return unusual("its shim does something else");
                }
                number += 1;
            }
            Payload::Version { .. }
            | Payload::CodeSectionStart { .. }
            | Payload::CustomSection(_)
            | Payload::End(_) => {}
            _ => return unusual("its shim has more than stubs"),
        }
    }
    Ok(())
}

/// Whether a function of `params` parameters and type `ty` calls place `number` of the first table, and does nothing else.
fn is_stub(body: &FunctionBody<'_>, number: u32, ty: u32, params: usize) -> Result<bool, Indirect> {
    if body.get_locals_reader()?.get_count() != 0 {
        return Ok(false);
    }
    let mut operators = body.get_operators_reader()?;
    for param in 0..params {
        let wanted = u32::try_from(param).unwrap_or(u32::MAX);
        if !matches!(operators.read()?, Operator::LocalGet { local_index } if local_index == wanted) {
            return Ok(false);
        }
    }
    let pushes = matches!(operators.read()?, Operator::I32Const { value } if i64::from(value) == i64::from(number));
    let calls = matches!(
        operators.read()?,
        Operator::CallIndirect { type_index, table_index: 0 } if type_index == ty
    );
    Ok(pushes && calls && matches!(operators.read()?, Operator::End) && operators.eof())
}

/// The module that puts functions into the shim's table.
pub(super) struct Fixup<'a> {
    /// The functions that it imports, in order.
    functions: Vec<(&'a str, &'a str)>,
    /// The table that it imports.
    pub(super) table: (&'a str, &'a str),
    /// How many of its functions it puts into the table, from its first place on.
    filled: Vec<u32>,
    /// The function that it calls when it is made.
    start: Option<u32>,
}

impl<'a> Fixup<'a> {
    /// Reads a module that does nothing but this.
    pub(super) fn of(module: &'a [u8]) -> Result<Self, Indirect> {
        let mut fixup = Self { functions: Vec::new(), table: ("", ""), filled: Vec::new(), start: None };
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(imports) => fixup.import(imports)?,
                Payload::ElementSection(elements) => fixup.fill(elements)?,
                Payload::StartSection { func, .. } => fixup.start = Some(func),
                Payload::Version { .. } | Payload::TypeSection(_) | Payload::CustomSection(_) | Payload::End(_) => {}
                _ => return unusual("its fixup does something else"),
            }
        }
        Ok(fixup)
    }

    fn import(&mut self, imports: ImportSectionReader<'a>) -> Result<(), Indirect> {
        for import in imports.into_imports() {
            let import = import?;
            match import.ty {
                TypeRef::Func(_) => self.functions.push((import.module, import.name)),
                TypeRef::Table(_) if self.table == ("", "") => self.table = (import.module, import.name),
                _ => return unusual("its fixup imports something else"),
            }
        }
        Ok(())
    }

    fn fill(&mut self, elements: ElementSectionReader<'a>) -> Result<(), Indirect> {
        for element in elements {
            let element = element?;
            let from_first = match &element.kind {
                ElementKind::Active { table_index: None | Some(0), offset_expr } => is_zero(offset_expr)?,
                ElementKind::Active { .. } | ElementKind::Passive | ElementKind::Declared => false,
            };
            let ElementItems::Functions(functions) = element.items else { return unusual("its fixup fills otherwise") };
            if !from_first || !self.filled.is_empty() {
                return unusual("its fixup fills otherwise");
            }
            self.filled = functions.into_iter().collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// What it imports, and puts where the shim's function `number` calls.
    pub(super) fn puts(&self, number: &str) -> Result<(&'a str, &'a str), Indirect> {
        let place = number.parse::<usize>().ok().filter(|place| place.to_string() == number);
        let function = place.and_then(|place| self.filled.get(place)).and_then(|function| self.function(*function));
        function.ok_or(Indirect::Wiring("a shim is not filled"))
    }

    /// What it imports, and calls when it is made.
    pub(super) fn starts(&self) -> Result<Option<(&'a str, &'a str)>, Indirect> {
        let Some(start) = self.start else { return Ok(None) };
        self.function(start).map(Some).ok_or(Indirect::Wiring("its fixup does something else"))
    }

    fn function(&self, index: u32) -> Option<(&'a str, &'a str)> {
        self.functions.get(usize::try_from(index).ok()?).copied()
    }
}

fn is_zero(offset: &ConstExpr<'_>) -> Result<bool, Indirect> {
    let mut operators = offset.get_operators_reader();
    let zero = matches!(operators.read()?, Operator::I32Const { value: 0 });
    Ok(zero && matches!(operators.read()?, Operator::End))
}

/// The functions that a component inside gives their types, by the names under which it imports them. It does nothing else: it
/// exports these very functions, all of them, each under its name.
pub(super) fn inner(component: &[u8]) -> Result<Vec<&str>, Indirect> {
    let (mut functions, mut exported) = (Vec::new(), 0_usize);
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            // In the order of its sections, so that numbers of imports stay what they are.
            Payload::ComponentImportSection(imports) if exported == 0 => {
                for import in imports {
                    let import = import?;
                    match import.ty {
                        ComponentTypeRef::Func(_) => functions.push(import.name.name),
                        ComponentTypeRef::Type(_) => {}
                        _ => return unusual("a component inside imports something else"),
                    }
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    match export.kind {
                        ComponentExternalKind::Func => {
                            let imported = usize::try_from(export.index).ok().and_then(|index| functions.get(index));
                            if imported.copied().map(exported_name) != Some(export.name.name) {
                                return unusual("a component inside gives a function another name");
                            }
                            exported += 1;
                        }
                        ComponentExternalKind::Type => {}
                        _ => return unusual("a component inside exports something else"),
                    }
                }
            }
            Payload::Version { .. }
            | Payload::ComponentTypeSection(_)
            | Payload::CustomSection(_)
            | Payload::End(_) => {}
            _ => return unusual("a component inside does something else"),
        }
    }
    // Names are exported once each, so that so many are all of them.
    if exported == functions.len() { Ok(functions) } else { unusual("a component inside keeps a function") }
}

/// The name under which a component inside exports what it imports as `name`.
pub(super) fn exported_name(name: &str) -> &str {
    name.strip_prefix("import-func-").unwrap_or(name)
}

//! How a component joins its modules, and whether that is the way `wit-component` does it for one module.
//!
//! The module imports functions of the contract. Those that need the module's own memory cannot be made before the module
//! is, so a second module, the shim, stands in for them, and a third one, the fixup, puts them into the shim's table.

use super::glue::inner;
use super::indirect::{Indirect, unusual};
use std::ops::Range;
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentTypeRef,
    ExternalKind, Instance, Parser, Payload,
};

/// A core function, and where it comes from.
pub(super) enum CoreFunc<'a> {
    /// The export of a core instance.
    Export(u32, &'a str),
    /// A function of the component's, made into a core one.
    Lower(u32, Box<[CanonicalOption]>),
}

/// A function of the component's, and where it comes from.
pub(super) enum Func<'a> {
    /// The export of an instance.
    Export(u32, &'a str),
    /// A core function, made into one of the component's.
    Lift(u32, Box<[CanonicalOption]>),
}

/// An instance of the component's.
pub(super) enum Made<'a> {
    Import(&'a str),
    /// Made of a component inside, by its number, with these functions.
    Inner(u32, Vec<(&'a str, u32)>),
    Other,
}

/// What a core instance is made of, by name.
pub(super) type Parts<'a> = Vec<(&'a str, ExternalKind, u32)>;

/// A core instance.
pub(super) enum CoreMade<'a> {
    /// Of a module, with these instances.
    Module(u32, Vec<(&'a str, u32)>),
    Parts(Parts<'a>),
}

/// A component's parts by their numbers.
#[derive(Default)]
pub(super) struct Wiring<'a> {
    component: &'a [u8],
    pub(super) modules: Vec<Range<usize>>,
    /// The functions of each component inside.
    pub(super) inner: Vec<Vec<&'a str>>,
    pub(super) core_made: Vec<CoreMade<'a>>,
    pub(super) core_funcs: Vec<CoreFunc<'a>>,
    /// Memories and tables, as exports of core instances.
    pub(super) memories: Vec<(u32, &'a str)>,
    pub(super) tables: Vec<(u32, &'a str)>,
    pub(super) made: Vec<Made<'a>>,
    pub(super) funcs: Vec<Func<'a>>,
    /// Instances that are exported.
    pub(super) exports: Vec<(&'a str, u32)>,
    /// The module that the exports are functions of, and its instance.
    pub(super) main: (u32, u32),
}

pub(super) fn at<T>(all: &[T], index: u32) -> Result<&T, Indirect> {
    let found = usize::try_from(index).ok().and_then(|index| all.get(index));
    found.ok_or(Indirect::Wiring("a number leads nowhere"))
}

fn within(range: Range<u64>) -> Range<usize> {
    let end = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    end(range.start)..end(range.end)
}

impl<'a> Wiring<'a> {
    /// Reads a component.
    pub(super) fn of(component: &'a [u8]) -> Result<Self, Indirect> {
        let mut wiring = Self { component, ..Self::default() };
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
                Payload::ModuleSection { unchecked_range, .. } => {
                    if depth == 0 {
                        wiring.modules.push(within(unchecked_range));
                    }
                    depth += 1;
                }
                Payload::ComponentSection { unchecked_range, .. } => {
                    if depth == 0 {
                        wiring.inner.push(inner(component.get(within(unchecked_range)).unwrap_or_default())?);
                    }
                    depth += 1;
                }
                Payload::End(_) => depth = depth.saturating_sub(1),
                payload if depth == 0 => wiring.part(payload)?,
                _ => {}
            }
        }
        let mut lifted = wiring.funcs.iter().filter_map(|func| match func {
            Func::Lift(core, _) => Some(*core),
            Func::Export(..) => None,
        });
        let first = lifted.next().ok_or(Indirect::Wiring("it exports nothing"))?;
        let CoreFunc::Export(instance, _) = at(&wiring.core_funcs, first)? else {
            return unusual("an import goes out again");
        };
        let CoreMade::Module(module, _) = at(&wiring.core_made, *instance)? else {
            return unusual("an export has no module");
        };
        wiring.main = (*module, *instance);
        Ok(wiring)
    }

    /// The bytes of the module that the exports are functions of.
    pub(super) fn module(&self) -> &'a [u8] {
        self.bytes(self.main.0)
    }

    pub(super) fn bytes(&self, module: u32) -> &'a [u8] {
        let range = at(&self.modules, module).ok().cloned().unwrap_or_default();
        self.component.get(range).unwrap_or_default()
    }

    fn part(&mut self, payload: Payload<'a>) -> Result<(), Indirect> {
        match payload {
            Payload::InstanceSection(section) => section.into_iter().try_for_each(|made| {
                self.core_made.push(core_made(made?));
                Ok(())
            }),
            Payload::ComponentInstanceSection(section) => section.into_iter().try_for_each(|made| {
                self.made.push(made_of(made?));
                Ok(())
            }),
            Payload::ComponentAliasSection(section) => section.into_iter().try_for_each(|alias| self.alias(alias?)),
            Payload::ComponentCanonicalSection(section) => section.into_iter().try_for_each(|canonical| {
                match canonical? {
                    CanonicalFunction::Lift { core_func_index, options, .. } => {
                        self.funcs.push(Func::Lift(core_func_index, options));
                    }
                    CanonicalFunction::Lower { func_index, options } => {
                        self.core_funcs.push(CoreFunc::Lower(func_index, options));
                    }
                    _ => return unusual("it has resources or tasks"),
                }
                Ok(())
            }),
            Payload::ComponentImportSection(section) => section.into_iter().try_for_each(|import| {
                let import = import?;
                match import.ty {
                    ComponentTypeRef::Instance(_) => self.made.push(Made::Import(import.name.name)),
                    ComponentTypeRef::Type(_) => {}
                    _ => return unusual("it imports more than interfaces"),
                }
                Ok(())
            }),
            Payload::ComponentExportSection(section) => section.into_iter().try_for_each(|export| {
                let export = export?;
                match export.kind {
                    ComponentExternalKind::Instance => {
                        self.exports.push((export.name.name, export.index));
                        self.made.push(Made::Other);
                    }
                    ComponentExternalKind::Type => {}
                    _ => return unusual("it exports more than interfaces"),
                }
                Ok(())
            }),
            Payload::ComponentStartSection { .. } => unusual("it has a start function"),
            _ => Ok(()),
        }
    }

    fn alias(&mut self, alias: ComponentAlias<'a>) -> Result<(), Indirect> {
        match alias {
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Func, instance_index, name } => {
                self.funcs.push(Func::Export(instance_index, name));
            }
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Type, .. } => {}
            ComponentAlias::CoreInstanceExport { kind, instance_index, name } => match kind {
                ExternalKind::Func => self.core_funcs.push(CoreFunc::Export(instance_index, name)),
                ExternalKind::Memory => self.memories.push((instance_index, name)),
                ExternalKind::Table => self.tables.push((instance_index, name)),
                ExternalKind::FuncExact | ExternalKind::Global | ExternalKind::Tag => {
                    return unusual("its modules share more than functions");
                }
            },
            ComponentAlias::InstanceExport { .. } | ComponentAlias::Outer { .. } => {
                return unusual("its parts refer to one another");
            }
        }
        Ok(())
    }
}

fn core_made(made: Instance<'_>) -> CoreMade<'_> {
    match made {
        Instance::Instantiate { module_index, args } => {
            CoreMade::Module(module_index, args.iter().map(|arg| (arg.name, arg.index)).collect())
        }
        Instance::FromExports(parts) => {
            CoreMade::Parts(parts.iter().map(|part| (part.name, part.kind, part.index)).collect())
        }
    }
}

fn made_of(made: ComponentInstance<'_>) -> Made<'_> {
    match made {
        ComponentInstance::Instantiate { component_index, args } => {
            let functions = args.iter().filter(|arg| arg.kind == ComponentExternalKind::Func);
            Made::Inner(component_index, functions.map(|arg| (arg.name, arg.index)).collect())
        }
        ComponentInstance::FromExports(_) => Made::Other,
    }
}

//! How a component joins its modules, and whether that is the way `wit-component` does it for one module.
//!
//! The module imports functions of the contract. Those that need the module's own memory cannot be made before the module
//! is, so a second module, the shim, stands in for them, and a third one, the fixup, puts them into the shim's table.

use super::Indirect;
use super::guest::Guest;
use std::ops::Range;
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentTypeRef, ExternalKind,
    Instance, Parser, Payload,
};

/// A core function, and where it comes from.
enum CoreFunc<'a> {
    /// The export of a core instance.
    Export(u32, &'a str),
    /// A function of the component's, made into a core one.
    Lower(u32),
}

/// A function of the component's, and where it comes from.
enum Func<'a> {
    /// The export of an instance.
    Export(u32, &'a str),
    /// A core function, made into one of the component's.
    Lift(u32),
}

/// An instance of the component's.
enum Made<'a> {
    Import(&'a str),
    /// Made of a component inside, with these functions.
    Inner(Vec<(&'a str, u32)>),
    Other,
}

/// A core instance.
enum CoreMade<'a> {
    /// Of a module, with these instances.
    Module(u32, Vec<(&'a str, u32)>),
    /// Of these functions; none for what is no function.
    Parts(Vec<(&'a str, Option<u32>)>),
}

/// A component's parts by their numbers.
#[derive(Default)]
pub(super) struct Wiring<'a> {
    component: &'a [u8],
    modules: Vec<Range<usize>>,
    core_made: Vec<CoreMade<'a>>,
    core_funcs: Vec<CoreFunc<'a>>,
    made: Vec<Made<'a>>,
    funcs: Vec<Func<'a>>,
    /// Instances that are exported.
    exports: Vec<(&'a str, u32)>,
    /// The module that the exports are functions of, and its instance.
    main: (u32, u32),
}

fn unusual<T>(what: &'static str) -> Result<T, Indirect> {
    Err(Indirect::Wiring(what))
}

fn at<T>(all: &[T], index: u32) -> Result<&T, Indirect> {
    let found = usize::try_from(index).ok().and_then(|index| all.get(index));
    found.ok_or(Indirect::Wiring("a number leads nowhere"))
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
                        let end = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                        wiring.modules.push(end(unchecked_range.start)..end(unchecked_range.end));
                    }
                    depth += 1;
                }
                Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                payload if depth == 0 => wiring.part(payload)?,
                _ => {}
            }
        }
        let mut lifted = wiring.funcs.iter().filter_map(|func| match func {
            Func::Lift(core) => Some(*core),
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
        let range = at(&self.modules, self.main.0).ok().cloned().unwrap_or_default();
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
                    CanonicalFunction::Lift { core_func_index, .. } => self.funcs.push(Func::Lift(core_func_index)),
                    CanonicalFunction::Lower { func_index, .. } => self.core_funcs.push(CoreFunc::Lower(func_index)),
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
            ComponentAlias::CoreInstanceExport { kind: ExternalKind::Func, instance_index, name } => {
                self.core_funcs.push(CoreFunc::Export(instance_index, name));
            }
            ComponentAlias::CoreInstanceExport { kind: ExternalKind::Memory, instance_index, name } => {
                // Of the modules only the main one has a memory: whoever names another has two.
                if name != "memory" || !matches!(at(&self.core_made, instance_index)?, CoreMade::Module(..)) {
                    return unusual("it has several memories");
                }
            }
            ComponentAlias::CoreInstanceExport { .. } => {}
            ComponentAlias::InstanceExport { .. } | ComponentAlias::Outer { .. } => {
                return unusual("its parts refer to one another");
            }
        }
        Ok(())
    }

    /// Whether each import and each export of the module is joined to the function of its name.
    pub(super) fn check(&self, guest: &Guest<'_>) -> Result<(), Indirect> {
        // The module alone, or with shim and fixup.
        if !matches!(self.modules.len(), 1 | 3) {
            return unusual("it has several modules");
        }
        let CoreMade::Module(_, given) = at(&self.core_made, self.main.1)? else { return unusual("it has no module") };
        for (interface, function) in &guest.imports {
            let from = given.iter().find(|(name, _)| name == interface);
            let (_, from) = from.ok_or(Indirect::Wiring("an import is not given"))?;
            let CoreMade::Parts(parts) = at(&self.core_made, *from)? else {
                return unusual("a module gives to another");
            };
            if self.imported(part(parts, function)?, true)? != (*interface, *function) {
                return unusual("an import has another name inside");
            }
        }
        self.exports.iter().try_for_each(|(interface, made)| self.check_export(interface, *made))
    }

    /// The interface and function of the component's import that a core function is.
    fn imported(&self, core: u32, by_shim: bool) -> Result<(&'a str, &'a str), Indirect> {
        match at(&self.core_funcs, core)? {
            CoreFunc::Lower(func) => {
                let Func::Export(made, function) = at(&self.funcs, *func)? else { return unusual("it calls itself") };
                let Made::Import(interface) = at(&self.made, *made)? else { return unusual("it calls itself") };
                Ok((interface, function))
            }
            CoreFunc::Export(shim, number) if by_shim && *shim != self.main.1 => {
                let parts = self.filling().ok_or(Indirect::Wiring("a shim is not filled"))?;
                self.imported(part(parts, number)?, false)
            }
            CoreFunc::Export(..) => unusual("a module gives to another"),
        }
    }

    /// What the fixup puts into the shim: the functions that a module other than the main one is given.
    fn filling(&self) -> Option<&[(&'a str, Option<u32>)]> {
        self.core_made.iter().find_map(|made| {
            let CoreMade::Module(module, given) = made else { return None };
            let mut given = given.iter().filter(|_| *module != self.main.0);
            given.find_map(|(_, from)| match at(&self.core_made, *from).ok()? {
                CoreMade::Parts(parts) if parts.iter().any(|(_, func)| func.is_some()) => Some(&**parts),
                CoreMade::Parts(_) | CoreMade::Module(..) => None,
            })
        })
    }

    /// An exported interface must be made of the module's function of that name.
    fn check_export(&self, interface: &str, made: u32) -> Result<(), Indirect> {
        let Made::Inner(functions) = at(&self.made, made)? else { return unusual("an export is made elsewhere") };
        for (name, func) in functions {
            let Func::Lift(core) = at(&self.funcs, *func)? else { return unusual("an import goes out again") };
            let CoreFunc::Export(instance, core) = at(&self.core_funcs, *core)? else {
                return unusual("an import goes out again");
            };
            let function = name.strip_prefix("import-func-").unwrap_or(name);
            if *instance != self.main.1 || core.split_once('#') != Some((interface, function)) {
                return unusual("an export has another name inside");
            }
        }
        Ok(())
    }
}

fn part(parts: &[(&str, Option<u32>)], name: &str) -> Result<u32, Indirect> {
    let found = parts.iter().find(|(part, _)| *part == name).and_then(|(_, func)| *func);
    found.ok_or(Indirect::Wiring("an import is not given"))
}

fn core_made(made: Instance<'_>) -> CoreMade<'_> {
    match made {
        Instance::Instantiate { module_index, args } => {
            CoreMade::Module(module_index, args.iter().map(|arg| (arg.name, arg.index)).collect())
        }
        Instance::FromExports(parts) => {
            let func = |kind, index| matches!(kind, ExternalKind::Func).then_some(index);
            CoreMade::Parts(parts.iter().map(|part| (part.name, func(part.kind, part.index))).collect())
        }
    }
}

fn made_of(made: ComponentInstance<'_>) -> Made<'_> {
    match made {
        ComponentInstance::Instantiate { args, .. } => {
            let functions = args.iter().filter(|arg| arg.kind == ComponentExternalKind::Func);
            Made::Inner(functions.map(|arg| (arg.name, arg.index)).collect())
        }
        ComponentInstance::FromExports(_) => Made::Other,
    }
}

//! Whether a component joins its module to the functions of the module's own names, and calls them as the driver does.

use super::glue::{Fixup, TABLE, check_shim, exported_name};
use super::guest::Guest;
use super::indirect::{Indirect, unusual};
use super::names::INITIALIZE;
use super::wiring::{CoreFunc, CoreMade, Func, Made, Wiring, at};
use wasmparser::ExternalKind;

/// Interfaces that a component may export and be taken apart: more than the contract has.
const EXPORTS: usize = 64;

/// What joins the module to what it imports.
struct Glue<'g, 'a> {
    /// The shim's instance.
    shim: u32,
    fixup: Fixup<'a>,
    /// What the fixup is made with.
    given: &'g [(&'a str, u32)],
}

impl<'a> Wiring<'a> {
    /// Whether each import and each export of the module is joined to the function of its name, in the way of the driver.
    pub(super) fn check(&self, guest: &Guest<'_>) -> Result<(), Indirect> {
        let glue = self.glue()?;
        let CoreMade::Module(_, given) = at(&self.core_made, self.main.1)? else { return unusual("it has no module") };
        for (interface, function) in &guest.imports {
            let core = self.core(given, interface, function)?;
            if self.imported(core, glue.as_ref())? != (*interface, *function) {
                return unusual("an import has another name inside");
            }
        }
        let starts = glue.as_ref().map(|glue| self.starts(glue)).transpose()?.unwrap_or_default();
        if starts != guest.exports(INITIALIZE) {
            return unusual("it is prepared in another way");
        }
        if self.exports.len() > EXPORTS {
            return unusual("it exports more than the contract has");
        }
        self.exports.iter().try_for_each(|(interface, made)| self.check_export(interface, *made, guest))?;
        // What the module exports by a name of the contract is called by it.
        let called = guest.exports.iter().filter_map(|name| name.split_once('#'));
        let mut called = called.filter(|(interface, _)| !interface.starts_with("cabi_"));
        if called.all(|(interface, function)| self.exports_function(interface, function)) {
            Ok(())
        } else {
            unusual("an export stays inside")
        }
    }

    fn exports_function(&self, interface: &str, function: &str) -> bool {
        let mut exports = self.exports.iter().filter(|(exported, _)| *exported == interface);
        exports.any(|(_, made)| match at(&self.made, *made) {
            Ok(Made::Inner(_, functions)) => functions.iter().any(|(name, _)| exported_name(name) == function),
            Ok(Made::Import(_) | Made::Other) | Err(_) => false,
        })
    }

    /// The module's shim and fixup; none if it stands alone.
    fn glue(&self) -> Result<Option<Glue<'_, 'a>>, Indirect> {
        let made = (0_u32..).zip(&self.core_made).filter_map(|(number, made)| match made {
            CoreMade::Module(module, given) => Some((number, *module, given.as_slice())),
            CoreMade::Parts(_) => None,
        });
        let made: Vec<_> = made.collect();
        match (self.modules.len(), made.len()) {
            (1, 1) => return Ok(None),
            (3, 3) => {}
            _ => return unusual("it has several modules"),
        }
        let mut others =
            made.into_iter().filter(|(number, module, _)| *number != self.main.1 && *module != self.main.0);
        let (Some(one), Some(other)) = (others.next(), others.next()) else { return unusual("it has several modules") };
        let (shim, fixup) = if one.2.is_empty() { (one, other) } else { (other, one) };
        if !shim.2.is_empty() || shim.1 == fixup.1 {
            return unusual("it has several modules");
        }
        check_shim(self.bytes(shim.1))?;
        let glue = Glue { shim: shim.0, fixup: Fixup::of(self.bytes(fixup.1))?, given: fixup.2 };
        let (module, name) = glue.fixup.table;
        let table = match self.given(glue.given, module)? {
            (_, CoreMade::Parts(parts)) => *at(&self.tables, part(parts, ExternalKind::Table, name)?)?,
            (made, CoreMade::Module(..)) => (made, name),
        };
        if table != (glue.shim, TABLE) {
            return unusual("its fixup fills another table");
        }
        Ok(Some(glue))
    }

    /// Whether the fixup has the module prepare itself.
    fn starts(&self, glue: &Glue<'_, 'a>) -> Result<bool, Indirect> {
        let Some((module, name)) = glue.fixup.starts()? else { return Ok(false) };
        let is_prepared = match self.given(glue.given, module)? {
            (_, CoreMade::Parts(parts)) => self.is_mains(part(parts, ExternalKind::Func, name)?, INITIALIZE)?,
            (made, CoreMade::Module(..)) => (made, name) == (self.main.1, INITIALIZE),
        };
        if is_prepared { Ok(true) } else { unusual("its fixup calls something else") }
    }

    /// The instance that a module is given under a name.
    fn given(&self, given: &[(&'a str, u32)], name: &str) -> Result<(u32, &CoreMade<'a>), Indirect> {
        let found = given.iter().find(|(given, _)| *given == name);
        let (_, made) = found.ok_or(Indirect::Wiring("an import is not given"))?;
        Ok((*made, at(&self.core_made, *made)?))
    }

    /// The core function that a module is given under two names.
    fn core(&self, given: &[(&'a str, u32)], module: &str, name: &str) -> Result<u32, Indirect> {
        match self.given(given, module)? {
            (_, CoreMade::Parts(parts)) => part(parts, ExternalKind::Func, name),
            (_, CoreMade::Module(..)) => unusual("a module gives to another"),
        }
    }

    /// The interface and function of the component's import that a core function is.
    fn imported(&self, core: u32, glue: Option<&Glue<'_, 'a>>) -> Result<(&'a str, &'a str), Indirect> {
        match (at(&self.core_funcs, core)?, glue) {
            (CoreFunc::Lower(func, options), _) => {
                self.check_options(options, None)?;
                let Func::Export(made, function) = at(&self.funcs, *func)? else { return unusual("it calls itself") };
                let Made::Import(interface) = at(&self.made, *made)? else { return unusual("it calls itself") };
                Ok((interface, function))
            }
            (CoreFunc::Export(shim, number), Some(glue)) if *shim == glue.shim => {
                let (module, name) = glue.fixup.puts(number)?;
                self.imported(self.core(glue.given, module, name)?, None)
            }
            (CoreFunc::Export(..), _) => unusual("a module gives to another"),
        }
    }

    /// An exported interface must be made of the module's function of that name.
    fn check_export(&self, interface: &str, made: u32, guest: &Guest<'_>) -> Result<(), Indirect> {
        let Made::Inner(inner, functions) = at(&self.made, made)? else {
            return unusual("an export is made elsewhere");
        };
        let typed = at(&self.inner, *inner)?;
        if typed.len() != functions.len() || !typed.iter().all(|name| functions.iter().any(|(given, _)| given == name))
        {
            return unusual("a component inside keeps a function");
        }
        for (name, func) in functions {
            let Func::Lift(core, options) = at(&self.funcs, *func)? else { return unusual("an import goes out again") };
            let inside = format!("{interface}#{}", exported_name(name));
            if !self.is_mains(*core, &inside)? {
                return unusual("an export has another name inside");
            }
            let after = format!("cabi_post_{inside}");
            self.check_options(options, guest.exports(&after).then_some(&*after))?;
        }
        Ok(())
    }
}

fn part(parts: &[(&str, ExternalKind, u32)], kind: ExternalKind, name: &str) -> Result<u32, Indirect> {
    let found = parts.iter().find(|(part, is, _)| *part == name && *is == kind);
    found.map(|(.., index)| *index).ok_or(Indirect::Wiring("an import is not given"))
}

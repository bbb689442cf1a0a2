//! How a component says that its functions take and give strings: whether it is the way in which the driver does it.

use super::indirect::{Indirect, unusual};
use super::wiring::{CoreFunc, Wiring, at};
use wasmparser::CanonicalOption;

/// The memory that the driver's host writes to and reads from.
const MEMORY: &str = "memory";
/// The allocator that the driver asks for room.
const ALLOCATOR: &str = "cabi_realloc";

impl Wiring<'_> {
    /// Whether the options of a function are what the driver does: strings are UTF-8, in the module's one memory, in room that
    /// its one allocator gives; and `after` a call its function of that name is called, if there is one.
    pub(super) fn check_options(&self, options: &[CanonicalOption], after: Option<&str>) -> Result<(), Indirect> {
        let mut cleans = false;
        for option in options {
            match option {
                CanonicalOption::UTF8 => {}
                CanonicalOption::UTF16 | CanonicalOption::CompactUTF16 => return unusual("its strings are not UTF-8"),
                CanonicalOption::Memory(memory) => {
                    if *at(&self.memories, *memory)? != (self.main.1, MEMORY) {
                        return unusual("strings are in another memory");
                    }
                }
                CanonicalOption::Realloc(function) => {
                    if !self.is_mains(*function, ALLOCATOR)? {
                        return unusual("it has another allocator");
                    }
                }
                CanonicalOption::PostReturn(function) => {
                    cleans = true;
                    if !after.is_some_and(|after| self.is_mains(*function, after).unwrap_or(false)) {
                        return unusual("another function cleans up");
                    }
                }
                CanonicalOption::Async
                | CanonicalOption::Callback(_)
                | CanonicalOption::CoreType(_)
                | CanonicalOption::Gc => return unusual("it is called in another way"),
            }
        }
        if cleans == after.is_some() { Ok(()) } else { unusual("what cleans up is not called") }
    }

    /// Whether a core function is the module's export of a name.
    pub(super) fn is_mains(&self, function: u32, name: &str) -> Result<bool, Indirect> {
        Ok(
            matches!(at(&self.core_funcs, function)?, CoreFunc::Export(made, export) if (*made, *export) == (self.main.1, name)),
        )
    }
}

//! Calling plugins of one core module without the component layer.
//!
//! The module and its driver come from [`weir_component::Direct`]; what guests see is the same contract, and every answer is
//! checked as strictly. What differs is the price: the component layer looks up memories, allocators and types by number
//! at each crossing, and enters the guest anew for each string that it hands over.
//!
//! A component is type-checked against the contract by the component layer even if it is called directly afterwards.

mod content;
mod expected;
mod gives;
mod hooks;
mod lift;
mod lowering;
mod state;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub(crate) use gives::Gives;
pub(crate) use hooks::DirectHooks;
pub(crate) use state::CoreState;

use crate::bounds::cpu_timer::since_resumed;
use crate::bounds::slice::LONG;
use crate::bounds::yielding::give_way;
use crate::error::LoadError;
use crate::guest_state::{GuestState, spend};
use crate::reason::reason;
use lift::{AnswerLifter, slice};
use wasmtime::{Caller, Error, Instance, InstancePre, Linker, Module, Ref, Store, Trap};

/// Bytes that one host call or one answer may carry out of the guest; where the bodies at hand are longer than half of that,
/// twice of them.
pub(crate) const CARRY: usize = 16 << 20;

/// What the driver is told when the host worked long: the guest gives way before it goes on.
const GIVE_WAY: i64 = -2;
/// So many host calls pass between two looks at the clock, if none of them has much to do.
const LOOK: u32 = 8;
/// With bodies from so many bytes on each host call may have much to do.
const LARGE: u32 = 32 << 10;

/// A guest's memory, and how much of it one host call may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GuestMemory<'a> {
    memory: &'a [u8],
    most: usize,
}

/// A caller that is a core module.
pub(crate) type CoreCaller<'a> = Caller<'a, GuestState>;

/// A plugin as compiled core modules.
#[derive(Debug)]
pub(crate) struct DirectCode {
    pub(crate) guest: Module,
    pub(crate) driver: Module,
    /// The driver's exports that the guest imports, in the guest's order.
    pub(crate) imports: Vec<String>,
    /// What belongs into the driver's table.
    pub(crate) table: Vec<(u32, String)>,
}

/// The same, joined to what the operator grants.
#[derive(Clone)]
pub(crate) struct DirectPre {
    driver: InstancePre<GuestState>,
}

impl DirectCode {
    /// Joins it to the host's functions that are granted.
    pub(crate) fn link(&self, mut linker: Linker<GuestState>) -> Result<DirectPre, LoadError> {
        let refused = |e: Error| LoadError::Contract(reason(&e));
        inner(&mut linker).map_err(refused)?;
        Ok(DirectPre { driver: linker.instantiate_pre(&self.driver).map_err(refused)? })
    }

    /// Makes an instance.
    pub(crate) async fn start(&self, pre: &DirectPre, store: &mut Store<GuestState>) -> wasmtime::Result<DirectHooks> {
        let absent = || Error::msg("the driver does not fit");
        let driver = pre.driver.instantiate_async(&mut *store).await?;
        let mut imports = Vec::with_capacity(self.imports.len());
        for name in &self.imports {
            imports.push(driver.get_export(&mut *store, name).ok_or_else(absent)?);
        }
        let guest = Instance::new_async(&mut *store, &self.guest, &imports).await?;
        let table = driver.get_table(&mut *store, "table").ok_or_else(absent)?;
        for (place, name) in &self.table {
            let function = guest.get_func(&mut *store, name).ok_or_else(absent)?;
            table.set(&mut *store, (*place).into(), Ref::Func(Some(function)))?;
        }
        let memory = guest.get_memory(&mut *store, "memory").ok_or_else(absent)?;
        store.data_mut().desk.memory = Some(memory);
        if let Some(initialize) = driver.get_func(&mut *store, "_initialize") {
            initialize.typed::<(), ()>(&*store)?.call_async(&mut *store, ()).await?;
        }
        DirectHooks::of(&driver, store)
    }
}

/// What the driver itself calls.
fn inner(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    linker.func_wrap("weir", "place", |mut caller: CoreCaller<'_>, at: u32| {
        let (memory, host) = open(&mut caller)?;
        let next = host.desk.parcel.place(memory, at)?;
        Ok(if next < 0 { ended(host, next) } else { next })
    })?;
    linker.func_wrap("weir", "input", |mut caller: CoreCaller<'_>| caller.data_mut().desk.parcel.begin_argument())?;
    linker.func_wrap("weir", "handed", |caller: CoreCaller<'_>| caller.data().desk.parcel.handed())?;
    linker.func_wrap("weir", "answer", |mut caller: CoreCaller<'_>, at: u32| {
        let (memory, host) = open(&mut caller)?;
        host.desk.closed = true;
        let answered = host.desk.expected.read(&mut AnswerLifter::new(memory, host.budget.carry), at)?;
        host.desk.answered = Some(answered);
        Ok(())
    })?;
    linker.func_wrap_async("weir", "give-way", |_, ()| Box::new(give_way()))?;
    Ok(())
}

/// The guest's memory and the host's state.
fn open<'a>(caller: &'a mut CoreCaller<'_>) -> wasmtime::Result<(&'a mut [u8], &'a mut GuestState)> {
    let memory = caller.data().desk.memory.ok_or_else(|| Error::msg("it calls before it is there"))?;
    Ok(memory.data_and_store_mut(caller))
}

/// Lets a guest in: while something is handed over to it, and after its answer was read, it may not call.
pub(crate) fn visit<T>(
    caller: &mut CoreCaller<'_>,
    function: impl FnOnce(&mut GuestState, GuestMemory<'_>) -> wasmtime::Result<T>,
) -> wasmtime::Result<T> {
    let (memory, host) = open(caller)?;
    if host.desk.closed || host.desk.parcel.under_way() {
        return Err(Trap::CannotLeaveComponent.into());
    }
    spend(host)?;
    let most = host.budget.carry;
    function(host, GuestMemory { memory, most })
}

/// Runs a host function whose answer goes to `to` in the guest's memory; tells the driver how to go on.
pub(crate) fn answer<T: Gives>(
    mut caller: CoreCaller<'_>,
    to: u32,
    function: impl FnOnce(&mut GuestState, GuestMemory<'_>) -> wasmtime::Result<T>,
) -> wasmtime::Result<i64> {
    let given = visit(&mut caller, function)?.gives();
    let (memory, host) = open(&mut caller)?;
    let next = host.desk.parcel.begin(memory, to, given)?;
    Ok(if next < 0 { ended(host, next) } else { next })
}

/// How a host call ends: whether the guest has to give way.
fn ended(host: &mut GuestState, done: i64) -> i64 {
    let large = host.exchange.as_ref().is_some_and(|x| x.largest() >= LARGE);
    host.desk.calls += 1;
    if !large && host.desk.calls < LOOK {
        return done;
    }
    host.desk.calls = 0;
    if since_resumed() > LONG { GIVE_WAY } else { done }
}

/// Bytes of a guest's memory that it hands over.
pub(crate) fn bytes(exchange: GuestMemory<'_>, at: u32, length: u32) -> wasmtime::Result<&[u8]> {
    let length = usize::try_from(length)?;
    if length > exchange.most {
        return Err(Error::msg("too much data in one call"));
    }
    slice(exchange.memory, at, length)
}

/// A text of a guest's memory that it hands over.
pub(crate) fn text(exchange: GuestMemory<'_>, at: u32, length: u32) -> wasmtime::Result<&str> {
    Ok(std::str::from_utf8(bytes(exchange, at, length)?)?)
}

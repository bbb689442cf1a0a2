//! How a function of the host's is offered to guests: through wasmtime's component layer, or directly to core modules.
//!
//! A function is written once, as what it does with the host's state and plain arguments. Its shape, that is which arguments it
//! takes, says how these come out of a guest and how the answer gets in.

use crate::cpu_timer::since_resumed;
use crate::direct::{CoreCaller, Gives, answer, bytes, text, visit};
use crate::gate::give_way;
use crate::guest_state::{GuestState, spend};
use crate::pace::LONG;
use bytes::Bytes;
use std::future::Future;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentNamedList, LinkerInstance, Lower, WasmStr};

/// What a host function sees of its caller, where that is a component.
pub(super) type ComponentCaller<'a> = StoreContextMut<'a, GuestState>;

/// One interface of the contract, to be filled with functions.
pub(crate) enum HostFn<'a> {
    /// For components.
    Component(LinkerInstance<'a, GuestState>),
    /// For core modules, through their driver.
    Direct(&'a mut wasmtime::Linker<GuestState>, &'static str),
}

/// What an answer has to be for either way. Every type of the contract is.
pub(crate) trait Answers: Gives + Send + Sync + 'static
where
    (Self,): ComponentNamedList + Lower + Send + Sync + 'static,
    Self: Sized,
{
}

impl<T: Gives + Send + Sync + 'static> Answers for T where (T,): ComponentNamedList + Lower + Send + Sync + 'static {}

/// An argument as a string of our own, for where the store must be free while it is used.
pub(super) fn owned(caller: &ComponentCaller<'_>, text: &WasmStr) -> wasmtime::Result<String> {
    Ok(text.to_str(caller)?.into_owned())
}

type Later<'a, R> = Box<dyn Future<Output = wasmtime::Result<(R,)>> + Send + 'a>;

/// Runs a host function for a component. Where it took long, the guest gives way before it goes on, and whoever polls it
/// sees what it has used.
pub(super) fn run<'a, R: Send + 'a>(
    mut caller: ComponentCaller<'a>,
    function: impl FnOnce(&mut ComponentCaller<'a>) -> wasmtime::Result<R>,
) -> Later<'a, R> {
    let answer = spend(caller.data_mut()).and_then(|()| function(&mut caller)).map(|answer| (answer,));
    Box::new(async move {
        if since_resumed() > LONG {
            give_way().await;
        }
        answer
    })
}

impl HostFn<'_> {
    /// A function without arguments.
    pub(super) fn asked<T: Answers>(
        &mut self,
        name: &str,
        f: fn(&mut GuestState) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        match self {
            Self::Component(here) => {
                here.func_wrap_async(name, move |caller, ()| run(caller, |caller| f(caller.data_mut())))
            }
            Self::Direct(linker, interface) => linker
                .func_wrap(interface, name, move |caller: CoreCaller<'_>, to: u32| {
                    answer(caller, to, |host, _| f(host))
                })
                .map(drop),
        }
    }

    /// A function without arguments that answers yes or no, and has nothing to work out.
    pub(super) fn truth(&mut self, name: &str, f: fn(&mut GuestState) -> bool) -> wasmtime::Result<()> {
        match self {
            Self::Component(here) => here.func_wrap(name, move |mut caller: ComponentCaller<'_>, ()| {
                spend(caller.data_mut())?;
                Ok((f(caller.data_mut()),))
            }),
            Self::Direct(linker, interface) => {
                let call = move |mut caller: CoreCaller<'_>| visit(&mut caller, |host, _| Ok(u32::from(f(host))));
                linker.func_wrap(interface, name, call).map(drop)
            }
        }
    }

    /// A function of a text.
    pub(super) fn text<T: Answers>(
        &mut self,
        name: &str,
        f: fn(&mut GuestState, &str) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        match self {
            Self::Component(here) => here.func_wrap_async(name, move |caller, (a,): (WasmStr,)| {
                run(caller, |caller| {
                    let a = owned(caller, &a)?;
                    f(caller.data_mut(), &a)
                })
            }),
            Self::Direct(linker, interface) => linker
                .func_wrap(interface, name, move |caller: CoreCaller<'_>, at: u32, len: u32, to: u32| {
                    answer(caller, to, |host, memory| f(host, text(memory, at, len)?))
                })
                .map(drop),
        }
    }

    /// A function of two texts.
    pub(super) fn texts<T: Answers>(
        &mut self,
        name: &str,
        f: fn(&mut GuestState, &str, &str) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        match self {
            Self::Component(here) => here.func_wrap_async(name, move |caller, (a, b): (WasmStr, WasmStr)| {
                run(caller, |caller| {
                    let (a, b) = (owned(caller, &a)?, owned(caller, &b)?);
                    f(caller.data_mut(), &a, &b)
                })
            }),
            Self::Direct(linker, interface) => {
                let call = move |caller: CoreCaller<'_>, at: u32, len: u32, at_b: u32, len_b: u32, to: u32| {
                    answer(caller, to, |host, memory| f(host, text(memory, at, len)?, text(memory, at_b, len_b)?))
                };
                linker.func_wrap(interface, name, call).map(drop)
            }
        }
    }

    /// A function of bytes.
    pub(super) fn bytes<T: Answers>(
        &mut self,
        name: &str,
        f: fn(&mut GuestState, Bytes) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        match self {
            Self::Component(here) => {
                here.func_wrap_async(name, move |caller, (a,): (Bytes,)| run(caller, |caller| f(caller.data_mut(), a)))
            }
            Self::Direct(linker, interface) => linker
                .func_wrap(interface, name, move |caller: CoreCaller<'_>, at: u32, len: u32, to: u32| {
                    answer(caller, to, |host, memory| f(host, Bytes::copy_from_slice(bytes(memory, at, len)?)))
                })
                .map(drop),
        }
    }

    /// A function of a number.
    pub(super) fn number<T: Answers>(
        &mut self,
        name: &str,
        f: fn(&mut GuestState, u32) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        match self {
            Self::Component(here) => {
                here.func_wrap_async(name, move |caller, (a,): (u32,)| run(caller, |caller| f(caller.data_mut(), a)))
            }
            Self::Direct(linker, interface) => linker
                .func_wrap(interface, name, move |caller: CoreCaller<'_>, a: u32, to: u32| {
                    answer(caller, to, |host, _| f(host, a))
                })
                .map(drop),
        }
    }

    /// A function of a number and a text.
    pub(super) fn number_text<T: Answers>(
        &mut self,
        name: &str,
        f: fn(&mut GuestState, u32, &str) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        match self {
            Self::Component(here) => here.func_wrap_async(name, move |caller, (a, b): (u32, WasmStr)| {
                run(caller, |caller| {
                    let b = owned(caller, &b)?;
                    f(caller.data_mut(), a, &b)
                })
            }),
            Self::Direct(linker, interface) => linker
                .func_wrap(interface, name, move |caller: CoreCaller<'_>, a: u32, at: u32, len: u32, to: u32| {
                    answer(caller, to, |host, memory| f(host, a, text(memory, at, len)?))
                })
                .map(drop),
        }
    }

    /// A function of a text and bytes.
    pub(super) fn text_bytes<T: Answers>(
        &mut self,
        name: &str,
        f: fn(&mut GuestState, &str, Bytes) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        match self {
            Self::Component(here) => here.func_wrap_async(name, move |caller, (a, b): (WasmStr, Bytes)| {
                run(caller, |caller| {
                    let a = owned(caller, &a)?;
                    f(caller.data_mut(), &a, b)
                })
            }),
            Self::Direct(linker, interface) => {
                let call = move |caller: CoreCaller<'_>, at: u32, len: u32, at_b: u32, len_b: u32, to: u32| {
                    answer(caller, to, |host, memory| {
                        let b = Bytes::copy_from_slice(bytes(memory, at_b, len_b)?);
                        f(host, text(memory, at, len)?, b)
                    })
                };
                linker.func_wrap(interface, name, call).map(drop)
            }
        }
    }
}

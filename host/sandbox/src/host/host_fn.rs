//! How a function of the host's is offered to guests: through wasmtime's component layer, or directly to core modules.
//!
//! A function is written once, as what it does with the host's state and plain arguments. Its shape, that is which arguments it
//! takes, says how these come out of a guest and how the answer gets in. Under which name it is offered is not for whoever writes
//! it to say: it stands in the table of the contract's functions ([`weir_component::contract`]).

use crate::abi::core::{CoreCaller, Gives, answer, bytes, text, visit};
use crate::bounds::cpu_timer::since_resumed;
use crate::bounds::slice::LONG;
use crate::bounds::yielding::give_way;
use crate::guest_state::{GuestState, spend};
use bytes::Bytes;
use std::future::Future;
use wasmtime::component::{ComponentNamedList, Lift, LinkerInstance, Lower, WasmStr};
use wasmtime::{IntoFunc, StoreContextMut};
use weir_component::contract::HostFunction;

/// What a host function sees of its caller, where that is a component.
pub(super) type ComponentCaller<'a> = StoreContextMut<'a, GuestState>;

/// Where host functions go.
pub(crate) enum LinkTarget<'a> {
    /// To components.
    Component(&'a mut wasmtime::component::Linker<GuestState>),
    /// To core modules, through their driver.
    Direct(&'a mut wasmtime::Linker<GuestState>),
}

/// A function of the contract, where what it does is to be put.
pub(crate) struct HostFn<'a> {
    name: &'static str,
    interface: OpenInterface<'a>,
}

/// Its interface in a linker.
enum OpenInterface<'a> {
    Component(LinkerInstance<'a, GuestState>),
    Direct(&'a mut wasmtime::Linker<GuestState>, &'static str),
}

impl LinkTarget<'_> {
    /// The place of one function.
    pub(super) fn function(&mut self, function: HostFunction) -> wasmtime::Result<HostFn<'_>> {
        let import = function.interface().import();
        let interface = match self {
            Self::Component(linker) => OpenInterface::Component(linker.instance(import)?),
            Self::Direct(linker) => OpenInterface::Direct(linker, import),
        };
        Ok(HostFn { name: function.name(), interface })
    }
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

/// What a component gets in the end.
pub(super) type Later<'a, R> = Box<dyn Future<Output = wasmtime::Result<R>> + Send + 'a>;

/// Runs a host function for a component. Where it took long, the guest gives way before it goes on, and whoever polls it
/// sees what it has used.
pub(super) fn run<'a, R: Send + 'a>(
    mut caller: ComponentCaller<'a>,
    function: impl FnOnce(&mut ComponentCaller<'a>) -> wasmtime::Result<R>,
) -> Later<'a, (R,)> {
    let answer = spend(caller.data_mut()).and_then(|()| function(&mut caller)).map(|answer| (answer,));
    Box::new(async move {
        if since_resumed() > LONG {
            give_way().await;
        }
        answer
    })
}

impl HostFn<'_> {
    /// A function as each of the two ways has it: it has nothing to work out, and answers at once.
    pub(super) fn at_once<P, R, DirectParams, DirectReturn>(
        self,
        component: impl Fn(ComponentCaller<'_>, P) -> wasmtime::Result<R> + Send + Sync + 'static,
        direct: impl IntoFunc<GuestState, DirectParams, DirectReturn>,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + 'static,
        R: ComponentNamedList + Lower + 'static,
    {
        match self.interface {
            OpenInterface::Component(mut here) => here.func_wrap(self.name, component),
            OpenInterface::Direct(linker, interface) => linker.func_wrap(interface, self.name, direct).map(drop),
        }
    }

    /// The same of one that may take long, so that the guest may have to give way.
    pub(super) fn in_time<P, R, DirectParams, DirectReturn>(
        self,
        component: impl for<'a> Fn(ComponentCaller<'a>, P) -> Later<'a, R> + Send + Sync + 'static,
        direct: impl IntoFunc<GuestState, DirectParams, DirectReturn>,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + 'static,
        R: ComponentNamedList + Lower + 'static,
    {
        match self.interface {
            OpenInterface::Component(mut here) => here.func_wrap_async(self.name, component),
            OpenInterface::Direct(linker, interface) => linker.func_wrap(interface, self.name, direct).map(drop),
        }
    }

    /// A function that waits, for components only: a module that imports one is called as a component.
    pub(super) fn awaited<P, R>(
        self,
        component: impl for<'a> Fn(ComponentCaller<'a>, P) -> Later<'a, R> + Send + Sync + 'static,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + 'static,
        R: ComponentNamedList + Lower + 'static,
    {
        match self.interface {
            OpenInterface::Component(mut here) => here.func_wrap_async(self.name, component),
            OpenInterface::Direct(..) => Ok(()),
        }
    }

    /// A function without arguments.
    pub(super) fn asked<T: Answers>(self, f: fn(&mut GuestState) -> wasmtime::Result<T>) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        self.in_time(
            move |caller, ()| run(caller, |caller| f(caller.data_mut())),
            move |caller: CoreCaller<'_>, to: u32| answer(caller, to, |host, _| f(host)),
        )
    }

    /// A function without arguments that answers yes or no, and has nothing to work out.
    pub(super) fn truth(self, f: fn(&mut GuestState) -> bool) -> wasmtime::Result<()> {
        self.at_once(
            move |mut caller, ()| {
                spend(caller.data_mut())?;
                Ok((f(caller.data_mut()),))
            },
            move |mut caller: CoreCaller<'_>| visit(&mut caller, |host, _| Ok(u32::from(f(host)))),
        )
    }

    /// A function of a text.
    pub(super) fn text<T: Answers>(self, f: fn(&mut GuestState, &str) -> wasmtime::Result<T>) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        self.in_time(
            move |caller, (a,): (WasmStr,)| {
                run(caller, |caller| {
                    let a = owned(caller, &a)?;
                    f(caller.data_mut(), &a)
                })
            },
            move |caller: CoreCaller<'_>, at: u32, len: u32, to: u32| {
                answer(caller, to, |host, memory| f(host, text(memory, at, len)?))
            },
        )
    }

    /// A function of two texts.
    pub(super) fn texts<T: Answers>(
        self,
        f: fn(&mut GuestState, &str, &str) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        self.in_time(
            move |caller, (a, b): (WasmStr, WasmStr)| {
                run(caller, |caller| {
                    let (a, b) = (owned(caller, &a)?, owned(caller, &b)?);
                    f(caller.data_mut(), &a, &b)
                })
            },
            move |caller: CoreCaller<'_>, at: u32, len: u32, at_b: u32, len_b: u32, to: u32| {
                answer(caller, to, |host, memory| f(host, text(memory, at, len)?, text(memory, at_b, len_b)?))
            },
        )
    }

    /// A function of bytes.
    pub(super) fn bytes<T: Answers>(self, f: fn(&mut GuestState, Bytes) -> wasmtime::Result<T>) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        self.in_time(
            move |caller, (a,): (Bytes,)| run(caller, |caller| f(caller.data_mut(), a)),
            move |caller: CoreCaller<'_>, at: u32, len: u32, to: u32| {
                answer(caller, to, |host, memory| f(host, Bytes::copy_from_slice(bytes(memory, at, len)?)))
            },
        )
    }

    /// A function of a number.
    pub(super) fn number<T: Answers>(self, f: fn(&mut GuestState, u32) -> wasmtime::Result<T>) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        self.in_time(
            move |caller, (a,): (u32,)| run(caller, |caller| f(caller.data_mut(), a)),
            move |caller: CoreCaller<'_>, a: u32, to: u32| answer(caller, to, |host, _| f(host, a)),
        )
    }

    /// A function of a number and a text.
    pub(super) fn number_text<T: Answers>(
        self,
        f: fn(&mut GuestState, u32, &str) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        self.in_time(
            move |caller, (a, b): (u32, WasmStr)| {
                run(caller, |caller| {
                    let b = owned(caller, &b)?;
                    f(caller.data_mut(), a, &b)
                })
            },
            move |caller: CoreCaller<'_>, a: u32, at: u32, len: u32, to: u32| {
                answer(caller, to, |host, memory| f(host, a, text(memory, at, len)?))
            },
        )
    }

    /// A function of a text and bytes.
    pub(super) fn text_bytes<T: Answers>(
        self,
        f: fn(&mut GuestState, &str, Bytes) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<()>
    where
        (T,): ComponentNamedList + Lower + Send + Sync + 'static,
    {
        self.in_time(
            move |caller, (a, b): (WasmStr, Bytes)| {
                run(caller, |caller| {
                    let a = owned(caller, &a)?;
                    f(caller.data_mut(), &a, b)
                })
            },
            move |caller: CoreCaller<'_>, at: u32, len: u32, at_b: u32, len_b: u32, to: u32| {
                answer(caller, to, |host, memory| {
                    let b = Bytes::copy_from_slice(bytes(memory, at_b, len_b)?);
                    f(host, text(memory, at, len)?, b)
                })
            },
        )
    }
}

//! `weir:plugin/kv`: a small store for each plugin and tenant.

use super::host_fn::{HostFn, owned, run};
use crate::abi::core::{CoreCaller, answer, bytes as bytes_of, text, visit};
use crate::guest_state::{GuestState, spend};
use crate::kv::KvError;
use bytes::Bytes;
use wasmtime::component::WasmStr;
use weir_component::contract::KvFunction;

pub(super) fn link(function: KvFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        KvFunction::Get => here.text(get),
        KvFunction::Set => here.in_time(
            |caller, (key, value, ttl_ms): (WasmStr, Bytes, u64)| {
                run(caller, |caller| {
                    let key = owned(caller, &key)?;
                    Ok(set(caller.data_mut(), &key, &value, ttl_ms))
                })
            },
            |caller: CoreCaller<'_>, at: u32, len: u32, at_value: u32, len_value: u32, ttl_ms: u64, to: u32| {
                answer(caller, to, |host, memory| {
                    Ok(set(host, text(memory, at, len)?, bytes_of(memory, at_value, len_value)?, ttl_ms))
                })
            },
        ),
        KvFunction::Increment => here.in_time(
            |caller, (key, by, ttl_ms): (WasmStr, i64, u64)| {
                run(caller, |caller| {
                    let key = owned(caller, &key)?;
                    Ok(increment(caller.data_mut(), &key, by, ttl_ms))
                })
            },
            |caller: CoreCaller<'_>, at: u32, len: u32, by: i64, ttl_ms: u64, to: u32| {
                answer(caller, to, |host, memory| Ok(increment(host, text(memory, at, len)?, by, ttl_ms)))
            },
        ),
        KvFunction::Delete => here.at_once(
            |mut caller, (key,): (WasmStr,)| {
                let key = owned(&caller, &key)?;
                spend(caller.data_mut())?;
                Ok((caller.data().tenant_state.kv().delete(&key),))
            },
            |mut caller: CoreCaller<'_>, at: u32, len: u32| {
                visit(&mut caller, |host, memory| Ok(u32::from(host.tenant_state.kv().delete(text(memory, at, len)?))))
            },
        ),
    }
}

fn get(host: &mut GuestState, key: &str) -> wasmtime::Result<Option<Bytes>> {
    Ok(host.tenant_state.kv().get(key).map(Bytes::from))
}

fn set(host: &GuestState, key: &str, value: &[u8], ttl_ms: u64) -> Result<(), String> {
    told(host, host.tenant_state.kv().set(key, value.to_vec(), ttl_ms))
}

fn increment(host: &GuestState, key: &str, by: i64, ttl_ms: u64) -> Result<i64, String> {
    told(host, host.tenant_state.kv().increment(key, by, ttl_ms))
}

/// What the guest is told; that there was no room is counted.
fn told<T>(host: &GuestState, answer: Result<T, KvError>) -> Result<T, String> {
    answer.map_err(|why| {
        if why.is_full() {
            host.tenant_state.counters.kv_refused();
        }
        why.to_string()
    })
}

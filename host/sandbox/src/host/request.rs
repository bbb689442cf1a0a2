//! `weir:plugin/request`: the client's request, lent.

use super::{Caller, Host, giving_way, lent, no_request, owned, spend, write};
use crate::contract::Text;
use crate::exchange::{About, Exchange, visible, writable_name};
use bytes::Bytes;
use http::HeaderValue;
use http::header::HeaderName;
use std::sync::Arc;
use wasmtime::component::{Linker, WasmStr};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut here = linker.instance("weir:plugin/request@0.1.0")?;
    here.func_wrap("tenant", |caller, ()| named(caller, |about| &about.tenant))?;
    here.func_wrap("id", |caller, ()| named(caller, |about| &about.request_id))?;
    here.func_wrap("model", |caller, ()| named(caller, |about| &about.model))?;
    here.func_wrap("dialect", dialect)?;
    here.func_wrap("header", header)?;
    here.func_wrap_async("headers", |caller, params| giving_way(caller, params, headers))?;
    here.func_wrap("set-header", set_header)?;
    here.func_wrap("remove-header", remove_header)?;
    here.func_wrap_async("get", |caller, params| giving_way(caller, params, get))?;
    here.func_wrap_async("set", |caller, params| giving_way(caller, params, set))?;
    here.func_wrap_async("remove", |caller, params| giving_way(caller, params, remove))?;
    here.func_wrap_async("texts", |caller, params| giving_way(caller, params, texts))?;
    here.func_wrap_async("set-text", |caller, params| giving_way(caller, params, set_text))?;
    here.func_wrap_async("body", |caller, params| giving_way(caller, params, body))?;
    here.func_wrap_async("set-body", |caller, params| giving_way(caller, params, set_body))?;
    Ok(())
}

/// A name of the request; empty while `init` runs.
fn named(mut caller: Caller<'_>, name: fn(&About) -> &Arc<str>) -> wasmtime::Result<(Arc<str>,)> {
    spend(&mut caller)?;
    Ok((lent(&mut caller).map_or_else(|| "".into(), |x| Arc::clone(name(&x.about))),))
}

fn dialect(mut caller: Caller<'_>, (): ()) -> wasmtime::Result<(&'static str,)> {
    spend(&mut caller)?;
    Ok((lent(&mut caller).map_or("", |x| x.about.dialect),))
}

fn header(mut caller: Caller<'_>, (name,): (WasmStr,)) -> wasmtime::Result<(Option<String>,)> {
    spend(&mut caller)?;
    let Ok(name) = HeaderName::from_bytes(name.to_str(&caller)?.as_bytes()) else { return Ok((None,)) };
    if !visible(name.as_str()) {
        return Ok((None,));
    }
    let value =
        lent(&mut caller).and_then(|x| x.request_side().0.get(&name).and_then(|v| v.to_str().ok().map(str::to_owned)));
    Ok((value,))
}

type Pairs = Vec<(String, String)>;

fn headers(mut caller: Caller<'_>, (): ()) -> wasmtime::Result<(Pairs,)> {
    spend(&mut caller)?;
    let Some(exchange) = lent(&mut caller) else { return Ok((Vec::new(),)) };
    let pairs = exchange.request_side().0.iter().filter(|(name, _)| visible(name.as_str()));
    let pairs = pairs.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    Ok((pairs.collect(),))
}

type Written = wasmtime::Result<(Result<(), String>,)>;

fn set_header(mut caller: Caller<'_>, (name, value): (WasmStr, WasmStr)) -> Written {
    spend(&mut caller)?;
    let name = writable_name(&name.to_str(&caller)?);
    let value = HeaderValue::from_str(&value.to_str(&caller)?).map_err(|_| "not a header value".to_owned());
    let Some(exchange) = lent(&mut caller) else { return Ok((no_request(),)) };
    Ok((name.and_then(|name| exchange.set_request_header(name, value?)),))
}

fn remove_header(mut caller: Caller<'_>, (name,): (WasmStr,)) -> Written {
    spend(&mut caller)?;
    let name = writable_name(&name.to_str(&caller)?);
    let Some(exchange) = lent(&mut caller) else { return Ok((no_request(),)) };
    Ok((name.and_then(|name| {
        exchange.request_mut()?.0.remove(name);
        Ok(())
    }),))
}

fn get(mut caller: Caller<'_>, (pointer,): (WasmStr,)) -> wasmtime::Result<(Option<String>,)> {
    spend(&mut caller)?;
    let pointer = owned(&caller, &pointer)?;
    Ok((lent(&mut caller).and_then(|x| x.request_side().1.get(&pointer).ok().flatten()),))
}

fn set(mut caller: Caller<'_>, (pointer, value): (WasmStr, WasmStr)) -> Written {
    spend(&mut caller)?;
    let (pointer, value) = (owned(&caller, &pointer)?, owned(&caller, &value)?);
    let room = write(&mut caller, value.len());
    let Some(exchange) = lent(&mut caller) else { return Ok((no_request(),)) };
    Ok((room
        .and_then(|()| exchange.request_mut())
        .and_then(|(_, body)| body.set(&pointer, &value).map_err(|e| e.to_string())),))
}

fn remove(mut caller: Caller<'_>, (pointer,): (WasmStr,)) -> wasmtime::Result<(Result<bool, String>,)> {
    spend(&mut caller)?;
    let pointer = owned(&caller, &pointer)?;
    let Some(exchange) = lent(&mut caller) else { return Ok((no_request(),)) };
    Ok((exchange.request_mut().and_then(|(_, body)| body.remove(&pointer).map_err(|e| e.to_string())),))
}

fn texts(mut caller: Caller<'_>, (): ()) -> wasmtime::Result<(Arc<[Text]>,)> {
    spend(&mut caller)?;
    Ok((lent(&mut caller).map_or_else(|| Arc::from([]), Exchange::request_texts),))
}

fn set_text(mut caller: Caller<'_>, (index, text): (u32, WasmStr)) -> Written {
    spend(&mut caller)?;
    let text = owned(&caller, &text)?;
    let room = write(&mut caller, text.len());
    let Some(exchange) = lent(&mut caller) else { return Ok((no_request(),)) };
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    Ok((room
        .and_then(|()| exchange.request_mut())
        .and_then(|(_, body)| body.set_text(index, &text).map_err(|e| e.to_string())),))
}

fn body(mut caller: Caller<'_>, (): ()) -> wasmtime::Result<(Bytes,)> {
    spend(&mut caller)?;
    Ok((lent(&mut caller).and_then(|x| x.request_side().1.bytes().ok()).unwrap_or_default(),))
}

fn set_body(mut caller: Caller<'_>, (body,): (Bytes,)) -> Written {
    spend(&mut caller)?;
    let room = write(&mut caller, body.len());
    let Some(exchange) = lent(&mut caller) else { return Ok((no_request(),)) };
    Ok((room.and_then(|()| exchange.request_mut()).and_then(|(_, old)| old.replace(body).map_err(|e| e.to_string())),))
}

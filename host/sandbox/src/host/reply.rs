//! `weir:plugin/reply`: the whole response, lent.

use super::{Caller, Host, giving_way, lent, no_request, owned, spend, write};
use crate::exchange::{put, visible, writable_name};
use bytes::Bytes;
use http::HeaderValue;
use http::header::HeaderName;
use wasmtime::component::{Linker, WasmStr};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut here = linker.instance("weir:plugin/reply@0.1.0")?;
    here.func_wrap("header", header)?;
    here.func_wrap("set-header", set_header)?;
    here.func_wrap_async("get", |caller, params| giving_way(caller, params, get))?;
    here.func_wrap_async("set", |caller, params| giving_way(caller, params, set))?;
    here.func_wrap_async("texts", |caller, params| giving_way(caller, params, texts))?;
    here.func_wrap_async("set-text", |caller, params| giving_way(caller, params, set_text))?;
    here.func_wrap_async("body", |caller, params| giving_way(caller, params, body))?;
    here.func_wrap_async("set-body", |caller, params| giving_way(caller, params, set_body))?;
    Ok(())
}

type Written = wasmtime::Result<(Result<(), String>,)>;

fn header(mut caller: Caller<'_>, (name,): (WasmStr,)) -> wasmtime::Result<(Option<String>,)> {
    spend(&mut caller)?;
    let Ok(name) = HeaderName::from_bytes(name.to_str(&caller)?.as_bytes()) else { return Ok((None,)) };
    let value = lent(&mut caller).and_then(|x| x.reply_side()).filter(|_| visible(name.as_str()));
    Ok((value.and_then(|r| r.headers.get(&name).and_then(|v| v.to_str().ok().map(str::to_owned))),))
}

fn set_header(mut caller: Caller<'_>, (name, value): (WasmStr, WasmStr)) -> Written {
    spend(&mut caller)?;
    let name = writable_name(&name.to_str(&caller)?);
    let value = HeaderValue::from_str(&value.to_str(&caller)?).map_err(|_| "not a header value".to_owned());
    let Some(exchange) = lent(&mut caller) else { return Ok((no_request(),)) };
    Ok((name.and_then(|name| put(exchange.reply_mut()?.0, name, value?)),))
}

fn get(mut caller: Caller<'_>, (pointer,): (WasmStr,)) -> wasmtime::Result<(Option<String>,)> {
    spend(&mut caller)?;
    let pointer = owned(&caller, &pointer)?;
    let reply = lent(&mut caller).and_then(|x| x.reply_side());
    Ok((reply.and_then(|r| r.body.get(&pointer).ok().flatten()),))
}

fn set(mut caller: Caller<'_>, (pointer, value): (WasmStr, WasmStr)) -> Written {
    spend(&mut caller)?;
    let (pointer, value) = (owned(&caller, &pointer)?, owned(&caller, &value)?);
    let room = write(&mut caller, value.len());
    let Some(exchange) = lent(&mut caller) else { return Ok((no_request(),)) };
    Ok((room
        .and_then(|()| exchange.reply_mut())
        .and_then(|(_, body)| body.set(&pointer, &value).map_err(|e| e.to_string())),))
}

fn texts(mut caller: Caller<'_>, (): ()) -> wasmtime::Result<(Vec<String>,)> {
    spend(&mut caller)?;
    let reply = lent(&mut caller).and_then(|x| x.reply_side());
    let texts = reply.and_then(|r| r.body.texts().ok()).unwrap_or_default();
    Ok((texts.into_iter().map(|t| t.text).collect(),))
}

fn set_text(mut caller: Caller<'_>, (index, text): (u32, WasmStr)) -> Written {
    spend(&mut caller)?;
    let text = owned(&caller, &text)?;
    let room = write(&mut caller, text.len());
    let Some(exchange) = lent(&mut caller) else { return Ok((no_request(),)) };
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    Ok((room
        .and_then(|()| exchange.reply_mut())
        .and_then(|(_, body)| body.set_text(index, &text).map_err(|e| e.to_string())),))
}

fn body(mut caller: Caller<'_>, (): ()) -> wasmtime::Result<(Bytes,)> {
    spend(&mut caller)?;
    let reply = lent(&mut caller).and_then(|x| x.reply_side());
    Ok((reply.and_then(|r| r.body.bytes().ok()).unwrap_or_default(),))
}

fn set_body(mut caller: Caller<'_>, (body,): (Bytes,)) -> Written {
    spend(&mut caller)?;
    let room = write(&mut caller, body.len());
    let Some(exchange) = lent(&mut caller) else { return Ok((no_request(),)) };
    Ok((room.and_then(|()| exchange.reply_mut()).and_then(|(_, old)| old.replace(body).map_err(|e| e.to_string())),))
}

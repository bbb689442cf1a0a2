//! `weir:plugin/request`: the client's request, lent.

use super::host_fn::HostFn;
use crate::abi::contract::{AllText, Piece, Text};
use crate::exchange::{About, Exchange, visible, writable_name};
use crate::guest_state::{GuestState, listed, no_request, shown, write};
use bytes::Bytes;
use http::HeaderValue;
use http::header::HeaderName;
use std::sync::Arc;
use weir_component::contract::RequestFunction;

pub(super) fn link(function: RequestFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        RequestFunction::Tenant => here.asked(|host| Ok(named(host, |about| &about.tenant))),
        RequestFunction::Id => here.asked(|host| Ok(named(host, |about| &about.request_id))),
        RequestFunction::Model => here.asked(|host| Ok(named(host, |about| &about.model))),
        RequestFunction::Dialect => here.asked(dialect),
        RequestFunction::Header => here.text(header),
        RequestFunction::Headers => here.asked(headers),
        RequestFunction::SetHeader => here.texts(set_header),
        RequestFunction::RemoveHeader => here.text(remove_header),
        RequestFunction::Get => here.text(get),
        RequestFunction::Set => here.texts(set),
        RequestFunction::Remove => here.text(remove),
        RequestFunction::Texts => here.asked(texts),
        RequestFunction::SetText => here.number_text(set_text),
        RequestFunction::Body => here.asked(body),
        RequestFunction::SetBody => here.bytes(set_body),
        RequestFunction::Pieces => here.asked(pieces),
        RequestFunction::SetPiece => here.number_text(set_piece),
        RequestFunction::AllText => here.asked(all_text),
        RequestFunction::PiecePointer => here.number(piece_pointer),
    }
}

/// A name of the request; empty while `init` runs.
fn named(host: &GuestState, name: fn(&About) -> &Arc<str>) -> Arc<str> {
    host.exchange.as_ref().map_or_else(|| "".into(), |x| Arc::clone(name(&x.about)))
}

fn dialect(host: &mut GuestState) -> wasmtime::Result<&'static str> {
    Ok(host.exchange.as_ref().map_or("", |x| x.about.dialect))
}

fn header(host: &mut GuestState, name: &str) -> wasmtime::Result<Option<String>> {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return Ok(None) };
    if !visible(name.as_str()) {
        return Ok(None);
    }
    let value = host.exchange().and_then(|x| x.request_side().0.get(&name));
    Ok(value.and_then(|value| value.to_str().ok().map(str::to_owned)))
}

fn headers(host: &mut GuestState) -> wasmtime::Result<Vec<(String, String)>> {
    let Some(exchange) = host.exchange() else { return Ok(Vec::new()) };
    let pairs = exchange.request_side().0.iter().filter(|(name, _)| visible(name.as_str()));
    let pairs = pairs.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    Ok(pairs.collect())
}

type Written = wasmtime::Result<Result<(), String>>;

fn set_header(host: &mut GuestState, name: &str, value: &str) -> Written {
    let name = writable_name(name);
    let value = HeaderValue::from_str(value).map_err(|_| "not a header value".to_owned());
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    Ok(name.and_then(|name| exchange.set_request_header(name, value?)))
}

fn remove_header(host: &mut GuestState, name: &str) -> Written {
    let name = writable_name(name);
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    Ok(name.and_then(|name| exchange.remove_request_header(&name)))
}

fn get(host: &mut GuestState, pointer: &str) -> wasmtime::Result<Option<String>> {
    Ok(host.exchange().and_then(|x| x.request_side().1.get(pointer).ok().flatten()))
}

fn set(host: &mut GuestState, pointer: &str, value: &str) -> Written {
    let room = write(host, value.len());
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    Ok(room
        .and_then(|()| exchange.request_mut())
        .and_then(|(_, body)| body.set(pointer, value).map_err(|e| e.to_string())))
}

fn remove(host: &mut GuestState, pointer: &str) -> wasmtime::Result<Result<bool, String>> {
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    Ok(exchange.request_mut().and_then(|(_, body)| body.remove(pointer).map_err(|e| e.to_string())))
}

fn texts(host: &mut GuestState) -> wasmtime::Result<Arc<[Text]>> {
    Ok(host.exchange().map_or_else(|| Arc::from([]), Exchange::request_texts))
}

fn set_text(host: &mut GuestState, index: u32, text: &str) -> Written {
    let room = write(host, text.len());
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    Ok(room
        .and_then(|()| exchange.request_mut())
        .and_then(|(_, body)| body.set_text(index, text).map_err(|e| e.to_string())))
}

fn body(host: &mut GuestState) -> wasmtime::Result<Bytes> {
    Ok(host.exchange().and_then(|x| x.request_side().1.bytes().ok()).unwrap_or_default())
}

fn set_body(host: &mut GuestState, body: Bytes) -> Written {
    let room = write(host, body.len());
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    Ok(room.and_then(|()| exchange.request_mut()).and_then(|(_, old)| old.replace(body).map_err(|e| e.to_string())))
}

fn pieces(host: &mut GuestState) -> wasmtime::Result<Arc<[Piece]>> {
    let pieces = host.exchange().map(|x| Ok(listed(&[x.request_pieces()?])));
    shown(host, pieces)
}

fn all_text(host: &mut GuestState) -> wasmtime::Result<AllText> {
    let all = host.exchange().map(Exchange::request_all_text);
    shown(host, all)
}

fn piece_pointer(host: &mut GuestState, index: u32) -> wasmtime::Result<Option<String>> {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let pointer = host.exchange().map(|x| x.request_side().1.pointer(index));
    shown(host, pointer)
}

fn set_piece(host: &mut GuestState, index: u32, text: &str) -> Written {
    let room = write(host, text.len());
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    Ok(room
        .and_then(|()| exchange.request_mut())
        .and_then(|(_, body)| body.set_piece(index, text).map_err(|e| e.to_string())))
}

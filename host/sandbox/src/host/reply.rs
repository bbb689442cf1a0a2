//! `weir:plugin/reply`: the whole response, lent.

use super::host_fn::HostFn;
use crate::abi::contract::{AllText, Piece};
use crate::exchange::{Exchange, visible, writable_reply_name};
use crate::guest_state::{GuestState, listed, no_request, shown, write};
use bytes::Bytes;
use http::HeaderValue;
use http::header::HeaderName;
use std::sync::Arc;
use weir_component::contract::ReplyFunction;

pub(super) fn link(function: ReplyFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        ReplyFunction::Header => here.text(header),
        ReplyFunction::SetHeader => here.texts(set_header),
        ReplyFunction::Get => here.text(get),
        ReplyFunction::Set => here.texts(set),
        ReplyFunction::Texts => here.asked(texts),
        ReplyFunction::SetText => here.number_text(set_text),
        ReplyFunction::Body => here.asked(body),
        ReplyFunction::SetBody => here.bytes(set_body),
        ReplyFunction::Pieces => here.asked(pieces),
        ReplyFunction::SetPiece => here.number_text(set_piece),
        ReplyFunction::AllText => here.asked(all_text),
        ReplyFunction::PiecePointer => here.number(piece_pointer),
    }
}

type Written = wasmtime::Result<Result<(), String>>;

fn header(host: &mut GuestState, name: &str) -> wasmtime::Result<Option<String>> {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return Ok(None) };
    let reply = host.exchange().and_then(|x| x.reply_side()).filter(|_| visible(name.as_str()));
    Ok(reply.and_then(|r| r.headers().get(&name).and_then(|v| v.to_str().ok().map(str::to_owned))))
}

fn set_header(host: &mut GuestState, name: &str, value: &str) -> Written {
    let name = writable_reply_name(name);
    let value = HeaderValue::from_str(value).map_err(|_| "not a header value".to_owned());
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    Ok(name.and_then(|name| exchange.set_reply_header(name, value?)))
}

fn get(host: &mut GuestState, pointer: &str) -> wasmtime::Result<Option<String>> {
    let reply = host.exchange().and_then(|x| x.reply_side());
    Ok(reply.and_then(|r| r.body.get(pointer).ok().flatten()))
}

fn set(host: &mut GuestState, pointer: &str, value: &str) -> Written {
    let room = write(host, value.len());
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    Ok(room.and_then(|()| exchange.reply_body()).and_then(|body| body.set(pointer, value).map_err(|e| e.to_string())))
}

fn texts(host: &mut GuestState) -> wasmtime::Result<Vec<String>> {
    let reply = host.exchange().and_then(|x| x.reply_side());
    let texts = reply.and_then(|r| r.body.texts().ok()).unwrap_or_default();
    Ok(texts.into_iter().map(|t| t.text).collect())
}

fn set_text(host: &mut GuestState, index: u32, text: &str) -> Written {
    let room = write(host, text.len());
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    Ok(room.and_then(|()| exchange.reply_body()).and_then(|body| body.set_text(index, text).map_err(|e| e.to_string())))
}

fn body(host: &mut GuestState) -> wasmtime::Result<Bytes> {
    let reply = host.exchange().and_then(|x| x.reply_side());
    Ok(reply.and_then(|r| r.body.bytes().ok()).unwrap_or_default())
}

fn set_body(host: &mut GuestState, body: Bytes) -> Written {
    let room = write(host, body.len());
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    Ok(room.and_then(|()| exchange.reply_body()).and_then(|old| old.replace(body).map_err(|e| e.to_string())))
}

fn pieces(host: &mut GuestState) -> wasmtime::Result<Arc<[Piece]>> {
    let pieces = host.exchange().and_then(Exchange::reply_pieces).map(|pieces| Ok(listed(&[pieces?])));
    shown(host, pieces)
}

fn all_text(host: &mut GuestState) -> wasmtime::Result<AllText> {
    let all = host.exchange().and_then(Exchange::reply_all_text);
    shown(host, all)
}

fn piece_pointer(host: &mut GuestState, index: u32) -> wasmtime::Result<Option<String>> {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let pointer = host.exchange().and_then(|x| x.reply_side()).map(|reply| reply.body.pointer(index));
    shown(host, pointer)
}

fn set_piece(host: &mut GuestState, index: u32, text: &str) -> Written {
    let room = write(host, text.len());
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    Ok(room
        .and_then(|()| exchange.reply_body())
        .and_then(|body| body.set_piece(index, text).map_err(|e| e.to_string())))
}

//! `weir:plugin/events`: the events of the call at hand, lent.

use super::host_fn::HostFn;
use crate::abi::contract::{AllText, Piece};
use crate::exchange::CallEvents;
use crate::guest_state::{GuestState, listed, no_request, shown, write};
use std::sync::Arc;
use weir_component::contract::EventsFunction;

pub(super) fn link(function: EventsFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        EventsFunction::Plain => here.truth(|host| told(host, CallEvents::is_plain)),
        EventsFunction::Finished => here.truth(|host| told(host, CallEvents::is_finished)),
        EventsFunction::Data => here.number(data),
        EventsFunction::Pieces => here.asked(pieces),
        EventsFunction::SetPiece => here.number_text(set_piece),
        EventsFunction::AllText => here.asked(all_text),
        EventsFunction::PiecePointer => here.number(piece_pointer),
    }
}

fn told(host: &mut GuestState, what: fn(&CallEvents) -> bool) -> bool {
    host.exchange().is_some_and(|x| what(&x.events))
}

fn data(host: &mut GuestState, index: u32) -> wasmtime::Result<Option<String>> {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let data = host.exchange().and_then(|x| x.events.data(index));
    Ok(data.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn pieces(host: &mut GuestState) -> wasmtime::Result<Arc<[Piece]>> {
    let pieces = host.exchange().map(|x| Ok(listed(&x.events.pieces()?)));
    shown(host, pieces)
}

fn all_text(host: &mut GuestState) -> wasmtime::Result<AllText> {
    let all = host.exchange().map(|x| Ok(AllText::of(&x.events.pieces()?)));
    shown(host, all)
}

fn piece_pointer(host: &mut GuestState, index: u32) -> wasmtime::Result<Option<String>> {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let pointer = host.exchange().map(|x| x.events.pointer(index));
    shown(host, pointer)
}

fn set_piece(host: &mut GuestState, index: u32, text: &str) -> wasmtime::Result<Result<(), String>> {
    let room = write(host, text.len());
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    Ok(room.and_then(|()| exchange.events_mut()?.set_piece(index, text).map_err(|e| e.to_string())))
}

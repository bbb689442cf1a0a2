//! `events`: the events of the call.

use super::super::hook::Hook;
use super::super::pieces::{self, Shape};
use super::super::state::{Message, State, call, write};
use super::{put_piece, tell_pieces};
use crate::{JoinedText, Piece};

pub(crate) fn data(index: u32) -> Option<String> {
    let index = usize::try_from(index).ok()?;
    let data = |event: &Message| String::from_utf8_lossy(&event.body).into_owned();
    call(|state| if state.hook == Hook::Event { state.events.get(index).map(data) } else { None }).flatten()
}

pub(crate) fn plain() -> bool {
    let is_content = |piece: &Piece| piece.pointer == "/choices/0/delta/content";
    let plain = |state: &mut State| {
        let all = state.events.iter().filter_map(Message::document);
        all.flat_map(|document| pieces::of(&document, Shape::Event)).all(|(piece, _)| is_content(&piece))
    };
    call(plain).unwrap_or(true)
}

pub(crate) fn finished() -> bool {
    call(|state| state.finished).unwrap_or(false)
}

pub(crate) fn pieces() -> Vec<Piece> {
    let tell = |events: &mut Vec<Message>| {
        let of = |(number, event): (u32, &mut Message)| {
            tell_pieces(event, Shape::Event).into_iter().map(move |piece| Piece { event: number, ..piece })
        };
        (0..).zip(events).flat_map(of).collect()
    };
    call(|state| if state.hook == Hook::Event { tell(&mut state.events) } else { Vec::new() }).unwrap_or_default()
}

pub(crate) fn all_text() -> JoinedText {
    pieces::joined(&pieces())
}

pub(crate) fn piece_pointer(index: u32) -> Option<String> {
    let index = usize::try_from(index).ok()?;
    let told = |state: &mut State| {
        let all = state.events.iter().flat_map(|event| &event.pieces);
        all.map(|(piece, _)| piece.pointer.clone()).nth(index)
    };
    call(|state| if state.hook == Hook::Event { told(state) } else { None })?
}

pub(crate) fn set_piece(index: u32, text: &str) -> Result<(), String> {
    write(format!("events.set-piece {index}"), |state| {
        if state.hook != Hook::Event {
            return Err(format!("events cannot be written in the hook {:?}", state.hook));
        }
        let mut left = index;
        for event in &mut state.events {
            let count = u32::try_from(event.pieces.len()).unwrap_or(u32::MAX);
            match left.checked_sub(count) {
                Some(rest) => left = rest,
                None => return put_piece(event, Shape::Event, left, text),
            }
        }
        Err(format!("there is no piece {index}"))
    })
}

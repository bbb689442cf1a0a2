//! `reply`: the whole answer.

use super::super::document;
use super::super::headers::put_reply_header;
use super::super::hook::Hook;
use super::super::pieces::{self, Shape};
use super::super::state::{State, call, write};
use super::{edit, pointer_to, put_piece, put_text, tell_pieces};
use crate::{JoinedText, Piece};

fn writable(state: &State) -> Result<(), String> {
    match state.hook {
        Hook::Response => Ok(()),
        hook => Err(format!("the reply cannot be written in the hook {hook:?}")),
    }
}

fn reading<T>(look: impl FnOnce(&State) -> Option<T>) -> Option<T> {
    call(|state| if state.hook == Hook::Response { look(state) } else { None }).flatten()
}

pub(crate) fn header(name: &str) -> Option<String> {
    reading(|state| state.reply.any_header(name))
}

pub(crate) fn set_header(name: &str, value: &str) -> Result<(), String> {
    write(format!("reply.set-header {name}"), |state| {
        writable(state)?;
        put_reply_header(&mut state.reply, name, value)
    })
}

pub(crate) fn get(pointer: &str) -> Option<String> {
    reading(|state| Some(state.reply.document()?.pointer(pointer)?.to_string()))
}

pub(crate) fn set(pointer: &str, value: &str) -> Result<(), String> {
    write(format!("reply.set {pointer}"), |state| {
        writable(state)?;
        edit(&mut state.reply, |document| document::set(document, pointer, value))
    })
}

pub(crate) fn texts() -> Vec<String> {
    let document = reading(|state| state.reply.document());
    let found = document.as_ref().map(document::reply_texts).unwrap_or_default();
    found.into_iter().map(|(_, _, text)| text).collect()
}

pub(crate) fn set_text(index: u32, text: &str) -> Result<(), String> {
    write(format!("reply.set-text {index}"), |state| {
        writable(state)?;
        edit(&mut state.reply, |document| {
            let texts = document::reply_texts(document);
            put_text(document, &texts, index, text)
        })
    })
}

pub(crate) fn pieces() -> Vec<Piece> {
    let tell = |state: &mut State| match state.hook {
        Hook::Response => tell_pieces(&mut state.reply, Shape::Answer),
        _ => Vec::new(),
    };
    call(tell).unwrap_or_default()
}

pub(crate) fn all_text() -> JoinedText {
    pieces::joined(&pieces())
}

pub(crate) fn piece_pointer(index: u32) -> Option<String> {
    let index = usize::try_from(index).ok()?;
    let pointer = |state: &mut State| match state.hook {
        Hook::Response => pointer_to(&mut state.reply, Shape::Answer, index),
        _ => None,
    };
    call(pointer)?
}

pub(crate) fn set_piece(index: u32, text: &str) -> Result<(), String> {
    write(format!("reply.set-piece {index}"), |state| {
        writable(state)?;
        put_piece(&mut state.reply, Shape::Answer, index, text)
    })
}

pub(crate) fn body() -> Vec<u8> {
    reading(|state| Some(state.reply.body.clone())).unwrap_or_default()
}

pub(crate) fn set_body(body: &[u8]) -> Result<(), String> {
    write("reply.set-body".to_owned(), |state| {
        writable(state)?;
        document::open(body)?;
        state.reply.body = body.to_vec();
        Ok(())
    })
}

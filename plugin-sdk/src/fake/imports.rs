//! The lent interfaces and the capabilities, with the signatures that `wit-bindgen` gives the real ones.

pub(crate) mod counters;
pub(crate) mod events;
pub(crate) mod kv;
pub(crate) mod log;
pub(crate) mod notes;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod upstream;

use super::document::{self, Value};
use super::pieces::{self, Shape};
use super::state::Message;
use crate::Piece;

fn edit<T>(message: &mut Message, act: impl FnOnce(&mut Value) -> Result<T, String>) -> Result<T, String> {
    let mut document = document::open(&message.body)?;
    let done = act(&mut document)?;
    message.body = document.to_string().into_bytes();
    Ok(done)
}

fn put_text(document: &mut Value, texts: &[(String, String, String)], index: u32, text: &str) -> Result<(), String> {
    let at = usize::try_from(index).ok().and_then(|index| texts.get(index));
    match at.and_then(|(_, pointer, _)| document.pointer_mut(pointer)) {
        Some(place) => {
            *place = Value::String(text.to_owned());
            Ok(())
        }
        None => Err(format!("there is no text {index}")),
    }
}

/// The pieces of a message, which are told and remembered.
fn tell_pieces(message: &mut Message, shape: Shape) -> Vec<Piece> {
    message.pieces = message.document().map(|document| pieces::of(&document, shape)).unwrap_or_default();
    message.pieces.iter().map(|(piece, _)| piece.clone()).collect()
}

/// The pointer to a piece, by its index among those that were told last.
fn pointer_to(message: &mut Message, shape: Shape, index: usize) -> Option<String> {
    if message.pieces.is_empty() {
        tell_pieces(message, shape);
    }
    message.pieces.get(index).map(|(piece, _)| piece.pointer.clone())
}

/// Replaces a piece, by its index among those that were told last.
fn put_piece(message: &mut Message, shape: Shape, index: u32, text: &str) -> Result<(), String> {
    if message.pieces.is_empty() {
        tell_pieces(message, shape);
    }
    let at = usize::try_from(index).ok().and_then(|index| message.pieces.get(index)).cloned();
    edit(message, |document| match at.is_some_and(|piece| pieces::put(document, &piece, text)) {
        true => Ok(()),
        false => Err(format!("there is no piece {index} that can be changed")),
    })
}

//! How a piece is changed.

use super::super::document::Value;
use super::parts::Spot;
use crate::Piece;

/// Changes a piece; says whether it was there.
pub(in super::super) fn put(document: &mut Value, (piece, spot): &(Piece, Spot), text: &str) -> bool {
    let there = match spot {
        Spot::Value => document.pointer_mut(&piece.pointer).map(|place| *place = Value::String(text.to_owned())),
        Spot::Tokens(list) => {
            take(document, list);
            Some(())
        }
        Spot::Name(name) => document.pointer_mut(&piece.pointer).and_then(Value::as_object_mut).and_then(|members| {
            let value = members.remove(name)?;
            members.insert(text.to_owned(), value);
            Some(())
        }),
    };
    // What repeats the text of a choice goes with it.
    let tokens: Vec<&str> = piece.pointer.split('/').collect();
    if let ["", "choices", choice, within, ..] = tokens[..]
        && !["index", "finish_reason", "logprobs"].contains(&within)
    {
        let tokens = format!("/choices/{choice}/logprobs");
        take(document, &tokens);
    }
    there.is_some()
}

/// Puts null in the place of what is there.
fn take(document: &mut Value, pointer: &str) {
    if let Some(value) = document.pointer_mut(pointer) {
        *value = Value::Null;
    }
}

//! `request`: the client's request.

use super::super::document;
use super::super::headers::{is_credential, put_header};
use super::super::hook::Hook;
use super::super::pieces::{self, Shape};
use super::super::state::{State, call, write};
use super::{edit, pointer_to, put_piece, put_text, tell_pieces};
use crate::request::Text;
use crate::{JoinedText, Piece};

fn shape(state: &State) -> Shape {
    if state.dialect == "openai.embeddings" { Shape::Embeddings } else { Shape::Chat }
}

fn writable(state: &State) -> Result<(), String> {
    match state.hook {
        Hook::Policy | Hook::UpstreamRequest => Ok(()),
        hook => Err(format!("the request cannot be written in the hook {hook:?}")),
    }
}

pub(crate) fn tenant() -> String {
    call(|state| state.tenant.clone()).unwrap_or_default()
}

pub(crate) fn id() -> String {
    call(|state| state.id.clone()).unwrap_or_default()
}

pub(crate) fn model() -> String {
    call(|state| state.model()).unwrap_or_default()
}

pub(crate) fn dialect() -> String {
    call(|state| state.dialect.clone()).unwrap_or_default()
}

pub(crate) fn header(name: &str) -> Option<String> {
    if is_credential(name) {
        return None;
    }
    call(|state| state.request.any_header(name)).flatten()
}

pub(crate) fn headers() -> Vec<(String, String)> {
    let all = call(|state| state.request.headers.clone()).unwrap_or_default();
    all.into_iter().filter(|(name, _)| !is_credential(name)).collect()
}

pub(crate) fn set_header(name: &str, value: &str) -> Result<(), String> {
    write(format!("request.set-header {name}"), |state| {
        writable(state)?;
        put_header(&mut state.request, name, Some(value))
    })
}

pub(crate) fn remove_header(name: &str) -> Result<(), String> {
    write(format!("request.remove-header {name}"), |state| {
        writable(state)?;
        put_header(&mut state.request, name, None)
    })
}

pub(crate) fn get(pointer: &str) -> Option<String> {
    call(|state| Some(state.request.document()?.pointer(pointer)?.to_string())).flatten()
}

pub(crate) fn set(pointer: &str, value: &str) -> Result<(), String> {
    write(format!("request.set {pointer}"), |state| {
        writable(state)?;
        edit(&mut state.request, |document| document::set(document, pointer, value))
    })
}

pub(crate) fn remove(pointer: &str) -> Result<bool, String> {
    write(format!("request.remove {pointer}"), |state| {
        writable(state)?;
        edit(&mut state.request, |document| document::remove(document, pointer))
    })
}

pub(crate) fn texts() -> Vec<Text> {
    let document = call(|state| state.request.document()).flatten();
    let found = document.as_ref().map(document::request_texts).unwrap_or_default();
    found.into_iter().map(|(role, _, text)| Text { role, text }).collect()
}

pub(crate) fn set_text(index: u32, text: &str) -> Result<(), String> {
    write(format!("request.set-text {index}"), |state| {
        writable(state)?;
        edit(&mut state.request, |document| {
            let texts = document::request_texts(document);
            put_text(document, &texts, index, text)
        })
    })
}

pub(crate) fn pieces() -> Vec<Piece> {
    call(|state| {
        let shape = shape(state);
        tell_pieces(&mut state.request, shape)
    })
    .unwrap_or_default()
}

pub(crate) fn all_text() -> JoinedText {
    pieces::joined(&pieces())
}

pub(crate) fn piece_pointer(index: u32) -> Option<String> {
    let index = usize::try_from(index).ok()?;
    call(|state| {
        let shape = shape(state);
        pointer_to(&mut state.request, shape, index)
    })?
}

pub(crate) fn set_piece(index: u32, text: &str) -> Result<(), String> {
    write(format!("request.set-piece {index}"), |state| {
        writable(state)?;
        let shape = shape(state);
        put_piece(&mut state.request, shape, index, text)
    })
}

pub(crate) fn body() -> Vec<u8> {
    call(|state| state.request.body.clone()).unwrap_or_default()
}

pub(crate) fn set_body(body: &[u8]) -> Result<(), String> {
    write("request.set-body".to_owned(), |state| {
        writable(state)?;
        document::open(body)?;
        state.request.body = body.to_vec();
        Ok(())
    })
}

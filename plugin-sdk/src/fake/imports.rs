//! The lent interfaces and the capabilities, with the signatures that `wit-bindgen` gives the real ones.

use super::Hook;
use super::document::{self, Value};
use super::headers::{is_credential, put_header, put_reply_header};
use super::pieces::{self, Shape};
use super::state::{Message, State, call, write};
use crate::Piece;

const NOTES: usize = 16;
const NOTES_BYTES: usize = 16 * 1024;

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

pub(crate) mod request {
    use super::{
        Hook, Shape, State, call, document, edit, is_credential, pieces, pointer_to, put_header, put_piece, put_text,
        tell_pieces, write,
    };
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
}

pub(crate) mod upstream {
    use super::call;

    pub(crate) fn provider() -> String {
        call(|state| state.provider.clone()).unwrap_or_default()
    }

    pub(crate) fn model() -> String {
        call(|state| state.upstream_model.clone()).unwrap_or_default()
    }
}

pub(crate) mod reply {
    use super::{
        Hook, Shape, State, call, document, edit, pieces, pointer_to, put_piece, put_reply_header, put_text,
        tell_pieces, write,
    };
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
}

pub(crate) mod events {
    use super::{Hook, Message, Shape, State, call, pieces, put_piece, tell_pieces, write};
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
}

pub(crate) mod notes {
    use super::{NOTES, NOTES_BYTES, call, write};

    pub(crate) fn get(key: &str) -> Option<Vec<u8>> {
        call(|state| state.notes.get(key).cloned()).flatten()
    }

    pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), String> {
        write(format!("notes.set {key}"), |state| {
            let others = state.notes.iter().filter(|(have, _)| *have != key);
            let (count, bytes) = others.fold((1, key.len() + value.len()), |(count, bytes), (key, value)| {
                (count + 1, bytes + key.len() + value.len())
            });
            if count > NOTES || bytes > NOTES_BYTES {
                return Err("more than 16 notes or 16 KiB of them".to_owned());
            }
            state.notes.insert(key.to_owned(), value.to_vec());
            Ok(())
        })
    }
}

pub(crate) mod log {
    use super::call;
    use crate::log::Level;

    pub(crate) fn write(level: Level, message: &str) {
        let line = message.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] });
        call(|state| state.logs.push((level, line.collect())));
    }
}

pub(crate) mod counters {
    use super::call;

    pub(crate) fn add(name: &str, value: u64) {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let fits = (1..=64).contains(&name.len()) && name.bytes().all(allowed);
        let name = if fits { name } else { "other" };
        call(|state| {
            let sum = state.counters.entry(name.to_owned()).or_insert(0);
            *sum = sum.saturating_add(value);
        });
    }
}

pub(crate) mod kv {
    use super::{State, call, write};

    fn until(state: &State, ttl_ms: u64) -> u64 {
        if ttl_ms == 0 { u64::MAX } else { state.now.saturating_add(ttl_ms) }
    }

    pub(crate) fn get(key: &str) -> Option<Vec<u8>> {
        call(|state| state.live(key)).flatten()
    }

    pub(crate) fn set(key: &str, value: &[u8], ttl_ms: u64) -> Result<(), String> {
        write(format!("kv.set {key}"), |state| {
            let until = until(state, ttl_ms);
            state.kv.insert(key.to_owned(), (value.to_vec(), until));
            Ok(())
        })
    }

    pub(crate) fn increment(key: &str, by: i64, ttl_ms: u64) -> Result<i64, String> {
        write(format!("kv.increment {key}"), |state| {
            let (old, until) = match state.live(key) {
                None => (0, until(state, ttl_ms)),
                Some(bytes) => {
                    let bytes = <[u8; 8]>::try_from(bytes).map_err(|_| format!("`{key}` does not hold a number"))?;
                    (i64::from_le_bytes(bytes), state.kv.get(key).map_or(u64::MAX, |(_, until)| *until))
                }
            };
            let sum = old.saturating_add(by);
            state.kv.insert(key.to_owned(), (sum.to_le_bytes().to_vec(), until));
            Ok(sum)
        })
    }

    pub(crate) fn delete(key: &str) -> bool {
        call(|state| {
            let was = state.live(key).is_some();
            state.kv.remove(key);
            was
        })
        .unwrap_or(false)
    }
}

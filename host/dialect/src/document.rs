//! A body that plugins look into and change.
//!
//! Reading never builds a tree: it walks the bytes. A change opens only the containers on the way to it
//! ([`tree`]), so that whatever nobody changed keeps its very bytes: numbers, escapes, order, unknown members.

mod change;
mod error;
mod pieces;
mod pointer;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
mod texts;
mod tree;

pub use error::EditError;
pub use pieces::{Pieces, TextPiece, TextPieceKind, Voice};
pub use texts::BodyText;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use weir_http::json::{self, Cursor, JsonKind, JsonSyntaxError, Span};

use crate::DialectCall;
use crate::readable::{self, Unreadable};
use texts::{BodyShape, TextSpot};
use tree::Node;

/// The body of a request or of a whole response, or the data of an event of a stream, which can be read and edited by RFC
/// 6901 pointers, as texts and as pieces.
///
/// Unchanged, it is the bytes that it was made of. Changed, it is written once when asked for, however many changes
/// there were.
#[derive(Clone)]
pub struct Document {
    shape: BodyShape,
    /// What it was made of, or was written as last.
    body: Bytes,
    /// `body` is known to be a JSON object.
    checked: bool,
    /// Opened when something is changed.
    tree: Option<Node>,
    /// The tree says other than `body`.
    dirty: bool,
    /// How many times it was changed.
    changes: u64,
    /// How many of these took the tokens of `logprobs` away and nothing else.
    token_changes: u64,
    /// Where the texts stand; forgotten when the structure may have changed.
    spots: Option<Vec<TextSpot>>,
    /// Everything in it can be shown; forgotten when the structure may have changed.
    readable: bool,
    /// The pieces as they were told last, after so many changes; forgotten likewise.
    pieces: Option<(u64, Arc<Pieces>)>,
}

impl Document {
    /// The body of a request. It is not looked at before it is asked for something.
    pub fn request(call: DialectCall, body: Bytes) -> Self {
        Self::new(BodyShape::request(call), body)
    }

    /// The body of a request that a [reader](DialectCall::read_request) has accepted: it is not checked a second time.
    pub fn accepted(call: DialectCall, body: Bytes) -> Self {
        Self { checked: true, readable: true, ..Self::request(call, body) }
    }

    /// The body of a whole response. It is not looked at before it is asked for something, and need not be JSON.
    pub fn response(call: DialectCall, body: Bytes) -> Self {
        Self::new(BodyShape::response(call), body)
    }

    /// What an upstream says against a request in place of an answer. It is not looked at before it is asked for something, and
    /// need not be JSON.
    pub fn error(call: DialectCall, body: Bytes) -> Self {
        Self::new(BodyShape::Error(call), body)
    }

    /// The data of an event of a streamed chat. It is not looked at before it is asked for something, and need not be JSON.
    pub fn event(data: Bytes) -> Self {
        Self::new(BodyShape::Chunk, data)
    }

    fn new(shape: BodyShape, body: Bytes) -> Self {
        Self {
            shape,
            body,
            checked: false,
            tree: None,
            dirty: false,
            changes: 0,
            token_changes: 0,
            spots: None,
            readable: false,
            pieces: None,
        }
    }

    /// Makes sure that all of a whole response can be shown that a client will read, once for each structure that it has
    /// had. What cannot be shown must not be taken for what has no text: [`texts`](Self::texts) of the one and of the other
    /// may both be empty.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn readable(&mut self) -> Result<(), Unreadable> {
        if !self.readable {
            let body = self.bytes().map_err(|_| Unreadable::Form("a body that cannot be written"))?;
            readable::whole(&body)?;
            self.checked = true;
            // Too much of it to be shown is told to who asks for it.
            if self.shape == BodyShape::ChatResponse
                && let Err(EditError::Unshowable { what }) = self.pieces()
            {
                return Err(Unreadable::Form(what));
            }
            self.readable = true;
        }
        Ok(())
    }

    /// The same, where it is known from elsewhere that all of it can be shown.
    #[must_use]
    pub fn known_readable(self) -> Self {
        Self { checked: true, readable: true, ..self }
    }

    /// What was called, with this or for this.
    pub fn call(&self) -> DialectCall {
        self.shape.call()
    }

    /// Length in bytes as it was given, replaced, or last written by [`bytes`](Self::bytes); edits since do not count.
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// Whether it was given without a byte.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// The JSON text of the value at a pointer; none if nothing is there. The empty pointer is the whole document.
    ///
    /// # Errors
    /// [`EditError::BadPointer`], [`EditError::NotJson`].
    pub fn get(&mut self, pointer: &str) -> Result<Option<String>, EditError> {
        let tokens = pointer::parse(pointer)?;
        self.check()?;
        let found = match &self.tree {
            Some(tree) => tree.find(&tokens)?,
            None => Node::Raw(self.body.clone()).find(&tokens)?,
        };
        // What was checked is UTF-8, and so is every value within it.
        Ok(found.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Puts a value, given as JSON text, at a pointer. Its parent must exist; a member is replaced or added at the end,
    /// an element replaced, and `-` appends to an array. At the empty pointer it replaces the document and must be an
    /// object.
    ///
    /// # Errors
    /// [`EditError::BadPointer`], [`EditError::BadValue`], [`EditError::NoParent`], [`EditError::NoElement`],
    /// [`EditError::TooManyEntries`], [`EditError::RootNotObject`], [`EditError::NotJson`]. Nothing is changed then.
    pub fn set(&mut self, pointer: &str, json: &str) -> Result<(), EditError> {
        let tokens = pointer::parse(pointer)?;
        let depth = u32::try_from(tokens.len()).unwrap_or(u32::MAX);
        let kind = kind_of(json.as_bytes(), depth).map_err(EditError::BadValue)?;
        let value = Bytes::copy_from_slice(json.trim_ascii().as_bytes());
        if tokens.is_empty() {
            if kind != JsonKind::Object {
                return Err(EditError::RootNotObject);
            }
            self.put_body(value);
            return Ok(());
        }
        self.open()?.put(pointer, &tokens, Node::Raw(value))?;
        self.readable = false;
        self.restructured(&tokens)
    }

    /// Takes away the value at a pointer, and answers whether it was there. Later elements of an array move up.
    ///
    /// # Errors
    /// [`EditError::BadPointer`], [`EditError::RemoveRoot`] for the empty pointer, [`EditError::TooManyEntries`],
    /// [`EditError::NotJson`].
    pub fn remove(&mut self, pointer: &str) -> Result<bool, EditError> {
        let tokens = pointer::parse(pointer)?;
        if tokens.is_empty() {
            return Err(EditError::RemoveRoot);
        }
        if self.get(pointer)?.is_none() {
            return Ok(false);
        }
        let removed = self.open()?.take(&tokens)?;
        if removed {
            self.readable = false;
            self.restructured(&tokens)?;
        }
        Ok(removed)
    }

    /// The texts of messages in order. In a chat request: each message's `content`, or each of its parts of type `text`;
    /// in a request for embeddings: each string of `input`; in a chat response: the same of each choice's `message`. What
    /// is null or not text has no entry. Half a surrogate pair shows as U+FFFD. [`pieces`](Self::pieces) are all texts.
    ///
    /// # Errors
    /// [`EditError::NotJson`].
    pub fn texts(&mut self) -> Result<Vec<BodyText>, EditError> {
        let body = self.bytes()?;
        let (texts, spots) = texts::collect(self.shape, self.cursor(&body)?, &body)?;
        self.checked = true;
        self.spots = Some(spots);
        Ok(texts)
    }

    /// Replaces one piece of text, by its index in [`texts`](Self::texts).
    ///
    /// # Errors
    /// [`EditError::NoText`] if there is none of that index, [`EditError::TooManyEntries`], [`EditError::NotJson`].
    pub fn set_text(&mut self, index: usize, text: &str) -> Result<(), EditError> {
        if self.spots.is_none() {
            self.texts()?;
        }
        let spots = self.spots.as_deref().unwrap_or_default();
        let spot = *spots.get(index).ok_or(EditError::NoText { index, count: spots.len() })?;
        let tokens = spot.tokens();
        self.open()?.put("", &tokens, quoted(text))?;
        self.touched();
        self.forget_tokens(&tokens)
    }

    /// Replaces the whole body, which must be a JSON object.
    ///
    /// # Errors
    /// [`EditError::BadValue`] if it is not JSON, [`EditError::RootNotObject`]. Nothing is changed then.
    pub fn replace(&mut self, body: Bytes) -> Result<(), EditError> {
        if kind_of(&body, 0).map_err(EditError::BadValue)? != JsonKind::Object {
            return Err(EditError::RootNotObject);
        }
        if self.dirty || body != self.body {
            self.put_body(body);
        }
        Ok(())
    }

    /// Whether anything was changed since it was made.
    pub fn is_changed(&self) -> bool {
        self.changes > 0
    }

    /// Whether anything but the tokens of `logprobs` was: what they repeat is not what it was, then.
    pub fn says_otherwise(&self) -> bool {
        self.changes > self.token_changes
    }

    /// How many times it was changed since it was made: what was read of it stands until this is another number.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The body as it is now: the bytes it was made of, shared, if nothing was changed; else written once and kept.
    ///
    /// # Errors
    /// None today: an edit that would not leave a JSON object was refused when it was made.
    pub fn bytes(&mut self) -> Result<Bytes, EditError> {
        if self.dirty
            && let Some(tree) = &self.tree
        {
            let mut out = Vec::with_capacity(self.body.len() + 256);
            tree.write(&mut out);
            self.body = Bytes::from(out);
            self.dirty = false;
        }
        Ok(self.body.clone())
    }

    /// A cursor at the beginning. A body that was not checked yet is checked as the cursor goes.
    fn cursor<'a>(&self, body: &'a Bytes) -> Result<Cursor<'a>, EditError> {
        match self.checked {
            true => Ok(Cursor::within(body, Span { start: 0, end: body.len() })),
            false => Cursor::new(body).map_err(EditError::NotJson),
        }
    }

    /// Checks once that the body is a JSON object.
    fn check(&mut self) -> Result<(), EditError> {
        if !self.checked {
            json::members(&self.body, |_, _, _| ()).map_err(EditError::NotJson)?;
            self.checked = true;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<&mut Node, EditError> {
        self.check()?;
        let body = &self.body;
        Ok(self.tree.get_or_insert_with(|| Node::Raw(body.clone())))
    }

    fn touched(&mut self) {
        self.dirty = true;
        self.changes += 1;
    }

    fn put_body(&mut self, body: Bytes) {
        self.body = body;
        self.checked = true;
        self.tree = None;
        self.dirty = false;
        self.changes += 1;
        self.readable = false;
        (self.spots, self.pieces) = (None, None);
    }
}

/// A text as JSON.
fn quoted(text: &str) -> Node {
    let mut quoted = Vec::with_capacity(json::escaped_len(text));
    json::escape_into(&mut quoted, text);
    Node::Raw(Bytes::from(quoted))
}

/// Shows sizes and states, never the content: prompts are nobody's business but the tenant's.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("shape", &self.shape)
            .field("len", &self.body.len())
            .field("changes", &self.changes)
            .finish_non_exhaustive()
    }
}

/// Checks that a text is one JSON value that may stand so deep in a document, and answers of which kind.
fn kind_of(text: &[u8], depth: u32) -> Result<JsonKind, JsonSyntaxError> {
    let mut cursor = Cursor::new(text)?.at_depth(depth);
    let (_, kind) = cursor.skip()?;
    cursor.finish()?;
    Ok(kind)
}

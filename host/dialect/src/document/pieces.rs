//! Every piece of text in a body, wherever it stands: one walk for requests, whole answers and the events of streams.
//!
//! There is no list of places where text may be. Every string is a piece, and [`rules`] names what is known to be none.

mod encoded;
mod found;
mod list;
mod opaque;
mod rules;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
mod tokens;

pub(super) use encoded::write as as_file;
pub(super) use found::PieceSpot;
pub use found::{Pieces, TextPiece, TextPieceKind, Voice};

use std::borrow::Cow;

use weir_http::json::{self, Cursor, JsonKind, MemberName, Span, Token};

use super::EditError;
use super::texts::BodyShape;
use list::List;
use rules::{Area, BodyArea, NonTextRule};

/// All pieces of a body and where they stand, in order, in one pass of a cursor at its beginning: if the body was not
/// checked before, it is then. Of members of one name each is shown, whichever of them a reader takes.
pub(super) fn collect(shape: BodyShape, cursor: Cursor<'_>, body: &[u8]) -> Result<Pieces, EditError> {
    let mut walk = Walk { body, cursor, list: List::default(), shape, said: None, index: None };
    walk.cursor.enter_object()?;
    walk.members(Area::body(shape))?;
    walk.cursor.finish()?;
    Ok(walk.list.finish())
}

struct Walk<'a> {
    body: &'a [u8],
    cursor: Cursor<'a>,
    list: List<'a>,
    shape: BodyShape,
    /// The `role` of the object at hand, where it is a message.
    said: Option<Span>,
    /// The `index` of the object at hand, where it is a choice or a tool call.
    index: Option<u32>,
}

/// The name of a member, escapes resolved.
fn name_of<'a>(key: &MemberName<'a>) -> Cow<'a, [u8]> {
    if !key.is_escaped() {
        return Cow::Borrowed(key.raw());
    }
    match key.lossy() {
        Cow::Borrowed(name) => Cow::Borrowed(name.as_bytes()),
        Cow::Owned(name) => Cow::Owned(name.into_bytes()),
    }
}

impl<'a> Walk<'a> {
    /// Takes the value that the cursor is at, which is of this kind and no scalar but a string.
    fn value(&mut self, area: Area, kind: JsonKind) -> Result<(), EditError> {
        if area.place == BodyArea::Logprobs {
            return self.tokens();
        }
        match kind {
            JsonKind::String => {
                let token = self.cursor.text()?;
                self.string(area, token)
            }
            JsonKind::Array => {
                self.cursor.enter_array()?;
                self.elements(area)
            }
            JsonKind::Object => {
                self.cursor.enter_object()?;
                self.object(area.opened(), 0)
            }
            JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
                self.cursor.skip()?;
                Ok(())
            }
        }
    }

    fn elements(&mut self, area: Area) -> Result<(), EditError> {
        let mut index = 0;
        while self.cursor.next_element()? {
            match self.cursor.kind()? {
                // An embedding has thousands of them, and nobody asks where one stands.
                JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
                    self.cursor.skip()?;
                }
                JsonKind::Object => {
                    self.list.step_index(index);
                    self.cursor.enter_object()?;
                    self.object(area.opened(), index)?;
                    self.list.back();
                }
                kind @ (JsonKind::Array | JsonKind::String) => {
                    self.list.step_index(index);
                    self.value(area, kind)?;
                    self.list.back();
                }
            }
            index += 1;
        }
        Ok(())
    }

    /// The members of an object that was entered, which is the `position`th of its list, and what they say of all of it:
    /// whose it is, which choice, which call.
    fn object(&mut self, area: Area, position: u32) -> Result<(), EditError> {
        let outer = (self.said.take(), self.index.take());
        let first = self.list.len();
        self.members(area)?;
        let index = self.index.take().unwrap_or(position);
        match area.place {
            BodyArea::Message => {
                let role = self.said.map(|span| span.of(self.body));
                self.list.say(first, || role.and_then(Voice::of_token).unwrap_or(self.shape.usual_role()));
            }
            BodyArea::Choice => {
                self.list.say(first, || self.shape.usual_role());
                self.list.choose(first, index);
            }
            BodyArea::Call => self.list.call(first, index),
            BodyArea::Body
            | BodyArea::Offer
            | BodyArea::Names
            | BodyArea::Media
            | BodyArea::Logprobs
            | BodyArea::Error
            | BodyArea::Anything => {}
        }
        (self.said, self.index) = outer;
        Ok(())
    }

    fn members(&mut self, area: Area) -> Result<(), EditError> {
        while let Some(key) = self.cursor.next_key()? {
            match self.cursor.kind()? {
                JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
                    let (span, _) = self.cursor.skip()?;
                    if matches!(area.place, BodyArea::Choice | BodyArea::Call) && key == "index" {
                        self.index = json::unsigned(span.of(self.body)).and_then(|index| u32::try_from(index).ok());
                    }
                }
                kind @ (JsonKind::String | JsonKind::Array | JsonKind::Object) => self.member(area, &key, kind)?,
            }
            // Behind what is in it, so that pointers into it hold while somebody changes these.
            if area.place == BodyArea::Names || !opaque::is_word(key.raw()) {
                self.name(area, &key)?;
            }
        }
        Ok(())
    }

    /// A member that may have text in it.
    fn member(&mut self, area: Area, key: &MemberName<'a>, kind: JsonKind) -> Result<(), EditError> {
        let first = self.list.len();
        let name = name_of(key);
        if area.place == BodyArea::Message && *name == *b"role" {
            self.said = match kind {
                JsonKind::String => Some(self.cursor.clone().skip()?.0),
                _ => None,
            };
        }
        self.list.step(*key);
        self.value(area.member(&name, self.shape), kind)?;
        self.list.back();
        if area.place == BodyArea::Body && *name == *b"input" && self.shape == BodyShape::EmbeddingsRequest {
            self.list.say(first, || Voice::Input);
        }
        Ok(())
    }

    fn string(&mut self, area: Area, token: Token) -> Result<(), EditError> {
        let quoted = token.span.of(self.body);
        let content = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        let hidden = match area.rule {
            NonTextRule::Show => content.is_empty(),
            NonTextRule::Word => opaque::is_word(content),
            NonTextRule::Encoded => opaque::is_encoded(content),
            NonTextRule::Address => opaque::is_address(content),
        };
        if hidden {
            return self.file(quoted);
        }
        // Without escapes it is as it stands.
        let plain = if token.len == content.len() { std::str::from_utf8(content).ok() } else { None };
        match plain {
            Some(text) => self.list.push(area.kind, Cow::Borrowed(text), PieceSpot::Value),
            None => self.list.push(area.kind, json::string_lossy(quoted).unwrap_or_default(), PieceSpot::Value),
        }
    }

    /// A file is no text for us, unless it is one for everybody.
    fn file(&mut self, token: &[u8]) -> Result<(), EditError> {
        let content = token.get(1..).unwrap_or_default();
        let url = opaque::data_url(content).and_then(|_| json::string(token));
        match url.as_deref().and_then(encoded::read) {
            Some((head, text)) if !text.is_empty() => {
                self.list.push(TextPieceKind::Text, text.into(), PieceSpot::File(head.into()))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn name(&mut self, area: Area, key: &MemberName<'a>) -> Result<(), EditError> {
        let name = key.lossy();
        if name.is_empty() {
            return Ok(());
        }
        let kind = if area.kind == TextPieceKind::Description { area.kind } else { TextPieceKind::Other };
        let spot = PieceSpot::Name((&*name).into());
        self.list.push(kind, name, spot)
    }

    /// The tokens of `logprobs`, which repeat the text: each list of them as one piece, and whatever else there is as
    /// another.
    fn tokens(&mut self) -> Result<(), EditError> {
        let depth = self.list.depth();
        if self.cursor.kind()? != JsonKind::Object {
            return self.tokens_of(depth, String::new());
        }
        self.cursor.enter_object()?;
        while let Some(key) = self.cursor.next_key()? {
            self.list.step(key);
            let others = if opaque::is_word(key.raw()) { String::new() } else { key.lossy().into_owned() };
            self.tokens_of(depth, others)?;
            self.list.back();
        }
        Ok(())
    }

    /// One value within `logprobs`, which stand so many steps below the body.
    fn tokens_of(&mut self, depth: usize, mut others: String) -> Result<(), EditError> {
        let (span, kind) = self.cursor.skip()?;
        let mut chosen = String::new();
        if !matches!(kind, JsonKind::Number | JsonKind::Bool | JsonKind::Null) {
            tokens::gather(self.body, span, &mut chosen, &mut others)?;
        }
        for text in [chosen, others] {
            if !text.is_empty() {
                let whole = self.list.pointer_of(depth);
                self.list.push(TextPieceKind::Other, text.into(), PieceSpot::Tokens(whole))?;
            }
        }
        Ok(())
    }
}

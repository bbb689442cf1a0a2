//! Every piece of text in a body, wherever it stands: one walk for requests, whole answers and the events of streams.
//!
//! There is no list of places where text may be. Every string is a piece, and [`rules`] and [`members`] name what is known to
//! be none, and where.

mod encoded;
mod found;
mod list;
mod members;
mod opaque;
mod place;
mod rules;
mod shown;
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
use place::{BodyArea, NumberRule};
use rules::Area;
use shown::ShownText;
use tokens::TokenTexts;

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
                self.elements(area.listed())
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
                JsonKind::Number if area.due || area.has_numbers() => {
                    self.list.step_index(index);
                    self.number(area)?;
                    self.list.back();
                }
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
            BodyArea::Input => self.list.say(first, || Voice::Input),
            _ => {}
        }
        (self.said, self.index) = outer;
        Ok(())
    }

    fn members(&mut self, area: Area) -> Result<(), EditError> {
        let numbers = area.place.numbers();
        while let Some(key) = self.cursor.next_key()? {
            match self.cursor.kind()? {
                JsonKind::Number if numbers != NumberRule::None => self.number_of(area, &key, numbers)?,
                JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
                    self.cursor.skip()?;
                }
                kind @ (JsonKind::String | JsonKind::Array | JsonKind::Object) => self.member(area, &key, kind)?,
            }
            // Behind what is in it, so that pointers into it hold while somebody changes these.
            if !opaque::is_letters(key.raw()) || area.has_own_names() {
                self.name(area, &key)?;
            }
        }
        Ok(())
    }

    /// A member that may have text in it.
    fn member(&mut self, area: Area, key: &MemberName<'a>, kind: JsonKind) -> Result<(), EditError> {
        let name = name_of(key);
        if area.place == BodyArea::Message && *name == *b"role" {
            self.said = match kind {
                JsonKind::String => Some(self.cursor.clone().skip()?.0),
                _ => None,
            };
        }
        let (first, own) = (self.list.len(), area.member(&name));
        self.list.step(*key);
        self.value(own, kind)?;
        self.list.back();
        if own.place == BodyArea::Input {
            self.list.say(first, || Voice::Input);
        }
        Ok(())
    }

    /// A member that is a number.
    fn number_of(&mut self, area: Area, key: &MemberName<'a>, numbers: NumberRule) -> Result<(), EditError> {
        if matches!(area.place, BodyArea::Choice | BodyArea::Call) && *key == "index" {
            let (span, _) = self.cursor.skip()?;
            self.index = json::unsigned(span.of(self.body)).and_then(|index| u32::try_from(index).ok());
            return Ok(());
        }
        let own = area.member(&name_of(key));
        if !(own.due || numbers == NumberRule::Long && own.has_numbers()) {
            self.cursor.skip()?;
            return Ok(());
        }
        self.list.step(*key);
        self.number(own)?;
        self.list.back();
        Ok(())
    }

    /// A number where text may be. In the place of a text it is one to some readers and none to others: of an answer it
    /// cannot be shown, and in a request it is shown as what it is written as. In what is somebody's own a long one is text.
    fn number(&mut self, area: Area) -> Result<(), EditError> {
        let (span, _) = self.cursor.skip()?;
        let token = span.of(self.body);
        if area.due && self.shape.is_answer() {
            return Err(EditError::Unshowable { what: "a number in the place of a text" });
        }
        if area.due || opaque::is_long_number(token) {
            let text = std::str::from_utf8(token).unwrap_or_default();
            self.list.push(area.kind, Cow::Borrowed(text), PieceSpot::Value)?;
        }
        Ok(())
    }

    fn string(&mut self, area: Area, token: Token) -> Result<(), EditError> {
        match shown::shown(area.rule, token.span.of(self.body), token) {
            ShownText::Nothing => Ok(()),
            ShownText::Text(text) => self.list.push(area.kind, text, PieceSpot::Value),
            ShownText::File(head, text) => self.list.push(TextPieceKind::Text, text.into(), PieceSpot::File(head)),
            ShownText::Unreadable => {
                Err(EditError::Unshowable { what: "a file of which cannot be told what text is in it" })
            }
        }
    }

    /// The name of a member that is its author's own, or is no plain one.
    fn name(&mut self, area: Area, key: &MemberName<'a>) -> Result<(), EditError> {
        let name = key.lossy();
        if name.is_empty() || !area.has_own_names() && area.knows(name.as_bytes()) {
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
            return self.tokens_of(depth, TokenTexts::default());
        }
        self.cursor.enter_object()?;
        while let Some(key) = self.cursor.next_key()? {
            self.list.step(key);
            let is_known = tokens::is_known(&key);
            let texts = if is_known { TokenTexts::default() } else { TokenTexts::named(&key.lossy()) };
            self.tokens_of(depth, texts)?;
            self.list.back();
        }
        Ok(())
    }

    /// One value within `logprobs`, which stand so many steps below the body.
    fn tokens_of(&mut self, depth: usize, mut texts: TokenTexts) -> Result<(), EditError> {
        let (span, kind) = self.cursor.skip()?;
        if !matches!(kind, JsonKind::Number | JsonKind::Bool | JsonKind::Null) {
            texts.gather(self.body, span)?;
        }
        for text in texts.finish() {
            if !text.is_empty() {
                let whole = self.list.pointer_of(depth);
                self.list.push(TextPieceKind::Other, text.into(), PieceSpot::Tokens(whole))?;
            }
        }
        Ok(())
    }
}

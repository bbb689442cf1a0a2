//! Every piece of text in a body, wherever it stands: one walk for requests, whole answers and the events of streams.
//!
//! There is no list of places where text may be. Every string is a piece, and [`rules`] names what is known to be none.

mod encoded;
mod list;
mod opaque;
mod rules;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
mod tokens;

pub(super) use encoded::write as as_file;
pub(super) use list::Spot;

use std::sync::Arc;

use weir_http::json::{self, Cursor, Kind, Span};

use super::EditError;
use super::texts::Shape;
use list::List;
use rules::{Area, Place, Rule};

/// What a piece of text is to whoever reads it (`types.piece-kind` in the contract of plugins).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PieceKind {
    /// What is said.
    Text,
    /// What a tool is called with.
    Arguments,
    /// What a tool has answered.
    ToolResult,
    /// What a model thinks before it answers.
    Reasoning,
    /// Why a model does not answer.
    Refusal,
    /// What a model is told of tools and of the form of its answer.
    Description,
    /// Any other text.
    Other,
}

/// A piece of text (`types.piece` in the contract of plugins, which says what each field means).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where it stands (RFC 6901).
    pub pointer: Arc<str>,
    /// What it is.
    pub kind: PieceKind,
    /// Who says it; empty for what stands in no message.
    pub role: Arc<str>,
    /// The choice that it belongs to; 0 in a request.
    pub choice: u32,
    /// The tool call that it belongs to, if it belongs to one.
    pub call: Option<u32>,
    /// The text, escapes decoded; half a surrogate pair shows as U+FFFD.
    pub text: String,
}

/// All pieces of a body and where they stand, in order, in one pass of a cursor at its beginning: if the body was not
/// checked before, it is then. Of members of one name each is shown, whichever of them a reader takes.
pub(super) fn collect(shape: Shape, cursor: Cursor<'_>, body: &[u8]) -> Result<(Vec<Piece>, Vec<Spot>), EditError> {
    let mut walk = Walk { body, cursor, list: List::default(), shape, said: None, index: None };
    walk.cursor.enter_object()?;
    walk.members(Area::body())?;
    walk.cursor.finish()?;
    Ok(walk.list.finish())
}

struct Walk<'a> {
    body: &'a [u8],
    cursor: Cursor<'a>,
    list: List,
    shape: Shape,
    /// The `role` of the object at hand, where it is a message.
    said: Option<Span>,
    /// The `index` of the object at hand, where it is a choice or a tool call.
    index: Option<u32>,
}

impl Walk<'_> {
    /// Takes the value that the cursor is at.
    fn value(&mut self, area: Area) -> Result<(), EditError> {
        if area.place == Place::Logprobs {
            return self.tokens();
        }
        match self.cursor.kind()? {
            Kind::String => {
                let span = self.cursor.text()?.span;
                self.string(area, span)
            }
            Kind::Array => {
                self.cursor.enter_array()?;
                self.elements(area)
            }
            Kind::Object => {
                self.cursor.enter_object()?;
                self.object(area.opened(), 0)
            }
            Kind::Number | Kind::Bool | Kind::Null => {
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
                Kind::Number | Kind::Bool | Kind::Null => {
                    self.cursor.skip()?;
                }
                Kind::Object => {
                    let mark = self.list.step_index(index);
                    self.cursor.enter_object()?;
                    self.object(area.opened(), index)?;
                    self.list.back(mark);
                }
                Kind::Array | Kind::String => {
                    let mark = self.list.step_index(index);
                    self.value(area)?;
                    self.list.back(mark);
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
            Place::Message => {
                let role = self.said.and_then(|span| json::string_lossy(span.of(self.body)));
                self.list.say(first, role.as_deref().unwrap_or(self.shape.usual_role()));
            }
            Place::Choice => {
                self.list.say(first, self.shape.usual_role());
                self.list.choose(first, index);
            }
            Place::Call => self.list.call(first, index),
            Place::Body | Place::Offer | Place::Names | Place::Media | Place::Logprobs | Place::Anything => {}
        }
        (self.said, self.index) = outer;
        Ok(())
    }

    fn members(&mut self, area: Area) -> Result<(), EditError> {
        while let Some(key) = self.cursor.next_key()? {
            match self.cursor.kind()? {
                Kind::Number | Kind::Bool | Kind::Null => {
                    let (span, _) = self.cursor.skip()?;
                    if matches!(area.place, Place::Choice | Place::Call) && key == "index" {
                        self.index = json::unsigned(span.of(self.body)).and_then(|index| u32::try_from(index).ok());
                    }
                }
                Kind::String | Kind::Array | Kind::Object => self.member(area, &key.lossy())?,
            }
            // Behind what is in it, so that pointers into it hold while somebody changes these.
            if area.place == Place::Names || !opaque::is_word(key.raw()) {
                self.name(area, &key.lossy())?;
            }
        }
        Ok(())
    }

    /// A member that may have text in it.
    fn member(&mut self, area: Area, name: &str) -> Result<(), EditError> {
        let first = self.list.len();
        let mark = self.list.step(name);
        if area.place == Place::Message && name == "role" {
            let (span, kind) = self.cursor.clone().skip()?;
            self.said = (kind == Kind::String).then_some(span);
        }
        self.value(area.member(name, self.shape))?;
        self.list.back(mark);
        if area.place == Place::Body && name == "input" && self.shape == Shape::EmbeddingsRequest {
            self.list.say(first, "input");
        }
        Ok(())
    }

    fn string(&mut self, area: Area, span: Span) -> Result<(), EditError> {
        let token = span.of(self.body);
        let content = token.get(1..token.len().saturating_sub(1)).unwrap_or_default();
        let hidden = match area.rule {
            Rule::Show => content.is_empty(),
            Rule::Word => opaque::is_word(content),
            Rule::Encoded => opaque::is_encoded(content),
            Rule::Address => opaque::is_address(content),
        };
        if hidden {
            return self.file(token);
        }
        let text = json::string_lossy(token).unwrap_or_default().into_owned();
        self.list.push(area.kind, text, Spot::Value)
    }

    /// A file is no text for us, unless it is one for everybody.
    fn file(&mut self, token: &[u8]) -> Result<(), EditError> {
        let content = token.get(1..).unwrap_or_default();
        let url = opaque::data_url(content).and_then(|_| json::string(token));
        match url.as_deref().and_then(encoded::read) {
            Some((head, text)) if !text.is_empty() => self.list.push(PieceKind::Text, text, Spot::File(head.into())),
            Some(_) | None => Ok(()),
        }
    }

    fn name(&mut self, area: Area, name: &str) -> Result<(), EditError> {
        if name.is_empty() {
            return Ok(());
        }
        let kind = if area.kind == PieceKind::Description { area.kind } else { PieceKind::Other };
        self.list.push(kind, name.to_owned(), Spot::Name(name.into()))
    }

    /// The tokens of `logprobs`, which repeat the text: each list of them as one piece, and whatever else there is as
    /// another.
    fn tokens(&mut self) -> Result<(), EditError> {
        let whole = self.list.pointer();
        if self.cursor.kind()? != Kind::Object {
            return self.tokens_of(&whole, String::new());
        }
        self.cursor.enter_object()?;
        while let Some(key) = self.cursor.next_key()? {
            let name = key.lossy();
            let mark = self.list.step(&name);
            let others = if opaque::is_word(key.raw()) { String::new() } else { name.into_owned() };
            self.tokens_of(&whole, others)?;
            self.list.back(mark);
        }
        Ok(())
    }

    fn tokens_of(&mut self, whole: &Arc<str>, mut others: String) -> Result<(), EditError> {
        let (span, _) = self.cursor.skip()?;
        let mut chosen = String::new();
        tokens::gather(self.body, span, &mut chosen, &mut others)?;
        for text in [chosen, others] {
            if !text.is_empty() {
                self.list.push(PieceKind::Other, text, Spot::Tokens(Arc::clone(whole)))?;
            }
        }
        Ok(())
    }
}

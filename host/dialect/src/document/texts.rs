//! Where text stands in a body, and what it says.

use std::borrow::Cow;

use weir_http::json::{self, Cursor, JsonError, Kind, Span};

use super::EditError;
use crate::Endpoint;

/// One piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Who says it: `system`, `developer`, `user`, `assistant`, `tool` or what else the message says; `input` for an
    /// embedding.
    pub role: Cow<'static, str>,
    /// The text, escapes decoded.
    pub text: String,
}

/// What kind of body it is, and with that, where its texts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `messages[].content`, or the text parts in it.
    ChatRequest,
    /// `input`, or its elements.
    EmbeddingsRequest,
    /// `choices[].message.content`.
    ChatResponse,
    /// None: numbers only.
    EmbeddingsResponse,
}

impl Shape {
    pub(super) fn request(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::Chat => Self::ChatRequest,
            Endpoint::Embeddings => Self::EmbeddingsRequest,
        }
    }

    pub(super) fn response(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::Chat => Self::ChatResponse,
            Endpoint::Embeddings => Self::EmbeddingsResponse,
        }
    }
}

/// Where one piece of text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    Message(usize),
    Part(usize, usize),
    Input,
    InputElement(usize),
    Choice(usize),
}

impl Spot {
    /// The same as the tokens of a pointer.
    pub(super) fn tokens(self) -> Vec<Cow<'static, str>> {
        let name = Cow::Borrowed;
        let index = |index: usize| Cow::Owned(index.to_string());
        match self {
            Self::Message(message) => vec![name("messages"), index(message), name("content")],
            Self::Part(message, part) => {
                vec![name("messages"), index(message), name("content"), index(part), name("text")]
            }
            Self::Input => vec![name("input")],
            Self::InputElement(element) => vec![name("input"), index(element)],
            Self::Choice(choice) => vec![name("choices"), index(choice), name("message"), name("content")],
        }
    }
}

/// A value within the body.
type Place = (Span, Kind);

/// All texts of a checked body and where they stand, in order. Of members of one name the last counts, as it does for
/// [`Node`](super::tree::Node).
pub(super) fn collect(shape: Shape, body: &[u8]) -> Result<(Vec<Text>, Vec<Spot>), EditError> {
    let mut found = Found { body, texts: Vec::new(), spots: Vec::new() };
    let whole = Span { start: 0, end: body.len() };
    match shape {
        Shape::ChatRequest => found.messages(whole),
        Shape::EmbeddingsRequest => found.input(whole),
        Shape::ChatResponse => found.choices(whole),
        Shape::EmbeddingsResponse => Ok(()),
    }
    .map_err(EditError::NotJson)?;
    Ok((found.texts, found.spots))
}

struct Found<'a> {
    body: &'a [u8],
    texts: Vec<Text>,
    spots: Vec<Spot>,
}

impl Found<'_> {
    fn messages(&mut self, whole: Span) -> Result<(), JsonError> {
        let body = self.body;
        let [messages] = members(body, whole, ["messages"])?;
        each(body, messages, |index, message| {
            let Some(message) = object(message) else { return Ok(()) };
            let [role, content] = members(body, message, ["role", "content"])?;
            let role = role.map_or(Cow::Borrowed("user"), |role| role_name(body, role));
            if let Some((span, Kind::String)) = content {
                self.push(Spot::Message(index), role, span);
                return Ok(());
            }
            each(body, content, |part_index, part| {
                if let Some(span) = text_part(body, part)? {
                    self.push(Spot::Part(index, part_index), role.clone(), span);
                }
                Ok(())
            })
        })
    }

    fn input(&mut self, whole: Span) -> Result<(), JsonError> {
        const ROLE: Cow<'static, str> = Cow::Borrowed("input");
        let [input] = members(self.body, whole, ["input"])?;
        if let Some((span, Kind::String)) = input {
            self.push(Spot::Input, ROLE, span);
        }
        each(self.body, input, |index, (span, kind)| {
            if kind == Kind::String {
                self.push(Spot::InputElement(index), ROLE, span);
            }
            Ok(())
        })
    }

    fn choices(&mut self, whole: Span) -> Result<(), JsonError> {
        let body = self.body;
        let [choices] = members(body, whole, ["choices"])?;
        each(body, choices, |index, choice| {
            let Some(choice) = object(choice) else { return Ok(()) };
            let [message] = members(body, choice, ["message"])?;
            let Some(message) = message.and_then(object) else { return Ok(()) };
            let [role, content] = members(body, message, ["role", "content"])?;
            let role = role.map_or(Cow::Borrowed("assistant"), |role| role_name(body, role));
            if let Some((span, Kind::String)) = content {
                self.push(Spot::Choice(index), role, span);
            }
            Ok(())
        })
    }

    fn push(&mut self, spot: Spot, role: Cow<'static, str>, text: Span) {
        let text = json::string_lossy(text.of(self.body)).unwrap_or_default().into_owned();
        self.texts.push(Text { role, text });
        self.spots.push(spot);
    }
}

/// The text of a part of a message's content, if it is of type `text`.
fn text_part(body: &[u8], part: Place) -> Result<Option<Span>, JsonError> {
    let Some(part) = object(part) else { return Ok(None) };
    let [kind, text] = members(body, part, ["type", "text"])?;
    let is_text = kind.and_then(|(span, _)| json::string(span.of(body))).is_some_and(|kind| kind == "text");
    Ok(text.filter(|(_, kind)| is_text && *kind == Kind::String).map(|(span, _)| span))
}

fn object((span, kind): Place) -> Option<Span> {
    (kind == Kind::Object).then_some(span)
}

/// The members of these names of the object at `span`.
fn members<const N: usize>(body: &[u8], span: Span, names: [&str; N]) -> Result<[Option<Place>; N], JsonError> {
    let mut found = [None; N];
    json::members_of(body, span, |key, span, kind| {
        for (name, slot) in names.iter().zip(&mut found) {
            if key == **name {
                *slot = Some((span, kind));
            }
        }
    })?;
    Ok(found)
}

/// Takes each element of a value in turn, with its index; there is none if it is no array.
fn each(
    body: &[u8],
    place: Option<Place>,
    mut take: impl FnMut(usize, Place) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    let Some((span, Kind::Array)) = place else { return Ok(()) };
    let mut cursor = Cursor::within(body, span);
    cursor.enter_array()?;
    let mut index = 0;
    while cursor.next_element()? {
        take(index, cursor.skip()?)?;
        index += 1;
    }
    Ok(())
}

fn role_name(body: &[u8], (span, _): Place) -> Cow<'static, str> {
    const USUAL: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];
    let role = json::string_lossy(span.of(body)).unwrap_or_default();
    match USUAL.into_iter().find(|usual| *usual == role) {
        Some(usual) => Cow::Borrowed(usual),
        None => Cow::Owned(role.into_owned()),
    }
}

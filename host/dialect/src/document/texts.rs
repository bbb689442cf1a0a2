//! Where text stands in a body, and what it says.

use std::borrow::Cow;

use weir_http::json::{self, Cursor, JsonKind, JsonSyntaxError, Span};

use super::EditError;
use super::pieces::Voice;
use crate::{Dialect, DialectCall, Operation};

/// One piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyText {
    /// Who says it: `system`, `developer`, `user`, `assistant`, `tool` or what else the message says; `input` for an
    /// embedding.
    pub role: Cow<'static, str>,
    /// The text, escapes decoded.
    pub text: String,
}

/// What kind of body it is, and with that, where its texts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyShape {
    /// `messages[].content`, or the text parts in it.
    ChatRequest,
    /// `input`, or its elements.
    EmbeddingsRequest,
    /// `choices[].message.content`, or the text parts in it.
    ChatResponse,
    /// None: numbers only.
    EmbeddingsResponse,
    /// The data of an event of a stream. Its texts are read by [`event`](crate::event).
    Chunk,
    /// None: what an upstream says against a request for this, in whatever form. All of it is pieces.
    Error(DialectCall),
}

impl BodyShape {
    pub(super) fn request(call: DialectCall) -> Self {
        match (call.dialect, call.operation) {
            (Dialect::OpenAi, Operation::Chat) => Self::ChatRequest,
            (Dialect::OpenAi, Operation::Embed) => Self::EmbeddingsRequest,
        }
    }

    /// What was called with such a body, or answers with one.
    pub(super) fn call(self) -> DialectCall {
        match self {
            Self::ChatRequest | Self::ChatResponse | Self::Chunk => DialectCall::OPENAI_CHAT,
            Self::EmbeddingsRequest | Self::EmbeddingsResponse => DialectCall::OPENAI_EMBED,
            Self::Error(call) => call,
        }
    }

    pub(super) fn response(call: DialectCall) -> Self {
        match (call.dialect, call.operation) {
            (Dialect::OpenAi, Operation::Chat) => Self::ChatResponse,
            (Dialect::OpenAi, Operation::Embed) => Self::EmbeddingsResponse,
        }
    }

    /// Whether it is what a model answers, whole or a part of it.
    pub(super) fn is_answer(self) -> bool {
        matches!(self, Self::ChatResponse | Self::EmbeddingsResponse | Self::Chunk)
    }

    /// Whose the messages are that say nothing of it.
    pub(super) fn usual_role(self) -> Voice {
        match self {
            Self::ChatRequest | Self::EmbeddingsRequest => Voice::User,
            Self::ChatResponse | Self::EmbeddingsResponse | Self::Chunk | Self::Error(_) => Voice::Assistant,
        }
    }
}

/// Where one piece of text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextSpot {
    Message(usize),
    Part(usize, usize),
    Input,
    InputElement(usize),
    Choice(usize),
    ChoicePart(usize, usize),
}

impl TextSpot {
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
            Self::ChoicePart(choice, part) => {
                let message = [name("choices"), index(choice), name("message"), name("content")];
                [&message[..], &[index(part), name("text")]].concat()
            }
        }
    }
}

/// All texts of a body and where they stand, in order, in one pass of a cursor at its beginning: if the body was not
/// checked before, it is then. Of members of one name the last counts, as it does for [`Node`](super::tree::Node).
pub(super) fn collect(
    shape: BodyShape,
    mut cursor: Cursor<'_>,
    body: &[u8],
) -> Result<(Vec<BodyText>, Vec<TextSpot>), EditError> {
    let mut found = Found { body, texts: Vec::new(), spots: Vec::new() };
    found.whole(shape, &mut cursor).and_then(|()| cursor.finish()).map_err(EditError::NotJson)?;
    Ok((found.texts, found.spots))
}

struct Found<'a> {
    body: &'a [u8],
    texts: Vec<BodyText>,
    spots: Vec<TextSpot>,
}

impl Found<'_> {
    fn whole(&mut self, shape: BodyShape, cursor: &mut Cursor<'_>) -> Result<(), JsonSyntaxError> {
        cursor.enter_object()?;
        while let Some(key) = cursor.next_key()? {
            match shape {
                BodyShape::ChatRequest if key == "messages" => {
                    self.keep(0);
                    self.objects(cursor, Self::message)?;
                }
                BodyShape::ChatResponse if key == "choices" => {
                    self.keep(0);
                    self.objects(cursor, Self::choice)?;
                }
                BodyShape::EmbeddingsRequest if key == "input" => {
                    self.keep(0);
                    self.input(cursor)?;
                }
                BodyShape::ChatRequest
                | BodyShape::ChatResponse
                | BodyShape::EmbeddingsRequest
                | BodyShape::EmbeddingsResponse
                | BodyShape::Chunk
                | BodyShape::Error(_) => {
                    cursor.skip()?;
                }
            }
        }
        Ok(())
    }

    /// Takes each object in an array, with its index; anything else is passed over.
    fn objects(
        &mut self,
        cursor: &mut Cursor<'_>,
        mut take: impl FnMut(&mut Self, &mut Cursor<'_>, usize) -> Result<(), JsonSyntaxError>,
    ) -> Result<(), JsonSyntaxError> {
        if cursor.kind()? != JsonKind::Array {
            return cursor.skip().map(|_| ());
        }
        cursor.enter_array()?;
        let mut index = 0;
        while cursor.next_element()? {
            if cursor.kind()? == JsonKind::Object {
                cursor.enter_object()?;
                take(self, cursor, index)?;
            } else {
                cursor.skip()?;
            }
            index += 1;
        }
        Ok(())
    }

    fn message(&mut self, cursor: &mut Cursor<'_>, index: usize) -> Result<(), JsonSyntaxError> {
        let first = self.texts.len();
        let mut role = Cow::Borrowed("user");
        while let Some(key) = cursor.next_key()? {
            if key == "role" {
                role = role_name(self.body, cursor.skip()?.0);
            } else if key == "content" {
                self.keep(first);
                self.content(cursor, TextSpot::Message(index), |part| TextSpot::Part(index, part))?;
            } else {
                cursor.skip()?;
            }
        }
        self.say(first, role);
        Ok(())
    }

    /// A string, or parts of which those of type `text` have one.
    fn content(
        &mut self,
        cursor: &mut Cursor<'_>,
        whole: TextSpot,
        of_part: impl Fn(usize) -> TextSpot,
    ) -> Result<(), JsonSyntaxError> {
        if cursor.kind()? == JsonKind::String {
            let span = cursor.text()?.span;
            self.push(whole, span);
            return Ok(());
        }
        self.objects(cursor, |found, cursor, part| {
            let (mut is_text, mut text) = (false, None);
            while let Some(key) = cursor.next_key()? {
                let (span, kind) = cursor.skip()?;
                if key == "type" {
                    is_text = json::string(span.of(found.body)).is_some_and(|kind| kind == "text");
                } else if key == "text" {
                    text = (kind == JsonKind::String).then_some(span);
                }
            }
            if let Some(span) = text.filter(|_| is_text) {
                found.push(of_part(part), span);
            }
            Ok(())
        })
    }

    fn choice(&mut self, cursor: &mut Cursor<'_>, index: usize) -> Result<(), JsonSyntaxError> {
        let first = self.texts.len();
        while let Some(key) = cursor.next_key()? {
            if key != "message" {
                cursor.skip()?;
                continue;
            }
            self.keep(first);
            if cursor.kind()? == JsonKind::Object {
                cursor.enter_object()?;
                self.answer(cursor, index)?;
            } else {
                cursor.skip()?;
            }
        }
        Ok(())
    }

    /// The message of a choice.
    fn answer(&mut self, cursor: &mut Cursor<'_>, choice: usize) -> Result<(), JsonSyntaxError> {
        let first = self.texts.len();
        let mut role = Cow::Borrowed("assistant");
        while let Some(key) = cursor.next_key()? {
            if key == "role" {
                role = role_name(self.body, cursor.skip()?.0);
            } else if key == "content" {
                self.keep(first);
                self.content(cursor, TextSpot::Choice(choice), |part| TextSpot::ChoicePart(choice, part))?;
            } else {
                cursor.skip()?;
            }
        }
        self.say(first, role);
        Ok(())
    }

    fn input(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonSyntaxError> {
        match cursor.kind()? {
            JsonKind::String => {
                let span = cursor.text()?.span;
                self.push(TextSpot::Input, span);
            }
            JsonKind::Array => {
                cursor.enter_array()?;
                let mut index = 0;
                while cursor.next_element()? {
                    let (span, kind) = cursor.skip()?;
                    if kind == JsonKind::String {
                        self.push(TextSpot::InputElement(index), span);
                    }
                    index += 1;
                }
            }
            JsonKind::Object | JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
                cursor.skip()?;
            }
        }
        self.say(0, Cow::Borrowed("input"));
        Ok(())
    }

    /// Forgets what was found after the first so many: a later member of the same name takes its place.
    fn keep(&mut self, count: usize) {
        self.texts.truncate(count);
        self.spots.truncate(count);
    }

    fn push(&mut self, spot: TextSpot, text: Span) {
        let text = json::string_lossy(text.of(self.body)).unwrap_or_default().into_owned();
        self.texts.push(BodyText { role: Cow::Borrowed(""), text });
        self.spots.push(spot);
    }

    /// Says whose texts those are that were found after the first so many.
    fn say(&mut self, first: usize, role: Cow<'static, str>) {
        for text in self.texts.iter_mut().skip(first) {
            text.role.clone_from(&role);
        }
    }
}

fn role_name(body: &[u8], span: Span) -> Cow<'static, str> {
    let role = span.of(body);
    let usual = match role {
        br#""system""# => "system",
        br#""developer""# => "developer",
        br#""user""# => "user",
        br#""assistant""# => "assistant",
        br#""tool""# => "tool",
        br#""function""# => "function",
        _ => return Cow::Owned(json::string_lossy(role).unwrap_or_default().into_owned()),
    };
    Cow::Borrowed(usual)
}

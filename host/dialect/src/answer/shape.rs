//! What answers have in common. One model's answers look alike: the same members in the same order, and of their values
//! only some differ. Who has read one knows the next by comparing it, which costs a fraction of reading it.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use bytes::Bytes;
use weir_http::json::{self, Cursor, JsonKind, Span};
use weir_usage::Usage;

use super::{AnswerKind, AnswerReading};
use crate::credit::Credit;
use crate::{DialectCall, Document, Operation};

/// So many shapes are known at a time,
const SHAPES: usize = 4;
/// each with no more values that differ than this,
const VALUES: usize = 64;
/// and no more bytes that do not.
const BYTES: usize = 4 * 1024;

/// The shapes of the latest answers of a provider. What they say of an answer is what [`DialectCall::read_answer`] says, but for that it
/// is known.
#[derive(Debug, Default)]
pub struct AnswerShapes {
    /// The latest first.
    known: Vec<Shape>,
    credit: Credit,
}

impl AnswerShapes {
    /// Reads a whole answer: by its shape if that is known, and if not in full, and learns from it now and then.
    pub fn read(&mut self, call: DialectCall, body: &[u8]) -> AnswerReading {
        if call != DialectCall::OPENAI_CHAT {
            return call.read_answer(body);
        }
        if let Some(usage) = self.find(body) {
            self.credit.known();
            return AnswerReading { answer: AnswerKind::Complete, usage: Some(usage), text: 0, is_known: true };
        }
        let reading = AnswerReading::of(Operation::Chat, body);
        self.credit.unknown();
        if let (AnswerKind::Complete, Some(usage)) = (reading.answer, reading.usage)
            && usage.is_whole()
            && self.credit.lesson()
        {
            self.learn(body, &usage);
        }
        reading
    }

    fn find(&mut self, body: &[u8]) -> Option<Usage> {
        let (at, usage) = self.known.iter().enumerate().find_map(|(at, shape)| Some((at, shape.fits(body)?)))?;
        if at > 0
            && let Some(upto) = self.known.get_mut(..=at)
        {
            upto.rotate_right(1);
        }
        Some(usage)
    }

    fn learn(&mut self, body: &[u8], usage: &Usage) {
        // A shape that says anything else of the very answer that it was made of has misread it.
        let shape = Shape::of(body).filter(|shape| shape.fits(body).as_ref() == Some(usage));
        // Of what cannot be shown nothing that is like it can be, either.
        let is_readable =
            || Document::response(DialectCall::OPENAI_CHAT, Bytes::copy_from_slice(body)).readable().is_ok();
        if let Some(shape) = shape.filter(|_| is_readable()) {
            self.known.truncate(SHAPES.saturating_sub(1));
            self.known.insert(0, shape);
        }
    }
}

/// An answer as it always is, but for some values.
#[derive(Debug, Default)]
struct Shape {
    /// What stands before, between and behind the values that differ.
    constant: Vec<Box<[u8]>>,
    values: Vec<Value>,
}

/// A value that differs from one answer to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Text,
    Number,
    Count(Place),
}

/// Where a number stands that counts tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Input,
    Output,
    Total,
    CachedInput,
    Reasoning,
}

impl Shape {
    /// The shape of an answer that is JSON to its last byte, with no name twice in one object, if it has one that is worth
    /// keeping.
    fn of(body: &[u8]) -> Option<Self> {
        let mut lesson = Lesson { body, done: 0, left: BYTES, shape: Self::default(), seen: Vec::new() };
        let mut cursor = Cursor::new(body).ok()?.unique();
        lesson.object(&mut cursor, Within::Answer)?;
        cursor.finish().ok()?;
        lesson.constant_upto(body.len())?;
        Some(lesson.shape)
    }

    /// What an answer of this shape reports; none if it has another.
    fn fits(&self, body: &[u8]) -> Option<Usage> {
        let (first, more) = self.constant.split_first()?;
        let mut rest = body.strip_prefix(&**first)?;
        let mut usage = Usage::default();
        for (value, constant) in self.values.iter().zip(more) {
            let length = match value {
                Value::Text => json::string_length(rest)?,
                Value::Number => json::number_length(rest)?,
                Value::Count(place) => {
                    let (count, length) = count(rest)?;
                    *place.of(&mut usage) = Some(count);
                    length
                }
            };
            rest = rest.get(length..)?.strip_prefix(&**constant)?;
        }
        (rest.is_empty() && usage.is_whole()).then_some(usage)
    }
}

impl Place {
    fn of(self, usage: &mut Usage) -> &mut Option<u64> {
        match self {
            Self::Input => &mut usage.input,
            Self::Output => &mut usage.output,
            Self::Total => &mut usage.total,
            Self::CachedInput => &mut usage.cached_input,
            Self::Reasoning => &mut usage.reasoning,
        }
    }
}

/// A count of tokens in plain digits, and its length. Any other way to write one, and a count that cannot be, is for who
/// reads in full.
fn count(bytes: &[u8]) -> Option<(u64, usize)> {
    const DIGITS: usize = 9;
    let mut count = 0_u64;
    let mut length = 0;
    for byte in bytes.iter().take(DIGITS).take_while(|byte| byte.is_ascii_digit()) {
        count = count * 10 + u64::from(byte - b'0');
        length += 1;
    }
    let zeros_first = length > 1 && bytes.first() == Some(&b'0');
    (length > 0 && !zeros_first && count <= Usage::MOST).then_some((count, length))
}

/// What a value is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// The outermost object.
    Answer,
    Usage,
    InputDetails,
    OutputDetails,
    Choices,
    Choice,
    /// What an answer is judged by: another value there may be another judgement.
    Judged,
    Other,
}

impl Within {
    /// What the members of a value are part of that stands under this name.
    fn inner(self, key: &json::MemberName<'_>) -> Self {
        match self {
            Self::Answer if key == "usage" => Self::Usage,
            Self::Answer if key == "choices" => Self::Choices,
            Self::Answer if key == "object" || key == "type" || key == "error" => Self::Judged,
            Self::Choice if key == "error" || key == "finish_reason" => Self::Judged,
            Self::Usage if key == "prompt_tokens_details" => Self::InputDetails,
            Self::Usage if key == "completion_tokens_details" => Self::OutputDetails,
            Self::Judged => Self::Judged,
            Self::Answer | Self::Choices | Self::Choice => Self::Other,
            Self::Usage | Self::InputDetails | Self::OutputDetails | Self::Other => Self::Other,
        }
    }

    /// What the elements of an array are part of that is this.
    fn element(self) -> Self {
        match self {
            Self::Judged => Self::Judged,
            Self::Choices => Self::Choice,
            Self::Answer | Self::Usage | Self::InputDetails | Self::OutputDetails | Self::Choice | Self::Other => {
                Self::Other
            }
        }
    }

    /// Which count a number is that stands under this name.
    fn place(self, key: &json::MemberName<'_>) -> Option<Place> {
        match self {
            Self::Usage if key == "prompt_tokens" => Some(Place::Input),
            Self::Usage if key == "completion_tokens" => Some(Place::Output),
            Self::Usage if key == "total_tokens" => Some(Place::Total),
            Self::InputDetails if key == "cached_tokens" => Some(Place::CachedInput),
            Self::OutputDetails if key == "reasoning_tokens" => Some(Place::Reasoning),
            _ => None,
        }
    }
}

/// A shape in the making.
struct Lesson<'a> {
    body: &'a [u8],
    /// Up to here the body is in the shape.
    done: usize,
    /// So many bytes may still be constant.
    left: usize,
    shape: Shape,
    /// Counts, and objects that hold them, that were met: each is to be there once, or which of them counts is unclear.
    seen: Vec<(Within, Option<Place>)>,
}

impl Lesson<'_> {
    fn object(&mut self, cursor: &mut Cursor<'_>, within: Within) -> Option<()> {
        cursor.enter_object().ok()?;
        while let Some(key) = cursor.next_key().ok()? {
            let inner = within.inner(&key);
            if matches!(inner, Within::Usage | Within::InputDetails | Within::OutputDetails) {
                self.once((inner, None))?;
            }
            self.value(cursor, inner, |lesson, kind, span| lesson.member(within, &key, kind, span))?;
        }
        Some(())
    }

    fn array(&mut self, cursor: &mut Cursor<'_>, within: Within) -> Option<()> {
        cursor.enter_array().ok()?;
        while cursor.next_element().ok()? {
            self.value(cursor, within, |_, kind, _| match kind {
                JsonKind::Number => Some(Value::Number),
                JsonKind::String => Some(Value::Text),
                JsonKind::Object | JsonKind::Array | JsonKind::Bool | JsonKind::Null => None,
            })?;
        }
        Some(())
    }

    /// Goes into a value, or takes it as one that differs if `differs` says so.
    fn value(
        &mut self,
        cursor: &mut Cursor<'_>,
        inner: Within,
        differs: impl FnOnce(&Self, JsonKind, Span) -> Option<Value>,
    ) -> Option<()> {
        match cursor.kind().ok()? {
            JsonKind::Object => return self.object(cursor, inner),
            JsonKind::Array => return self.array(cursor, inner.element()),
            JsonKind::String | JsonKind::Number | JsonKind::Bool | JsonKind::Null => {}
        }
        let (span, kind) = cursor.skip().ok()?;
        let differs = differs(self, kind, span).filter(|_| inner != Within::Judged);
        let Some(value) = differs else { return Some(()) };
        if let Value::Count(place) = value {
            self.once((inner, Some(place)))?;
        }
        self.constant_upto(span.start)?;
        self.done = span.end;
        self.shape.values.push(value);
        (self.shape.values.len() <= VALUES).then_some(())
    }

    /// What the value of a member is, if it is one that differs.
    fn member(&self, within: Within, key: &json::MemberName<'_>, kind: JsonKind, span: Span) -> Option<Value> {
        match kind {
            JsonKind::Number => match within.place(key) {
                Some(place) => Some(Value::Count(place)),
                // An enumeration, not a measure.
                None => (key != "index").then_some(Value::Number),
            },
            JsonKind::String => {
                (within == Within::Answer || is_text(key) || !self.is_word(span)).then_some(Value::Text)
            }
            JsonKind::Object | JsonKind::Array | JsonKind::Bool | JsonKind::Null => None,
        }
    }

    fn once(&mut self, what: (Within, Option<Place>)) -> Option<()> {
        let new = !self.seen.contains(&what);
        self.seen.push(what);
        new.then_some(())
    }

    /// Whether a string is one of a few that may stand there: `stop`, `assistant`.
    fn is_word(&self, span: Span) -> bool {
        const LONGEST: usize = 20;
        let value = span.of(self.body);
        value.len() <= LONGEST && value.iter().all(|byte| byte.is_ascii_lowercase() || b"\"_.".contains(byte))
    }

    fn constant_upto(&mut self, end: usize) -> Option<()> {
        let constant = self.body.get(self.done..end)?;
        self.left = self.left.checked_sub(constant.len())?;
        self.shape.constant.push(constant.into());
        Some(())
    }
}

/// Whether the string under this name is what the model says, however short.
fn is_text(key: &json::MemberName<'_>) -> bool {
    ["content", "reasoning", "reasoning_content", "refusal", "text", "arguments", "name", "id"]
        .iter()
        .any(|name| key == name)
}

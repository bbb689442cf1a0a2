//! Reading a request in one borrowed pass.

use bytes::Bytes;
use weir_http::json::{self, Cursor, JsonKind, JsonSyntaxError, Passed, Span};

use super::facts::{AskedCount, RequestFacts};
use super::names::MetNames;
use super::subject::{read_input, read_messages};
use super::{ReadError, told};
use crate::{Dialect, DialectCall, Operation};

/// Parameters of either operation that the gateway reads, counts, or lets plugins decide by.
const PARAMS: &[&str] = &[
    "model",
    "messages",
    "input",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "tools",
    "functions",
    "response_format",
    "n",
    "user",
];

/// Reads what a request asks for. One pass over the body, which is checked to its end; allocates for the model's name
/// only.
///
/// # Errors
/// [`ReadError`]: not JSON, a parameter missing, of a wrong type, or in other letters; and a name that stands twice in one
/// object, wherever that is, for plugins and the upstream may keep another one of the two.
pub(crate) fn read(operation: Operation, body: &Bytes) -> Result<RequestFacts, ReadError> {
    walk(&mut Cursor::new(body)?.unique(), operation, body)
}

/// The same, with the strings and numbers that were passed: those that count as text are [`Passed::Text`].
pub(super) fn traced(operation: Operation, body: &Bytes) -> Result<(RequestFacts, Vec<Passed>), ReadError> {
    let mut cursor = Cursor::new(body)?.unique().traced();
    let ask = walk(&mut cursor, operation, body)?;
    Ok((ask, cursor.into_trace()))
}

fn walk(cursor: &mut Cursor<'_>, operation: Operation, body: &[u8]) -> Result<RequestFacts, ReadError> {
    cursor.enter_object().map_err(|error| match error {
        JsonSyntaxError::NotObject { found, .. } => ReadError::NotAnObject { found },
        other => other.into(),
    })?;
    let mut names = MetNames::new(PARAMS);
    let mut found = Found::default();
    let subject = match operation {
        Operation::Chat => "messages",
        Operation::Embed => "input",
    };
    while let Some(key) = cursor.next_key()? {
        match names.meet(&key)? {
            Some("model") => found.model = Some(read_model(cursor, body)?),
            Some("stream") => found.streaming = flag(cursor, body, "stream")?.unwrap_or(false),
            Some("stream_options") => found.options = read_options(cursor, body)?,
            Some("max_tokens") => found.max_tokens = count(cursor, body, "max_tokens")?,
            Some("max_completion_tokens") => found.max_completion = count(cursor, body, "max_completion_tokens")?,
            Some("n") => {
                let (span, kind) = cursor.skip()?;
                found.choices = said(span.of(body), kind);
            }
            Some("tools" | "functions") => found.text_bytes += told::definitions(cursor)?,
            Some("response_format") => found.text_bytes += told::definition(cursor)?,
            Some(param) if param == subject => {
                found.subject = true;
                found.text_bytes += match operation {
                    Operation::Chat => read_messages(cursor)?,
                    Operation::Embed => read_input(cursor)?,
                };
            }
            Some(_) | None => {
                cursor.skip()?;
            }
        }
    }
    let close = cursor.at().saturating_sub(1);
    cursor.finish()?;
    let (model, model_span) = found.model.ok_or(ReadError::Missing { param: "model" })?;
    if !found.subject {
        return Err(ReadError::Missing { param: subject });
    }
    debug_assert!(!model.is_empty(), "a request asks for a model");
    Ok(RequestFacts {
        call: DialectCall { dialect: Dialect::OpenAi, operation },
        model,
        streaming: found.streaming,
        include_usage: matches!(found.options, Options::Asked),
        max_output_tokens: found.max_completion.or(found.max_tokens),
        choices: found.choices.number().unwrap_or(1),
        said_choices: found.choices,
        max_tokens: found.max_tokens,
        max_completion_tokens: found.max_completion,
        text_bytes: found.text_bytes,
        model_span,
        usage_patch: found.options.patch(close),
        body_len: body.len(),
    })
}

/// What is no number is the upstream's to refuse.
fn said(text: &[u8], kind: JsonKind) -> AskedCount {
    match crate::usage::whole(text) {
        Some(count) => AskedCount::Number(count),
        None if kind == JsonKind::Null => AskedCount::Nothing,
        None => AskedCount::Other,
    }
}

#[derive(Default)]
struct Found {
    model: Option<(Box<str>, Span)>,
    streaming: bool,
    options: Options,
    max_tokens: Option<u64>,
    max_completion: Option<u64>,
    choices: AskedCount,
    subject: bool,
    text_bytes: usize,
}

/// What `stream_options` says about usage, and where it would have to say otherwise.
#[derive(Default)]
enum Options {
    /// There is none.
    #[default]
    Absent,
    /// It is null.
    Null(Span),
    /// It has no member at all; the offset of its closing brace.
    Empty(usize),
    /// It has members but no `include_usage`; the offset of its closing brace.
    Silent(usize),
    /// `include_usage` is false or null; its value.
    Declined(Span),
    /// `include_usage` is true.
    Asked,
}

impl Options {
    /// The smallest change after which `include_usage` is true. `close` is the offset of the body's closing brace; the
    /// body has a member before it, `model`.
    fn patch(&self, close: usize) -> Option<(Span, &'static str)> {
        let insert = |at| Span { start: at, end: at };
        match *self {
            Self::Absent => Some((insert(close), r#","stream_options":{"include_usage":true}"#)),
            Self::Null(span) => Some((span, r#"{"include_usage":true}"#)),
            Self::Empty(at) => Some((insert(at), r#""include_usage":true"#)),
            Self::Silent(at) => Some((insert(at), r#","include_usage":true"#)),
            Self::Declined(span) => Some((span, "true")),
            Self::Asked => None,
        }
    }
}

fn read_model(cursor: &mut Cursor<'_>, body: &[u8]) -> Result<(Box<str>, Span), ReadError> {
    let (span, kind) = cursor.skip()?;
    if kind != JsonKind::String {
        return ReadError::wrong("model", "a string", kind);
    }
    let model = json::string(span.of(body)).ok_or(ReadError::NotText { param: "model" })?;
    if model.is_empty() {
        return Err(ReadError::Empty { param: "model" });
    }
    Ok((model.into(), span))
}

/// A boolean; none for null.
fn flag(cursor: &mut Cursor<'_>, body: &[u8], param: &'static str) -> Result<Option<bool>, ReadError> {
    let (span, kind) = cursor.skip()?;
    match kind {
        JsonKind::Bool => Ok(json::boolean(span.of(body))),
        JsonKind::Null => Ok(None),
        found => ReadError::wrong(param, "true or false", found),
    }
}

/// A count of tokens; none for null. `100.0` and `1e2` are whole numbers too.
fn count(cursor: &mut Cursor<'_>, body: &[u8], param: &'static str) -> Result<Option<u64>, ReadError> {
    let (span, kind) = cursor.skip()?;
    match kind {
        JsonKind::Number => match crate::usage::whole(span.of(body)) {
            Some(value) => Ok(Some(value)),
            None => ReadError::wrong(param, "a whole number, 0 or more", kind),
        },
        JsonKind::Null => Ok(None),
        found => ReadError::wrong(param, "a whole number", found),
    }
}

fn read_options(cursor: &mut Cursor<'_>, body: &[u8]) -> Result<Options, ReadError> {
    match cursor.kind()? {
        JsonKind::Object => {}
        JsonKind::Null => return Ok(Options::Null(cursor.skip()?.0)),
        found => return ReadError::wrong("stream_options", "an object", found),
    }
    let mut names = MetNames::new(&["include_usage"]);
    let (mut empty, mut said) = (true, None);
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        empty = false;
        if names.meet(&key)?.is_some() {
            cursor.kind()?;
            let start = cursor.at();
            let value = flag(cursor, body, "stream_options.include_usage")?;
            said = Some((Span { start, end: cursor.at() }, value));
        } else {
            cursor.skip()?;
        }
    }
    let close = cursor.at().saturating_sub(1);
    Ok(match said {
        Some((_, Some(true))) => Options::Asked,
        Some((span, Some(false) | None)) => Options::Declined(span),
        None if empty => Options::Empty(close),
        None => Options::Silent(close),
    })
}

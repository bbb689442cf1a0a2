//! What is wrong with a body, and where.

use std::fmt;

use serde_json::Value;

/// What is held against a specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpecSide {
    /// The body of a request.
    Request,
    /// A whole answer.
    Answer,
    /// An event of a streamed answer.
    Event,
}

/// Something that a specification does not allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpecFault {
    /// Where, as a JSON pointer; empty for the whole.
    pub at: String,
    /// What is wrong there, as `unknown member "x"`, `"x" is missing`, `"x" is none of what it may be`, `is a string, not an
    /// integer`.
    pub what: String,
}

impl SpecFault {
    pub(super) fn new(at: &str, what: impl Into<String>) -> Self {
        Self { at: at.to_owned(), what: what.into() }
    }

    pub(super) fn unknown(at: &str, member: &str) -> Self {
        Self::new(at, format!("unknown member {member:?}"))
    }

    pub(super) fn missing(at: &str, member: &str) -> Self {
        Self::new(at, format!("{member:?} is missing"))
    }

    pub(super) fn value(at: &str, value: &Value) -> Self {
        let text: String = value.to_string().chars().take(80).collect();
        Self::new(at, format!("{text} is none of what it may be"))
    }

    pub(super) fn kind(at: &str, value: &Value, wanted: &str) -> Self {
        Self::new(at, format!("is {}, not {wanted}", kind(value)))
    }
}

impl fmt::Display for SpecFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.at.is_empty() { "/" } else { &self.at }, self.what)
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A pointer one step further.
pub(super) fn within(at: &str, step: &str) -> String {
    format!("{at}/{}", step.replace('~', "~0").replace('/', "~1"))
}

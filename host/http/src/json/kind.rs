//! The kinds of JSON value, and how much of a text is looked at.

/// The deepest nesting that is accepted: arrays and objects within one another. One more is
/// [`JsonSyntaxError::TooDeep`](super::JsonSyntaxError::TooDeep).
/// The same bound as `serde_json`'s, so that what was walked here can be parsed there.
pub const MAX_DEPTH: u32 = 127;

/// The kinds of JSON value (RFC 8259 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JsonKind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number, kept as its text.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

impl JsonKind {
    /// What to call it in a message: `an object`, `a string`, `null`.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Bool => "a boolean",
            Self::Null => "null",
        }
    }
}

/// The most members that the objects which a place lies in may have together, where names must not come twice: what is kept
/// of them, 24 bytes each, is bounded by it. Larger than any object that a model is asked with.
pub const MAX_MEMBERS: usize = 65_536;

/// The most values, nested ones included, that a text may have of which each is kept by itself, as translation into another
/// dialect does: a value of two bytes becomes some hundreds. Larger than any conversation that a model can read.
pub const MAX_VALUES: usize = 262_144;

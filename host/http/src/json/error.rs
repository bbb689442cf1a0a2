//! What can be wrong with a JSON text.

use super::JsonKind;

/// Why a text is not the JSON that was asked for. Offsets are bytes from the start of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonSyntaxError {
    /// The grammar of RFC 8259 is broken.
    #[error("{what} at byte {at}")]
    Syntax {
        /// Offset of the byte that does not fit, or the length of the text if it ended too early.
        at: usize,
        /// What was expected there, or what is wrong with it.
        what: &'static str,
    },
    /// The text is not UTF-8 (RFC 8259 section 8.1).
    #[error("not UTF-8 at byte {at}")]
    NotUtf8 {
        /// Offset of the first byte that is no part of a character.
        at: usize,
    },
    /// Arrays and objects are nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("nested too deeply at byte {at}")]
    TooDeep {
        /// Offset of the bracket that is one too many.
        at: usize,
    },
    /// An object has two members of one name, and that was not to be ([`Cursor::unique`](super::Cursor::unique)).
    #[error("an object has two members of one name, the second at byte {at}")]
    Duplicate {
        /// Offset of the second of them.
        at: usize,
    },
    /// The objects that a place lies in have more members than [`MAX_MEMBERS`](super::MAX_MEMBERS), where none may come
    /// twice.
    #[error("objects of more than {} members at byte {at}", super::MAX_MEMBERS)]
    TooManyMembers {
        /// Offset of the name that is one too many.
        at: usize,
    },
    /// There are more values than [`MAX_VALUES`](super::MAX_VALUES), where each is kept by itself.
    #[error("more than {} values, arrays and objects among them", super::MAX_VALUES)]
    TooManyValues {
        /// Offset of one that is too many.
        at: usize,
    },
    /// An object was asked for and another value stands there.
    #[error("expected an object at byte {at}, found {}", found.phrase())]
    NotObject {
        /// Offset of the value.
        at: usize,
        /// What stands there.
        found: JsonKind,
    },
    /// An array was asked for and another value stands there.
    #[error("expected an array at byte {at}, found {}", found.phrase())]
    NotArray {
        /// Offset of the value.
        at: usize,
        /// What stands there.
        found: JsonKind,
    },
}

impl JsonSyntaxError {
    /// Offset of the byte at which the text went wrong.
    pub fn at(&self) -> usize {
        match *self {
            Self::Syntax { at, .. }
            | Self::NotUtf8 { at }
            | Self::TooDeep { at }
            | Self::Duplicate { at }
            | Self::TooManyMembers { at }
            | Self::TooManyValues { at }
            | Self::NotObject { at, .. }
            | Self::NotArray { at, .. } => at,
        }
    }
}

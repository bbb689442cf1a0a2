//! Why a document could not be read or changed.

use weir_http::json::JsonSyntaxError;

/// Why a document could not be read or changed. The messages are shown to plugins, whose authors act on them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The body is no JSON object, so that nothing in it can be pointed at.
    #[error("the body is not a JSON object: {0}")]
    NotJson(#[from] JsonSyntaxError),
    /// Not a JSON pointer (RFC 6901): it must be empty or begin with `/`, and `~` must be `~0` or `~1`.
    #[error("`{pointer}` is not a JSON pointer: {what}")]
    BadPointer {
        /// As it was given.
        pointer: Box<str>,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The value to be set is not JSON.
    #[error("the value is not JSON: {0}; a string needs its quotes")]
    BadValue(JsonSyntaxError),
    /// What the pointer leads through is not there, or is neither an object nor an array.
    #[error("nothing can be put at `{pointer}`: its parent is not there, or is neither an object nor an array")]
    NoParent {
        /// As it was given.
        pointer: Box<str>,
    },
    /// The array has no element of that index.
    #[error("nothing can be put at `{pointer}`: the array has {len} elements; use `-` to append")]
    NoElement {
        /// As it was given.
        pointer: Box<str>,
        /// Elements in the array.
        len: usize,
    },
    /// An array or object on the way to the change is too long to be changed within; it can be replaced as a whole.
    #[error("an array or object of more than {limit} entries cannot be changed within; set it as a whole")]
    TooManyEntries {
        /// The most entries that are opened.
        limit: usize,
    },
    /// A body must stay a JSON object.
    #[error("the body as a whole can be replaced by a JSON object only")]
    RootNotObject,
    /// The document itself cannot be removed.
    #[error("the body as a whole cannot be removed")]
    RemoveRoot,
    /// There are more pieces of text than are shown.
    #[error("it has more than {most} pieces of text, or more than {bytes} bytes of pointers to them")]
    TooManyPieces {
        /// The most pieces.
        most: usize,
        /// The most bytes of their pointers.
        bytes: usize,
    },
    /// There is text in it that cannot be shown, for readers make different things of it.
    #[error("{what} cannot be shown: readers make different things of it")]
    Unshowable {
        /// What it is.
        what: &'static str,
    },
    /// There is no piece of that index, or it is not there any more.
    #[error("there is no piece {index} that can be changed: `pieces` had {count}")]
    NoPiece {
        /// The index that was asked for, from 0.
        index: usize,
        /// How many pieces there were.
        count: usize,
    },
    /// There is no text of that index.
    #[error("there is no text {index}: `texts` has {count}")]
    NoText {
        /// The index that was asked for, from 0.
        index: usize,
        /// How many texts there are.
        count: usize,
    },
}

//! What cannot be read.

use weir_http::json::JsonSyntaxError;

/// Why a body or an event is none of its wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    Syntax(#[from] JsonSyntaxError),
    /// Something that every such body has is missing, or is of another kind.
    #[error("`{field}` must be {due}")]
    Field {
        /// Its name, without numbers of elements, such as `messages.content.type`.
        field: &'static str,
        /// What it must be, such as `a list`.
        due: &'static str,
    },
    /// It is a wire that providers speak and no client does, so that there is nothing to read.
    #[error("no client speaks this wire")]
    NoClient,
    /// More than is kept.
    #[error("it has more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most that there may be.
        most: usize,
    },
}

//! Why an event cannot be read or changed.

use weir_http::json::JsonSyntaxError;

/// More choices in one event than anybody asks for (OpenAI's `n` is at most 128).
pub(crate) const MOST_CHOICES: usize = 128;

/// Why an event has no text to read or replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The data is not a JSON object.
    #[error("the event's data is not a JSON object: {0}")]
    NotJson(#[from] JsonSyntaxError),
    /// There is no choice.
    #[error("the event has no choice")]
    NoChoice,
    /// There are several choices.
    #[error("the event has more than one choice")]
    SeveralChoices,
    /// There are more choices than are looked at.
    #[error("the event has more than {limit} choices")]
    TooManyChoices {
        /// The bound.
        limit: usize,
    },
    /// An index of a choice or a tool call is not written as a whole number of 32 bits, so that readers differ in what it
    /// is the index of.
    #[error("an `index` that is no whole number from 0 to 4294967295, written plainly")]
    Index,
    /// There is text in it that cannot be shown, for readers make different things of it.
    #[error("{0} cannot be shown: readers make different things of it")]
    Unshowable(&'static str),
    /// The choice has no `delta` to put text into.
    #[error("the event's choice has no `delta`")]
    NoDelta,
}

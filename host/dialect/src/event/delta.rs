//! What an event adds to a choice.

use bytes::Bytes;
use weir_http::json::{self, JsonKind};

use super::error::EventError;
use super::read::{ChoiceAt, text_parts};
use super::says::Says;

/// What an event adds to one choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    /// The choice it belongs to, from 0.
    pub choice: u32,
    /// Its content, of an array of parts the text parts in one; empty if it adds none (a role, a tool call, the reason of
    /// finishing). Half a surrogate pair, as providers send that cut a character in two, shows as U+FFFD.
    pub text: String,
    /// What kinds of text it has.
    pub says: Says,
}

impl Delta {
    /// What stands in the one choice of an event.
    pub(super) fn at(data: &Bytes, place: &ChoiceAt) -> Result<Self, EventError> {
        let text = match place.content {
            Some((span, JsonKind::String)) => json::string_lossy(span.of(data)).unwrap_or_default().into_owned(),
            Some((span, JsonKind::Array)) => {
                let mut parts = Vec::new();
                text_parts(data, span, &mut parts)?;
                parts.iter().filter_map(|part| json::string_lossy(part.of(data))).collect()
            }
            Some(_) | None => String::new(),
        };
        Ok(Delta { choice: place.choice, text, says: Says::of(data, place)? })
    }
}

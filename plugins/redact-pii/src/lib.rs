//! Puts `[EMAIL]`, `[PHONE]`, `[CARD]` and `[IBAN]` in the place of the real ones: on the way to a model, in whole
//! answers and in streams, where what is looked for may be split over any events.

mod arguments;
mod chars;
mod email;
mod iban;
mod kinds;
mod marks;
mod notes;
mod number;
mod options;
mod scan;
mod stream;
mod whole;
mod word;

use options::Options;
use weir_plugin::{Edit, Event, Facts, Plugin, Policy, Refusal, Response, StreamEvent, reply, request};

/// The plugin.
#[derive(Debug)]
pub struct RedactPii(Options);

impl Plugin for RedactPii {
    fn init(settings: &str) -> Result<Self, String> {
        Options::read(settings).map(Self)
    }
}

impl Policy for RedactPii {
    fn on_request(&self, _facts: &Facts) -> Result<(), Refusal> {
        if !self.0.request {
            return Ok(());
        }
        for (index, clean) in whole::redacted(&self.0, &request::all_text()) {
            request::set_piece(index, &clean)?;
        }
        Ok(())
    }
}

impl Response for RedactPii {
    fn on_response(&self, _facts: &Facts, _status: u16) -> Result<(), Refusal> {
        if !self.0.response {
            return Ok(());
        }
        for (index, clean) in whole::redacted(&self.0, &reply::all_text()) {
            reply::set_piece(index, &clean)?;
        }
        Ok(())
    }
}

impl Event for RedactPii {
    fn on_events(&self, _facts: &Facts, events: &[StreamEvent], last: bool) -> Result<Vec<Edit>, Refusal> {
        if !self.0.response {
            return Ok(Vec::new());
        }
        stream::edits(&self.0, events, last)
    }
}

/// The standard library's allocator by its name: one that is not named costs two calls more around each of its own.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: std::alloc::System = std::alloc::System;

weir_plugin::export!(RedactPii: policy, response, event);

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

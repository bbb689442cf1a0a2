//! Making refusals (WIT `types.refusal`).

use crate::Refusal;

impl Refusal {
    /// A refusal. `status` is an HTTP status from 400 to 599, anything else is taken as 400; `code` is for machines, at
    /// most 64 characters of `a-z`, `0-9` and `_`; `message` is for people, at most 1,024 bytes are passed on.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    /// Status 400 with the code `content_filter`, which clients of the OpenAI API know.
    pub fn content_filter(message: impl Into<String>) -> Self {
        Self::new(400, "content_filter", message)
    }
}

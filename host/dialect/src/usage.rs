//! What an answer cost in tokens, as its provider reports it.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use memchr::memmem;
use weir_http::json::{self, JsonError, Kind, Span};

/// Where token counts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provenance {
    /// The provider's own final count.
    Reported,
    /// Counted up to a point where the answer broke off.
    Partial,
    /// Estimated by the gateway.
    Estimated,
    /// There is none: nothing was asked of an upstream.
    None,
}

/// Token counts of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Tokens that the model read (`prompt_tokens`), cached ones included.
    pub input: u64,
    /// Tokens that the model wrote (`completion_tokens`), reasoning included; 0 for embeddings.
    pub output: u64,
    /// Of `input`, those that came from the provider's cache (`prompt_tokens_details.cached_tokens`).
    pub cached_input: u64,
    /// Of `output`, those that the client does not see (`completion_tokens_details.reasoning_tokens`).
    pub reasoning: u64,
    /// Where the counts come from.
    pub provenance: Provenance,
}

/// The usage in a whole response. None if the body is not JSON, or has no `usage`, or a null or empty one. Zeros that
/// the provider reports are zeros.
///
/// Source: `usage` of OpenAI's chat completion and embedding objects.
pub fn of_response(body: &[u8]) -> Option<Usage> {
    // An answer without the word needs no pass.
    memmem::find(body, b"\"usage\"")?;
    let mut span = None;
    json::members(body, |key, at, kind| {
        if key == "usage" {
            span = (kind == Kind::Object).then_some(at);
        }
    })
    .ok()?;
    of_object(body, span?)
}

/// The usage in the data of a stream's event: the same member, null on most events.
///
/// Source: OpenAI's chat completion chunk object, with `stream_options.include_usage`.
pub fn of_event(data: &[u8]) -> Option<Usage> {
    of_response(data)
}

/// An estimate of the tokens in so many bytes of text: one for each 4 bytes begun.
pub fn estimate_tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX)
}

/// The counts in the `usage` object at `span` of a checked text.
pub(crate) fn of_object(body: &[u8], span: Span) -> Option<Usage> {
    let (mut prompt, mut completion, mut total) = (None, None, None);
    let (mut cached, mut reasoning) = (None, None);
    json::members_of(body, span, |key, at, kind| match kind {
        Kind::Number if key == "prompt_tokens" => prompt = whole(at.of(body)),
        Kind::Number if key == "completion_tokens" => completion = whole(at.of(body)),
        Kind::Number if key == "total_tokens" => total = whole(at.of(body)),
        Kind::Object if key == "prompt_tokens_details" => cached = number_in(body, at, "cached_tokens").ok().flatten(),
        Kind::Object if key == "completion_tokens_details" => {
            reasoning = number_in(body, at, "reasoning_tokens").ok().flatten();
        }
        Kind::Object | Kind::Array | Kind::String | Kind::Number | Kind::Bool | Kind::Null => {}
    })
    .ok()?;
    if prompt.is_none() && completion.is_none() && total.is_none() {
        return None;
    }
    let output = completion.unwrap_or(0);
    Some(Usage {
        input: prompt.unwrap_or_else(|| total.unwrap_or(0).saturating_sub(output)),
        output,
        cached_input: cached.unwrap_or(0),
        reasoning: reasoning.unwrap_or(0),
        provenance: Provenance::Reported,
    })
}

fn number_in(body: &[u8], span: Span, name: &str) -> Result<Option<u64>, JsonError> {
    let mut value = None;
    json::members_of(body, span, |key, at, _| {
        if key == *name {
            value = whole(at.of(body));
        }
    })?;
    Ok(value)
}

/// A number token as a whole number, `12.0` and `1e2` included, from 0 to 2⁵³ if it is not plain digits.
pub(crate) fn whole(token: &[u8]) -> Option<u64> {
    if let Some(value) = json::unsigned(token) {
        return Some(value);
    }
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let value: f64 = std::str::from_utf8(token).ok()?.parse().ok()?;
    (value.fract() == 0.0 && (0.0..=EXACT).contains(&value)).then_some(value as u64)
}

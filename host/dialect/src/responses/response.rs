//! The response object, as a whole answer and as events of a stream have it.

use weir_usage::Usage;

use super::echo::RequestEcho;
use super::usage;
use crate::canon::{JsonText, JsonWriter, RawJson};

/// What a response says of itself.
#[derive(Debug)]
pub(crate) struct ResponseSoFar<'a> {
    /// Its identifier.
    pub(crate) id: &'a JsonText,
    /// The model, by the name that the client calls it.
    pub(crate) model: &'a str,
    /// When it was made, in seconds since 1970.
    pub(crate) created: u64,
    /// When it was complete.
    pub(crate) completed: Option<u64>,
    /// How far it is.
    pub(crate) status: &'static str,
    /// What is missing of it.
    pub(crate) incomplete: Option<&'static str>,
    /// Why it failed: code and message.
    pub(crate) error: Option<(&'a str, &'a JsonText)>,
    /// How soon it was served, if that is a word of OpenAI's.
    pub(crate) service_tier: Option<&'a JsonText>,
}

/// Words of `service_tier` (OpenAI's specification).
const TIERS: [&str; 5] = ["auto", "default", "flex", "scale", "priority"];

/// Whether a tier is one of OpenAI's.
pub(crate) fn is_tier(word: &JsonText) -> bool {
    TIERS.iter().any(|tier| word.is(tier))
}

/// Writes a response whose items were written before.
pub(crate) fn write<'a>(
    out: &mut JsonWriter,
    head: &ResponseSoFar<'_>,
    echo: &RequestEcho,
    items: impl Iterator<Item = &'a RawJson>,
    used: Option<&Usage>,
) {
    out.open().name("id").text(head.id).name("object").string("response");
    out.name("created_at").number(head.created).name("status").string(head.status);
    out.name("completed_at");
    match head.completed {
        Some(completed) => out.number(completed),
        None => out.null(),
    };
    out.name("error");
    match head.error {
        Some((code, message)) => out.open().name("code").string(code).name("message").text(message).close(),
        None => out.null(),
    };
    out.name("incomplete_details");
    match head.incomplete {
        Some(reason) => out.open().name("reason").string(reason).close(),
        None => out.null(),
    };
    out.name("model").string(head.model).name("output").open_array();
    for item in items {
        out.raw(item);
    }
    out.close_array();
    out.name("service_tier");
    match head.service_tier.filter(|tier| is_tier(tier)) {
        Some(tier) => out.text(tier),
        None => out.raw(&echo.service_tier),
    };
    echo.write(out);
    // Of what is complete the specification has no `null` there.
    if used.is_some() || head.status == "in_progress" {
        out.name("usage");
        usage::write(out, used);
    }
    out.close();
}

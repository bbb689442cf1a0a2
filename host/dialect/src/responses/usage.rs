//! What was used, as this wire counts it: cached tokens are part of those that were read, and reasoning of those that were
//! written (OpenAI's API reference, `ResponseUsage`).

use weir_usage::Usage;

use crate::canon::{JsonWriter, RawMembers};

/// The counts of a `usage` object; none if it counts nothing. What cannot be a count is none.
pub(crate) fn read(usage: &RawMembers) -> Option<Usage> {
    let count = |members: &RawMembers, name: &str| {
        members.get(name).and_then(crate::canon::RawJson::unsigned).filter(|count| *count <= Usage::MOST)
    };
    let details = |name: &str| usage.get(name).map(crate::canon::RawJson::members).unwrap_or_default();
    let (of_input, of_output) = (details("input_tokens_details"), details("output_tokens_details"));
    let read = Usage {
        input: count(usage, "input_tokens"),
        output: count(usage, "output_tokens"),
        total: count(usage, "total_tokens"),
        cached_input: count(&of_input, "cached_tokens"),
        reasoning: count(&of_output, "reasoning_tokens"),
        cache_written: count(&of_input, "cache_write_tokens"),
        audio_input: count(&of_input, "audio_tokens"),
        audio_output: count(&of_output, "audio_tokens"),
    };
    (read != Usage::default()).then_some(read)
}

/// Writes the value of `usage`: `null` where nothing is known yet, and with all members that OpenAI's libraries demand otherwise.
pub(crate) fn write(out: &mut JsonWriter, usage: Option<&Usage>) {
    let Some(usage) = usage else {
        out.null();
        return;
    };
    let (input, output) = usage.halves();
    let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
    out.open().name("input_tokens").number(input).name("input_tokens_details").open();
    out.name("cached_tokens").number(usage.cached_input.unwrap_or(0));
    out.name("cache_write_tokens").number(usage.cache_written.unwrap_or(0)).close();
    out.name("output_tokens").number(output).name("output_tokens_details").open();
    out.name("reasoning_tokens").number(usage.reasoning.unwrap_or(0)).close();
    out.name("total_tokens").number(input.saturating_add(output)).close();
}

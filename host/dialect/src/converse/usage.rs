//! What was used, as Bedrock says it (`TokenUsage` in the service's description of itself, and what it sends beyond that).
//!
//! Its `inputTokens` are without those of the cache; the canonical ones are with them. Some answers name each of the cache's
//! numbers twice, with and without `Count` at the end: they are counted once.

use weir_usage::Usage;

use crate::canon::{JsonWriter, RawJson, RawMembers};

/// Numbers that are named twice.
const TWINS: [(&str, &str); 2] =
    [("cacheReadInputTokens", "cacheReadInputTokenCount"), ("cacheWriteInputTokens", "cacheWriteInputTokenCount")];

/// Takes the numbers out of a `usage` object. Those of the cache stay where one is named twice or by its longer name.
pub(super) fn take(members: &mut RawMembers) -> Usage {
    let [cached, written] = TWINS.map(|(name, twin)| match members.get(twin).and_then(tokens) {
        Some(said) => members.get(name).and_then(tokens).or(Some(said)),
        None => members.take_as(name, tokens),
    });
    let fresh = members.take_as("inputTokens", tokens);
    Usage {
        input: fresh.map(|fresh| fresh + cached.unwrap_or_default() + written.unwrap_or_default()),
        output: members.take_as("outputTokens", tokens),
        total: members.take_as("totalTokens", tokens),
        cached_input: cached,
        cache_written: written,
        ..Usage::default()
    }
}

/// Writes a `usage` object. Bedrock's client libraries demand the first three numbers: zero where nobody counted. Some providers
/// count more from the cache than there was at all.
pub(super) fn write(out: &mut JsonWriter, usage: &Usage, extra: &RawMembers) {
    let (input, output) = usage.halves();
    let (input, output) = (input.unwrap_or_default(), output.unwrap_or_default());
    let cached = usage.cached_input.map(|cached| cached.min(input));
    let uncached = input - cached.unwrap_or_default();
    let written = usage.cache_written.map(|written| written.min(uncached));
    out.open().name("inputTokens").number(uncached - written.unwrap_or_default());
    out.name("outputTokens").number(output);
    out.name("totalTokens").number(usage.total.unwrap_or(input + output));
    for ((name, twin), value) in TWINS.into_iter().zip([cached, written]) {
        let is_there = extra.get(name).is_some() || extra.get(twin).is_some();
        out.number_member(name, value.filter(|_| !is_there));
    }
    out.members(extra).close();
}

/// A number that can be one of tokens.
fn tokens(value: &RawJson) -> Option<u64> {
    value.unsigned().filter(|tokens| *tokens <= Usage::MOST)
}

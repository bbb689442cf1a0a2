//! What was used (`usage`): `tokens` are those that the model read and wrote, with those of the cache and of thoughts; what of
//! them is billed stands in `billed_units`, which leaves out what Cohere itself puts before a conversation.

use weir_usage::Usage;

use crate::canon::{RawJson, RawMembers};

/// Reads it; none if it counts no tokens.
pub(super) fn read(usage: &RawMembers) -> Option<Usage> {
    let part = |name: &str| usage.get(name).map(RawJson::members).unwrap_or_default();
    let (read, billed) = (part("tokens"), part("billed_units"));
    let either = |name: &str| count(&read, name).or_else(|| count(&billed, name));
    let (input, output) = (either("input_tokens"), either("output_tokens"));
    input.or(output)?;
    Some(Usage {
        input,
        output,
        cached_input: count(usage, "cached_tokens").filter(|cached| input.is_none_or(|input| *cached <= input)),
        reasoning: count(&read, "reasoning_tokens").filter(|thought| output.is_none_or(|output| *thought <= output)),
        ..Usage::default()
    })
}

/// The tokens that texts had which became vectors (`meta`).
pub(super) fn of_embedding(meta: &RawMembers) -> Option<Usage> {
    let part = |name: &str| meta.get(name).map(RawJson::members).unwrap_or_default();
    let input = count(&part("tokens"), "input_tokens").or_else(|| count(&part("billed_units"), "input_tokens"));
    input.map(|input| Usage { input: Some(input), ..Usage::default() })
}

fn count(members: &RawMembers, name: &str) -> Option<u64> {
    members.get(name)?.unsigned().filter(|count| *count <= Usage::MOST)
}
